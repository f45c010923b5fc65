import { expect } from "chai";
import { contentKey } from "@athanor/sdk/contents";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CHECKED_MAXIMUM_BYTES, checkContentStore } from "../../../sdk/src/testing/content-store-checks.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/model.ts";
import { FileContentStore } from "./file-content-store.ts";

const HOURS = 3_600_000;

describe("a content store of files", function () {
  this.timeout(60_000);
  let folder: TemporaryFolder;
  let number = 0;
  const pathOf = (root: string, key: string) => join(root, key.slice(2, 4), key.slice(2));
  const fresh = () => join(folder.path, `contents-${++number}`);

  before(async () => {
    folder = await temporaryFolder();
  });
  after(() => folder.remove());

  checkContentStore(async () => {
    const root = fresh();
    const store = await FileContentStore.open(root, {
      maximumBytes: CHECKED_MAXIMUM_BYTES,
    });
    return {
      store,
      corrupt: (key, bytes) => writeFile(pathOf(root, key), bytes),
    };
  });

  it("shows nothing to other users of the machine", async () => {
    const root = fresh();
    const key = await (await FileContentStore.open(root)).put(Uint8Array.of(1));
    const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
    expect(await modeOf(pathOf(root, key))).to.equal(0o600);
    for (const path of [join(root, key.slice(2, 4)), join(root, "unfinished")]) {
      expect(await modeOf(path), path).to.equal(0o700);
    }
  });

  it("finds after a restart what it kept, and reads no file that has grown beyond the limit", async () => {
    const root = fresh();
    const key = await (await FileContentStore.open(root)).put(Uint8Array.of(1, 2, 3));
    const again = await FileContentStore.open(root, { maximumBytes: 10 });
    expect(await again.get(key)).to.deep.equal(Uint8Array.of(1, 2, 3));
    await writeFile(pathOf(root, key), new Uint8Array(11));
    const error = await again.get(key).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: "ContentTooLarge" });
  });

  it("puts in place of what is damaged", async () => {
    const root = fresh();
    const store = await FileContentStore.open(root);
    const key = await store.put(Uint8Array.of(1, 2, 3));
    await writeFile(pathOf(root, key), Uint8Array.of(1, 2));
    await store.put(Uint8Array.of(1, 2, 3));
    expect(await store.get(key)).to.deep.equal(Uint8Array.of(1, 2, 3));
  });

  it("has whole files only, and those that it said it keeps, when its process is killed in the middle", async () => {
    const root = fresh();
    const store = new URL("file-content-store.ts", import.meta.url).href;
    const script = `
      const { FileContentStore } = await import(${JSON.stringify(store)});
      const store = await FileContentStore.open(${JSON.stringify(root)});
      for (let content = 0; ; content++) {
        const keys = await Promise.all([1, 2, 3].map((fill) => store.put(new Uint8Array(300_000 + content).fill(fill))));
        process.stdout.write(keys.join("\\n") + "\\n");
      }`;
    const kept: string[] = [];
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    for await (const part of child.stdout as AsyncIterable<Buffer>) {
      said += part.toString();
      if (said.split("\n").length > 12) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    expect(child.signalCode).to.equal("SIGKILL");
    kept.push(...said.split("\n").slice(0, -1));
    expect(kept.length).to.be.at.least(12);

    const again = await FileContentStore.open(root);
    for (const key of kept) expect((await again.get(key)).length, key).to.be.at.least(300_000);
    let whole = 0;
    for (const name of await readdir(root)) {
      if (name === "unfinished") continue;
      for (const file of await readdir(join(root, name))) {
        expect(contentKey(await readFile(join(root, name, file))), file).to.equal(`0x${file}`);
        whole++;
      }
    }
    expect(whole).to.be.at.least(kept.length);
  });

  it("removes what was never finished, once nobody can be at work on it", async () => {
    const root = fresh();
    await FileContentStore.open(root);
    await writeFile(join(root, "unfinished", "half"), Uint8Array.of(1));
    await FileContentStore.open(root);
    expect(await readdir(join(root, "unfinished"))).to.deep.equal(["half"]);
    await FileContentStore.open(root, { now: Date.now() + 2 * HOURS });
    expect(await readdir(join(root, "unfinished"))).to.deep.equal([]);
  });
});
