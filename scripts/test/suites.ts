import { globSync } from "node:fs";
import { join } from "node:path";
import { root } from "../launch/paths.mjs";

/** A set of test files and the runner that takes them. */
export interface Suite {
  /** The word for `--only`. */
  readonly name: string;
  readonly runner: "mocha" | "hardhat-mocha" | "hardhat-solidity";
  /** Patterns relative to the root. */
  readonly files: readonly string[];
  readonly except?: readonly string[];
  /** Only `npm run audit` runs it. */
  readonly slow?: true;
}

export const suites: readonly Suite[] = [
  {
    name: "scripts",
    runner: "mocha",
    files: ["scripts/**/*.test.ts"],
    except: ["scripts/packages/**", "scripts/coverage/contracts.test.ts", "scripts/mutation/**"],
  },
  { name: "solidity", runner: "hardhat-solidity", files: ["test/**/*.t.sol"] },
  {
    name: "contracts",
    runner: "hardhat-mocha",
    files: ["test/**/*.test.ts"],
    except: ["test/integration/**"],
  },
  { name: "engine", runner: "mocha", files: ["engine/src/**/*.test.ts"] },
  { name: "browser", runner: "mocha", files: ["engine/examples/browser/**/*.test.ts"] },
  { name: "sdk", runner: "mocha", files: ["sdk/src/**/*.test.ts"] },
  { name: "worker", runner: "mocha", files: ["worker/src/**/*.test.ts"] },
  { name: "integration", runner: "mocha", files: ["test/integration/**/*.test.ts"] },
  { name: "packages", runner: "mocha", files: ["scripts/packages/**/*.test.ts"] },
  {
    name: "mutants",
    runner: "mocha",
    files: ["scripts/mutation/*.test.ts"],
    except: ["scripts/mutation/audit.test.ts"],
  },
  { name: "coverage", runner: "mocha", files: ["scripts/coverage/contracts.test.ts"], slow: true },
  { name: "mistakes", runner: "mocha", files: ["scripts/mutation/audit.test.ts"], slow: true },
];

/** The suite's test files, absolute and sorted. */
export function filesOf(suite: Suite): string[] {
  const options = { cwd: root, exclude: [...(suite.except ?? []), "**/node_modules/**"] };
  return globSync([...suite.files], options)
    .map((file) => join(root, file))
    .sort();
}
