import { expect } from "chai";
import type { Filter, Log } from "ethers";
import { JobStatus } from "../generated/enums.ts";
import { answerTokens } from "../testing/byte-tokenizer.ts";
import { registerProvider, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { startScriptedProvider } from "../testing/scripted-provider.ts";
import { connectContracts } from "./connect-contracts.ts";
import { costOf, feeOf } from "./cost.ts";
import { jobIdOf } from "./job.ts";
import { decodeJobState } from "./job-state.ts";
import { readJobs } from "./read-jobs.ts";
import { readLogs } from "./read-logs.ts";
import { readOutcome } from "./read-outcome.ts";
import { tokenBytes, tokensOf } from "./tokens.ts";

const ONE = 10n ** 18n;

describe("protocol", () => {
  let chain: LocalChain;

  before(async () => {
    chain = await startLocalChain();
    await registerProvider(chain);
    const worker = startScriptedProvider(chain, ({ generation: { seed } }) =>
      seed === 2n ? "decline" : answerTokens("yes"),
    );
    const client = await chain.connect();
    for (const seed of [1n, 2n, 3n]) {
      const request = { model: chain.model, prompt: "Yes?", maxTokens: 9, maxPrice: 100n * ONE, seed };
      await client.infer(request).catch(() => undefined);
    }
    await worker.stop();
  });

  after(() => chain.close());

  it("reads jobs by client, provider and id, with terms that the contracts take back", async () => {
    const { contracts, accounts } = chain;
    const latest = await chain.provider.getBlockNumber();
    const jobs = await readJobs(contracts, {}, 0, latest);
    expect(jobs.map(({ generation: { seed } }) => seed)).to.deep.equal([1n, 2n, 3n]);
    const by = async (filter: object) => (await readJobs(contracts, filter, 0, latest)).length;
    expect(await by({ client: accounts.client.address })).to.equal(3);
    expect(await by({ client: accounts.stranger.address })).to.equal(0);
    expect(await by({ provider: accounts.owner.address.toLowerCase() })).to.equal(3);
    expect(await by({ id: jobs[1]!.id })).to.equal(1);
    expect(await readJobs(contracts, {}, jobs[1]!.created.block, jobs[1]!.created.block)).to.deep.equal([
      jobs[1],
    ]);
    for (const { id, terms } of jobs) {
      expect(await contracts.jobEscrow.jobIdOf(terms)).to.equal(id);
      expect(jobIdOf(terms, 31337n, contracts.deployment.jobEscrow)).to.equal(id);
    }
  });

  it("reads outcomes: results, payments and refunds", async () => {
    const latest = await chain.provider.getBlockNumber();
    const [answered, declined] = await readJobs(chain.contracts, {}, 0, latest);
    const outcome = await readOutcome(chain.contracts, answered!.id, 0, latest);
    expect(outcome.submitted?.tokens).to.deep.equal(answerTokens("yes"));
    expect(outcome.ended).to.equal(undefined);
    expect((await readOutcome(chain.contracts, declined!.id, 0, latest)).ended).to.include({
      kind: "Declined",
    });
    expect(await readOutcome(chain.contracts, `0x${"00".repeat(32)}`, 0, latest)).to.deep.equal({});
  });

  it("decodes a job's state as the contracts pack it", async () => {
    const latest = await chain.provider.getBlockNumber();
    const jobs = await readJobs(chain.contracts, {}, 0, latest);
    const states = await Promise.all(
      jobs.map(({ id }) => chain.contracts.jobEscrow.jobState(id).then(decodeJobState)),
    );
    expect(states.map(({ status }) => status)).to.deep.equal(["Submitted", "Declined", "Submitted"]);
    expect(states[0]!.submittedAt).to.be.greaterThan(Number(jobs[0]!.terms.submitDeadline) - 86_400);
    const packed = (0xabcn << 64n) | (3n << 48n) | (1_700_000_000n << 8n) | BigInt(JobStatus.Finalized);
    const state = { status: "Finalized", submittedAt: 1_700_000_000, liveChallenges: 3 };
    expect(decodeJobState(packed)).to.deep.equal(state);
    expect(decodeJobState(0n).status).to.equal("None");
  });

  it("computes costs and fees as the escrow does, rounded up", async () => {
    const { jobEscrow } = chain.contracts;
    const prices = { inputPrice: 1_234_567n, outputPrice: 7_654_321n, minimumCharge: 0n };
    for (const [input, output] of [
      [0, 0],
      [1, 0],
      [1, 1],
      [999, 12],
      [1_000_000, 1_000_000],
    ] as const) {
      const expected = await jobEscrow.costOf(input, output, prices.inputPrice, prices.outputPrice);
      expect(costOf(prices, input, output)).to.equal(expected);
    }
    expect(costOf({ inputPrice: 1n, outputPrice: 0n, minimumCharge: 0n }, 1, 0)).to.equal(1n);
    expect(costOf({ ...prices, minimumCharge: 10n ** 30n }, 1, 1)).to.equal(10n ** 30n);
    expect([feeOf(0n, 100n), feeOf(1n, 100n), feeOf(10_000n, 100n), feeOf(10_001n, 100n)]).to.deep.equal([
      0n,
      1n,
      100n,
      101n,
    ]);
  });

  it("packs tokens as the contracts do", () => {
    expect(tokenBytes([0, 1, 0x01020304, 2 ** 32 - 1])).to.equal("0x000000000000000101020304ffffffff");
    expect(tokensOf("0x0000000001020304")).to.deep.equal([0, 0x01020304]);
    expect(tokensOf("0x")).to.deep.equal([]);
  });

  describe("reading logs", () => {
    const filter = { address: `0x${"11".repeat(20)}`, topics: [] };
    /** A node with a log in every tenth block that refuses more than a number of blocks or results. */
    const node = (maxBlocks: number, asked: [number, number][] = []) => ({
      getLogs: ({ fromBlock, toBlock }: Filter) => {
        const [from, to] = [Number(fromBlock), Number(toBlock)];
        if (to - from + 1 > maxBlocks) {
          return Promise.reject(Object.assign(new Error("query exceeds max block range"), { code: -32602 }));
        }
        asked.push([from, to]);
        const blocks = Array.from({ length: to - from + 1 }, (_, index) => from + index).filter(
          (block) => block % 10 === 0,
        );
        return Promise.resolve(blocks.map((blockNumber) => ({ blockNumber }) as unknown as Log));
      },
    });

    it("asks for as many blocks as the node stands, every block once, in order", async () => {
      for (const maxBlocks of [1, 3, 64, 1_000, 100_000]) {
        const asked: [number, number][] = [];
        const logs = await readLogs(node(maxBlocks, asked), filter, 5, 1_005, { chunkSize: 500 });
        const expected = Array.from({ length: 100 }, (_, index) => 10 + 10 * index);
        expect(logs.map(({ blockNumber }) => blockNumber)).to.deep.equal(expected);
        expect(asked[0]![0]).to.equal(5);
        expect(asked.at(-1)![1]).to.equal(1_005);
        asked.slice(1).forEach(([from], index) => expect(from).to.equal(asked[index]![1] + 1));
      }
    });

    it("gives up when a single block is refused, and when aborted", async () => {
      expect((await rejection(readLogs(node(0), filter, 0, 100))).code).to.equal("RpcRangeTooLarge");
      const signal = AbortSignal.abort();
      expect((await rejection(readLogs(node(10), filter, 0, 100, { signal }))).code).to.equal("Aborted");
    });

    it("reads nothing where there is nothing to read", async () => {
      expect(await readLogs(node(10), filter, 5, 4)).to.deep.equal([]);
    });

    it("needs contracts that are connected to something", async () => {
      const unconnected = connectContracts(null, chain.deployment);
      expect((await rejection(readJobs(unconnected, {}, 0, 1))).code).to.equal("InvalidArgument");
    });
  });
});
