import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { loadModel } from "../node.ts";
import { importToFolder } from "../node/import-to-folder.ts";
import { writeManifest } from "../node/manifest.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { filesOf, tinyCheckpoint } from "../testing/tiny-checkpoint.ts";
import { fetchModel as fetchWith, type FetchModelOptions } from "./fetch-model.ts";

type Answer = (
  bytes: Uint8Array,
  response: ServerResponse,
  request: IncomingMessage,
) => ServerResponse | undefined;

describe("fetchModel", () => {
  let root: string;
  let server: Server;
  let asked: string[];
  let pauses: number[];
  /** What a server does with the files of these names instead of sending them. */
  let instead: Map<string, Answer>;
  /** Without the pauses, which are only noted. */
  const fetchModel = (form: string, options: FetchModelOptions = {}) =>
    fetchWith(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${form}`, {
      wait: (milliseconds) => Promise.resolve(pauses.push(milliseconds)),
      ...options,
    });

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "athanor-engine-"));
    const checkpoint = join(root, "checkpoint");
    await mkdir(checkpoint);
    for (const [name, bytes] of filesOf(tinyCheckpoint())) await writeFile(join(checkpoint, name), bytes);
    await importToFolder(checkpoint, join(root, "integers"));
    await writeManifest(checkpoint);
    server = createServer((request, response) => {
      const [, form, name] = decodeURIComponent(request.url!).split("/") as [string, string, string];
      asked.push(name);
      readFile(join(root, form, name)).then(
        (bytes) => (instead.get(name) ?? sendWhole)(bytes, response, request),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(root, { recursive: true });
  });
  beforeEach(() => {
    [asked, pauses] = [[], []];
    instead = new Map();
  });

  const sendWhole: Answer = (bytes, response) => response.end(bytes);

  for (const form of ["checkpoint", "integers"]) {
    it(`makes the same model of ${form} at an address as loadModel does of the folder`, async () => {
      const expected = await loadModel(join(root, form));
      const seen: [number, number][] = [];
      const model = await fetchModel(form, {
        root: expected.commitment.modelRoot,
        onProgress: (done, total) => seen.push([done, total]),
      });
      expect(model).to.deep.equal(expected);
      expect(seen.at(-1)![0]).to.equal(seen.at(-1)![1]);
      expect(asked).to.have.members(await readdir(join(root, form)));
    });
  }

  it("goes on after a broken connection, with and without ranges", async () => {
    const ranges: (string | undefined)[] = [];
    const breakOnce: (knowsRanges: boolean) => Answer =
      (knowsRanges) =>
      (bytes, response, { headers: { range } }) => {
        ranges.push(range);
        const start = Number(/bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
        if (start > 0 && !knowsRanges) return response.end(bytes);
        if (start > 0) {
          response.writeHead(206, { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
          return response.end(bytes.subarray(start));
        }
        response.writeHead(200, { "content-length": bytes.length });
        response.write(bytes.subarray(0, 500), () => response.destroy());
        return undefined;
      };
    instead.set("weights-00000.bin", breakOnce(true)).set("weights-00001.bin", breakOnce(false));
    const model = await fetchModel("integers");
    expect(model.commitment).to.deep.equal((await loadModel(join(root, "integers"))).commitment);
    expect(ranges).to.deep.equal([undefined, "bytes=500-", undefined, "bytes=500-"]);
    expect(pauses).to.deep.equal([500, 500]);
  });

  it("refuses another root before it fetches anything", async () => {
    const other = `0x${"12".repeat(32)}`;
    await expectRefusal(() => fetchModel("integers", { root: other }), "MODEL_ROOT_MISMATCH", other);
    expect(asked).to.deep.equal(["athanor.json"]);
  });

  it("refuses files that make another model than their manifest commits to", async () => {
    const other = `0x${"34".repeat(32)}`;
    instead.set("athanor.json", (bytes, response) => {
      const manifest = JSON.parse(Buffer.from(bytes).toString("utf8")) as object;
      return response.end(JSON.stringify({ ...manifest, modelRoot: other }));
    });
    await expectRefusal(() => fetchModel("checkpoint"), "MODEL_ROOT_MISMATCH", other);
  });

  it("refuses a file that differs from its manifest, and names it", async () => {
    instead.set("weights-00001.bin", (bytes, response) => {
      bytes[77]! ^= 1;
      return response.end(bytes);
    });
    await expectRefusal(() => fetchModel("integers"), "MODEL_FILE_MISMATCH", "weights-00001.bin");
  });

  it("refuses a manifest that lacks a file which the model needs", async () => {
    instead.set("athanor.json", (bytes, response) => {
      const manifest = JSON.parse(Buffer.from(bytes).toString("utf8")) as { files: Record<string, unknown> };
      delete manifest.files["tokenizer.json"];
      return response.end(JSON.stringify(manifest));
    });
    await expectRefusal(() => fetchModel("integers"), "CHECKPOINT_FILE_MISSING", "tokenizer.json");
  });

  it("refuses a model larger than allowed", () =>
    expectRefusal(() => fetchModel("integers", { maximumBytes: 1000 }), "MODEL_TOO_LARGE", "1000"));

  it("refuses a file for which there is no memory", async () => {
    const bytes = 2 ** 52;
    instead.set("athanor.json", (manifest, response) => {
      const { files, ...other } = JSON.parse(Buffer.from(manifest).toString("utf8")) as { files: object };
      const huge = { "huge.bin": { bytes, sha256: "0".repeat(64) } };
      return response.end(JSON.stringify({ ...other, files: { ...files, ...huge } }));
    });
    const refused = () => fetchModel("integers", { maximumBytes: 2 ** 53 });
    await expectRefusal(refused, "MODEL_TOO_LARGE", "huge.bin", String(bytes));
  });

  it("reads no more of a file than its manifest announces", async () => {
    instead.set("weights-00000.bin", (_, response) => {
      const endless = () => {
        while (response.writable && response.write(new Uint8Array(65536)));
      };
      response.on("drain", endless);
      endless();
      return undefined;
    });
    await expectRefusal(
      () => fetchModel("integers"),
      "MODEL_FETCH_FAILED",
      "weights-00000.bin",
      "longer than",
    );
  });

  it("gives a silent server up, and can be stopped", async () => {
    instead.set("athanor.json", (_, response) => {
      response.writeHead(200).flushHeaders();
      return undefined;
    });
    await expectRefusal(() => fetchModel("integers", { idleTimeout: 20 }), "MODEL_FETCH_FAILED", "20 ms");
    const stop = new AbortController();
    setTimeout(() => {
      stop.abort();
    }, 20);
    await expectRefusal(() => fetchModel("integers", { signal: stop.signal }), "ABORTED", "athanor.json");
  });

  it("can be stopped while it waits by the clock for another attempt", async () => {
    const stop = new AbortController();
    instead.set("athanor.json", (_, response) => {
      setTimeout(() => {
        stop.abort();
      }, 20);
      return response.writeHead(503).end();
    });
    const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/integers`;
    await expectRefusal(() => fetchWith(uri, { signal: stop.signal }), "ABORTED");
    expect(asked).to.have.length(1);
  });

  for (const address of ["file:///models/bard", "models/bard"]) {
    it(`refuses the address ${address}`, () =>
      expectRefusal(() => fetchWith(address), "INVALID_ARGUMENT", address));
  }
});
