import { decryptTokens, encodeTokens } from "@athanor/engine/commitments";
import { generate } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { EncryptionKey, type PrivateRequest } from "@athanor/sdk/private";
import { expect } from "chai";
import { randomBytes } from "ethers";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../testing/eventually.ts";
import { KillSwitch } from "../testing/kill-switch.ts";
import { setUpWorld } from "../testing/world.ts";

const PROMPT = [9, 31, 7, 22, 5, 40, 3, 17, 28, 11];
const MAX_TOKENS = 24;

/** Forms in which tokens could stand somewhere: packed as on chain, as a database's or a log's JSON. */
function formsOf(tokens: readonly number[]): Buffer[] {
  const packed = Buffer.from(encodeTokens(tokens));
  return [
    packed,
    Buffer.from(packed.toString("hex")),
    Buffer.from(tokens.join(",")),
    Buffer.from(tokens.join(", ")),
  ];
}

describe("private jobs", function () {
  this.timeout(120_000);
  const world = setUpWorld();
  const ask = () => world.request({ prompt: PROMPT, maxTokens: MAX_TOKENS });
  const sealedRequest = (secret: Uint8Array, prompt: readonly number[] = PROMPT): PrivateRequest => ({
    ...{ prompt, secret },
    generation: {
      ...{ maxTokens: MAX_TOKENS, minTokens: 0, topK: 0, temperature: 0, topP: 0, repetitionPenalty: 0 },
      ...{ stopSequences: [], seed: 7n },
    },
  });

  async function expected(): Promise<number[]> {
    const model = await loadModel(join(world.folder.path, "model"));
    return (await generate(model, { prompt: PROMPT, maxTokens: MAX_TOKENS })).tokens;
  }

  it("are answered and paid, and show neither prompt nor answer on chain, in logs or in the database", async () => {
    const { chain, start } = world;
    const database = world.database();
    const { log, stop } = await start({ database });
    const secret = randomBytes(32);
    const before = await chain.connection.ethers.provider.getBlockNumber();
    const id = await chain.createPrivateJob(ask(), { secret });
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    const posted = await chain.outputOf(id);
    const answer = await expected();
    expect(posted).to.not.deep.equal(answer);
    expect(decryptTokens(encodeTokens(posted), secret)).to.deep.equal(answer);
    await chain.pass(4_000);
    await eventually(() => log.of("job.collected", id).length === 1, "collected");
    expect(await chain.status(id)).to.equal("Finalized");
    await stop();

    const { provider } = chain.connection.ethers;
    const seen: Buffer[] = [
      Buffer.from(JSON.stringify(log.events, (_, part: unknown) => String(part) && part)),
    ];
    for (let number = before; number <= (await provider.getBlockNumber()); number++) {
      const block = (await provider.getBlock(number, true))!;
      for (const { data, hash } of block.prefetchedTransactions) {
        seen.push(Buffer.from(data.slice(2), "hex"));
        const receipt = (await provider.getTransactionReceipt(hash))!;
        seen.push(...receipt.logs.map((event) => Buffer.from(event.data.slice(2), "hex")));
      }
    }
    expect(seen.length, "transactions and events").to.be.greaterThan(6);
    for (const name of [database, `${database}-wal`]) {
      seen.push(await readFile(name).catch(() => Buffer.alloc(0)));
    }
    // What would be found: the search itself works.
    expect(seen.at(-2)!.includes(Buffer.from(id))).to.equal(true);
    const secrets = [...formsOf(PROMPT), ...formsOf(answer), Buffer.from(secret)];
    secrets.push(Buffer.from(Buffer.from(secret).toString("hex")));
    for (const form of secrets) {
      for (const place of seen) expect(place.includes(form), form.toString("hex")).to.equal(false);
    }
  });

  it("are computed again after a crash, and answered once", async () => {
    const { chain, start } = world;
    for (const after of ["running", "computed"] as const) {
      const database = world.database();
      const kill = new KillSwitch({ after });
      const first = await start({ database, kill });
      const secret = randomBytes(32);
      const id = await chain.createPrivateJob(ask(), { secret });
      await eventually(() => kill.isDead, `dead after ${after}`);
      await first.stop();
      const { log, stop } = await start({ database });
      await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
      expect(decryptTokens(encodeTokens(await chain.outputOf(id)), secret)).to.deep.equal(await expected());
      expect(await chain.count("ResultSubmitted", id)).to.equal(1);
      await stop();
    }
  });

  const declined: Record<
    string,
    () => Promise<readonly [change: object, reason: string, prompt?: number[]]>
  > = {
    "when they were sealed to another key": async () => [
      { encryptionKey: (await EncryptionKey.fromSeed(randomBytes(32))).publicKey },
      "does not open with this provider's keys",
    ],
    "when the ciphertext is that of another job": async () => {
      const other = await world.chain.createPrivateJob(ask());
      return [{ ciphertext: await ciphertextOf(other) }, "does not open with this provider's keys"];
    },
    "when they commit to something else than they say": () => {
      const secret = randomBytes(32);
      return Promise.resolve([
        { secret, sealed: sealedRequest(secret, [...PROMPT].reverse()) },
        "not the request that the job commits to",
      ]);
    },
    "when they are paid for fewer tokens than they have": () =>
      Promise.resolve([{ promptTokens: PROMPT.length - 1 }, "this place"]),
    "when the ciphertext is a bomb": () =>
      Promise.resolve([{ ciphertext: `0x01${"ab".repeat(100_000)}` }, "does not open"]),
    "when there is no ciphertext": () => Promise.resolve([{ ciphertext: "0x" }, "cut off after 0 bytes"]),
    "when a token is outside the vocabulary, without naming it": () =>
      Promise.resolve([{}, "a token is outside the vocabulary", [...PROMPT, 4_000_000]]),
  };
  for (const [when, given] of Object.entries(declined)) {
    it(`are declined ${when}`, async () => {
      const { chain, start } = world;
      const [change, reason, prompt] = await given();
      const { log, storage } = await start();
      const id = await chain.createPrivateJob({ ...ask(), ...(prompt && { prompt }) }, change);
      await eventually(() => log.of("job.declined", id).length === 1, "declined");
      expect(storage.job(id)!.reason).to.contain(reason);
      expect(storage.job(id)!.reason).to.not.contain("4000000");
    });
  }

  it("are declined without an encryption key, and answered with an earlier one", async () => {
    const { chain, start, encryptionKey } = world;
    const without = await start({ encryptionKeys: [] });
    const id = await chain.createPrivateJob(ask());
    await eventually(() => without.log.of("job.declined", id).length === 1, "declined");
    await without.stop();
    const newer = await EncryptionKey.fromSeed(randomBytes(32));
    const { log } = await start({ encryptionKeys: [newer, encryptionKey] });
    const second = await chain.createPrivateJob(ask());
    await eventually(() => log.of("job.submitted", second).length === 1, "submitted");
  });

  async function ciphertextOf(id: string): Promise<string> {
    const { jobEscrow, deployment } = world.chain.contracts;
    const topics = [jobEscrow.interface.getEvent("PrivateJobCreated").topicHash, id];
    const filter = { address: deployment.jobEscrow, topics, fromBlock: 0 };
    const [log] = await world.chain.connection.ethers.provider.getLogs(filter);
    return String(jobEscrow.interface.parseLog(log!)!.args["ciphertext"]);
  }
});
