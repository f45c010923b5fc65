const heartbeatMilliseconds = 5_000;

/** Prints one line about what the launcher does, to standard error.
 * @param {string} text */
export function say(text) {
  process.stderr.write(`athanor: ${text}\n`);
}

/**
 * Runs one step as one line of standard error: what it does, a dot every five seconds, how long it took.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function step(title, action) {
  const started = performance.now();
  process.stderr.write(`athanor: ${title} …`);
  const heartbeat = setInterval(() => process.stderr.write("."), heartbeatMilliseconds);
  try {
    const result = await action();
    process.stderr.write(` ${seconds(performance.now() - started)}\n`);
    return result;
  } catch (error) {
    process.stderr.write(` failed after ${seconds(performance.now() - started)}\n`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}

/** @param {number} milliseconds */
function seconds(milliseconds) {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
