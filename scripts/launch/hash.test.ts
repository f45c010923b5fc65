import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { hashOfFiles } from "./hash.mjs";

describe("hashOfFiles", () => {
  let root: string;
  const hash = () => hashOfFiles(root, ["src", "absent.json"], (path) => !path.endsWith("dist"));
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "athanor-hash-"));
    mkdirSync(join(root, "src", "dist"), { recursive: true });
    writeFileSync(join(root, "src", "a.ts"), "one");
    writeFileSync(join(root, "src", "b.ts"), "two");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("changes with a content, a name, a new file", () => {
    const seen = new Set([hash()]);
    writeFileSync(join(root, "src", "a.ts"), "changed");
    seen.add(hash());
    renameSync(join(root, "src", "a.ts"), join(root, "src", "c.ts"));
    seen.add(hash());
    writeFileSync(join(root, "absent.json"), "");
    seen.add(hash());
    expect(seen.size).to.equal(4);
  });

  it("does not change with times or with what does not count", () => {
    const before = hash();
    utimesSync(join(root, "src", "a.ts"), 0, 0);
    writeFileSync(join(root, "src", "dist", "a.js"), "built");
    expect(hash()).to.equal(before);
  });
});
