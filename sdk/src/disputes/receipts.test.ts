import { randomBytes } from "node:crypto";
import { encodeRequest, inputRoot, outputTokensRoot } from "@athanor/engine/commitments";
import { expect } from "chai";
import type { HDNodeWallet } from "ethers";
import { Channels } from "../channels/channels.ts";
import { channelIdOf, signAcceptance, signReceipt } from "../channels/typed-data.ts";
import type { ChannelTerms } from "../channels/types.ts";
import { createContext } from "../client/context.ts";
import { AthanorError } from "../errors/athanor-error.ts";
import { ChannelSession, type ChannelAnswer } from "../native/channel-session.ts";
import { memorySessions } from "../native/session-store.ts";
import { signDelegation } from "../private/delegation.ts";
import { connectContracts } from "../protocol/connect-contracts.ts";
import type { JobTerms } from "../protocol/job.ts";
import { MAX_TOKENS, PROMPT, startDisputeWorld, type DisputeWorld } from "../testing/dispute-world.ts";
import { mined } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import type { ClaimedReceipt } from "./claimed-receipt.ts";
import type { Disputes } from "./disputes.ts";
import type { ChallengeOptions, ChallengeOutcome, MoveMade } from "./types.ts";

const ONE = 10n ** 18n;
const DEPOSIT = 20n * ONE;
const LATEST = 2n ** 40n - 1n;

describe("disputes about receipts of channels", () => {
  let world: DisputeWorld;
  let client: HDNodeWallet;
  let stranger: HDNodeWallet;
  let mine: Channels;
  let channel: ChannelTerms;
  let challenger: Disputes;
  let moves: MoveMade[];
  let snapshot: unknown;
  let nonces = 0n;
  const onMove = (move: MoveMade) => moves.push(move);

  before(async () => {
    world = await startDisputeWorld();
    const { deployment, accounts } = world.chain;
    ({ client, stranger } = accounts);
    const { vault } = connectContracts(accounts.owner, deployment);
    await mined(vault.approveStakeModules(await vault.moduleBit(deployment.channelEscrow)));
    await (await channelsOf(accounts.owner)).addReceiptKey(accounts.operator.address);
    mine = await channelsOf(client);
    snapshot = await world.chain.rpc("evm_snapshot");
  });
  beforeEach(begin);
  after(() => world.chain.close());

  /** Everything as it was, and a new channel. */
  async function begin() {
    await world.chain.rpc("evm_revert", [snapshot]);
    snapshot = await world.chain.rpc("evm_snapshot");
    await world.chain.rpc("evm_mine", []);
    moves = [];
    const { owner, operator } = world.chain.accounts;
    channel = await mine.quote({ provider: owner.address });
    const id = channelIdOf(channel, mine.contract);
    const acceptance = { minimumDeposit: 0n, validUntil: LATEST };
    const accepted = await signAcceptance(operator, mine.contract, id, acceptance);
    await mine.open({ terms: channel, amount: DEPOSIT }, accepted);
    challenger = await world.party(stranger);
  }

  const channelsOf = (signer: HDNodeWallet) =>
    Channels.connect({ signer, deployment: world.chain.deployment, pollingInterval: 15 });
  const flipped = () => world.answer.map((token, index) => (index === 1 ? (token + 1) % 12 : token));
  const sentBy = (account: HDNodeWallet) => world.chain.provider.getTransactionCount(account.address);
  const kinds = () => moves.map(({ kind }) => kind);

  /** The provider signs that these tokens are the answer. */
  async function answered(
    tokens: readonly number[],
    {
      complete = true,
      secret,
      key = world.chain.accounts.operator,
    }: { complete?: boolean; secret?: Uint8Array; key?: HDNodeWallet } = {},
  ): Promise<ClaimedReceipt> {
    const { modelRoot } = world.model.commitment;
    const request = { modelRoot, prompt: PROMPT, maxTokens: MAX_TOKENS, seed: 7n, ...(secret && { secret }) };
    const { timestamp } = (await world.chain.provider.getBlock("latest"))!;
    const receipt = await signReceipt(key, mine.contract, {
      channel: channelIdOf(channel, mine.contract),
      nonce: ++nonces,
      modelRoot,
      inputRoot: inputRoot(request),
      outputTokensRoot: outputTokensRoot(tokens, secret),
      outputCount: BigInt(tokens.length),
      complete,
      price: ONE,
      expiry: BigInt(timestamp) + channel.receiptLife,
    });
    return { channel, receipt, request, tokens };
  }

  /** The provider's watchtower, until it is called off: it learns of the receipt from the chain, and stands for it. */
  function defence(claimed: ClaimedReceipt) {
    const over = new AbortController();
    const { contracts, deployment, provider, accounts } = world.chain;
    const { interface: receipts } = contracts.receiptResults;
    const topics = [receipts.getEvent("ReceiptPresented").topicHash];
    const ended = (async () => {
      const defender = await world.party(accounts.operator);
      while (!over.signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, 15));
        const filter = { address: deployment.receiptResults, topics, fromBlock: 0 };
        const log = (await provider.getLogs(filter)).at(-1);
        if (!log) continue;
        const { id, job } = receipts.parseLog(log)!.args as unknown as { id: string; job: JobTerms };
        const { prompt: promptTokens, modelRoot: _, secret, ...asked } = claimed.request;
        const position = {
          ...{ block: log.blockNumber, blockHash: log.blockHash },
          ...{ transactionHash: log.transactionHash, logIndex: log.index },
        };
        const generation = { ...asked, maxTokens: Number(job.maxTokens) };
        const result = { id, terms: job, promptTokens, generation, tokens: claimed.tokens, secret, position };
        // A liar's may fail when nothing is left to say.
        await defender.defendReceipt(result, { onMove }).catch(() => undefined);
      }
    })();
    return async () => {
      over.abort();
      await ended;
    };
  }

  async function fight(claimed: ClaimedReceipt, by = challenger, options: ChallengeOptions = {}) {
    const callOff = defence(claimed);
    try {
      return await by.challengeReceipt(claimed, { onMove, ...options });
    } finally {
      await callOff();
    }
  }

  it("acquit a right receipt, whole or a part, before any bond is at risk", async () => {
    const before = await sentBy(stranger);
    for (const claimed of [
      await answered(world.answer),
      await answered(world.answer.slice(0, 2), { complete: false }),
    ]) {
      const verification = await challenger.verifyReceipt(claimed);
      expect(verification).to.deep.include({ honest: true, expected: claimed.tokens });
      expect(await challenger.challengeReceipt(claimed, { onMove })).to.deep.equal({
        ...{ status: "honest", verification },
      });
    }
    expect(moves).to.deep.equal([]);
    expect(await sentBy(stranger)).to.equal(before);
  });

  it("convict a lying provider of its receipt, and return the client's deposit", async () => {
    const claimed = await answered(flipped());
    expect(await challenger.verifyReceipt(claimed)).to.deep.include({ honest: false, firstDifference: 1 });
    const { ath } = world.chain.contracts;
    const before = await ath.balanceOf(stranger.address);
    const outcome = await fight(claimed);
    expect(outcome).to.include({ status: "won", byTimeout: false });
    const { proven, reward } = outcome as Extract<ChallengeOutcome, { status: "won" }>;
    expect(proven).to.deep.equal({ part: 1, position: 0, operator: 0, tile: 0, element: 1 });
    expect((await ath.balanceOf(stranger.address)) - before).to.equal(reward);
    expect(reward > 0n).to.equal(true);
    expect(kinds()).to.deep.equal([
      ...["commit", "present", "open", "postTrace", "disputeOutput", "step", "reclaim"],
    ]);
    const { vault } = world.chain.contracts;
    expect((await vault.stakeOf(world.chain.accounts.owner.address)).jailed).to.equal(true);
    const available = async () => (await vault.accountOf(channel.token, client.address)).available;
    const free = await available();
    await mine.finish(channel);
    expect((await available()) - free >= DEPOSIT - channel.exitBounty).to.equal(true);
    // The verdict stays what it was.
    expect(await challenger.challengeReceipt(claimed)).to.deep.equal(outcome);
  });

  it("convict a wrong part of an answer, and an answer that goes on where it should have ended", async () => {
    for (const [tokens, complete] of [
      [flipped().slice(0, 2), false],
      [[...world.answer, 1, 2], true],
    ] as const) {
      await begin();
      expect(await fight(await answered(tokens, { complete }))).to.include({ status: "won" });
    }
  });

  it("go on from chain state alone after every move, and with a receipt that somebody presented already", async () => {
    const claimed = await answered(flipped());
    const callOff = defence(claimed);
    const made: string[] = [];
    let outcome: ChallengeOutcome | undefined;
    while (outcome === undefined) {
      const crash = new AbortController();
      const again = await world.party(stranger);
      const crashing = (move: MoveMade) => {
        made.push(move.kind);
        crash.abort();
      };
      outcome = await again
        .challengeReceipt(claimed, { onMove: crashing, signal: crash.signal })
        .catch((error: unknown) => {
          if (error instanceof AthanorError && error.code === "Aborted") return undefined;
          throw error;
        });
      if (made.length === 1 && made[0] === "commit") {
        await mine.present(channel, claimed.receipt, encodeRequest(claimed.request));
      }
    }
    await callOff();
    expect(outcome).to.include({ status: "won", byTimeout: false });
    expect(made).to.deep.equal(["commit", "open", "disputeOutput", "step", "reclaim"]);
  });

  it("convict a private receipt, by the client or whom it delegates to, and refuse others before a bond", async () => {
    const claimed = await answered(flipped(), { secret: randomBytes(32) });
    const before = await sentBy(stranger);
    const refused = await rejection(challenger.challengeReceipt(claimed));
    expect(refused.code).to.equal("NotClientOrDelegate");
    expect(await sentBy(stranger)).to.equal(before);
    const { deployment } = world.chain;
    const place = { chainId: 31_337n, resultSources: deployment.resultSources };
    const expiry = Number(channel.expiresAt);
    const work = channelIdOf(channel, mine.contract);
    const delegation = await signDelegation(client, place, {
      ...{ work, delegate: stranger.address, expiry },
    });
    expect(await fight({ ...claimed, delegation })).to.include({ status: "won", byTimeout: false });
    expect(kinds().slice(0, 4)).to.deep.equal(["delegateChallenge", "commit", "present", "open"]);
  });

  it("raise a bond that rules made since the receipt was signed let be too small", async () => {
    const claimed = await answered(flipped());
    const { chain } = world;
    const { disputeGame } = connectContracts(chain.accounts.administrator, chain.deployment);
    const rules = await disputeGame.parameters();
    const { clock, grace, openPeriod, tracePricePerSecond, priceMultiple } = rules;
    await mined(
      disputeGame.setParameters({
        ...{ clock, grace, openPeriod, tracePricePerSecond, priceMultiple },
        ...{ minimumReward: rules.minimumReward, athPerCoin: rules.athPerCoin },
        stressGasPrice: rules.stressGasPrice / 2n,
      }),
    );
    await chain.advance(10);
    expect(await fight(claimed)).to.include({ status: "won", byTimeout: false });
    expect(kinds().slice(0, 4)).to.deep.equal(["commit", "present", "commit", "open"]);
  });

  it("a session verifies its answers, and challenges a wrong one", async () => {
    const party = await world.party(client);
    const context = await createContext({ signer: client, deployment: world.chain.deployment });
    const { address: receiptKey } = world.chain.accounts.operator;
    const endpoint = "https://provider.example";
    const session = new ChannelSession({
      ...{ context, channels: mine, store: memorySessions(), terms: channel, signer: client },
      record: { terms: {}, endpoint, receiptKey },
      transport: { endpoint, fetch: () => Promise.reject(new Error("no")), silence: 1 },
    });
    const answerOf = ({ receipt, request, tokens }: ClaimedReceipt): ChannelAnswer => ({
      ...{ text: "", tokens, complete: true, price: ONE, receipts: [receipt], request },
      private: request.secret !== undefined,
    });
    const right = answerOf(await answered(world.answer));
    expect(await session.verify(right, party)).to.include({ honest: true });
    expect(await session.challenge(right, party)).to.include({ status: "honest" });
    const claimed = await answered(flipped());
    expect(await session.verify(answerOf(claimed), party)).to.include({ honest: false });
    const callOff = defence(claimed);
    expect(await session.challenge(answerOf(claimed), party)).to.include({ status: "won" });
    await callOff();
    expect((await session.finish()).status).to.equal("Closed");
  });

  it("refuse before a bond is paid: another request, other tokens, a foreign key, a receipt about to expire", async () => {
    const claimed = await answered(flipped());
    const { request } = claimed;
    const before = await sentBy(stranger);
    const attempts: [Partial<ClaimedReceipt>, string, string | undefined][] = [
      [{ request: { ...request, seed: 8n } }, "InvalidArgument", "request"],
      [{ tokens: world.answer }, "InvalidArgument", "tokens"],
      [{ tokens: flipped().slice(1) }, "InvalidArgument", "tokens"],
      [{ channel: { ...channel, salt: channel.salt ^ 1n } }, "InvalidArgument", "channel"],
      [await answered(flipped(), { key: stranger }), "InvalidSigner", undefined],
    ];
    for (const [changes, code, name] of attempts) {
      const error = await rejection(challenger.challengeReceipt({ ...claimed, ...changes }));
      expect([error.code, error.values["name"]]).to.deep.equal([code, name]);
    }
    expect((await rejection(challenger.challengeReceipt(claimed, { maximumBond: 1n }))).code).to.equal(
      "BondAboveLimit",
    );
    await world.chain.advance(Number(channel.receiptLife) - 60);
    expect((await rejection(challenger.challengeReceipt(claimed))).code).to.equal("ChallengeTooLate");
    await world.chain.advance(120);
    expect((await rejection(challenger.challengeReceipt(claimed))).code).to.equal("ReceiptOutOfTime");
    expect(await sentBy(stranger)).to.equal(before);
  });
});
