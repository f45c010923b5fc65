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
  /** Suites that share one of these never run at the same time. */
  readonly alone?: "artifacts";
  /** Long ones begin first: about as many seconds on two cores. */
  readonly seconds: number;
}

export const suites: readonly Suite[] = [
  {
    name: "scripts",
    seconds: 30,
    runner: "mocha",
    files: ["scripts/**/*.test.ts"],
    except: [
      "scripts/packages/**",
      "scripts/coverage/contracts.test.ts",
      "scripts/mutation/**",
      "scripts/simulate/**",
    ],
  },
  {
    name: "solidity",
    seconds: 300,
    alone: "artifacts",
    runner: "hardhat-solidity",
    files: ["test/**/*.t.sol"],
  },
  {
    name: "contracts",
    seconds: 300,
    alone: "artifacts",
    runner: "hardhat-mocha",
    files: ["test/**/*.test.ts"],
    except: ["test/integration/**"],
  },
  { name: "engine", seconds: 210, runner: "mocha", files: ["engine/src/**/*.test.ts"] },
  { name: "browser", seconds: 40, runner: "mocha", files: ["engine/examples/browser/**/*.test.ts"] },
  { name: "sdk", seconds: 390, runner: "mocha", files: ["sdk/src/**/*.test.ts"] },
  { name: "worker", seconds: 700, runner: "mocha", files: ["worker/src/**/*.test.ts"] },
  { name: "integration", seconds: 250, runner: "mocha", files: ["test/integration/**/*.test.ts"] },
  { name: "day", seconds: 60, runner: "mocha", files: ["scripts/simulate/*.test.ts"] },
  { name: "packages", seconds: 60, runner: "mocha", files: ["scripts/packages/**/*.test.ts"] },
  {
    name: "mutants",
    seconds: 300,
    // Two compilers at a time take more memory than small machines have.
    alone: "artifacts",
    runner: "mocha",
    files: ["scripts/mutation/*.test.ts"],
    except: ["scripts/mutation/audit.test.ts"],
  },
  {
    name: "coverage",
    seconds: 900,
    alone: "artifacts",
    runner: "mocha",
    files: ["scripts/coverage/contracts.test.ts"],
    slow: true,
  },
  { name: "mistakes", seconds: 3600, runner: "mocha", files: ["scripts/mutation/audit.test.ts"], slow: true },
];

/** The suite's test files, absolute and sorted. */
export function filesOf(suite: Suite): string[] {
  const options = { cwd: root, exclude: [...(suite.except ?? []), "**/node_modules/**"] };
  return globSync([...suite.files], options)
    .map((file) => join(root, file))
    .sort();
}
