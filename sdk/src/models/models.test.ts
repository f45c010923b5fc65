import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { connectContracts } from "../protocol/connect-contracts.ts";
import { byteTokenizerHash, byteTokenizerJson, byteTokens } from "../testing/byte-tokenizer.ts";
import { mined, MODEL_URI, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { httpModelSource } from "./http-model-source.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import type { ModelSource } from "./model-source.ts";
import { nodeModelSource } from "./node-model-source.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("model files", () => {
  describe("sources", () => {
    let server: Server;
    let url: string;
    let folder: string;
    const signal = new AbortController().signal;

    before(async () => {
      server = createServer((request, response) => {
        if (request.url === "/small") response.end("small");
        else if (request.url === "/endless") {
          response.writeHead(200, { "content-length": "5" });
          response.end("12345");
        } else if (request.url === "/silent") return;
        else response.writeHead(404).end();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      folder = await mkdtemp(join(tmpdir(), "athanor-sdk-"));
      await writeFile(join(folder, "file"), "content");
    });

    after(async () => {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    });

    it("over http read a file up to the limit", async () => {
      const bytes = await httpModelSource().readFile(`${url}/small`, { maxBytes: 5, signal });
      expect(new TextDecoder().decode(bytes)).to.equal("small");
      const error = await rejection(httpModelSource().readFile(`${url}/endless`, { maxBytes: 4, signal }));
      expect([error.code, error.values]).to.deep.equal(["ModelFileTooLarge", { uri: `${url}/endless`, maximum: 4 }]);
    });

    it("over http report what the server answers, stop when told to, and read nothing else", async () => {
      const missing = await rejection(httpModelSource().readFile(`${url}/none`, { maxBytes: 5, signal }));
      expect(missing.shortMessage).to.include(`${url}/none answered 404`);
      const stopped = httpModelSource().readFile(`${url}/silent`, { maxBytes: 5, signal: AbortSignal.timeout(20) });
      expect(await stopped.catch((error: unknown) => (error as Error).name)).to.equal("TimeoutError");
      const file = await rejection(httpModelSource().readFile("file:///etc/hostname", { maxBytes: 5, signal }));
      expect([file.code, file.values]).to.deep.equal(["ModelUriUnsupported", { uri: "file:///etc/hostname" }]);
    });

    it("in Node.js read files too, but no folders, no devices, nothing too large, nothing from other hosts", async () => {
      const source = nodeModelSource();
      const uri = pathToFileURL(join(folder, "file")).href;
      expect(new TextDecoder().decode(await source.readFile(uri, { maxBytes: 7, signal }))).to.equal("content");
      expect((await rejection(source.readFile(uri, { maxBytes: 6, signal }))).code).to.equal("ModelFileTooLarge");
      for (const other of [pathToFileURL(folder).href, "file:///dev/zero", "file://host/share/file", "ipfs://cid"]) {
        expect((await rejection(source.readFile(other, { maxBytes: 7, signal }))).code, other).to.equal("ModelUriUnsupported");
      }
      expect(await source.readFile(`${url}/small`, { maxBytes: 5, signal })).to.have.length(5);
    });
  });

  describe("tokenizer", () => {
    let chain: LocalChain;
    let files: Map<string, Uint8Array>;
    let asked: string[];

    before(async () => {
      chain = await startLocalChain();
    });

    after(() => chain.close());

    beforeEach(() => {
      files = new Map();
      asked = [];
    });

    const source: ModelSource = {
      readFile: (uri) => {
        asked.push(uri);
        const bytes = files.get(uri);
        return bytes ? Promise.resolve(bytes) : Promise.reject(new Error(`${uri} is not there`));
      },
    };
    const load = (tokenizerHash = byteTokenizerHash()) =>
      loadTokenizer({ contracts: chain.contracts, source, model: chain.model, tokenizerHash });
    const registered = `${MODEL_URI}/tokenizer.json`;
    const announced = "https://mirror.example/bytes/tokenizer.json?token=1";

    it("is read from the address in the registry and encodes as its file says", async () => {
      files.set(registered, bytesOf(byteTokenizerJson()));
      const tokenizer = await load();
      expect(tokenizer.encode("Où?")).to.deep.equal(byteTokens("Où?"));
      expect(tokenizer.decode([...byteTokens("Où?"), 257])).to.equal("Où?");
      expect(asked).to.deep.equal([registered]);
    });

    it("that was tampered with is refused: ModelFileMismatch with both hashes, and the client sends nothing", async () => {
      const tampered = bytesOf(byteTokenizerJson().replace('"version":"1.0"', '"version":"1.1"'));
      files.set(registered, tampered);
      const error = await rejection(load());
      expect(error.code).to.equal("ModelFileMismatch");
      expect(error.values).to.include({ uri: registered, expected: byteTokenizerHash() });
      expect(error.values["found"]).not.to.equal(byteTokenizerHash());

      const client = await chain.connect({ modelSource: source });
      const request = { model: chain.model, prompt: "x", maxTokens: 1, maxPrice: 1n };
      expect((await rejection(client.infer(request))).code).to.equal("ModelFileMismatch");
      expect(await chain.provider.getTransactionCount(client.account!)).to.equal(0);
    });

    it("that cannot be had is named with every address that was tried: ModelFileUnavailable", async () => {
      const error = await rejection(load());
      expect(error.code).to.equal("ModelFileUnavailable");
      expect(error.shortMessage).to.include(`${registered} is not there`);
    });

    it("is read from announced addresses when the registered one fails, whoever announced them", async () => {
      const { modelRegistry } = connectContracts(chain.accounts.stranger, chain.deployment);
      await mined(modelRegistry.announce(chain.model, "https://mirror.example/bytes/?token=1"));
      await mined(modelRegistry.announce(chain.model, "no address at all"));
      files.set(registered, bytesOf("{}"));
      files.set(announced, bytesOf(byteTokenizerJson()));
      expect((await load()).encode("a")).to.deep.equal(byteTokens("a"));
      expect(asked).to.deep.equal([registered, announced]);
    });

    it("that is committed to but no tokenizer is refused: TokenizerInvalid", async () => {
      const { keccak256 } = await import("ethers");
      for (const text of ["{", "{}", '{"model":{"type":"Unknown"}}']) {
        files.set(registered, bytesOf(text));
        const error = await rejection(load(keccak256(bytesOf(text))));
        expect([error.code, error.values["model"]], text).to.deep.equal(["TokenizerInvalid", chain.model]);
      }
    });
  });
});
