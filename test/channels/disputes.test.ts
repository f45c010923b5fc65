// Receipts in the dispute game: whoever has one challenges it, settled or not, and plays as for a job.
import { expect } from "chai";
import type { Receipt, Signed } from "../../sdk/src/channels.ts";
import {
  CHANNEL_BIT,
  channelParametersOf,
  DAY,
  DEPOSIT,
  MAX_TOKENS,
  type OpenChannel,
  openChannel,
  present,
  receiptOf,
  reportEquivocation,
  requestOf,
  settle,
  voucherOf,
} from "../support/channels.ts";
import { CountingTrace, HONEST_TOKENS, type Lies } from "../support/counting.ts";
import {
  type Arena,
  challenge,
  freshArena,
  play,
  type Result,
  resultWith,
  stateOf,
} from "../support/dispute.ts";
import { accountOf } from "../support/ledger.ts";
import { ATH, ethers, type Job, time } from "../support/system.ts";
import { packTokens, tokensRoot } from "../support/tokens.ts";

const LIE: Lies = { "1/2/5": `0x${"00".repeat(12)}deadbeef` };

async function arenaWithChannels(): Promise<Arena> {
  const arena = await freshArena();
  const { vault, provider, operator, channels } = arena;
  await vault.connect(provider).approveStakeModules(CHANNEL_BIT);
  await channels.connect(provider).addReceiptKey(operator);
  return arena;
}

/** A receipt presented as a result, with the trace that its provider computed. */
async function presented(
  arena: Arena,
  channel: OpenChannel,
  {
    lies = {},
    tokens = HONEST_TOKENS,
    ...fields
  }: Partial<Receipt> & {
    lies?: Lies;
    tokens?: readonly number[];
  } = {},
): Promise<Result & { receipt: Signed<Receipt> }> {
  const receipt = await receiptOf(arena, channel, { tokens, ...fields });
  const { id, job } = await present(arena, channel, receipt);
  const output = { count: tokens.length, tokensRoot: tokensRoot(packTokens(tokens)) };
  return { job: { id, job: job as unknown as Job }, output, tokens, trace: new CountingTrace(lies), receipt };
}

const liveIn = async ({ channels }: Arena, { id }: OpenChannel) =>
  (await channels.channelState(id)).liveChallenges;

describe("ChannelEscrow: disputes about receipts", () => {
  it("present publishes the terms that the game takes: price, model, request, the receipt's digest in spare members", async () => {
    const arena = await arenaWithChannels();
    const channel = await openChannel(arena);
    const { job, receipt } = await presented(arena, channel, { price: 3n });
    const digest = BigInt(await arena.channels.receiptDigest(receipt.message));
    const { inputRoot, modelRoot } = requestOf(arena);
    expect(job.job).to.deep.equal({
      client: arena.client.address,
      salt: digest % 2n ** 64n,
      submitDeadline: receipt.message.expiry,
      provider: arena.provider.address,
      challengeWindow: 601n,
      feeBasisPoints: 100n,
      token: arena.addresses.ath,
      exitBounty: (digest >> 64n) % 2n ** 96n,
      stakeLock: digest >> 160n,
      inputPrice: 0n,
      outputPrice: 0n,
      minimumCharge: 3n,
      promptTokens: 10n,
      maxTokens: 3n,
      vocabularySize: 1000n,
      modelRoot,
      inputRoot,
    });
    expect(await arena.sources.jobIdOf(job.job)).to.equal(job.id);
  });

  it("a wrong receipt is proven wrong element by element; the provider is convicted, the client gets the rest back", async () => {
    const arena = await arenaWithChannels();
    const { channels, client, stranger, vault, provider, game, addresses } = arena;
    const channel = await openChannel(arena);
    const voucher = await voucherOf(arena, channel, { amount: 2n * ATH });
    const result = await presented(arena, channel, { lies: LIE });
    await settle(arena, channel, voucher, result.receipt);

    const dispute = await challenge(arena, result, stranger);
    expect(await liveIn(arena, channel)).to.equal(1n);
    await play(arena, dispute);
    expect(await game.convictionOf(provider)).to.equal(dispute.id);
    expect(await vault.isJailed(provider)).to.equal(true);

    const { available } = await accountOf(arena, addresses.ath, client.address);
    await channels.connect(stranger).release(channel.terms, stranger);
    const { available: after } = await accountOf(arena, addresses.ath, client.address);
    expect(after - available).to.equal(DEPOSIT - 3n * ATH);
    await game.connect(stranger).reclaim(dispute.id);
    expect(await liveIn(arena, channel)).to.equal(0n);
    expect((await stateOf(arena, dispute.id)).status).to.equal("Won");
  });

  it("a wrong token of a receipt is proven wrong, though its trace is right", async () => {
    const arena = await arenaWithChannels();
    const channel = await openChannel(arena);
    const tokens = [HONEST_TOKENS[0], 5, HONEST_TOKENS[2]];
    const dispute = await challenge(arena, await presented(arena, channel, { tokens }), arena.stranger);
    await play(arena, dispute);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(dispute.id);
  });

  it("a right receipt survives, and the stake waits until the challenge is decided", async () => {
    const arena = await arenaWithChannels();
    const { channels, operator, stranger, vault, provider } = arena;
    const channel = await openChannel(arena);
    const result = await presented(arena, channel);
    await channels.connect(operator).close(channel.terms);
    await time.increase(DAY - 100n);
    const dispute = await challenge(arena, result, stranger, new CountingTrace(LIE));
    await time.increase(200n);
    await expect(channels.connect(stranger).release(channel.terms, stranger))
      .to.be.revertedWithCustomError(channels, "ChallengesAlive")
      .withArgs(channel.id, 1n);
    await play(arena, dispute);
    expect((await stateOf(arena, dispute.id)).status).to.equal("Lost");
    expect(await vault.isJailed(provider)).to.equal(false);
    await channels.connect(stranger).release(channel.terms, stranger);
    expect((await channels.channelState(channel.id)).status).to.equal(3n);
  });

  it("an aborted answer stays honest: its first tokens are judged as the answer to a request for that many", async () => {
    const arena = await arenaWithChannels();
    const channel = await openChannel(arena);
    const { job } = await presented(arena, channel, { complete: false });
    expect(job.job.inputRoot).to.equal(requestOf(arena, { maxTokens: HONEST_TOKENS.length }).inputRoot);
    const lying = await presented(arena, channel, { complete: false, nonce: 2n, lies: LIE });
    const dispute = await challenge(arena, lying, arena.stranger);
    await play(arena, dispute);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(dispute.id);
  });

  it("an answer longer than the request allows is presented, and a token behind its end is proven wrong", async () => {
    const arena = await arenaWithChannels();
    const channel = await openChannel(arena);
    const tokens = [...HONEST_TOKENS, ...new Array<number>(MAX_TOKENS).fill(7)];
    for (const [nonce, complete] of [
      [1n, true],
      [2n, false],
    ] as const) {
      const { job } = await presented(arena, channel, { tokens, complete, nonce });
      expect(job.job.inputRoot).to.equal(requestOf(arena).inputRoot);
      expect(job.job.maxTokens).to.equal(BigInt(MAX_TOKENS));
    }
    const dispute = await challenge(
      arena,
      await presented(arena, channel, { tokens, nonce: 3n }),
      arena.stranger,
    );
    await play(arena, dispute);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(dispute.id);
  });

  it("a receipt that takes longer to recompute than the longest window is presented with that window", async () => {
    const arena = await arenaWithChannels();
    await arena.channels.setParameters({ ...(await channelParametersOf(arena)), workPerSecond: 1n });
    const channel = await openChannel(arena, { workPerSecond: 1n });
    const { job } = await presented(arena, channel);
    expect(job.job.challengeWindow).to.equal(3n * DAY);
  });

  it("two channels of the same two with equal receipts: each is presented, none shields the other", async () => {
    const arena = await arenaWithChannels();
    const [first, second] = [await openChannel(arena), await openChannel(arena)];
    const results = [await presented(arena, first), await presented(arena, second)];
    expect(results[0]!.job.id).not.to.equal(results[1]!.job.id);
    const dispute = await challenge(arena, results[1]!, arena.stranger);
    expect(await liveIn(arena, first)).to.equal(0n);
    expect(await liveIn(arena, second)).to.equal(1n);
    expect((await stateOf(arena, dispute.id)).status).to.equal("Live");
  });

  it("equivocation ends live challenges as every conviction does: each gets its bond back", async () => {
    const arena = await arenaWithChannels();
    const { game, stranger, newcomer } = arena;
    const channel = await openChannel(arena);
    const dispute = await challenge(arena, await presented(arena, channel), stranger);
    const first = await receiptOf(arena, channel, { nonce: 5n });
    const second = await receiptOf(arena, channel, { nonce: 5n, tokens: [1, 2, 3] });
    const before = await arena.ath.balanceOf(newcomer);
    await reportEquivocation(arena, channel, first, second, newcomer);
    // Who sees a challenge succeed takes no reward by convicting itself first.
    expect(await arena.ath.balanceOf(newcomer)).to.equal(before);
    const { bond } = await stateOf(arena, dispute.id);
    const sent = game.connect(newcomer).reclaim(dispute.id);
    await expect(sent).to.changeEtherBalance(ethers, stranger, bond);
    expect((await stateOf(arena, dispute.id)).status).to.equal("Returned");
    expect(await liveIn(arena, channel)).to.equal(0n);
  });

  it("a challenge overtaken by a conviction: the receipt is presented all the same, and the bond comes back", async () => {
    const arena = await arenaWithChannels();
    const { channels, receipts, game, stranger, newcomer } = arena;
    const channel = await openChannel(arena);
    const receipt = await receiptOf(arena, channel, { tokens: [11, 5, 13] });
    const request = requestOf(arena).bytes;
    const id = await receipts.present.staticCall(channel.terms, receipt.message, receipt.signature, request);
    const salt = ethers.id("salt");
    const challengeId = await game.challengeIdOf(stranger, id, salt);
    await game.connect(stranger).commit(challengeId, { value: 10n ** 18n });
    const other = await receiptOf(arena, channel, { tokens: [11, 12, 14] });
    await reportEquivocation(arena, channel, receipt, other, newcomer);
    await channels.connect(stranger).release(channel.terms, stranger);

    const { job } = await present(arena, channel, receipt);
    const output = { count: 3, tokensRoot: tokensRoot(packTokens([11, 5, 13])) };
    const opened = game.connect(stranger).open(job as unknown as Job, output, salt);
    await expect(opened).to.changeEtherBalance(ethers, stranger, 10n ** 18n);
    await expect(opened)
      .to.emit(game, "Reclaimed")
      .withArgs(challengeId, 10n ** 18n, 0n);
    expect((await stateOf(arena, challengeId)).status).to.equal("Returned");
    expect(await liveIn(arena, channel)).to.equal(0n);
  });

  it("jobs are disputed as before, beside receipts", async () => {
    const arena = await arenaWithChannels();
    const dispute = await challenge(arena, await resultWith(arena, LIE), arena.stranger);
    await play(arena, dispute);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(dispute.id);
  });
});
