import { expect } from "chai";
import { missingPackages } from "./install.mjs";

const linux = { os: "linux", cpu: "x64", libc: "glibc" };
const solc = { version: "0.8.37", integrity: "sha512-a" };
const lock = (packages: Record<string, object>) => ({ packages });

describe("missingPackages", () => {
  it("finds nothing when every locked package is installed as locked", () => {
    const packages = { "": {}, engine: {}, "node_modules/solc": solc };
    expect(missingPackages(lock(packages), lock(packages), linux)).to.deep.equal([]);
  });

  it("finds what is absent, of another version or of another content", () => {
    const locked = lock({ "node_modules/solc": solc });
    for (const installed of [{}, { version: "0.8.36" }, { version: "0.8.37", integrity: "sha512-b" }]) {
      const found = lock({ "node_modules/solc": installed });
      expect(missingPackages(locked, found, linux), JSON.stringify(installed)).to.deep.equal([
        "node_modules/solc",
      ]);
    }
    expect(missingPackages(locked, lock({}), linux)).to.deep.equal(["node_modules/solc"]);
  });

  it("finds the native engine that npm leaves out under Node.js 20", () => {
    const native = { version: "0.22.0", optional: true, os: ["linux"], cpu: ["x64"], libc: ["glibc"] };
    const locked = lock({ "node_modules/edr-linux-x64-gnu": native });
    expect(missingPackages(locked, lock({}), linux)).to.deep.equal(["node_modules/edr-linux-x64-gnu"]);
  });

  it("does not miss optional packages of other machines", () => {
    const locked = lock({
      "node_modules/mac": { version: "1.0.0", optional: true, os: ["darwin"] },
      "node_modules/arm": { version: "1.0.0", optional: true, cpu: ["arm64"] },
      "node_modules/musl": { version: "1.0.0", optional: true, os: ["linux"], libc: ["musl"] },
      "node_modules/elsewhere": { version: "1.0.0", optional: true, os: ["!linux"] },
    });
    expect(missingPackages(locked, lock({}), linux)).to.deep.equal([]);
  });

  it("follows the links of workspaces", () => {
    const locked = lock({ "node_modules/@athanor/sdk": { resolved: "sdk", link: true } });
    expect(missingPackages(locked, locked, linux)).to.deep.equal([]);
    expect(missingPackages(locked, lock({}), linux)).to.deep.equal(["node_modules/@athanor/sdk"]);
  });
});
