import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect } from "chai";

/** The largest the client may grow, without ethers, and without the tokenizer and what seals private requests, which are loaded when needed. */
const MAX_GZIP_BYTES = 49_000;

describe("the SDK in browsers", () => {
  it("bundles without Node.js, ethers aside into a small file, the tokenizer and HPKE apart", async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [fileURLToPath(new URL("./index.ts", import.meta.url))],
      bundle: true,
      platform: "browser",
      format: "esm",
      splitting: true,
      minify: true,
      external: ["ethers"],
      outdir: "out",
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(imported.filter((path) => path.startsWith("node:"))).to.deep.equal([]);
    const entry = Object.entries(metafile.outputs).find(([, { entryPoint }]) =>
      entryPoint?.endsWith("src/index.ts"),
    )!;
    const eager = [
      entry[0],
      ...entry[1].imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => path),
    ];
    const files = outputFiles.filter(({ path }) => eager.some((name) => path.endsWith(name)));
    const size = files.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0);
    expect(size).to.be.greaterThan(1_000).and.lessThan(MAX_GZIP_BYTES);
    const eagerInputs = eager.flatMap((name) => Object.keys(metafile.outputs[name]?.inputs ?? {}));
    expect(eagerInputs.filter((input) => /@hpke\/|checking-|src\/checkers\//.test(input))).to.deep.equal([]);
    expect(Object.keys(metafile.inputs).filter((input) => input.includes("@hpke/"))).to.not.deep.equal([]);
    const lazy = Object.values(metafile.outputs).filter(({ inputs }) =>
      Object.keys(inputs).some((input) => input.includes("@huggingface/tokenizers")),
    );
    expect(lazy).to.have.length(1);
    expect(eager).not.to.include(
      Object.entries(metafile.outputs).find(([, output]) => output === lazy[0])![0],
    );
  });
});
