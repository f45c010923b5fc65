import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../launch/paths.mjs";

/** A static check: a command of Node.js that exits with zero if and only if nothing is wrong. */
export interface Check {
  readonly name: string;
  /** What Node.js runs, relative to `folder`. */
  readonly args: readonly string[];
  /** Relative to the root. */
  readonly folder?: string;
}

const workspaces = ["engine", "sdk", "worker"];
const inModules = (path: string) => join(root, "node_modules", path);
const typescript = inModules("typescript/bin/tsc");
const solhint = [inModules("solhint/solhint.js"), "--disc", "--noPoster", "--max-warnings", "0"];

/** Every check, in the order in which they run. */
export function allChecks(): Check[] {
  return [
    { name: "types: root", args: [typescript, "--project", "."] },
    ...workspaces.map((folder) => ({
      name: `types: ${folder}`,
      args: [typescript, "--project", "."],
      folder,
    })),
    { name: "types: browser example", args: [typescript, "--project", "engine/examples/browser"] },
    { name: "eslint", args: [inModules("eslint/bin/eslint.js"), "--max-warnings", "0", "."] },
    {
      name: "prettier",
      args: [inModules("prettier/bin/prettier.cjs"), "--check", "--log-level", "warn", "."],
    },
    { name: "solhint", args: [...solhint, "contracts/!(mocks)/**/*.sol"] },
    {
      name: "solhint of tests and mocks",
      args: [...solhint, "--config", "scripts/check/tests.solhint.json", "{test,contracts/mocks}/**/*.sol"],
    },
    {
      name: "natspec of interfaces",
      args: [...solhint, "--config", "scripts/check/interfaces.solhint.json", "contracts/interfaces/*.sol"],
    },
    { name: "solc warnings", args: ["scripts/check/compiler-warnings.ts"] },
    { name: "lockfile", args: ["scripts/check/lockfile.mjs"] },
    { name: "file length", args: ["scripts/check/length.ts"] },
    ...freshness(),
  ];
}

/**
 * The checks that generated files are what their generator would write now: each script of scripts/generate/ with
 * --check, and each package script of a workspace whose name ends in ":check".
 */
function freshness(): Check[] {
  const generators = globSync("scripts/generate/*.ts", { cwd: root, exclude: ["**/*.test.ts"] }).sort();
  const packageScripts = workspaces.flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
      scripts?: Record<string, string>;
    };
    return Object.entries(manifest.scripts ?? {})
      .filter(([name]) => name.endsWith(":check"))
      .map(([name, command]) => ({
        name: `${folder} ${name}`,
        args: nodeArguments(command, folder),
        folder,
      }));
  });
  return [
    ...generators.map((file) => ({ name: `fresh: ${file}`, args: [file, "--check"] })),
    ...packageScripts,
  ];
}

function nodeArguments(command: string, folder: string): string[] {
  const [program, ...args] = command.split(" ");
  if (program !== "node") {
    throw new Error(`${folder}/package.json: a ":check" script must start with node: ${command}`);
  }
  return args;
}
