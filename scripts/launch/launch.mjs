import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildChanged } from "./build.mjs";
import { LaunchError } from "./errors.mjs";
import { installLocked } from "./install.mjs";
import { withLock } from "./lock.mjs";
import { provideNode } from "./node.mjs";
import { cacheFolder, root } from "./paths.mjs";
import { taskEnvironment, runTask } from "./processes.mjs";
import { say } from "./say.mjs";
import { tasks } from "./tasks.mjs";

/**
 * Prepares the checkout and runs one task in it.
 * @param {string[]} args the task's name, then the arguments it gets unchanged
 * @returns {Promise<number>} the exit code of the task (128 + the signal's number if a signal ended it)
 */
export async function launch([name, ...args]) {
  const task = name === undefined ? undefined : tasks[name];
  if (task === undefined) {
    const known = Object.keys(tasks).join(", ");
    throw new LaunchError(
      name === undefined
        ? `no task given. Tasks: ${known}.`
        : `there is no task "${name}". Tasks: ${known}. Run one with: npm run TASK.`,
    );
  }

  mkdirSync(cacheFolder, { recursive: true });
  const node = await withLock(
    join(cacheFolder, "launch.lock"),
    (owner) => say(`process ${owner} is preparing this checkout; waiting for it`),
    async () => {
      const found = await provideNode();
      await installLocked(found);
      await buildChanged(found);
      return found;
    },
  );

  if (task.script === undefined) return 0;
  return runTask(
    node.binary,
    [join(root, task.script), ...(task.args ?? []), ...args],
    taskEnvironment(node),
  );
}
