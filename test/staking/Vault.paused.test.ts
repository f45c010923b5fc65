// While everything that can be paused is paused, whatever ends work, pays, challenges or takes money out goes on.
import { expect } from "chai";
import type { BaseContract } from "ethers";
import { topUpData } from "../../sdk/src/channels/typed-data.ts";
import {
  CHANNEL_BIT,
  DAY,
  openChannel,
  paidOf,
  present,
  receiptOf,
  reportEquivocation,
  settle,
  voucherOf,
} from "../support/channels.ts";
import { CountingTrace, elements, HONEST_TOKENS } from "../support/counting.ts";
import {
  type Arena,
  attack,
  challenge,
  commit,
  defend,
  type Dispute,
  freshArena,
  passDeadline,
  play,
  resultWith,
  stateOf,
} from "../support/dispute.ts";
import { createPrivateJob, hiddenRequest } from "../support/private.ts";
import { RESTRICTED } from "../support/restricted.ts";
import {
  ATH,
  createJob,
  ESCROW_BIT,
  ethers,
  joinAsProvider,
  passWindow,
  profileOf,
  REGISTRY_BIT,
  requestTo,
  type Signer,
  speakAs,
  submitResult,
  time,
} from "../support/system.ts";

const LIE = { "7/2/33": elements(5_000) };
const MISTAKEN = new CountingTrace(LIE);
/** Seconds since 1970, long after every test. */
const NEVER = 2n ** 39n;

const CONTRACTS = ["vault", "escrow", "channels", "game", "receipts", "sources"] as const;

/** Functions that contracts of the protocol call of each other. */
const INTERNAL: Partial<Record<(typeof CONTRACTS)[number], readonly string[]>> = {
  vault: ["lockStake", "unlockStake", "openWork", "settle", "settlePart", "slash"],
  escrow: ["challengeOpened", "challengeClosed"],
  channels: ["challengeOpened", "challengeClosed", "onEntrusted"],
  game: ["convictProven"],
  receipts: ["challengeOpened", "challengeClosed"],
  sources: ["challengeOpened", "challengeClosed", "convict"],
};

/** What a pause is for. */
const NEW_WORK = ["escrow.create", "escrow.createPrivate"];

/** Every function that changes state and that no role guards, as "contract.function". */
function openFunctions(arena: Arena): string[] {
  return CONTRACTS.flatMap((name) => {
    const names: string[] = [];
    const contract: BaseContract = arena[name];
    contract.interface.forEachFunction((fragment) => {
      const guarded = [...Object.keys(RESTRICTED[name]), ...(INTERNAL[name] ?? []), "setAuthority"];
      if (["view", "pure"].includes(fragment.stateMutability) || guarded.includes(fragment.name)) return;
      names.push(`${name}.${fragment.name}`);
    });
    return names;
  });
}

/** The functions that transactions since a block called with success, read off the chain. */
async function calledSince(arena: Arena, block: number): Promise<Set<string>> {
  const called = new Set<string>();
  for (let number = block + 1; number <= (await ethers.provider.getBlockNumber()); number += 1) {
    const mined = await ethers.provider.getBlock(number, true);
    for (const { to, data, hash } of mined!.prefetchedTransactions) {
      const name = CONTRACTS.find((candidate) => arena.addresses[candidate] === to);
      const receipt = await ethers.provider.getTransactionReceipt(hash);
      if (name === undefined || receipt?.status !== 1) continue;
      const contract: BaseContract = arena[name];
      called.add(`${name}.${contract.interface.getFunction(data.slice(0, 10))!.name}`);
    }
  }
  return called;
}

/** Three providers that take channels: one that stays honest, one that will lie, one that will equivocate. */
async function deployProviders(): Promise<[Arena, Arena, Arena]> {
  const honest = await freshArena();
  const [liar, liarKey, cheat, cheatKey] = (await ethers.getSigners()).slice(8) as [
    Signer,
    Signer,
    Signer,
    Signer,
  ];
  const lying: Arena = { ...honest, provider: liar, operator: liarKey };
  const cheating: Arena = { ...honest, provider: cheat, operator: cheatKey };
  for (const system of [lying, cheating]) await joinAsProvider(system, system.provider, system.operator);
  for (const { vault, channels, provider, operator } of [honest, lying, cheating]) {
    await vault.connect(provider).approveStakeModules(CHANNEL_BIT);
    await channels.connect(provider).addReceiptKey(operator);
  }
  return [honest, lying, cheating];
}

const statusOf = async (arena: Arena, { id }: Dispute) => (await stateOf(arena, id)).status;

describe("Vault: while everything that can be paused is paused", () => {
  it("new work is refused by name, and every other function that anybody may call goes on", async () => {
    const [arena, lying, cheating] = await deployProviders();
    const { vault, ath, providers, escrow, channels, game, sources, addresses, modelRoot } = arena;
    const { administrator, client, otherClient, newcomer, stranger, provider, operator } = arena;

    // What began before the pause.
    await vault.connect(provider).unbond(ATH);
    await time.increase(10n * DAY);
    const [open, left, spare] = [
      await openChannel(arena),
      await openChannel(arena),
      await openChannel(arena),
    ];
    const [ofLiar, ofCheat] = [await openChannel(lying), await openChannel(cheating)];
    const [answered, declined, expired] = [
      await createJob(arena),
      await createJob(arena),
      await createJob(arena),
    ];
    const hidden = await createPrivateJob(arena);
    const unanswered = await createJob(lying);
    const batch = [await createJob(arena), await createJob(arena)];
    const outputs = [await submitResult(arena, batch[0]!), await submitResult(arena, batch[1]!)];
    const right = await resultWith(arena);
    const wrong = await resultWith(lying, LIE);
    const garbled = await resultWith(lying, {}, [HONEST_TOKENS[0], 5, HONEST_TOKENS[2]]);

    for (const module of [addresses.providers, addresses.escrow, addresses.channels]) {
      await vault.pauseModule(module, 7n * DAY);
    }
    const { until } = await vault.pauseOf(addresses.escrow);
    const start = await ethers.provider.getBlockNumber();
    const create = async () => escrow.connect(client).create(await requestTo(arena));
    const createPrivate = async () =>
      escrow.connect(client).createPrivate(await requestTo(arena, { promptTokens: "0x" }), hiddenRequest());
    const newWork: readonly (() => Promise<unknown>)[] = [create, createPrivate, () => openChannel(arena)];
    for (const begin of newWork) {
      await expect(begin()).to.be.revertedWithCustomError(vault, "ModulePausedUntil");
    }

    // Accounts and stakes.
    const owner = vault.connect(otherClient);
    await ath.connect(administrator).transfer(otherClient, 20n * ATH);
    await ath.connect(otherClient).approve(vault, 20n * ATH);
    await owner.deposit(addresses.ath, ATH, otherClient);
    await owner.withdraw(addresses.ath, ATH, otherClient);
    await owner.stake(2n * ATH);
    await owner.unbond(ATH);
    await owner.multicall([vault.interface.encodeFunctionData("setResting", [true])]);
    await owner.setResting(false);
    const { r, s, v } = ethers.Signature.from(await otherClient.signMessage("a permit that was used"));
    await owner.permit(addresses.ath, ATH, NEVER, v, r, s);
    await owner.revokeModules(addresses.ath);
    await owner.approveModules(addresses.ath, ESCROW_BIT);
    await owner.approveStakeModules(REGISTRY_BIT);
    await owner.revokeStakeModules();
    const registry = vault.connect(await speakAs(addresses.providers));
    await registry.setSuspended(provider, true);
    await registry.setSuspended(provider, false);
    await registry.penalise(provider, 2n, 1n);

    // A provider joins, changes, and leaves.
    await joinAsProvider(arena, newcomer, stranger);
    await providers.connect(newcomer).update({ ...profileOf(stranger), endpoint: "https://other.example/" });
    await providers.connect(newcomer).removeOffer(modelRoot, addresses.ath);
    await providers.connect(newcomer).removeOffer(modelRoot, addresses.stablecoin);
    await providers.connect(newcomer).deregister();
    expect((await vault.stakeOf(newcomer)).locked).to.equal(0n);

    // Challenges: one that is lost, one whose challenger stalls, one never opened, two against a liar.
    await sources.connect(client).delegateChallenge(client, hidden.id, stranger, NEVER, "0x");
    const lost = await challenge(arena, right, stranger, MISTAKEN);
    const stalled = await challenge(arena, right, stranger, MISTAKEN);
    const unopened = await commit(arena, right, stranger);
    const [won, overtaken] = [
      await challenge(lying, wrong, stranger),
      await challenge(lying, garbled, stranger),
    ];
    await play(arena, lost);
    await defend(lying, overtaken);
    await attack(lying, overtaken);
    await play(lying, won);
    expect([await statusOf(arena, lost), await game.convictionOf(lying.provider)]).to.deep.equal([
      "Lost",
      won.id,
    ]);
    for (const dispute of [won, overtaken]) await game.reclaim(dispute.id);
    await game.connect(provider).withdraw(provider);

    // Jobs.
    const output = await submitResult(arena, answered);
    await escrow.connect(operator).decline(declined.job);
    await escrow.connect(stranger).refund(unanswered.job, stranger);
    await passWindow(answered);
    await escrow.connect(stranger).finalize(answered.job, output, stranger);
    const jobs = batch.map(({ job }) => job);
    expect(await escrow.finalizeBatch.staticCall(jobs, outputs, stranger)).to.equal(2n);
    await escrow.connect(stranger).finalizeBatch(jobs, outputs, stranger);
    await escrow.connect(stranger).expire(expired.job, stranger);

    // Channels: topped up, paid, challenged, closed, released; and receipts that contradict each other.
    const topUp = topUpData(open.terms);
    await owner.entrust(addresses.channels, addresses.ath, ATH, topUp);
    await owner.entrustWithPermit(addresses.channels, addresses.ath, ATH, topUp, NEVER, v, r, s);
    await owner.entrustBalance(addresses.channels, addresses.ath, ATH, topUp);
    const receipt = await receiptOf(arena, open);
    await settle(arena, open, await voucherOf(arena, open, { amount: ATH }));
    await settle(arena, open, await voucherOf(arena, open, { amount: 2n * ATH }), receipt);
    await present(arena, open, receipt);
    await channels.connect(client).rotateVoucherKey(open.terms, otherClient);
    const { message, signature } = await voucherOf(arena, open, { amount: 4n * ATH }, otherClient);
    await channels.settleBatch([{ channel: open.terms, voucher: message, signature }]);
    expect(await paidOf(arena, open)).to.equal(4n * ATH);
    await channels.connect(provider).addReceiptKey(stranger);
    await channels.connect(provider).removeReceiptKey(stranger);
    const [one, other] = [
      await receiptOf(cheating, ofCheat),
      await receiptOf(cheating, ofCheat, { tokens: [1, 2, 3] }),
    ];
    await reportEquivocation(cheating, ofCheat, one, other);
    expect(await vault.isJailed(cheating.provider)).to.equal(true);
    for (const channel of [ofLiar, ofCheat]) await channels.release(channel.terms, stranger);
    await channels.connect(operator).close(open.terms);
    const close = channels.interface.encodeFunctionData("close", [spare.terms]);
    await channels.connect(operator).multicall([close]);
    await channels.connect(client).startClosing(left.terms);
    await time.increase(DAY + 1n);
    await channels.finish(left.terms);
    await time.increase(DAY + 1n);
    for (const channel of [open, spare, left]) await channels.release(channel.terms, stranger);

    // Fees.
    for (const escrowed of [escrow, channels]) await escrowed.connect(stranger).collectFees(addresses.ath);

    // What runs out.
    await passDeadline(arena, stalled);
    await game.timeout(stalled.id);
    expect(await statusOf(arena, stalled)).to.equal("Lost");
    await game.burnUnopened(unopened.id);
    await time.increase(2n * DAY);
    await vault.claimUnbonded(provider);

    await expect(create())
      .to.be.revertedWithCustomError(vault, "ModulePausedUntil")
      .withArgs(addresses.escrow, until);
    const called = await calledSince(arena, start);
    expect(openFunctions(arena).filter((name) => !called.has(name))).to.deep.equal(NEW_WORK);
  });
});
