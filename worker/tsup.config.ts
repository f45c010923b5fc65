import { defineConfig } from "tsup";

export default defineConfig({
  entry: { athanor: "src/bin/athanor.ts", "model-process": "src/model/process.ts" },
  format: ["esm"],
  target: "es2022",
  platform: "node",
  // The entry only checks the version of Node.js; the program is a chunk that it loads afterwards.
  splitting: true,
  // node:sqlite has no other name.
  removeNodeProtocol: false,
  sourcemap: true,
  clean: true,
});
