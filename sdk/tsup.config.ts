import { defineConfig } from "tsup";

export default defineConfig({
  entry: { index: "src/index.ts", protocol: "src/protocol.ts", node: "src/node.ts" },
  format: ["esm"],
  target: "es2022",
  platform: "neutral",
  // The engine's commitments and tokenizer become part of the bundle; the rest of the engine is not needed.
  noExternal: [/^@athanor\/engine/],
  external: [/^node:/],
  splitting: true,
  dts: true,
  sourcemap: true,
  clean: true,
});
