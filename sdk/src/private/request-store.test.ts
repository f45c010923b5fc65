import { expect } from "chai";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rejection } from "../testing/rejection.ts";
import { fileRequestStore } from "./file-request-store.ts";

const root = `0x${"Ab".repeat(32)}`;
const request = new TextEncoder().encode("a prompt and a secret, in plain text");

describe("fileRequestStore", () => {
  const key = new Uint8Array(32).fill(5);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "requests-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("gives back what was stored, to whoever opens it again with the key", async () => {
    await (await fileRequestStore({ folder, key })).put(root, request);
    const again = await fileRequestStore({ folder, key });
    expect(await again.get(root.toLowerCase())).to.deep.equal(request);
    expect(await again.get(`0x${"00".repeat(32)}`)).to.equal(undefined);
  });

  it("shows nothing in its files, which are their owner's alone", async () => {
    await (await fileRequestStore({ folder, key })).put(root, request);
    const names = await readdir(folder);
    expect(names).to.have.length(1);
    const content = await readFile(join(folder, names[0]!));
    expect(content.includes(Buffer.from("prompt"))).to.equal(false);
    expect((await stat(join(folder, names[0]!))).mode & 0o777).to.equal(0o600);
  });

  it("refuses another key, changed files, and files under another name", async () => {
    const store = await fileRequestStore({ folder, key });
    await store.put(root, request);
    const other = await fileRequestStore({ folder, key: new Uint8Array(32).fill(6) });
    expect((await rejection(other.get(root))).code).to.equal("StoredRequestUnreadable");
    const [name] = await readdir(folder);
    const content = await readFile(join(folder, name!));
    const elsewhere = `0x${"cd".repeat(32)}`;
    await writeFile(join(folder, `${elsewhere}.request`), content);
    expect((await rejection(store.get(elsewhere))).code).to.equal("StoredRequestUnreadable");
    await writeFile(join(folder, name!), content.subarray(1));
    expect((await rejection(store.get(root))).code).to.equal("StoredRequestUnreadable");
    await writeFile(join(folder, name!), "");
    expect((await rejection(store.get(root))).code).to.equal("StoredRequestUnreadable");
    const short = await rejection(fileRequestStore({ folder, key: new Uint8Array(16) }));
    expect(short.code).to.equal("InvalidArgument");
  });
});
