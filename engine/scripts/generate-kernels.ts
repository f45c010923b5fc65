import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** Compiles kernels/ to WebAssembly in base64; with --check says whether the committed files are current. */

const baseDir = fileURLToPath(new URL("..", import.meta.url));

interface Target {
  readonly entry: string;
  readonly output: string;
  readonly comment: string;
  readonly constant: string;
  readonly options: readonly string[];
}

const targets: readonly Target[] = [
  {
    entry: "kernels/index.ts",
    output: "src/fast/kernels.generated.ts",
    comment: "The kernels' WebAssembly, in base64.",
    constant: "KERNELS",
    // One memory for many threads, which its user makes.
    options: [
      ...["--importMemory", "--sharedMemory", "--noExportMemory"],
      ...["--initialMemory", "1", "--maximumMemory", "65536", "--enable", "threads"],
    ],
  },
  {
    entry: "kernels/keccak/index.ts",
    output: "src/commitments/keccak.generated.ts",
    comment: "The hash function's WebAssembly, in base64.",
    constant: "KECCAK",
    options: ["--initialMemory", "2"],
  },
];

for (const target of targets) {
  const source = await compile(target);
  const output = fileURLToPath(new URL(`../${target.output}`, import.meta.url));
  if (!process.argv.includes("--check")) {
    await writeFile(output, source);
    continue;
  }
  const current = await readFile(output, "utf8").catch(() => "");
  if (current === source) continue;
  console.error(`${target.output} is not what kernels/ compiles to: run npm run kernels -w @athanor/engine`);
  process.exitCode = 1;
}

/** The generated file's text. */
async function compile({ entry, comment, constant, options }: Target): Promise<string> {
  let binary: Uint8Array | undefined;
  const { error } = await asc.main(
    [
      entry,
      ...["--baseDir", baseDir, "--outFile", "kernels.wasm", "-O3", "--noAssert", "--runtime", "stub"],
      // Vectors pass between files here, never out of the module, which is what warning 112 is about.
      ...["--enable", "simd", "--disableWarning", "112", ...options],
    ],
    {
      stderr: process.stderr,
      writeFile(_name: string, contents: string | Uint8Array) {
        if (typeof contents !== "string") binary = contents;
      },
    },
  );
  if (error !== null || binary === undefined) throw error ?? new Error("The compiler wrote nothing.");
  const lines = Buffer.from(binary)
    .toString("base64")
    .match(/.{1,100}/g)!;
  return [
    "// Generated from engine/kernels by engine/scripts/generate-kernels.ts; do not edit.",
    "",
    `/** ${comment} */`,
    `export const ${constant} =`,
    ...lines.map((line, index) => `  "${line}"${index < lines.length - 1 ? " +" : ";"}`),
    "",
  ].join("\n");
}
