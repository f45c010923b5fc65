// What has begun keeps what it began with: one story is told as it would be without governance, and again with every parameter moved to its bounds in the middle.
import { expect } from "chai";
import { REPORTER } from "../../ignition/roles.ts";
import { CHANNEL_BIT, DAY, openChannel, settle, voucherOf } from "../support/channels.ts";
import { CountingTrace, type Lies } from "../support/counting.ts";
import { announceCase, DISCOUNTED, executeCase, SUSPENSION } from "../support/court.ts";
import {
  type Arena,
  challenge,
  commit,
  freshArena,
  open,
  parametersOf,
  play,
  resultWith,
  stateOf,
} from "../support/dispute.ts";
import { PARAMETERS, type Parameter } from "../support/parameters.ts";
import { ATH, createJob, submitResult, time } from "../support/system.ts";

const LIE: Lies = { "1/2/5": `0x${"00".repeat(12)}deadbeef` };
const HOUR = 3_600n;

const isPrice = ({ contract }: Parameter) => contract === "currencies";
const now = async () => BigInt(await time.latest());

/** Every parameter to its lower or its upper bound, and every switch off. */
function moved(bound: 0 | 1) {
  return async (arena: Arena): Promise<void> => {
    // Prices last: the bounds of terms are in US dollars.
    const pricesLast = PARAMETERS.toSorted((a, b) => Number(isPrice(a)) - Number(isPrice(b)));
    for (const parameter of pricesLast) await parameter.set(arena, parameter.bounds[bound]);
    const { vault, escrow, channels, addresses } = arena;
    const none = { accepted: false, feeBasisPoints: 2_000, exitBounty: 0, minimumCharge: 0 };
    for (const token of [addresses.ath, addresses.stablecoin]) {
      await escrow.setTokenTerms(token, none);
      await channels.setTokenTerms(token, none);
      await vault.setTokenAccepted(token, false);
    }
  };
}

/** Work of every kind is begun, then governance acts, then all of it is ended at the first second at which it can be. */
async function story(govern: (arena: Arena) => Promise<void>): Promise<Record<string, unknown>> {
  const arena = await freshArena();
  const { vault, escrow, channels, providers, game, court, ath, addresses, modelRoot } = arena;
  const { client, provider, operator, stranger, newcomer } = arena;
  await vault.connect(provider).approveStakeModules(CHANNEL_BIT);
  await channels.connect(provider).addReceiptKey(operator);
  await time.increase(6n * HOUR);

  const answered = await createJob(arena);
  const output = await submitResult(arena, answered);
  const submittedAt = await now();
  const waiting = await createJob(arena);
  const channel = await openChannel(arena);
  await settle(arena, channel, await voucherOf(arena, channel, { amount: ATH }));
  await vault.connect(provider).unbond(100n * ATH);
  const { releaseAt } = await vault.unbondingOf(provider);
  const unbondingAt = await now();
  const doubted = await resultWith(arena);
  const doubt = await challenge(arena, doubted, stranger, new CountingTrace(LIE));
  const asked = await resultWith(arena);
  const committed = await commit(arena, asked, newcomer, { own: new CountingTrace(LIE) });
  const committedAt = await now();
  await arena.manager.getFunction("grantRole")(REPORTER, stranger, 0);
  const atCourt = { ...arena, reporter: stranger };
  const accused = await announceCase(atCourt);
  const announcedAt = await now();
  const { appealUntil, decideUntil } = await court.caseOf(accused.id);
  const begun = await stateOf(arena, doubt.id);
  const { deadline } = await game.turnOf(doubt.id);
  const { reserved, fraudDeposit } = await providers.providerOf(provider);

  await govern(arena);

  expect((await game.turnOf(doubt.id)).deadline, "the clock that runs").to.equal(deadline);
  await time.setNextBlockTimestamp(committedAt + HOUR - 1n);
  await open(arena, committed);
  const opened = await stateOf(arena, committed.id);
  await play(arena, doubt);
  await play(arena, committed);
  const end = submittedAt + BigInt(answered.job.challengeWindow);
  if ((await now()) < end) await time.setNextBlockTimestamp(end);
  await escrow.connect(stranger).finalize(answered.job, output, stranger);
  await escrow.connect(stranger).expire(waiting.job, newcomer);
  for (const result of [doubted, asked]) {
    await escrow.connect(stranger).finalize(result.job.job, result.output, stranger);
  }
  await settle(arena, channel, await voucherOf(arena, channel, { nonce: 2n, amount: 3n * ATH }));
  await channels.connect(client).startClosing(channel.terms);
  const closingAt = await now();
  const { closesAt } = await channels.channelState(channel.id);
  await time.setNextBlockTimestamp(closesAt + 1n);
  await channels.connect(stranger).finish(channel.terms);
  await time.setNextBlockTimestamp(closesAt + 1n + channel.terms.receiptLife);
  await channels.connect(stranger).release(channel.terms, newcomer);
  await executeCase(atCourt, accused);
  const { suspendedUntil } = await court.standingOf(provider.address);
  const suspension = suspendedUntil - (await now());
  const { status, harmed, claimUntil } = await court.caseOf(accused.id);
  for (const token of [addresses.ath, addresses.stablecoin]) {
    await providers.connect(provider).removeOffer(modelRoot, token);
  }
  await providers.connect(provider).deregister();
  await time.setNextBlockTimestamp(releaseAt - 1n);
  await expect(vault.claimUnbonded(provider)).to.be.revertedWithCustomError(vault, "StillUnbonding");
  await time.setNextBlockTimestamp(releaseAt);
  await vault.claimUnbonded(provider);

  const accounts: Record<string, bigint[]> = {};
  for (const account of [client, provider, stranger, newcomer]) {
    const { available, escrowed } = await vault.accountOf(addresses.ath, account);
    accounts[account.address] = [available, escrowed];
  }
  const verdicts = [await stateOf(arena, doubt.id), await stateOf(arena, committed.id)];
  const { staked, locked, openWork } = await vault.stakeOf(provider);
  return {
    accounts,
    stake: [staked, locked, openWork],
    registration: [reserved, fraudDeposit],
    fees: [
      (await vault.accountOf(addresses.ath, addresses.escrow)).available,
      (await vault.accountOf(addresses.ath, addresses.channels)).available,
    ],
    unbonding: releaseAt - unbondingAt,
    notice: closesAt - closingAt,
    challenges: [begun, opened].map(({ bond, reserved: kept, providerClock, challengerClock }) => [
      ...[bond, kept, providerClock, challengerClock],
    ]),
    case: [appealUntil - announcedAt, decideUntil - appealUntil, suspension, status, harmed],
    claims: claimUntil - (suspendedUntil - suspension),
    insured: await ath.balanceOf(addresses.insurance),
    verdicts: verdicts.map(({ status }) => status),
  };
}

describe("what has begun keeps what it began with", () => {
  let undisturbed: Record<string, unknown>;

  before(async () => {
    undisturbed = await story(() => Promise.resolve());
  });

  it("left alone, the story ends as the parameters of its beginning say", async () => {
    const { clock } = await parametersOf(await freshArena());
    expect(undisturbed["stake"]).to.deep.equal([9_900n * ATH - DISCOUNTED, 0n, 0n]);
    expect((undisturbed["case"] as bigint[])[2]).to.equal(SUSPENSION);
    expect(undisturbed["insured"]).to.equal(DISCOUNTED / 10n);
    expect(undisturbed["verdicts"]).to.deep.equal(["Lost", "Lost"]);
    expect([undisturbed["unbonding"], undisturbed["notice"]]).to.deep.equal([14n * DAY, DAY]);
    const challenges = undisturbed["challenges"] as bigint[][];
    expect(challenges.map(([, , ...clocks]) => clocks)).to.deep.equal([
      [clock, clock],
      [clock, clock],
    ]);
  });

  for (const [name, bound] of [
    ["lower", 0],
    ["upper", 1],
  ] as const) {
    it(`with every parameter at its ${name} bound it ends the same: jobs, channels, challenges, commitments, unbondings, registrations, cases`, async () => {
      const changed = await story(moved(bound));
      expect(changed).to.deep.equal(undisturbed);
    });
  }
});
