#!/usr/bin/env node
import { isNewEnough, MINIMUM_NODE } from "../node/version.ts";

// Everything else is loaded afterwards: an older Node.js would fail on it with a message about syntax or modules.
if (!isNewEnough(process.versions.node)) {
  process.stderr.write(
    `athanor needs Node.js ${MINIMUM_NODE} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      "→ Install a newer one from https://nodejs.org, or put one first on PATH.\n",
  );
  process.exit(78);
}

// node:sqlite announces itself as experimental on standard error; what we use of it is stable since 22.13.
const emitWarning = process.emitWarning.bind(process) as (...values: unknown[]) => void;
process.emitWarning = (warning: unknown, ...rest: unknown[]) => {
  if (!String(warning).startsWith("SQLite is an experimental feature")) emitWarning(warning, ...rest);
};

const { main } = await import("./program.ts");
process.exitCode = await main(process.argv);
