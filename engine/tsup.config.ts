import { defineConfig } from "tsup";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    commitments: "src/commitments.ts",
    tokenizer: "src/tokenizer.ts",
    trace: "src/trace.ts",
    dispute: "src/dispute.ts",
    node: "src/node.ts",
  },
  format: ["esm"],
  target: "es2022",
  platform: "neutral",
  external: [/^node:/],
  dts: true,
  sourcemap: true,
  clean: true,
});
