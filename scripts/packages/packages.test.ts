import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { root } from "../launch/paths.mjs";
import { nodesUnderTest, satisfies } from "./nodes.ts";
import { type PackedPackage, installInto, pack } from "./pack.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "athanor-packages-"));
after(() => rmSync(folder, { recursive: true }));

const nodes = await nodesUnderTest();
const workspaces = ["engine", "sdk", "worker"];
const packages = workspaces.map((workspace) => pack(workspace, folder));

/** A package and those of ours that it needs. */
function withOwnDependencies({ manifest, ...others }: PackedPackage): PackedPackage[] {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const needed = packages.filter((candidate) => names.includes(candidate.manifest.name));
  return [{ manifest, ...others }, ...needed.flatMap(withOwnDependencies)];
}

for (const packed of packages) {
  const { manifest, tarball, files } = packed;
  const installed = join(folder, packed.workspace);

  describe(`${manifest.name}, packed`, () => {
    before(() => installInto(installed, [...new Set(withOwnDependencies(packed))]));

    it("holds the licence, a description and the built code, and neither tests nor a build of them", () => {
      expect(files).to.include.members(["LICENSE", "README.md", "package.json"]);
      expect(files.filter((path) => path.startsWith("dist/"))).to.have.length.above(0);
      expect(files.filter((path) => path.includes(".test."))).to.deep.equal([]);
    });

    it("has a manifest without publint's errors, warnings or suggestions", async () => {
      const { messages, pkg } = await publint({
        pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
        strict: true,
      });
      expect(messages.map((message) => formatMessage(message, pkg as never))).to.deep.equal([]);
    });

    const entries = Object.keys(manifest.exports).filter((path) => !path.endsWith(".json"));
    if (entries.length > 0) {
      it("has types that resolve wherever its code does", async () => {
        const cli = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
        const { stdout } = await run(process.execPath, [cli, tarball, "--profile", "esm-only", "--no-color"]);
        for (const entry of entries) expect(stdout).to.contain(`"${join(manifest.name, entry)}"`);
      });
    }

    for (const node of nodes.filter(({ version }) => satisfies(version, manifest.engines.node))) {
      for (const entry of entries) {
        const specifier = join(manifest.name, entry);
        it(`exports names from "${specifier}" under Node.js ${node.version}`, async () => {
          const script = `console.log(Object.keys(await import(${JSON.stringify(specifier)})).join())`;
          const { stdout } = await run(node.binary, ["--input-type=module", "--eval", script], {
            cwd: installed,
          });
          expect(stdout.trim().split(",").filter(Boolean)).to.have.length.above(0);
        });
      }

      for (const [name, file] of Object.entries(manifest.bin ?? {})) {
        it(`runs ${name} --version and --help under Node.js ${node.version}`, async () => {
          const program = join(installed, "node_modules", manifest.name, file);
          const { stdout } = await run(node.binary, [program, "--version"]);
          expect(stdout.trim()).to.equal(manifest.version);
          expect((await run(node.binary, [program, "--help"])).stdout).to.contain(`Usage: ${name}`);
        });
      }
    }
  });
}

describe("satisfies", () => {
  it("compares major, minor and patch as numbers", () => {
    expect(satisfies("20.20.2", ">=20.19.0")).to.equal(true);
    expect(satisfies("20.9.0", ">=20.19.0")).to.equal(false);
    expect(satisfies("24.0.0", ">=22.13")).to.equal(true);
    expect(satisfies("22.13.0", ">=22.13.1")).to.equal(false);
  });

  it("refuses a range it does not understand", () => {
    expect(() => satisfies("20.0.0", "^20 || ^22")).to.throw(
      'engines.node must read ">=A.B.C", not "^20 || ^22"',
    );
  });
});
