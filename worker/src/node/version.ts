/** node:sqlite needs no flag from here on. */
export const MINIMUM_NODE = "22.13.0";

/** Whether a version of Node.js, such as "24.1.0", runs the worker. */
export function isNewEnough(version: string, minimum = MINIMUM_NODE): boolean {
  const [found, wanted] = [version, minimum].map((text) => text.split(".").map(Number));
  for (let part = 0; part < 3; part++) {
    if (found![part] !== wanted![part]) return (found![part] ?? 0) > (wanted![part] ?? 0);
  }
  return true;
}
