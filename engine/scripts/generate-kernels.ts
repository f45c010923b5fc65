import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** Compiles kernels/ to src/fast/kernels.generated.ts; with --check says whether the committed file is current. */

const output = fileURLToPath(new URL("../src/fast/kernels.generated.ts", import.meta.url));
const baseDir = fileURLToPath(new URL("..", import.meta.url));

let binary: Uint8Array | undefined;
const options = [
  "kernels/index.ts",
  ...["--baseDir", baseDir, "--outFile", "kernels.wasm"],
  ...["-O3", "--noAssert", "--runtime", "stub"],
  ...[
    "--importMemory",
    "--sharedMemory",
    "--noExportMemory",
    "--initialMemory",
    "1",
    "--maximumMemory",
    "65536",
  ],
  ...["--enable", "simd", "--enable", "threads"],
];
const { error } = await asc.main(options, {
  stderr: process.stderr,
  writeFile(_name: string, contents: string | Uint8Array) {
    if (typeof contents !== "string") binary = contents;
  },
});
if (error !== null || binary === undefined) throw error ?? new Error("The compiler wrote nothing.");

const lines = Buffer.from(binary)
  .toString("base64")
  .match(/.{1,100}/g)!;
const source = [
  "// Generated from engine/kernels by engine/scripts/generate-kernels.ts; do not edit.",
  "",
  "/** The kernels' WebAssembly, in base64. */",
  "export const KERNELS =",
  ...lines.map((line, index) => `  "${line}"${index < lines.length - 1 ? " +" : ";"}`),
  "",
].join("\n");

if (process.argv.includes("--check")) {
  const current = await readFile(output, "utf8").catch(() => "");
  if (current !== source) {
    console.error(
      "src/fast/kernels.generated.ts is not what kernels/ compiles to: run npm run kernels -w @athanor/engine",
    );
    process.exitCode = 1;
  }
} else {
  await writeFile(output, source);
}
