import { expect } from "chai";
import { hexlify, randomBytes } from "ethers";
import { EncryptionKey } from "../private/encryption-key.ts";
import { memoryRequestStore, type RequestStore } from "../private/request-store.ts";
import type { JobRecord } from "../protocol/job.ts";
import { answerTokens, byteTokens } from "../testing/byte-tokenizer.ts";
import { OFFER, registerProvider, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { startScriptedProvider } from "../testing/scripted-provider.ts";
import type { AthanorClient } from "./athanor-client.ts";
import type { InferRequest } from "./types.ts";

const ONE = 10n ** 18n;
const PROMPT = "Nobody may read this.";
const ANSWER = "Nor this answer";

describe("private requests", () => {
  let chain: LocalChain;
  let key: EncryptionKey;
  let worker: { stop(): Promise<void> };
  let store: RequestStore;
  let client: AthanorClient;
  const seen: JobRecord[] = [];

  before(async () => {
    chain = await startLocalChain();
    key = await EncryptionKey.fromSeed(randomBytes(32));
    await registerProvider(chain, undefined, OFFER, key.publicKey);
    const script = (job: JobRecord) => {
      seen.push(job);
      return answerTokens(ANSWER);
    };
    worker = startScriptedProvider(chain, script, undefined, { encryptionKeys: [key] });
    store = memoryRequestStore();
    client = await chain.connect({ requestStore: store });
  });
  after(async () => {
    await worker.stop();
    await chain.close();
  });

  const request = (changes: Partial<InferRequest> = {}): InferRequest => ({
    model: chain.model,
    prompt: PROMPT,
    maxTokens: 30,
    maxPrice: 100n * ONE,
    private: true,
    ...changes,
  });

  it("are answered in text, and readable by nobody else", async () => {
    const before = await chain.provider.getBlockNumber();
    const result = await client.infer(request({ stop: ["\n\n"] }));
    expect(result.text).to.equal(ANSWER);
    expect(result.private).to.equal(true);
    expect(result.tokens).to.deep.equal(answerTokens(ANSWER));
    expect(seen.at(-1)!.promptTokens).to.deep.equal(byteTokens(PROMPT));
    expect(seen.at(-1)!.generation.stopSequences).to.deep.equal(result.generation.stopSequences);

    const forms = [PROMPT, ANSWER].flatMap((text) => {
      const packed = byteTokens(text).map((token) => token.toString(16).padStart(8, "0"));
      return [packed.slice(1, 5).join(""), hexlify(new TextEncoder().encode(text)).slice(2)];
    });
    let searched = 0;
    for (let number = before; number <= (await chain.provider.getBlockNumber()); number++) {
      const { transactions } = (await chain.rpc("eth_getBlockByNumber", [
        `0x${number.toString(16)}`,
        true,
      ])) as {
        transactions: { input: string; hash: string }[];
      };
      for (const { input, hash } of transactions) {
        const { logs } = (await chain.provider.getTransactionReceipt(hash))!;
        for (const data of [input, ...logs.map((log) => log.data)]) {
          searched += data.length;
          for (const form of forms) expect(data.includes(form), form).to.equal(false);
        }
      }
    }
    expect(searched).to.be.greaterThan(2_000);
  });

  it("are found again with the store, by another client of the account; without it only their frame is", async () => {
    const { job } = await client.infer(request());
    const again = await chain.connect({ requestStore: store });
    expect((await again.resume(job.id)).text).to.equal(ANSWER);
    expect((await again.job(job.id)).tokens).to.deep.equal(answerTokens(ANSWER));
    const without = await chain.connect();
    expect((await rejection(without.resume(job.id))).code).to.equal("RequestUnknown");
    const view = await without.job(job.id);
    expect(view.tokens).to.equal(undefined);
    expect(view.promptTokens).to.deep.equal([]);
    expect(view.hidden).to.not.equal(undefined);
    expect(view.status).to.equal("Submitted");
  });

  it("are stored before anything is sent", async () => {
    const failing: RequestStore = {
      ...store,
      put: () => Promise.reject(new Error("the disk is full")),
    };
    const careful = await chain.connect({ requestStore: failing });
    const jobs = (await client.jobs()).length;
    const error = await rejection(careful.infer(request()));
    expect(error.message).to.contain("the disk is full");
    expect((await client.jobs()).length).to.equal(jobs);
  });

  it("are refused without a store, and for providers without a key, before anything is sent", async () => {
    const without = await chain.connect();
    expect((await rejection(without.infer(request()))).code).to.equal("RequestStoreMissing");
    const { owner } = chain.accounts;
    const { providerRegistry } = chain.contracts;
    const { profile } = await providerRegistry.providerOf(owner.address);
    const update = (encryptionKey: string) =>
      providerRegistry.connect(owner).update({
        ...{ operator: profile.operator, watchtower: profile.watchtower, encryptionKey },
        ...{ endpoint: "", hardware: [{ hardwareClass: 0, count: 1 }] },
      });
    await (await update(`0x${"00".repeat(32)}`)).wait();
    expect((await rejection(client.quote(request()))).code).to.equal("NoPrivateProvider");
    const pinned = await rejection(client.quote(request({ provider: owner.address })));
    expect(pinned.code).to.equal("EncryptionKeyUnusable");
    expect((await client.quote(request({ private: false }))).privacy.private).to.equal(false);
    await (await update(key.publicKey)).wait();
  });

  it("say beforehand what others will learn", async () => {
    const { privacy } = await client.quote(request());
    expect(privacy.private).to.equal(true);
    const moments = new Set(privacy.disclosures.map(({ moment }) => moment));
    expect([...moments]).to.deep.equal(["job", "trace", "position", "tile", "step"]);
    const leaf = privacy.disclosures.find(({ what }) => what === "prompt leaf")!;
    expect(leaf.tokens).to.equal(byteTokens(PROMPT).length);
    const open = await client.quote(request({ private: false }));
    expect(open.privacy.disclosures.map(({ what }) => what)).to.deep.equal(["prompt and answer"]);
  });

  it("with a token outside the vocabulary are refused here, since the chain cannot see it", async () => {
    const error = await rejection(client.quote(request({ prompt: undefined, promptTokens: [1, 4_000_000] })));
    expect(error.code).to.equal("InvalidArgument");
    expect(error.message).to.contain("4000000");
  });
});
