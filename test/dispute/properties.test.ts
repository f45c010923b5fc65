// What holds whatever anybody does: random games of an honest or lying provider, an honest challenger and three that are neither.
import { expect } from "chai";
import fc from "fast-check";
import { JobStatus } from "../../sdk/src/generated/enums.ts";
import { CountingTrace, elements, type Lies } from "../support/counting.ts";
import {
  type Arena,
  attack,
  commit,
  defend,
  type Dispute,
  freshArena,
  HONEST,
  open,
  parametersOf,
  type Result,
  resultWith,
  stateOf,
} from "../support/dispute.ts";
import { ethers, type Signer, time } from "../support/system.ts";

const RUNS = process.env["ATHANOR_AUDIT"] ? 60 : 5;
const NOBODY = "0x000000000000000000000000000000000000dEaD";
const LIES: readonly Lies[] = [
  { "7/2/33": elements(5_000) },
  { "0/0/0": elements(9) },
  { "15/1/0": elements(1) },
  { "5/1/2": null },
];

/** Moves of the long game under way, and what they have led to. */
class Game {
  readonly arena: Arena;
  readonly isHonest: boolean;
  readonly results: Result[] = [];
  readonly deadlines: bigint[] = [];
  readonly disputes: Dispute[] = [];
  moves = 0;
  readonly honest: Signer;
  readonly sybils: readonly Signer[];

  constructor(arena: Arena, isHonest: boolean, signers: readonly Signer[]) {
    this.arena = arena;
    this.isHonest = isHonest;
    this.honest = signers[8]!;
    this.sybils = signers.slice(9, 12);
  }

  async submit(lie: Lies): Promise<void> {
    const result = await resultWith(this.arena, this.isHonest ? {} : lie);
    const { clock, grace } = await parametersOf(this.arena);
    const window = BigInt(result.job.job.challengeWindow);
    this.deadlines.push(BigInt(await time.latest()) + 3n * window + 2n * clock + 23n * grace);
    this.results.push(result);
    // The honest challenger challenges what is wrong, and nothing else; the others begin with what is right.
    const [challenger, own] = this.isHonest
      ? [this.sybils[0]!, new CountingTrace(lie)]
      : [this.honest, HONEST];
    const dispute = await commit(this.arena, result, challenger, { own });
    await open(this.arena, dispute);
    this.disputes.push(dispute);
  }

  isConvicted = async () => (await this.arena.game.convictionOf(this.arena.provider)) !== ethers.ZeroHash;

  live = async (): Promise<Dispute[]> => {
    const states = await Promise.all(this.disputes.map(({ id }) => stateOf(this.arena, id)));
    return this.disputes.filter((_, index) => states[index]!.status === "Live");
  };

  /** The honest sides move before any time passes. */
  async beHonest(): Promise<void> {
    for (let moved = true; moved && !(await this.isConvicted());) {
      moved = false;
      for (const dispute of await this.live()) {
        if (await this.isConvicted()) return;
        const { side } = await this.arena.game.turnOf(dispute.id);
        const own = dispute.challenger.address === this.honest.address;
        if (side === 0n && this.isHonest) await defend(this.arena, dispute);
        else if (side === 1n && own) await attack(this.arena, dispute);
        else continue;
        moved = true;
      }
    }
  }

  /** One move of somebody who is not honest; what the game refuses is no move. */
  async act(kind: number, dice: number): Promise<void> {
    const { game } = this.arena;
    const sybil = this.sybils[dice % this.sybils.length]!;
    const dispute = this.disputes[dice % Math.max(1, this.disputes.length)];
    const move = async () => {
      if (kind === 0) {
        const own = dice % 3 === 0 ? HONEST : new CountingTrace(LIES[dice % LIES.length]);
        const committed = await commit(this.arena, this.results[dice % this.results.length]!, sybil, { own });
        this.disputes.push(committed);
        if (dice % 4 > 0) await open(this.arena, committed);
      } else if (kind === 1) await open(this.arena, this.disputes.at(-1 - (dice % 3))!);
      else if (kind === 2) await attack(this.arena, dispute!);
      else if (kind === 3) await defend(this.arena, dispute!);
      else if (kind === 4) await game.timeout(dispute!.id);
      else if (kind === 5) await game.reclaim(dispute!.id);
      else if (kind === 6) await game.burnUnopened(dispute!.id);
      else {
        await this.beHonest();
        await time.increase(1 + dice * 7);
      }
    };
    await move().then(
      () => this.moves++,
      (error: unknown) => {
        if (!/revert|out of gas|deadline/i.test(String(error)) && !(error instanceof TypeError)) throw error;
      },
    );
  }

  async check(): Promise<void> {
    const { arena } = this;
    const { game, escrow, provider, operator } = arena;
    let owed = 0n;
    for (const account of [provider, operator, this.honest, ...this.sybils, NOBODY]) {
      owed += await game.credit(account);
    }
    for (const { id, challenger, result } of this.disputes) {
      const { status, bond, spent, reserved } = await stateOf(arena, id);
      if (status === "Committed" || status === "Live") owed += bond - spent;
      expect(spent, "half of a bond is never spent").to.be.lessThanOrEqual(bond / 2n);
      expect(spent * 20_000n, "a reservation covers twice what was spent").to.be.lessThanOrEqual(
        reserved + 20_000n,
      );
      if (challenger.address === this.honest.address) expect(status, "HONEST").not.to.equal("Lost");
      if (status !== "Live") continue;
      expect(Number((await escrow.jobState(result.job.id)) & 0xffn), "FINAL").to.be.oneOf([
        JobStatus.Submitted,
        JobStatus.Refunded,
      ]);
      await expect(escrow.finalize.staticCall(result.job.job, result.output, provider)).to.be.revert(ethers);
      if (await this.isConvicted()) continue;
      const { deadline } = await game.turnOf(id);
      expect(deadline, "TIME").to.be.lessThanOrEqual(this.deadlines[this.results.indexOf(result)]!);
    }
    expect(await ethers.provider.getBalance(game), "COIN").to.equal(owed);
    if (this.isHonest) expect(await this.isConvicted(), "HONEST").to.equal(false);
  }

  /** Everything ends, by anybody's hand. */
  async finish(): Promise<void> {
    const { arena } = this;
    const { game, escrow, provider, vault, addresses } = arena;
    for (let rounds = 0; (await this.live()).length > 0 && !(await this.isConvicted()); rounds++) {
      expect(rounds, "every dispute ends").to.be.lessThan(60);
      await this.beHonest();
      await time.increase(30_000);
      for (const { id } of await this.live()) await game.timeout(id).catch(() => undefined);
    }
    if (!this.isHonest) expect(await this.isConvicted(), "a wrong result that is challenged").to.equal(true);
    await time.increase(10_000);
    for (const { id } of this.disputes) {
      const { status } = await stateOf(arena, id);
      if (status === "Live") await game.reclaim(id);
      if (status === "Committed") await game.burnUnopened(id);
    }
    for (const account of [provider, arena.operator, this.honest, ...this.sybils]) {
      if ((await game.credit(account)) > 0n) await game.connect(account).withdraw(account);
    }
    for (const { job, output } of this.results) {
      if (this.isHonest) await escrow.finalize(job.job, output, provider);
      else await escrow.refund(job.job, provider);
    }
    expect(await ethers.provider.getBalance(game), "nothing is left").to.equal(0n);
    const { available } = await vault.accountOf(addresses.ath, addresses.game);
    expect(available, "but what rounding leaves").to.be.lessThan(BigInt(this.disputes.length + 1));
    expect((await vault.stakeOf(provider)).openWork).to.equal(0n);
  }
}

describe("dispute game: properties", function () {
  this.timeout(600_000);

  for (const isHonest of [true, false]) {
    it(`hold with ${isHonest ? "an honest" : "a lying"} provider, whatever the others do`, async () => {
      let moves = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(...LIES), { minLength: 1, maxLength: 2 }),
          fc.array(fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 1_000 })), { minLength: 10, maxLength: 25 }),
          async (lies, actions) => {
            const arena = await freshArena();
            const game = new Game(arena, isHonest, await ethers.getSigners());
            for (const lie of lies) await game.submit(lie);
            for (const [kind, dice] of actions) {
              await game.act(kind, dice);
              await game.check();
            }
            await game.finish();
            await game.check();
            moves += game.moves;
          },
        ),
        { numRuns: RUNS, endOnFailure: true },
      );
      expect(moves, "moves that the game took").to.be.greaterThan(2 * RUNS);
    });
  }
});
