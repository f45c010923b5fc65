import { defineConfig } from "tsup";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    protocol: "src/protocol.ts",
    channels: "src/channels.ts",
    delegation: "src/delegation.ts",
    checkers: "src/checkers.ts",
    disputes: "src/disputes.ts",
    private: "src/private.ts",
    contents: "src/contents.ts",
    node: "src/node.ts",
  },
  format: ["esm"],
  target: "es2022",
  platform: "neutral",
  // The engine's commitments and tokenizer become part of the bundle; only disputes need the rest, as a peer.
  noExternal: [/^@athanor\/engine\/(commitments|tokenizer)$/],
  external: [/^node:/, "@athanor/engine", "@athanor/engine/dispute", "@athanor/engine/trace"],
  splitting: true,
  dts: true,
  sourcemap: true,
  clean: true,
});
