import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { expectRefusal } from "../testing/expect-error.ts";
import { filesOf, tinyCheckpoint } from "../testing/tiny-checkpoint.ts";
import { importToFolder } from "./import-to-folder.ts";
import { writeManifest } from "./manifest.ts";
import { pullModel as pull, type PullOptions } from "./pull.ts";

type Handler = (name: string, request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

describe("pullModel", () => {
  let root: string;
  let published: string;
  let destination: string;
  let modelRoot: string;
  let server: Server;
  let handler: Handler;
  let asked: string[];
  let pauses: number[];
  /** Without the pauses, which are only noted. */
  const pullModel = (from: string, to: string, options: PullOptions = {}) => {
    const wait = (milliseconds: number) => Promise.resolve(pauses.push(milliseconds));
    return pull(from, to, { wait, ...options });
  };
  const uri = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/model`;

  const serveFile: Handler = async (name, request, response) => {
    const bytes = await readFile(join(published, name)).catch(() => undefined);
    if (!bytes) return void response.writeHead(404).end();
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (start > 0) {
      response.writeHead(206, { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
    }
    response.end(bytes.subarray(start));
  };

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "athanor-engine-"));
    const checkpoint = join(root, "checkpoint");
    await mkdir(checkpoint);
    for (const [name, bytes] of filesOf(tinyCheckpoint())) await writeFile(join(checkpoint, name), bytes);
    published = join(root, "published");
    ({ modelRoot } = await importToFolder(checkpoint, published));
    await writeManifest(checkpoint);
    server = createServer((request, response) => {
      const name = decodeURIComponent(request.url!.replace("/model/", ""));
      asked.push(name);
      void handler(name, request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(root, { recursive: true });
  });
  beforeEach(async () => {
    handler = serveFile;
    [asked, pauses] = [[], []];
    destination = await mkdtemp(join(root, "pulled-"));
  });

  it("fetches, verifies and loads a model over http", async () => {
    const seen: [number, number][] = [];
    const onProgress = (done: number, total: number) => seen.push([done, total]);
    const model = await pullModel(uri(), destination, { root: modelRoot, onProgress });
    expect(model.commitment.modelRoot).to.equal(modelRoot);
    expect(await readdir(destination)).to.have.members(await readdir(published));
    expect(seen.at(-1)![0]).to.equal(seen.at(-1)![1]);
  });

  for (const form of ["published", "checkpoint"]) {
    it(`fetches a ${form} folder by its file address, too`, async () => {
      const model = await pullModel(pathToFileURL(join(root, form)).href, destination);
      expect(model.commitment.modelRoot).to.equal(modelRoot);
    });
  }

  it("asks a second time only for what is missing", async () => {
    await pullModel(uri(), destination);
    const whole = asked;
    const file = join(destination, "weights-00001.bin");
    const bytes = await readFile(file);
    await rm(file);
    await writeFile(`${file}.part`, bytes.subarray(0, 1000));
    asked = [];
    let range: string | undefined;
    handler = (name, request, response) => {
      range = request.headers.range ?? range;
      return serveFile(name, request, response);
    };
    const model = await pullModel(uri(), destination);
    expect(model.commitment.modelRoot).to.equal(modelRoot);
    expect(whole).to.have.length.greaterThan(5);
    expect(asked).to.deep.equal(["athanor.json", "weights-00001.bin"]);
    expect(range).to.equal("bytes=1000-");
  });

  it("goes on after broken connections, also where the server knows no ranges", async () => {
    const broken = new Map<string, number>();
    handler = async (name, request, response) => {
      const times = (broken.get(name) ?? 0) + 1;
      broken.set(name, times);
      if (times > 1 || !name.startsWith("weights")) {
        delete request.headers.range;
        return serveFile(name, request, response);
      }
      const bytes = await readFile(join(published, name));
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 500), () => response.destroy());
    };
    const model = await pullModel(uri(), destination);
    expect(model.commitment.modelRoot).to.equal(modelRoot);
    expect(broken.get("weights-00001.bin")).to.equal(2);
    const twice = [...broken.values()].filter((times) => times === 2);
    expect(pauses, "one before each second attempt").to.deep.equal(twice.map(() => 500));
  });

  it("waits longer each time while a server is overwhelmed, and gives up in the end", async () => {
    handler = (name, request, response) =>
      name === "athanor.json" && asked.length > 3
        ? serveFile(name, request, response)
        : void response.writeHead(503).end();
    await expectRefusal(() => pullModel(uri(), destination), "MODEL_FETCH_FAILED", "503");
    const files = [...new Set(asked)];
    expect(files).to.have.length(2);
    expect(asked).to.have.length(4 + 4);
    expect(pauses).to.deep.equal([500, 2000, 8000, 500, 2000, 8000]);
  });

  it("can be stopped while it waits", async () => {
    handler = (_name, _request, response) => void response.writeHead(429).end();
    const stop = new AbortController();
    const wait = (_: number, signal: AbortSignal | undefined) => {
      stop.abort(new Error("enough"));
      return Promise.reject(signal!.reason as Error);
    };
    await expectRefusal(
      () => pullModel(uri(), destination, { signal: stop.signal, wait }),
      "ABORTED",
      "athanor.json",
    );
    expect(asked).to.have.length(1);
  });

  it("refuses another root before it fetches anything", async () => {
    const other = `0x${"12".repeat(32)}`;
    const refused = () => pullModel(uri(), destination, { root: other });
    await expectRefusal(refused, "MODEL_ROOT_MISMATCH", other, modelRoot);
    expect(asked).to.deep.equal(["athanor.json"]);
    expect(await readdir(destination)).to.deep.equal([]);
  });

  it("refuses a model larger than allowed", () =>
    expectRefusal(() => pullModel(uri(), destination, { maximumBytes: 1000 }), "MODEL_TOO_LARGE", "1000"));

  it("refuses a folder with other files", async () => {
    await writeFile(join(destination, "diary.txt"), "");
    await expectRefusal(() => pullModel(uri(), destination), "DESTINATION_OCCUPIED", "diary.txt");
  });

  for (const address of ["ftp://example.org/model", "models/bard"]) {
    it(`refuses the address ${address}`, () =>
      expectRefusal(() => pullModel(address, destination), "INVALID_ARGUMENT", address));
  }

  it("refuses an address where there is no model", async () => {
    handler = (_name, _request, response) => void response.writeHead(404).end("nothing");
    await expectRefusal(() => pullModel(uri(), destination), "MODEL_FETCH_FAILED", "404", "athanor.json");
    expect(asked).to.have.length(1);
    const nowhere = pathToFileURL(join(root, "nowhere")).href;
    await expectRefusal(() => pullModel(nowhere, destination), "MODEL_FETCH_FAILED", "ENOENT");
  });

  describe("against a hostile server", () => {
    it("reads no more of a file than its manifest announces", async () => {
      handler = (name, request, response) => {
        if (name !== "weights-00000.bin") return serveFile(name, request, response);
        const endless = () => {
          while (response.writable && response.write(new Uint8Array(65536)));
        };
        response.on("drain", endless);
        endless();
      };
      await expectRefusal(
        () => pullModel(uri(), destination),
        "MODEL_FETCH_FAILED",
        "weights-00000.bin",
        "longer",
      );
    });

    it("reads no endless manifest", async () => {
      handler = (_name, _request, response) => {
        const endless = () => {
          while (response.writable && response.write(" ".repeat(65536)));
        };
        response.on("drain", endless);
        endless();
      };
      await expectRefusal(
        () => pullModel(uri(), destination),
        "MODEL_FETCH_FAILED",
        "longer than the 4194304 bytes",
      );
    });

    it("gives a silent one up", async () => {
      handler = (_name, _request, response) => response.writeHead(200).flushHeaders();
      const refused = () => pullModel(uri(), destination, { idleTimeout: 20 });
      await expectRefusal(refused, "MODEL_FETCH_FAILED", "no byte for 20 ms");
    });

    it("can be stopped", async () => {
      handler = (_name, _request, response) => response.writeHead(200).flushHeaders();
      const stop = new AbortController();
      setTimeout(() => {
        stop.abort();
      }, 20);
      await expectRefusal(() => pullModel(uri(), destination, { signal: stop.signal }), "ABORTED");
    });

    it("keeps no file that differs from its manifest, and names it", async () => {
      handler = async (name, request, response) => {
        if (name !== "weights-00001.bin") return serveFile(name, request, response);
        const bytes = await readFile(join(published, name));
        bytes[77]! ^= 1;
        response.end(bytes);
      };
      await expectRefusal(() => pullModel(uri(), destination), "MODEL_FILE_MISMATCH", "weights-00001.bin");
      expect(await readdir(destination)).to.not.include.members(["weights-00001.bin", "athanor.json"]);
      expect(await readdir(destination)).to.not.include("weights-00001.bin.part");
    });

    it("writes nothing outside the folder", async () => {
      handler = async (name, request, response) => {
        if (name !== "athanor.json") return serveFile(name, request, response);
        const manifest = JSON.parse(await readFile(join(published, name), "utf8")) as {
          files: Record<string, unknown>;
        };
        manifest.files["../stolen"] = { bytes: 1, sha256: "0".repeat(64) };
        response.end(JSON.stringify(manifest));
      };
      await expectRefusal(() => pullModel(uri(), destination), "MANIFEST_INVALID", "../stolen");
    });
  });
});
