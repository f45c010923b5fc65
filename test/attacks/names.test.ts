// Every attack that docs/checkers.md names has a test of that name.
import { expect } from "chai";
import { readdir, readFile } from "node:fs/promises";

/** Without the article, which reads well in a table only. */
const bare = (name: string): string => name.replace(/^(an?|the) /, "");

describe("attacks on checkers", () => {
  it("are all tested by the name that the page gives them", async () => {
    const page = await readFile(new URL("../../docs/checkers.md", import.meta.url), "utf8");
    const [, section] = /^## 9\..*?\n(.*?)^## 10\./ms.exec(page)!;
    const rows = [...section!.matchAll(/^\| (.*?) *\|/gm)].map(([, name]) => name!);
    const named = rows.filter((name) => name !== "attack" && !name.startsWith("---")).map(bare);
    expect(named.length).to.be.greaterThan(20);
    const folder = new URL("./", import.meta.url);
    const tested = new Set<string>();
    for (const file of (await readdir(folder)).filter((name) => name.endsWith(".test.ts"))) {
      const source = await readFile(new URL(file, folder), "utf8");
      for (const [, name] of source.matchAll(/^describe\("attack: (.*)", /gm)) tested.add(bare(name!));
    }
    expect(named.filter((name) => !tested.has(name))).to.deep.equal([]);
  });
});
