import { expect } from "chai";
import { inspectLockfile } from "./lockfile.mjs";

describe("inspectLockfile", () => {
  const rollup = (name: string) => ({
    "node_modules/rollup": { version: "4.68.7", dev: true, optionalDependencies: { [name]: "4.68.7" } },
  });

  it("finds entries that name a host, but not the links of workspaces", () => {
    const { hosts } = inspectLockfile({
      "node_modules/solc": { version: "0.8.37", resolved: "https://registry.invalid/solc-0.8.37.tgz" },
      "node_modules/@athanor/sdk": { resolved: "sdk", link: true },
    });
    expect(hosts).to.deep.equal(["node_modules/solc: https://registry.invalid/solc-0.8.37.tgz"]);
  });

  it("makes entries for the optional packages of every platform", () => {
    const platforms: [string, object][] = [
      ["@rollup/rollup-linux-arm64-musl", { os: ["linux"], cpu: ["arm64"], libc: ["musl"] }],
      ["@rollup/rollup-linux-arm-gnueabihf", { os: ["linux"], cpu: ["arm"], libc: ["glibc"] }],
      ["@rollup/rollup-darwin-arm64", { os: ["darwin"], cpu: ["arm64"] }],
      ["@rollup/rollup-win32-x64-msvc", { os: ["win32"], cpu: ["x64"] }],
    ];
    for (const [name, platform] of platforms) {
      expect(inspectLockfile(rollup(name)).absent, name).to.deep.equal({
        [`node_modules/${name}`]: { version: "4.68.7", dev: true, optional: true, ...platform },
      });
    }
  });

  it("leaves alone what is listed, at the root or inside the package", () => {
    const name = "@rollup/rollup-darwin-arm64";
    for (const place of [`node_modules/${name}`, `node_modules/rollup/node_modules/${name}`]) {
      expect(
        inspectLockfile({ ...rollup(name), [place]: { version: "4.68.7" } }).absent,
        place,
      ).to.deep.equal({});
    }
  });
});
