import { expect } from "chai";
import { MemoryContentStore, type ContentStore } from "@athanor/sdk/contents";
import { join } from "node:path";
import { startContentServer } from "../../../sdk/src/testing/content-server.ts";
import { movableClock } from "../testing/clock.ts";
import { eventually } from "../testing/eventually.ts";
import { setUpWorld } from "../testing/world.ts";
import { FileContentStore } from "./file-content-store.ts";
import { withContent } from "./job-contents.ts";
import { openContentStore } from "./open-content-store.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

describe("prompts and answers of jobs", function () {
  this.timeout(120_000);
  const world = setUpWorld();

  it("leave the database when the result is on chain, are found after a restart, and are removed after the end", async () => {
    const { chain, request, start, folder } = world;
    const database = world.database();
    const clock = movableClock();
    const root = join(folder.path, "contents");
    const contents = await FileContentStore.open(root);
    const first = await start({ database, contents, clock });
    const id = await chain.createJob(request());
    await eventually(() => first.storage.content(id)?.isKept === true, "kept");
    const { key } = first.storage.content(id)!;
    expect(first.storage.job(id)).to.deep.include({
      state: "submitted",
      prompt: [],
      tokens: [],
    });
    await first.stop();

    const second = await start({
      database,
      contents: await FileContentStore.open(root),
      clock,
    });
    const { prompt, tokens } = await withContent(second.context, second.storage.job(id)!);
    expect(prompt).to.deep.equal([5, 6, 7]);
    expect(tokens).to.deep.equal(await chain.outputOf(id));
    await chain.pass(4_000);
    await eventually(() => second.log.of("job.collected", id).length === 1, "collected");
    expect(await contents.has(key), "after the end").to.equal(true);
    clock.skip(DAY + 2 * MINUTE);
    await eventually(() => second.storage.content(id) === null, "removed");
    expect(await contents.has(key)).to.equal(false);
    expect(second.storage.job(id)!.earned, "what is still known").to.be.a("bigint");
  });

  it("stay in the database while the store is gone, and no job waits for it", async () => {
    const { chain, request, start } = world;
    const server = await startContentServer();
    const clock = movableClock();
    server.admit = (_, response) => (response.writeHead(403).end(), false);
    const config = {
      folder: "",
      url: server.url,
      s3Region: null,
      keepAfterEnd: DAY,
    };
    const { store } = await openContentStore(config, {});
    const { log, storage } = await start({ contents: store, clock });
    const id = await chain.createJob(request());
    await eventually(() => log.of("content.failed").length === 1, "failed");
    expect(log.of("content.failed")[0]).to.include({
      code: "ContentStoreRefused",
    });
    expect(storage.job(id)!.prompt).to.deep.equal([5, 6, 7]);
    server.admit = () => true;
    clock.skip(2 * MINUTE);
    await eventually(() => storage.content(id)?.isKept === true, "kept");
    expect(storage.job(id)!.prompt).to.deep.equal([]);
    expect(server.bodies.size).to.equal(1);
    await chain.pass(4_000);
    await eventually(() => log.of("job.collected", id).length === 1, "collected");
    await server.close();
  });

  for (const fate of ["lost", "damaged"] as const) {
    it(`that the store has ${fate} come from the chain: the job is paid all the same`, async () => {
      const { chain, request, start } = world;
      const memory = new MemoryContentStore();
      const contents: ContentStore = {
        put: (bytes) => memory.put(bytes),
        has: (key) => memory.has(key),
        remove: (key) => memory.remove(key),
        get: async (key) => {
          const stored = (memory as unknown as { contents: Map<string, Uint8Array> }).contents;
          if (fate === "lost") stored.delete(key);
          else stored.get(key)![5]! ^= 1;
          return memory.get(key);
        },
      };
      const { context, log, storage } = await start({ contents });
      const id = await chain.createJob(request());
      await eventually(() => storage.content(id)?.isKept === true, "kept");
      const { prompt, tokens, complete } = await withContent(context, storage.job(id)!);
      expect({ prompt, tokens, complete }).to.deep.equal({
        ...{
          prompt: [5, 6, 7],
          tokens: await chain.outputOf(id),
          complete: true,
        },
      });
      const code = fate === "lost" ? "ContentNotFound" : "ContentCorrupt";
      expect(log.of("content.failed", id)[0]).to.include({ code });
      await chain.pass(4_000);
      await eventually(() => log.of("job.collected", id).length === 1, "collected");
      expect(await chain.status(id)).to.equal("Finalized");
    });
  }

  it("come back from the store when a reorganisation undoes the submission, and are submitted again", async () => {
    const { chain, request, start } = world;
    const { context, log, storage } = await start();
    await eventually(() => log.of("ready").length === 1, "ready");
    const id = await chain.createJob(request());
    const undo = await chain.snapshot();
    await eventually(() => storage.content(id)?.isKept === true, "kept");
    const before = await withContent(context, storage.job(id)!);
    chain.rpc.fault = () => true;
    await undo();
    await chain.mine(3);
    chain.rpc.fault = () => false;
    await eventually(() => log.of("job.submitted", id).length === 2, "submitted again");
    expect(await chain.outputOf(id)).to.deep.equal(before.tokens);
    await eventually(() => storage.job(id)!.prompt.length === 0, "kept again");
    expect((await withContent(context, storage.job(id)!)).tokens).to.deep.equal(before.tokens);
    expect(log.of("content.failed")).to.deep.equal([]);
  });
});
