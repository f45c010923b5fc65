import { defineConfig } from "tsup";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    commitments: "src/commitments.ts",
    tokenizer: "src/tokenizer.ts",
    trace: "src/trace.ts",
    dispute: "src/dispute.ts",
    gpu: "src/gpu.ts",
    node: "src/node.ts",
  },
  format: ["esm"],
  target: "es2022",
  platform: "neutral",
  external: [/^node:/, "webgpu"],
  // What speaks of GPUDevice needs the types, wherever the browser's are not there.
  dts: { banner: '/// <reference types="@webgpu/types" />' },
  sourcemap: true,
  clean: true,
});
