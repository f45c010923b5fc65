// Fails for a source file of more than 400 lines that does not say why: "Longer than 400 lines: …" near its top.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../launch/paths.mjs";

const maximumLines = 400;
const reason = "Longer than 400 lines: ";
const linesForReason = 30;

const files = globSync(
  ["*.{ts,js}", "{contracts,engine,ignition,models,scripts,sdk,test,worker}/**/*.{ts,mjs,js,sol,py}"],
  {
    cwd: root,
    exclude: ["**/node_modules/**", "**/dist/**", "sdk/src/generated/**", "ignition/deployments/**"],
  },
);
if (files.length === 0) throw new Error(`no source files under ${root}`);

for (const file of files) {
  const lines = readFileSync(join(root, file), "utf8").trimEnd().split("\n");
  const isExplained = lines.slice(0, linesForReason).some((line) => line.includes(reason));
  if (lines.length <= maximumLines || isExplained) continue;
  console.error(`${file} has ${lines.length} lines. Split it, or say why not near its top: "${reason}…"`);
  process.exitCode = 1;
}
