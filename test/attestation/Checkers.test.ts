// Stake and keys of checkers, their secrets, the seeds of epochs, and what a missing or leaked secret costs.
// Longer than 400 lines: one part for each of stake, seeds, faults and parameters.
import { expect } from "chai";
import {
  beginEpoch,
  commitSecrets,
  currentEpoch,
  drawSeed,
  EPOCH,
  freshTeam,
  joinAsChecker,
  MISSING,
  nextRound,
  revealSecrets,
  secretOf,
  STAKE,
  stakeFor,
  type Team,
  toEpoch,
} from "../support/checkers.ts";
import { rulesOf } from "../support/checker-rules.ts";
import { expectOnlyEvent, expectRefusal } from "../support/expect.ts";
import { convict } from "../support/game.ts";
import { ATH, ethers, speakAs, time } from "../support/system.ts";

const coder = ethers.AbiCoder.defaultAbiCoder();

describe("Checkers: stake and keys", () => {
  it("locks the stake of whoever joins, and frees it when it leaves", async () => {
    const system = await freshTeam();
    const { vault, checkers, team } = system;
    const [{ owner, operator }] = team as [Team["team"][0]];
    expect((await vault.stakeOf(owner)).locked).to.equal(STAKE);
    expect(await checkers.ownerOf(operator)).to.equal(owner.address);
    await expectOnlyEvent(checkers, checkers.connect(owner).resign(), "CheckerLeft", [owner.address, STAKE]);
    expect((await vault.stakeOf(owner)).locked).to.equal(0n);
    await expectRefusal("NotOperator", {
      call: () => checkers.ownerOf(operator),
      by: checkers,
      values: [operator.address],
    });
  });

  it("replaces an operator key, which then belongs to nobody", async () => {
    const { checkers, team, stranger } = await freshTeam();
    const { owner, operator } = team[0]!;
    await checkers.connect(owner).setOperator(stranger);
    expect(await checkers.ownerOf(stranger)).to.equal(owner.address);
    await checkers.connect(team[1]!.owner).setOperator(operator);
    expect(await checkers.ownerOf(operator)).to.equal(team[1]!.owner.address);
  });

  it("keeps a checker for four epochs after the last that it committed to", async () => {
    const system = await freshTeam();
    const { checkers, team } = system;
    const { owner } = team[0]!;
    const epoch = await commitSecrets(system, [team[0]!]);
    await toEpoch(system, epoch + 3n, EPOCH - 2n);
    await expectRefusal("StillLiable", {
      call: () => checkers.connect(owner).resign(),
      by: checkers,
      values: [owner.address, epoch + 4n, 0],
    });
    await toEpoch(system, epoch + 4n, 0n);
    await checkers.connect(owner).resign();
    expect((await checkers.checkerOf(owner)).operator).to.equal(ethers.ZeroAddress);
  });

  it("has a checker that lost stake lock it again before it commits", async () => {
    const system = await freshTeam();
    const { checkers, vault, team } = system;
    const member = team[0]!;
    const epoch = await beginEpoch(system);
    await toEpoch(system, epoch + 2n);
    await checkers.punishMissing(member.owner, epoch);
    const commitment = ethers.id("commitment");
    await expectRefusal("StakeTooSmall", {
      call: () => checkers.connect(member.operator).commit(epoch + 3n, commitment),
      by: checkers,
      values: [member.owner.address, STAKE - MISSING, STAKE],
    });
    await stakeFor(system, member.owner, MISSING);
    const sent = checkers.connect(member.owner).topUp();
    await expectOnlyEvent(checkers, sent, "CheckerToppedUp", [member.owner.address, STAKE]);
    expect((await vault.stakeOf(member.owner)).locked).to.equal(STAKE);
    await checkers.connect(member.operator).commit(epoch + 3n, commitment);
    // Nothing to add: nothing happens.
    await expect(checkers.connect(member.owner).topUp()).not.to.emit(checkers, "CheckerToppedUp");
  });

  it("refuses convicted accounts, but lets them leave", async () => {
    const system = await freshTeam();
    const { checkers, vault, addresses, provider, stranger } = system;
    const member = { owner: provider, operator: stranger };
    await stakeFor(system, provider, STAKE);
    await vault.connect(provider).approveStakeModules(await vault.moduleBit(addresses.checkers));
    await checkers.connect(provider).join(stranger);
    await convict(system);
    await expectRefusal("Convicted", {
      call: () => commitSecrets(system, [member]),
      by: checkers,
      values: [provider.address],
    });
    await checkers.connect(provider).resign();
    await expectRefusal("Convicted", {
      call: () => checkers.connect(provider).join(stranger),
      by: checkers,
      values: [provider.address],
    });
  });
});

describe("Checkers: seeds", () => {
  it("mixes the epoch, the seed before, the secrets of the epoch before the last, and the round", async () => {
    const system = await freshTeam();
    const { checkers, beacon, team } = system;
    const first = await beginEpoch(system);
    await toEpoch(system, first + 1n);
    await revealSecrets(system, team.slice(0, 2));
    await toEpoch(system, first + 2n);
    const sent = await drawSeed(system);
    const mix = team
      .slice(0, 2)
      .map((member) => BigInt(ethers.keccak256(coder.encode(["bytes32"], [secretOf(member, first)]))))
      .reduce((a, b) => a ^ b);
    const seed = ethers.keccak256(
      coder.encode(
        ["bytes32", "uint32", "bytes32", "bytes32", "bytes32"],
        [
          ethers.id("Athanor.CheckerSeed"),
          first + 2n,
          (await checkers.epochOf(first)).seed,
          ethers.toBeHex(mix, 32),
          (await beacon.roundOf(2)).value,
        ],
      ),
    );
    await expectOnlyEvent(checkers, sent, "EpochDrawn", [first + 2n, seed, 0]);
    const { revealed, committed } = await checkers.epochOf(first);
    expect([revealed, committed]).to.deep.equal([2n, 6n]);
  });

  it("draws as many as expected, of more commitments, by the secret alone", async () => {
    const system = await freshTeam();
    const { checkers, team } = system;
    const epoch = await beginEpoch(system);
    const limit = await checkers.thresholdOf(epoch, 4);
    expect(limit).to.equal(((2n ** 256n - 1n) / 6n) * 4n);
    expect(await checkers.thresholdOf(epoch, 6)).to.equal(2n ** 256n - 1n);
    const { seed } = await checkers.epochOf(epoch);
    const expected = team.map((member) => {
      const words = coder.encode(["bytes32", "bytes32", "uint256"], [secretOf(member, epoch), seed, 77]);
      return BigInt(ethers.keccak256(words)) < limit;
    });
    expect(await Promise.all(team.map(({ owner }) => checkers.isDrawn(epoch, owner, 77, 4)))).to.deep.equal(
      team.map(() => false),
    );
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system);
    const drawn = await Promise.all(team.map(({ owner }) => checkers.isDrawn(epoch, owner, 77, 4)));
    expect(drawn).to.deep.equal(expected);
  });

  it("takes the first round of an epoch, in its first half, once", async () => {
    const system = await freshTeam();
    const { checkers } = system;
    const early = await nextRound(system);
    const epoch = await commitSecrets(system);
    await toEpoch(system, epoch);
    const start = await checkers.startOf(epoch);
    const refused = (round: bigint) =>
      expectRefusal("WrongRound", {
        call: () => checkers.draw(round),
        by: checkers,
        values: [round, start],
      });
    await refused(early);
    const right = await nextRound(system);
    const late = await nextRound(system);
    await refused(late);
    await checkers.draw(right);
    await expectRefusal("AlreadyDrawn", { call: () => checkers.draw(right), by: checkers, values: [epoch] });

    await toEpoch(system, epoch + 1n);
    const round = await nextRound(system);
    const half = (await checkers.startOf(epoch + 1n)) + EPOCH / 2n;
    await time.setNextBlockTimestamp(half);
    await expectRefusal("DrawTooLate", {
      call: () => checkers.draw(round),
      by: checkers,
      values: [half - 1n, half],
    });
  });
});

describe("Checkers: faults", () => {
  it("a missing reveal costs its share, a tenth of which goes to the finder, once and in two epochs only", async () => {
    const system = await freshTeam();
    const { checkers, ath, team, stranger } = system;
    const { owner } = team[0]!;
    const epoch = await beginEpoch(system);
    const supply = await ath.totalSupply();
    const wrong = (current: bigint) =>
      expectRefusal("WrongEpoch", {
        call: () => checkers.connect(stranger).punishMissing(owner, epoch),
        by: checkers,
        values: [epoch, current],
      });
    await toEpoch(system, epoch + 1n);
    await wrong(epoch + 1n);
    await toEpoch(system, epoch + 2n);
    await expect(checkers.connect(stranger).punishMissing(owner, epoch))
      .to.emit(checkers, "SecretMissing")
      .withArgs(epoch, owner.address, stranger.address)
      .and.to.emit(checkers, "CheckerPenalised")
      .withArgs(owner.address, MISSING, MISSING / 10n, stranger.address);
    expect(await ath.balanceOf(stranger)).to.equal(MISSING / 10n);
    expect(await ath.totalSupply()).to.equal(supply - (MISSING * 9n) / 10n);
    expect((await checkers.checkerOf(owner)).locked).to.equal(STAKE - MISSING);
    await expectRefusal("NoFault", {
      call: () => checkers.punishMissing(owner, epoch),
      by: checkers,
      values: [owner.address, epoch],
    });
    await toEpoch(system, epoch + 4n);
    await wrong(epoch + 4n);
  });

  it("whoever revealed, or committed to nothing, owes nothing", async () => {
    const system = await freshTeam();
    const { checkers, team, stranger } = system;
    const epoch = await beginEpoch(system);
    await toEpoch(system, epoch + 1n);
    await revealSecrets(system, [team[0]!]);
    await toEpoch(system, epoch + 2n);
    for (const account of [team[0]!.owner, stranger]) {
      await expectRefusal("NoFault", {
        call: () => checkers.punishMissing(account, epoch),
        by: checkers,
        values: [account.address, epoch],
      });
    }
  });

  it("a leaked secret costs the same, half of which goes to the finder, and still counts in the seed", async () => {
    const system = await freshTeam();
    const { checkers, team, stranger } = system;
    const [first, second] = team as [Team["team"][0], Team["team"][0]];
    const epoch = await commitSecrets(system);
    const denounce = (member: Team["team"][0]) =>
      checkers.connect(stranger).denounce(member.owner, epoch, secretOf(member, epoch));
    await expect(denounce(first))
      .to.emit(checkers, "CheckerPenalised")
      .withArgs(first.owner.address, MISSING, MISSING / 2n, stranger.address);
    await toEpoch(system, epoch);
    await denounce(second);
    await expectRefusal("SecretMismatch", {
      call: () => denounce(second),
      by: checkers,
      values: [second.owner.address, epoch],
    });
    const hash = (member: Team["team"][0]) =>
      BigInt(ethers.keccak256(coder.encode(["bytes32"], [secretOf(member, epoch)])));
    expect((await checkers.epochOf(epoch)).mix).to.equal(ethers.toBeHex(hash(first) ^ hash(second), 32));
    // From now on everybody may know it.
    await toEpoch(system, epoch + 1n);
    await expectRefusal("WrongEpoch", {
      call: () => denounce(team[2]!),
      by: checkers,
      values: [epoch, epoch + 1n],
    });
    await expectRefusal("SecretMismatch", {
      call: () => checkers.reveal(first.owner, secretOf(first, epoch)),
      by: checkers,
      values: [first.owner.address, epoch],
    });
  });

  it("takes no more than is locked, and does not fail for lack of it", async () => {
    const system = await freshTeam();
    const { checkers, vault, team, stranger } = system;
    const { owner } = team[0]!;
    const task = checkers.connect(await speakAs(await system.reports.getAddress()));
    await expect(task.penalise(owner, 2n * STAKE, stranger))
      .to.emit(checkers, "CheckerPenalised")
      .withArgs(owner.address, STAKE, STAKE / 10n, stranger.address);
    expect((await vault.stakeOf(owner)).locked).to.equal(0n);
    await expect(task.penalise(owner, 1n, stranger)).not.to.emit(checkers, "CheckerPenalised");
    await checkers.connect(owner).resign();
  });
});

describe("Checkers: parameters", () => {
  it("change two epochs later, and then not again for four", async () => {
    const system = await freshTeam();
    const { checkers } = system;
    await toEpoch(system, 3n);
    const before = await rulesOf(system);
    const next = { ...before, stake: 20_000n * ATH };
    await checkers.setParameters(next);
    expect((await checkers.parametersAt(4)).stake).to.equal(STAKE);
    expect((await checkers.parametersAt(5)).stake).to.equal(20_000n * ATH);
    await toEpoch(system, 8n);
    await expectRefusal("ChangedRecently", {
      call: () => checkers.setParameters(before),
      by: checkers,
      values: [9, 8],
    });
    await toEpoch(system, 9n);
    await checkers.setParameters(before);
    expect((await checkers.parametersAt(10)).stake).to.equal(20_000n * ATH);
    expect((await checkers.parametersAt(11)).stake).to.equal(STAKE);
  });

  it("that nobody has committed under yet are replaced, and what is in force stays", async () => {
    const system = await freshTeam();
    const { checkers } = system;
    const before = await rulesOf(system);
    await toEpoch(system, 3n);
    await checkers.setParameters({ ...before, auditShare: 111 });
    await checkers.setParameters({ ...before, auditShare: 222 });
    const shares = async () =>
      Promise.all([4n, 5n, 6n].map(async (epoch) => (await checkers.parametersAt(epoch)).auditShare));
    expect(await shares()).to.deep.equal([400n, 222n, 222n]);
    // Of epoch 5, commitments may be there.
    await toEpoch(system, 4n);
    await expectRefusal("ChangedRecently", {
      call: () => checkers.setParameters(before),
      by: checkers,
      values: [9, 4],
    });
    expect(await shares()).to.deep.equal([400n, 222n, 222n]);
  });

  it("the length of epochs is at least ten minutes and the inclusion delay, at most a week", async () => {
    const system = await freshTeam();
    const { manager, addresses, checkers } = system;
    const factory = await ethers.getContractFactory("Checkers");
    const deploy = async (length: number, inclusionDelay: number) =>
      factory.deploy(
        manager,
        addresses.vault,
        await checkers.beacon(),
        ethers.ZeroAddress,
        length,
        inclusionDelay,
        await rulesOf(system),
      );
    for (const [length, delay, shortest] of [
      [599, 0, 600],
      [604_801, 0, 600],
      [86_399, 86_400, 86_400],
    ] as const) {
      await expectRefusal("EpochLengthOutOfBounds", {
        call: () => deploy(length, delay),
        by: checkers,
        values: [length, shortest, 604_800],
      });
    }
    await deploy(600, 0);
    await deploy(86_400, 86_400);
  });
});

describe("Checkers: what they refuse", () => {
  it("keys, commitments, secrets and epochs that do not fit", async () => {
    const system = await freshTeam();
    const { checkers, vault, team, stranger, newcomer, client } = system;
    const [{ owner, operator }, other] = team as [Team["team"][0], Team["team"][0]];
    const by = checkers;
    const refuse = (error: string, call: () => Promise<unknown>, ...values: unknown[]) =>
      expectRefusal(error, { call, by, values });

    await refuse("AlreadyChecker", () => checkers.connect(owner).join(stranger), owner.address);
    for (const call of ["topUp", "resign"] as const) {
      await refuse("NotChecker", () => checkers.connect(stranger)[call](), stranger.address);
    }
    await refuse("NotChecker", () => checkers.connect(stranger).setOperator(client), stranger.address);
    for (const key of [ethers.ZeroAddress, owner.address, other.operator.address]) {
      await refuse("InvalidOperator", () => checkers.connect(owner).setOperator(key), key);
    }
    await refuse("NotOperator", () => checkers.connect(owner).commit(1, ethers.id("x")), owner.address);
    for (const word of [0n, 1n]) {
      const commitment = ethers.toBeHex(word, 32);
      await refuse("InvalidCommitment", () => checkers.connect(operator).commit(1, commitment), commitment);
    }
    // Sent in time for an epoch, mined in it, or sent an epoch too early.
    for (const wrong of [0n, 2n]) {
      await refuse("WrongEpoch", () => checkers.connect(operator).commit(wrong, ethers.id("x")), wrong, 0);
    }
    await expectRefusal("StakeModuleNotApproved", {
      call: () => checkers.connect(newcomer).join(client),
      by: vault,
      values: [newcomer.address, system.addresses.checkers],
    });
    await refuse("WrongEpoch", () => checkers.reveal(owner, ethers.id("x")), 0, 0);
    const epoch = await commitSecrets(system, [team[0]!]);
    await refuse("AlreadyCommitted", () => commitSecrets(system, [team[0]!]), owner.address, epoch);
    await toEpoch(system, epoch + 1n);
    for (const secret of [ethers.ZeroHash, ethers.id("another")]) {
      await refuse("SecretMismatch", () => checkers.reveal(owner, secret), owner.address, epoch);
    }
    await revealSecrets(system, [team[0]!]);
    await refuse("SecretMismatch", () => revealSecrets(system, [team[0]!]), owner.address, epoch);
    expect(await currentEpoch(system)).to.equal(epoch + 1n);
  });

  it("tasks that are none, set twice, or without code; and everybody else in their place", async () => {
    const system = await freshTeam();
    const { checkers, stranger, addresses, team } = system;
    const { owner } = team[0]!;
    for (const call of [
      () => checkers.connect(stranger).penalise(owner, 1, stranger),
      () => checkers.connect(stranger).hold(owner),
      () => checkers.connect(stranger).unhold(owner),
    ]) {
      await expectRefusal("NotATask", { call, by: checkers, values: [stranger.address] });
    }
    await expectRefusal("TasksAlreadySet", {
      call: () => checkers.setTasks([addresses.vault]),
      by: checkers,
      values: [],
    });
    const fresh = await (
      await ethers.getContractFactory("Checkers")
    ).deploy(
      system.manager,
      addresses.vault,
      await checkers.beacon(),
      ethers.ZeroAddress,
      600,
      0,
      await rulesOf(system),
    );
    await expectRefusal("TaskWithoutCode", {
      call: () => fresh.getFunction("setTasks")([stranger.address]),
      by: checkers,
      values: [stranger.address],
    });
  });

  it("half a stake", async () => {
    const system = await freshTeam();
    const { vault, stranger, newcomer } = system;
    await expectRefusal("InsufficientStake", {
      call: () => joinAsChecker(system, { owner: newcomer, operator: stranger }, STAKE / 2n),
      by: vault,
      values: [newcomer.address, STAKE / 2n, STAKE],
    });
  });
});
