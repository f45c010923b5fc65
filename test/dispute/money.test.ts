// Attacks on the money of disputes: gaining by them, starving who defends, spoiling payments, changing the rules.
// Longer than 400 lines: one attack after another on the same few numbers.
import { expect } from "chai";
import type { ContractTransactionReceipt } from "ethers";
import { CountingTrace, elements } from "../support/counting.ts";
import {
  type Arena,
  attack,
  challenge,
  commit,
  defend,
  type Dispute,
  freshArena,
  open,
  parametersOf,
  passDeadline,
  play,
  playUntil,
  resultWith,
  stateOf,
} from "../support/dispute.ts";
import { wealthOf } from "../support/ledger.ts";
import { ATH, createJob, ethers, networkHelpers, type Signer, time } from "../support/system.ts";

const LIE = elements(5_000);
const DEEP = { "7/2/33": LIE };
const WRONG = new CountingTrace(DEEP);
const RATE = 10_000n;

/** Coins of accounts, and what the game owes them. */
async function coinsOf({ game }: Arena, accounts: readonly Signer[]): Promise<bigint> {
  let sum = 0n;
  for (const account of accounts) {
    sum += (await ethers.provider.getBalance(account)) + (await game.credit(account));
  }
  return sum;
}

const feesOf = (receipts: readonly ContractTransactionReceipt[]) =>
  receipts.reduce((sum, { fee }) => sum + fee, 0n);

describe("attack: a provider that challenges itself", () => {
  it("and loses: burns half of the bond, and its result is as open as before", async () => {
    const arena = await freshArena();
    const { game, provider, operator, newcomer } = arena;
    const clique = [provider, operator, newcomer];
    const result = await resultWith(arena, DEEP);
    const before = await coinsOf(arena, clique);
    const own = await challenge(arena, result, newcomer);
    await defend(arena, own);
    await passDeadline(arena, own);
    await game.timeout(own.id);
    const { bond, status } = await stateOf(arena, own.id);
    expect(status).to.equal("Lost");
    expect(before - (await coinsOf(arena, clique))).to.be.greaterThanOrEqual(bond / 2n);
  });

  it("and wins: loses at least half of its deposit, and its registration", async () => {
    const arena = await freshArena();
    const { provider, operator, newcomer, addresses, game, vault } = arena;
    const clique = [provider, operator, newcomer].map(({ address }) => address);
    const before = await wealthOf(arena, addresses.ath, clique);
    const coins = await coinsOf(arena, [provider, operator, newcomer]);
    const own = await challenge(arena, await resultWith(arena, DEEP), newcomer);
    await play(arena, own);
    await game.reclaim(own.id);
    expect(before - (await wealthOf(arena, addresses.ath, clique))).to.be.greaterThanOrEqual(2_500n * ATH);
    expect(await coinsOf(arena, [provider, operator, newcomer]), "coins only left for gas").to.be.lessThan(
      coins,
    );
    expect(await vault.isJailed(provider)).to.equal(true);
  });

  it("and wins, because somebody else was about to: the finder has its bond back, and no reward", async () => {
    const arena = await freshArena();
    const { game, stranger, newcomer, ath } = arena;
    const found = await challenge(arena, await resultWith(arena, DEEP), stranger);
    const own = await challenge(arena, await resultWith(arena, DEEP), newcomer);
    await play(arena, own);
    expect(await game.convictionOf(arena.provider)).to.equal(own.id);
    const { bond, spent } = await stateOf(arena, found.id);
    expect(spent).to.equal(0n);
    await expect(game.reclaim(found.id)).to.changeEtherBalance(ethers, stranger, bond);
    await game.reclaim(own.id);
    expect(await ath.balanceOf(stranger)).to.equal(0n);
    expect(await ath.balanceOf(newcomer)).to.be.greaterThanOrEqual((await parametersOf(arena)).minimumReward);
  });
});

describe("attack: ten Sybils and one honest challenger", () => {
  it("that reserve everything leave it a full reward and cost it nothing", async () => {
    const arena = await freshArena();
    const { game, stranger, ath } = arena;
    await game.setParameters({ ...(await parametersOf(arena)), minimumReward: 300n * ATH });
    await time.increase(1);
    const result = await resultWith(arena, DEEP);
    const signers = await ethers.getSigners();
    const sybils: Dispute[] = [];
    for (const signer of signers.slice(8, 18)) sybils.push(await challenge(arena, result, signer));
    const honest = await challenge(arena, result, stranger);
    expect((await stateOf(arena, honest.id)).reserved, "nothing is left for it").to.equal(0n);
    await play(arena, honest);
    expect(await game.convictionOf(arena.provider)).to.equal(honest.id);
    const { bond, spent } = await stateOf(arena, honest.id);
    expect(spent).to.equal(0n);
    await expect(game.reclaim(honest.id)).to.changeEtherBalance(ethers, stranger, bond);
    expect(await ath.balanceOf(stranger)).to.equal(300n * ATH);
    for (const sybil of sybils) await game.reclaim(sybil.id);
    expect(await ethers.provider.getBalance(game)).to.equal(0n);
    expect((await arena.vault.accountOf(arena.addresses.ath, arena.addresses.game)).available).to.be.lessThan(
      20n,
    );
  });
});

describe("attack: exhausting a defender with little money", () => {
  it("five challenges at once leave it with more than it had", async () => {
    const arena = await freshArena();
    const { operator } = arena;
    const signers = await ethers.getSigners();
    const disputes: Dispute[] = [];
    for (const [index, signer] of signers.slice(8, 13).entries()) {
      const lie = new CountingTrace({ [`${2 * index + 1}/2/${7 * index}`]: LIE });
      disputes.push(await challenge(arena, await resultWith(arena), signer, lie));
    }
    // Enough to send the largest of its moves, once.
    await networkHelpers.setBalance(operator.address, 10n ** 16n);
    for (const dispute of disputes) {
      await play(arena, dispute);
      expect((await stateOf(arena, dispute.id)).status).to.equal("Lost");
    }
    expect(await ethers.provider.getBalance(operator)).to.be.greaterThan(10n ** 16n);
  });

  it("where nothing is left to reserve it is paid when the challenge is lost", async () => {
    const arena = await freshArena();
    const { game, provider } = arena;
    await game.setParameters({ ...(await parametersOf(arena)), minimumReward: 2_500n * ATH });
    await time.increase(1);
    await challenge(arena, await resultWith(arena), arena.newcomer, WRONG);
    const second = await challenge(arena, await resultWith(arena), arena.stranger, WRONG);
    await play(arena, second);
    const { bond, spent, reserved, status } = await stateOf(arena, second.id);
    expect([status, spent, reserved]).to.deep.equal(["Lost", 0n, 0n]);
    expect(await game.credit(provider)).to.equal(bond / 2n);
  });
});

describe("attack: griefing by receivers", () => {
  async function moody(arena: Arena, mood: number, target: string, callback: string) {
    const wallet = await ethers.deployContract("MoodyWallet");
    const result = await resultWith(arena, DEEP);
    const salt = ethers.id("salt");
    const address = await wallet.getAddress();
    const id = await arena.game.challengeIdOf(address, result.job.id, salt);
    const bond = await arena.game.bondOf(result.job.job);
    const call = (name: string, args: readonly unknown[], value = 0n) =>
      wallet.getFunction("execute")(
        arena.addresses.game,
        arena.game.interface.encodeFunctionData(name as "open", args as never),
        { value, gasLimit: 1_000_000n },
      ) as Promise<unknown>;
    await call("commit", [id], bond);
    await call("open", [result.job.job, result.output, salt]);
    await wallet.getFunction("setMood")(mood, target, callback);
    await passDeadline(arena, { id } as Dispute);
    await arena.game.timeout(id);
    return { wallet, address, id, bond, call };
  }

  for (const [mood, name] of [
    [1, "refuses"],
    [2, "wastes all gas"],
  ] as const) {
    it(`one that ${name} spoils nothing: its money waits for it`, async () => {
      const arena = await freshArena();
      const { game, ath, client } = arena;
      const { address, id, bond, call } = await moody(arena, mood, ethers.ZeroAddress, "0x");
      const { gasUsed } = (await (await game.connect(client).reclaim(id, { gasLimit: 1_000_000n })).wait())!;
      expect(gasUsed).to.be.lessThan(400_000n);
      expect(await game.credit(address)).to.equal(bond);
      expect(await ath.balanceOf(address)).to.equal(bond * RATE);
      await expect(call("withdraw", [address])).to.be.revert(ethers);
      await expect(call("withdraw", [client.address])).to.changeEtherBalance(ethers, client, bond);
    });
  }

  it("one that calls back gets nothing twice", async () => {
    const arena = await freshArena();
    const { game } = arena;
    const { wallet, address, id, bond } = await moody(arena, 0, ethers.ZeroAddress, "0x");
    await wallet.getFunction("setMood")(
      3,
      arena.addresses.game,
      game.interface.encodeFunctionData("reclaim", [id]),
    );
    await expect(game.reclaim(id)).to.changeEtherBalance(ethers, address, bond);
    expect(await wallet.getFunction("reentered")()).to.equal(false);
    expect(await ethers.provider.getBalance(game)).to.equal(0n);
    await expect(game.reclaim(id)).to.be.revertedWithCustomError(game, "NotLive");
  });

  it("a defender that refuses has its reimbursements credited, and its moves stand", async () => {
    const arena = await freshArena();
    const { game } = arena;
    const wallet = await ethers.deployContract("MoodyWallet");
    const address = await wallet.getAddress();
    const dispute = await challenge(arena, await resultWith(arena, DEEP), arena.stranger);
    await playUntil(arena, dispute, "Descent");
    await wallet.getFunction("setMood")(1, ethers.ZeroAddress, "0x");
    const { tree, at, level } = await stateOf(arena, dispute.id);
    const children = dispute.result.trace.descendants(tree, at, level, 0, level);
    await wallet.getFunction("execute")(
      arena.addresses.game,
      game.interface.encodeFunctionData("reveal", [dispute.id, children]),
    );
    expect(await game.credit(address)).to.be.greaterThan(0n);
    expect((await game.turnOf(dispute.id)).side).to.equal(1n);
  });
});

describe("attack: parameters changed during a dispute", () => {
  it("a result keeps those that were in force when it was submitted", async () => {
    const arena = await freshArena();
    const { game, stranger, newcomer } = arena;
    const old = await parametersOf(arena);
    const result = await resultWith(arena, DEEP);
    const before = await challenge(arena, result, stranger);
    const bond = await game.bondOf(result.job.job);
    await time.increase(1);
    await game.setParameters({
      clock: 600n,
      grace: 60n,
      openPeriod: 60n,
      stressGasPrice: old.stressGasPrice * 100n,
      tracePricePerSecond: 0n,
      priceMultiple: 1n,
      minimumReward: 1n,
      athPerCoin: 1n,
    });
    expect(await game.bondOf(result.job.job)).to.equal(bond);
    const after = await challenge(arena, result, newcomer);
    const [first, second] = [await stateOf(arena, before.id), await stateOf(arena, after.id)];
    for (const key of ["bond", "reserved", "providerClock", "challengerClock"] as const) {
      expect(second[key], key).to.equal(first[key]);
    }
    await play(arena, before);
    const { spent } = await stateOf(arena, before.id);
    await game.reclaim(before.id);
    expect(await arena.ath.balanceOf(stranger)).to.equal(bond * RATE);
    expect(spent).to.be.greaterThan(0n);
    await time.increase(1);
    expect(await game.bondOf((await createJob(arena).catch(() => result.job)).job)).to.equal(bond);
  });

  it("those of later results are the new ones, and a commitment keeps its own period", async () => {
    const arena = await freshArena();
    const { game, stranger } = arena;
    const old = await parametersOf(arena);
    const sleeping = await commit(arena, await resultWith(arena), stranger);
    await game.setParameters({ ...old, openPeriod: 60n, minimumReward: 777n * ATH });
    await time.increase(1_000);
    await open(arena, sleeping);
    const later = await challenge(arena, await resultWith(arena), stranger);
    expect((await stateOf(arena, later.id)).reserved).to.equal(777n * ATH);
    expect((await stateOf(arena, sleeping.id)).reserved).to.be.lessThan(777n * ATH);
  });
});

describe("attack: a conviction that others race", () => {
  it("a commitment that was not opened in time for it goes back; moves against a convicted provider are refused", async () => {
    const arena = await freshArena();
    const { game, stranger, newcomer, provider } = arena;
    const result = await resultWith(arena, DEEP);
    const first = await challenge(arena, result, stranger);
    const other = await challenge(arena, result, newcomer);
    await playUntil(arena, other, "Descent");
    await play(arena, first);
    await expect(defend(arena, other))
      .to.be.revertedWithCustomError(game, "AlreadyConvicted")
      .withArgs(provider);
    await expect(game.timeout(other.id)).to.be.revertedWithCustomError(game, "AlreadyConvicted");
    const late = await commit(arena, result, newcomer);
    await expect(open(arena, late)).to.changeEtherBalance(
      ethers,
      game,
      -(await stateOf(arena, late.id)).bond,
    );
    expect((await stateOf(arena, late.id)).status).to.equal("Returned");
    await expect(open(arena, late)).to.be.revertedWithCustomError(game, "ChallengeExists");
  });
});

describe("attack: sequencer outages", () => {
  /** A second escrow and game that follow an uptime feed. */
  async function withFeed() {
    const arena = await freshArena();
    const { manager, vault, addresses, client, provider } = arena;
    const feed = await ethers.deployContract("MockSequencerFeed");
    const escrow = await ethers.deployContract("JobEscrow", [
      manager,
      vault,
      addresses.providers,
      addresses.currencies,
      addresses.fees,
      feed,
      [...(await arena.escrow.parameters())],
    ]);
    await vault.addModule(escrow);
    const bit = await vault.moduleBit(escrow);
    await vault.connect(client).approveModules(addresses.ath, bit);
    await vault.connect(provider).approveStakeModules(bit);
    const sources = await ethers.deployContract("ResultSources", [manager, escrow, addresses.receipts]);
    const game = await ethers.deployContract("DisputeGame", [
      manager,
      sources,
      addresses.providers,
      vault,
      await arena.game.verifier(),
      0,
      await parametersOf(arena),
    ]);
    await escrow.getFunction("setTokenTerms")(addresses.ath, {
      accepted: true,
      feeBasisPoints: 0,
      exitBounty: 0,
      minimumCharge: 0,
    });
    await escrow.getFunction("setDisputeGame")(sources);
    await sources.getFunction("setDisputeGame")(game);
    const say = (answer: number, since: bigint) => feed.getFunction("set")(answer, since) as Promise<unknown>;
    return {
      arena: {
        ...arena,
        escrow: escrow as unknown as Arena["escrow"],
        game: game as unknown as Arena["game"],
        addresses: { ...addresses, escrow: await escrow.getAddress(), game: await game.getAddress() },
      },
      say,
    };
  }

  it("while the sequencer is down nobody can be timed out; the turn counts from when it is up again", async () => {
    const { arena, say } = await withFeed();
    const { game } = arena;
    await say(0, 0n);
    const dispute = await challenge(arena, await resultWith(arena), arena.stranger, WRONG);
    await defend(arena, dispute);
    await attack(arena, dispute);
    await defend(arena, dispute);
    const { deadline } = await game.turnOf(dispute.id);
    const down = BigInt(await time.latest()) + 10n;
    await say(1, down);
    await time.increaseTo(deadline + 100n);
    await expect(game.timeout(dispute.id)).to.be.revertedWithCustomError(game, "NotTooLate");
    const up = BigInt(await time.latest()) + 1n;
    await say(0, up);
    const { clock } = await game.parameters();
    expect(await game.turnOf(dispute.id)).to.deep.equal([1n, up + clock]);
    await attack(arena, dispute);
    expect((await stateOf(arena, dispute.id)).challengerClock, "the outage cost nothing").to.be.greaterThan(
      clock - 60n,
    );
    await passDeadline(arena, await answered(arena, dispute));
    await game.timeout(dispute.id);
    expect((await stateOf(arena, dispute.id)).status).to.equal("Lost");
  });

  it("the provider's turn, too, counts from when the sequencer is up again, and costs nothing of its clock", async () => {
    const { arena, say } = await withFeed();
    const { game } = arena;
    await say(0, 0n);
    const dispute = await challenge(arena, await resultWith(arena), arena.stranger, WRONG);
    const { deadline } = await game.turnOf(dispute.id);
    const { clock } = await game.parameters();
    const window = BigInt(dispute.result.job.job.challengeWindow);
    await say(1, BigInt(await time.latest()));
    await time.increaseTo(deadline + 100n);
    await expect(game.timeout(dispute.id)).to.be.revertedWithCustomError(game, "NotTooLate");
    const up = BigInt(await time.latest()) + 1n;
    await say(0, up);
    expect(await game.turnOf(dispute.id)).to.deep.equal([0n, up + window + clock]);
    await defend(arena, dispute);
    await attack(arena, dispute);
    const state = await stateOf(arena, dispute.id);
    expect([state.providerClock, state.challengerClock]).to.deep.equal([clock, clock]);
  });

  async function answered(arena: Arena, dispute: Dispute): Promise<Dispute> {
    await defend(arena, dispute);
    return dispute;
  }
});

describe("the defence's costs", () => {
  it("an honest challenger that wins has lost nothing but the gas of its own moves", async () => {
    const arena = await freshArena();
    const { stranger, game, ath } = arena;
    const before = await ethers.provider.getBalance(stranger);
    const dispute = await challenge(arena, await resultWith(arena, DEEP), stranger);
    const receipts = await play(arena, dispute);
    await game.reclaim(dispute.id);
    const own = receipts.filter(({ from }) => from === stranger.address);
    const { spent } = await stateOf(arena, dispute.id);
    const paid = before - (await ethers.provider.getBalance(stranger)) - spent;
    // Two transactions more: commitment and opening.
    expect(paid).to.be.lessThan(feesOf(own) + 10n ** 15n);
    expect(
      await ath.balanceOf(stranger),
      "the reward is worth twice what was spent",
    ).to.be.greaterThanOrEqual(2n * spent * RATE);
  });
});
