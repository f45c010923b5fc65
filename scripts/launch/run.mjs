#!/usr/bin/env node
// Starts a task of this repository on a machine where nothing is installed yet:
//
//   node scripts/launch/run.mjs TASK [args…]      (npm run TASK -- [args…])
//
// It finds or fetches a Node.js that Hardhat accepts, installs the locked dependencies, builds what changed and then
// runs the task under that Node. Everything it says goes to standard error; when nothing is to be done it says nothing.
// This file is parsed by whatever Node.js the machine has, so it uses no syntax newer than Node 14 and imports the
// rest only after looking at the version.

var oldest = 18;
var major = Number(process.versions.node.split(".")[0]);

if (major < oldest) {
  console.error(
    "athanor: this is Node.js " +
      process.versions.node +
      ", too old even to fetch a newer one. Install Node.js 20 or newer and run the same command again.",
  );
  process.exitCode = 1;
} else {
  import("./launch.mjs")
    .then(function (module) {
      return module.launch(process.argv.slice(2));
    })
    .then(
      function (code) {
        process.exitCode = code;
      },
      function (error) {
        var explained = error && error.code === "ATHANOR_LAUNCH";
        if (explained && error.output) console.error(error.output);
        console.error("athanor: " + (explained ? error.message : (error && error.stack) || error));
        process.exitCode = explained ? error.exitCode : 1;
      },
    );
}
