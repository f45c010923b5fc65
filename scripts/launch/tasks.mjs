/**
 * The tasks and the TypeScript file each runs (Node strips the types). `build` stops after the preparation that
 * precedes every task.
 * @type {Record<string, { script?: string, args?: string[] }>}
 */
export const tasks = {
  demo: { script: "scripts/demo/index.ts" },
  test: { script: "scripts/test/index.ts" },
  audit: { script: "scripts/test/index.ts", args: ["--audit"] },
  check: { script: "scripts/check/index.ts" },
  bench: { script: "scripts/bench/index.ts" },
  build: {},
  format: { script: "node_modules/prettier/bin/prettier.cjs", args: ["--write", "--log-level", "warn", "."] },
};
