/** A failure the launcher explains itself: its message says what is wrong and what to do, so no stack is printed. */
export class LaunchError extends Error {
  /**
   * @param {string} message
   * @param {{ output?: string, exitCode?: number }} [details] what a failed command printed, and the code to exit with
   */
  constructor(message, { output = "", exitCode = 1 } = {}) {
    super(message);
    this.name = "LaunchError";
    this.code = "ATHANOR_LAUNCH";
    this.output = output;
    this.exitCode = exitCode;
  }
}
