// What a checker bought as an ordinary client, and what the contract counts of it.
import { expect } from "chai";
import { id, type HDNodeWallet } from "ethers";
import { signReceipt } from "../channels/typed-data.ts";
import type { Receipt, Signed } from "../channels/types.ts";
import type { JobTerms } from "../protocol/job.ts";
import { ChannelClient } from "../native/channel-client.ts";
import { answerTokens } from "../testing/byte-tokenizer.ts";
import { connectChecker } from "../testing/checker-world.ts";
import {
  fundClient,
  registerProvider,
  startLocalChain,
  tokenizerSource,
  type LocalChain,
} from "../testing/local-chain.ts";
import { serveChannels } from "../testing/scripted-channels.ts";
import { startScriptedProvider } from "../testing/scripted-provider.ts";
import type { Checkers } from "./checkers.ts";
import { encodeChannelEvidence, encodeExamEvidence, encodeJobEvidence } from "./evidence.ts";
import { channelSalt, examId, jobSalt } from "./hashes.ts";

const ONE = 10n ** 18n;
const EPOCH = 0;
const blinding = id("blinding");
/** Seconds from the epoch's beginning to the first request: providers sign as a minute ago, and what was signed before the epoch does not count. */
const WAIT = 120;

describe("evidence of what a checker bought", () => {
  let chain: LocalChain;
  let worker: { stop(): Promise<void> };
  let endpoint: { close(): Promise<void> };
  let checkers: Checkers;
  let checker: string;
  let provider: string;
  let buyer: HDNodeWallet;

  before(async () => {
    chain = await startLocalChain({ athMicrocents: 2_500_000n });
    const inputMicrocents = 250_000_000_000n;
    await registerProvider(chain, undefined, { inputMicrocents, outputMicrocents: 2n * inputMicrocents });
    const inputPrice = 100_000n * ONE;
    const answer = answerTokens("or not to be");
    await chain.advance(WAIT);
    endpoint = await serveChannels(chain, { inputPrice, outputPrice: 2n * inputPrice }, answer, now);
    worker = startScriptedProvider(chain, () => answer);
    checkers = await connectChecker(chain, chain.accounts.stranger);
    checker = chain.accounts.stranger.address;
    provider = chain.accounts.owner.address;
    // Nothing links it to the checker.
    buyer = await chain.newWallet();
    await fundClient(chain, buyer.address);
  });

  after(async () => {
    await worker.stop();
    await endpoint.close();
    await chain.close();
  });

  const now = () => Date.now() / 1_000 + WAIT;
  const request = () => ({ model: chain.model, prompt: "To be", maxTokens: 20, maxPrice: 100n * ONE });
  const countOf = (evidence: string, of: { epoch?: number; checker?: string; provider?: string } = {}) =>
    checkers.contracts.askedEvidence.countOf(
      of.epoch ?? EPOCH,
      of.checker ?? checker,
      of.provider ?? provider,
      true,
      evidence,
    );

  /** It counts for this checker, provider and epoch, and for no other. */
  async function expectCount(evidence: string, count: bigint): Promise<void> {
    expect(await countOf(evidence)).to.equal(count);
    const others = [{ epoch: 1 }, { checker: buyer.address }, { provider: buyer.address }];
    for (const other of others) expect(await countOf(evidence, other), JSON.stringify(other)).to.equal(0n);
  }

  it("counts jobs whose salts infer was given, the unanswered left out", async () => {
    const client = await chain.connect({ signer: buyer });
    const salts = [0, 2].map((index) => jobSalt({ checker, epoch: EPOCH, blinding, index }));
    const jobs: JobTerms[] = [];
    for (const salt of salts) jobs.push((await client.infer({ ...request(), salt })).job.terms);
    expect(jobs.map(({ salt }) => salt)).to.deep.equal(salts);
    await expectCount(encodeJobEvidence({ blinding, jobs }), 2n);
    expect(await countOf(encodeJobEvidence({ blinding, jobs: jobs.slice(1) }))).to.equal(1n);
    expect(await countOf(encodeJobEvidence({ blinding, jobs: [...jobs].reverse() }))).to.equal(0n);
    expect(await countOf(encodeJobEvidence({ blinding: id("other"), jobs }))).to.equal(0n);
  });

  it("counts the receipts of a channel whose salt openChannel was given", async () => {
    const client = await ChannelClient.connect({
      ...{ signer: buyer, deployment: chain.deployment, modelSource: tokenizerSource() },
      ...{ allowInsecureEndpoints: true, pollingInterval: 20, now },
    });
    const salt = channelSalt({ checker, epoch: EPOCH, blinding });
    const channel = await client.openChannel({ provider, deposit: 20n * ONE, salt });
    expect(channel.terms.salt).to.equal(salt);
    const signed: Signed<Receipt>[] = [];
    for (const prompt of ["To be", "or not"]) {
      const { receipts } = await channel.infer({ model: chain.model, prompt, maxTokens: 20 });
      signed.push(receipts.at(-1)!);
    }
    const shown = (chosen: readonly Signed<Receipt>[]) =>
      encodeChannelEvidence({
        ...{ blinding, channel: channel.terms },
        receipts: chosen.map(({ message }) => message),
        signatures: chosen.map(({ signature }) => signature),
      });
    await expectCount(shown(signed), 2n);
    expect(await countOf(shown(signed.slice(1)))).to.equal(1n);
    await channel.close();
    expect(await countOf(shown(signed)), "a closed channel was open").to.equal(2n);
  });

  it("counts receipts of an exam, which cost nothing and are of no channel", async () => {
    const { chainId, contracts } = checkers;
    const asked = await contracts.askedEvidence.getAddress();
    const { timestamp } = (await chain.provider.getBlock("latest"))!;
    const place = { chainId, asked, checker, epoch: EPOCH, provider, blinding };
    const signed = await Promise.all(
      [1n, 2n, 3n].map((nonce) =>
        signReceipt(
          chain.accounts.operator,
          { chainId, escrow: chain.deployment.channelEscrow },
          {
            channel: examId(place),
            ...{ nonce, modelRoot: chain.model, inputRoot: id("input"), outputTokensRoot: id("output") },
            ...{ outputCount: 1n, complete: true, price: 0n, expiry: BigInt(timestamp) },
          },
        ),
      ),
    );
    const receipts = signed.map(({ message }) => message);
    const signatures = signed.map(({ signature }) => signature);
    await expectCount(encodeExamEvidence({ blinding, receipts, signatures }), 3n);
    const swapped = [signatures[1]!, signatures[0]!, signatures[2]!];
    expect(await countOf(encodeExamEvidence({ blinding, receipts, signatures: swapped }))).to.equal(0n);
  });
});
