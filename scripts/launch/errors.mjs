/** A failure the launcher explains itself: its message says what is wrong and what to do, so no stack is printed. */
export class LaunchError extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.name = "LaunchError";
    this.code = "ATHANOR_LAUNCH";
    this.exitCode = exitCode;
  }
}
