// Fails for every warning that solc gave about our own Solidity sources in the latest builds. Warnings about
// dependencies are theirs.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../launch/paths.mjs";

interface BuildOutput {
  output: { errors?: Warning[] };
}

/** What was compiled: the files that were asked for, not what they import. */
interface BuildInput {
  readonly userSourceNameMap: Readonly<Record<string, string>>;
}

interface Warning {
  readonly severity: string;
  readonly errorCode?: string;
  readonly formattedMessage: string;
  readonly sourceLocation?: { readonly file: string };
}

/** Limits of code and of creation code. Tests, and what they compile of the contracts, are deployed where there are none. */
const SIZE_WARNINGS = new Set(["5574", "3860"]);

const outputs = globSync("artifacts/build-info/*.output.json", { cwd: root });
if (outputs.length === 0) throw new Error("there is no compiler output in artifacts/. Run: npm run build");

const messages = outputs.flatMap((file) => {
  const { output } = read(file) as BuildOutput;
  const { userSourceNameMap } = read(file.replace(".output.json", ".json")) as BuildInput;
  const isOfTests = Object.keys(userSourceNameMap).every((source) => source.startsWith("test/"));
  return (
    (output.errors ?? [])
      // Hardhat gives the project's own sources this prefix.
      .filter(({ sourceLocation }) => sourceLocation?.file.startsWith("project/") ?? true)
      .filter(({ errorCode = "" }) => !(isOfTests && SIZE_WARNINGS.has(errorCode)))
      .map(({ formattedMessage }) => formattedMessage)
  );
});

for (const message of new Set(messages)) {
  console.error(message);
  process.exitCode = 1;
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}
