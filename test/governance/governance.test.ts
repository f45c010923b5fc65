// Who decides: votes of ATH, through one timelock, within bounds; and nobody else, the deployer least of all.
import { expect } from "chai";
import type { FeeDistributor } from "../../sdk/src/generated/contracts/FeeDistributor.ts";
import {
  type Action,
  DAY,
  type Governed,
  TIMELOCK_DELAY,
  VOTING_DELAY,
  asSystem,
  enact,
  execute,
  freshGoverned,
  propose,
  queue,
  vote,
} from "../support/governance.ts";
import { RESTRICTED } from "../support/restricted.ts";
import { ATH, type Signer, ethers, time } from "../support/system.ts";

const GOVERNED = Object.keys(RESTRICTED) as (keyof typeof RESTRICTED)[];
const SUPPLY = 42_000_000_000n * ATH;
const DEFEATED = 3n;
const CANCELED = 2n;

const unbondingPeriod = ({ vault, addresses }: Governed, seconds: bigint): Action => ({
  target: addresses.vault,
  data: vault.interface.encodeFunctionData("setUnbondingPeriod", [seconds]),
});

const ofGovernor = ({ governor, addresses }: Governed, name: string, ...values: unknown[]): Action => ({
  target: addresses.governor,
  data: governor.interface.encodeFunctionData(name, values),
});

/** Some value of an ABI type, for calls that are to be refused whatever they say. */
function anyValue(type: string, sender: string): unknown {
  if (type.endsWith("[]")) return [];
  if (type === "address") return sender;
  if (type === "bool") return true;
  if (type === "string") return "";
  if (type === "bytes") return "0x";
  if (/^bytes\d+$/.test(type)) return `0x${"00".repeat(Number(type.slice(5)))}`;
  return 0n;
}

describe("governance", () => {
  describe("the deployer ends with no power", () => {
    for (const name of GOVERNED) {
      for (const [verb, call] of Object.entries(RESTRICTED[name])) {
        it(`${name}.${verb} is refused to it`, async () => {
          const governed = await freshGoverned();
          await expect(call(asSystem(governed), governed.deployer))
            .to.be.revertedWithCustomError(asSystem(governed)[name], "AccessManagedUnauthorized")
            .withArgs(governed.deployer.address);
        });
      }
    }

    it("every function of the access manager that changes anything for others is refused to it", async () => {
      const { manager, deployer, addresses } = await freshGoverned();
      // What anybody may call concerns the caller alone: operations that it scheduled, a role that it has.
      const own = ["cancel", "consumeScheduledOp", "execute", "multicall", "renounceRole", "schedule"];
      const refused: string[] = [];
      for (const fragment of manager.interface.fragments) {
        if (fragment.type !== "function") continue;
        const { name, inputs, stateMutability } = manager.interface.getFunction(fragment.format()) ?? {};
        if (
          name === undefined ||
          inputs === undefined ||
          stateMutability === "view" ||
          stateMutability === "pure"
        ) {
          continue;
        }
        if (own.includes(name)) continue;
        const values = inputs.map(({ type }) => anyValue(type, deployer.address));
        await expect(
          manager.connect(deployer).getFunction(name)(...values),
          name,
        ).to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedAccount");
        refused.push(name);
      }
      expect(refused).to.include.members([
        "grantRole",
        "revokeRole",
        "setTargetFunctionRole",
        "updateAuthority",
      ]);
      // Nor can it have one of the governed contracts called.
      for (const target of [addresses.vault, addresses.escrow, addresses.timelock]) {
        const data = "0x8456cb59";
        await expect(
          manager.connect(deployer).getFunction("execute")(target, data),
        ).to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedCall");
      }
    });

    it("nor is it paid fees: the treasury is the timelock, and a vote names another", async () => {
      const governed = await freshGoverned();
      const { ath, addresses, deployed, voter, stranger } = governed;
      const fees = deployed.feeDistributor as unknown as FeeDistributor;
      const TREASURY = 3;
      expect(await fees.receiverOf(TREASURY)).to.equal(addresses.timelock);
      await ath.connect(voter).transfer(fees, 1_000n * ATH);
      await fees.distribute(addresses.ath);
      await fees.claim(TREASURY, addresses.ath);
      const held = await ath.balanceOf(addresses.timelock);
      expect(held).to.equal(200n * ATH);
      // The timelock spends what it was paid as it does everything: by a vote.
      const spend = ath.interface.encodeFunctionData("transfer", [stranger.address, held]);
      const name = fees.interface.encodeFunctionData("setTreasury", [stranger.address]);
      await enact(governed, [
        { target: addresses.ath, data: spend },
        { target: addresses.fees, data: name },
      ]);
      expect(await ath.balanceOf(stranger)).to.equal(held);
      expect(await fees.receiverOf(TREASURY)).to.equal(stranger.address);
    });

    it("roles: the timelock alone administers, the governor alone proposes and cancels, everybody executes", async () => {
      const { manager, timelock, governor, deployer, voter, addresses, deployed } = await freshGoverned();
      const has = async (role: bigint, account: string) =>
        ((await manager.getFunction("hasRole")(role, account)) as [boolean, bigint])[0];
      const candidates = [
        deployer.address,
        voter.address,
        ...(await Promise.all(Object.values(deployed).map((contract) => contract.getAddress()))),
      ];
      for (const account of candidates) {
        expect(await has(0n, account), account).to.equal(account === addresses.timelock);
      }

      const roleOf = (name: string) => timelock.getFunction(name)() as Promise<string>;
      const holders = {
        DEFAULT_ADMIN_ROLE: addresses.timelock,
        PROPOSER_ROLE: addresses.governor,
        CANCELLER_ROLE: addresses.governor,
        EXECUTOR_ROLE: ethers.ZeroAddress,
      };
      for (const [name, holder] of Object.entries(holders)) {
        const role = await roleOf(name);
        for (const account of [...candidates, ethers.ZeroAddress]) {
          expect(await timelock.getFunction("hasRole")(role, account), `${name} ${account}`).to.equal(
            account === holder,
          );
        }
      }
      expect(await governor.getFunction("timelock")()).to.equal(addresses.timelock);
    });
  });

  describe("a proposal", () => {
    it("is voted on, waits, is executed by anybody, and changes a parameter", async () => {
      const governed = await freshGoverned();
      const actions = [unbondingPeriod(governed, 21n * DAY)];
      const id = await propose(governed, actions);
      await vote(governed, id, [[governed.voter, 1]]);
      await queue(governed, actions);
      await time.increase(TIMELOCK_DELAY - 10n);
      await expect(execute(governed, actions)).to.be.revertedWithCustomError(
        governed.timelock,
        "TimelockUnexpectedOperationState",
      );
      expect(await governed.vault.unbondingPeriod()).to.equal(14n * DAY);
      await time.increase(10n);
      await execute(governed, actions);
      expect(await governed.vault.unbondingPeriod()).to.equal(21n * DAY);
    });

    it("fails as a whole when it would break a bound of a contract", async () => {
      const governed = await freshGoverned();
      const actions = [unbondingPeriod(governed, 21n * DAY), unbondingPeriod(governed, DAY)];
      await expect(enact(governed, actions)).to.be.revertedWithCustomError(
        governed.vault,
        "UnbondingPeriodOutOfBounds",
      );
      expect(await governed.vault.unbondingPeriod()).to.equal(14n * DAY);
    });

    it("is defeated without its quorum", async () => {
      const governed = await freshGoverned();
      const { ath, governor, voter, client, stranger } = governed;
      const few = (SUPPLY * 4n) / 100n - 1n;
      await ath.connect(voter).transfer(client, few);
      await ath.connect(client).delegate(client);
      await ath.connect(voter).transfer(stranger, await ath.balanceOf(voter));
      // One that has votes to propose with, and no more.
      await ath.connect(client).transfer(voter, 5_000_000n * ATH);
      await time.increase(1n);
      const id = await propose(governed, [unbondingPeriod(governed, 21n * DAY)]);
      await vote(governed, id, [
        [client, 1],
        [voter, 2],
      ]);
      expect(await governor.getFunction("state")(id)).to.equal(DEFEATED);
    });

    it("cannot be made by an account below the threshold", async () => {
      const governed = await freshGoverned();
      await expect(
        propose({ ...governed, voter: governed.stranger }, [unbondingPeriod(governed, 21n * DAY)]),
      ).to.be.revertedWithCustomError(governed.governor, "GovernorInsufficientProposerVotes");
    });

    it("can be cancelled by its proposer before the vote, and by no one else", async () => {
      const governed = await freshGoverned();
      const { governor, voter, stranger } = governed;
      const actions = [unbondingPeriod(governed, 21n * DAY)];
      const id = await propose(governed, actions);
      const values = [actions.map(({ target }) => target), [0n], actions.map(({ data }) => data)] as const;
      const cancel = (signer: Signer) =>
        governor.connect(signer).getFunction("cancel(address[],uint256[],bytes[],bytes32)")(
          ...values,
          ethers.id("A proposal"),
        ) as Promise<unknown>;
      await expect(cancel(stranger)).to.be.revertedWithCustomError(governor, "GovernorUnableToCancel");
      await cancel(voter);
      expect(await governor.getFunction("state")(id)).to.equal(CANCELED);
    });
  });

  describe("attacks", () => {
    it("votes bought after the event do not count", async () => {
      const governed = await freshGoverned();
      const { ath, governor, voter, stranger } = governed;
      const id = await propose(governed, [unbondingPeriod(governed, 21n * DAY)]);
      await time.increase(VOTING_DELAY + 1n);
      await ath.connect(voter).transfer(stranger, SUPPLY / 2n);
      await ath.connect(stranger).delegate(stranger);
      await governor.connect(stranger).getFunction("castVote")(id, 0);
      const { againstVotes } = (await governor.getFunction("proposalVotes")(id)) as { againstVotes: bigint };
      expect(againstVotes).to.equal(0n);
    });

    it("staked ATH does not vote, and whoever stakes it loses its votes", async () => {
      const governed = await freshGoverned();
      const { ath, vault, voter, addresses } = governed;
      await ath.connect(voter).approve(addresses.vault, SUPPLY);
      await vault.connect(voter).deposit(addresses.ath, SUPPLY / 2n, voter);
      await vault.connect(voter).stake(SUPPLY / 2n);
      expect(await ath.getVotes(voter)).to.equal(SUPPLY / 2n);
      expect(await ath.getVotes(addresses.vault)).to.equal(0n);
    });

    it("a vote turned at the last second is answered: the vote goes on", async () => {
      const governed = await freshGoverned();
      const { governor, voter } = governed;
      const id = await propose(governed, [unbondingPeriod(governed, 21n * DAY)]);
      const deadline = (await governor.getFunction("proposalDeadline")(id)) as bigint;
      await time.increaseTo(deadline - 10n);
      await governor.connect(voter).getFunction("castVote")(id, 1);
      expect(await governor.getFunction("proposalDeadline")(id)).to.equal(
        BigInt(await time.latest()) + 2n * DAY,
      );
    });

    it("the whole supply cannot vote itself a user's stake or balance: no module has an approval", async () => {
      const governed = await freshGoverned();
      const { ath, vault, voter, client, addresses, timelock } = governed;
      await ath.connect(voter).transfer(client, 1_000n * ATH);
      await ath.connect(client).approve(addresses.vault, 1_000n * ATH);
      await vault.connect(client).deposit(addresses.ath, 1_000n * ATH, client);
      await vault.connect(client).stake(400n * ATH);
      // The timelock makes itself a module, and takes what it can.
      const call = (name: "slash" | "openWork", values: readonly unknown[]): Action => ({
        target: addresses.vault,
        data: vault.interface.encodeFunctionData(name as "slash", values as never),
      });
      const enroll: Action = {
        target: addresses.vault,
        data: vault.interface.encodeFunctionData("addModule", [addresses.timelock]),
      };
      await enact(governed, [enroll], "enrol");
      await expect(
        enact(
          governed,
          [call("slash", [client.address, 400n * ATH, 200n * ATH, addresses.timelock])],
          "slash",
        ),
      ).to.be.revertedWithCustomError(vault, "StakeModuleNotApproved");
      await expect(
        enact(governed, [call("openWork", [client.address, addresses.ath, 1n, client.address, 0n])], "open"),
      ).to.be.revertedWithCustomError(vault, "ModuleNotApproved");
      expect((await vault.accountOf(addresses.ath, client)).available).to.equal(600n * ATH);
      expect((await vault.stakeOf(client)).staked).to.equal(400n * ATH);
      expect((await vault.accountOf(addresses.ath, await timelock.getAddress())).available).to.equal(0n);
    });
  });

  describe("its own settings", () => {
    const settings: [setter: string, setting: string, getter: string, minimum: bigint, maximum: bigint][] = [
      ["setVotingDelay", "votingDelay", "votingDelay", DAY, 14n * DAY],
      ["setVotingPeriod", "votingPeriod", "votingPeriod", 3n * DAY, 30n * DAY],
      ["setProposalThreshold", "proposalThreshold", "proposalThreshold", ATH, SUPPLY / 100n],
      ["updateQuorumNumerator", "quorumPercent", "quorumNumerator()", 1n, 20n],
      ["setLateQuorumVoteExtension", "lateQuorumExtension", "lateQuorumVoteExtension", 0n, 7n * DAY],
    ];
    for (const [setter, setting, getter, minimum, maximum] of settings) {
      for (const value of [minimum - 1n, maximum + 1n].filter((each) => each >= 0n)) {
        it(`${setter} refuses ${value}`, async () => {
          const governed = await freshGoverned();
          await expect(enact(governed, [ofGovernor(governed, setter, value)]))
            .to.be.revertedWithCustomError(governed.governor, "SettingOutOfBounds")
            .withArgs(ethers.encodeBytes32String(setting), value, minimum, maximum);
        });
      }

      it(`${setter} takes ${minimum} and ${maximum}`, async () => {
        for (const value of [minimum, maximum]) {
          const governed = await freshGoverned();
          // OpenZeppelin's governor lets no extension be longer than the vote.
          const longVote = ofGovernor(governed, "setVotingPeriod", 30n * DAY);
          await enact(governed, [longVote, ofGovernor(governed, setter, value)]);
          expect(await governed.governor.getFunction(getter)()).to.equal(value);
        }
      });
    }

    it("the delay of the timelock stays between two days and thirty", async () => {
      const delayed = async (seconds: bigint) => {
        const governed = await freshGoverned();
        const { timelock, addresses } = governed;
        const data = timelock.interface.encodeFunctionData("updateDelay", [seconds]);
        await enact(governed, [{ target: addresses.timelock, data }]);
        return timelock.getFunction("getMinDelay")() as Promise<bigint>;
      };
      const { timelock } = await freshGoverned();
      for (const seconds of [0n, 2n * DAY - 1n, 30n * DAY + 1n]) {
        await expect(delayed(seconds))
          .to.be.revertedWithCustomError(timelock, "DelayOutOfBounds")
          .withArgs(seconds, 2n * DAY, 30n * DAY);
      }
      for (const seconds of [2n * DAY, 30n * DAY]) expect(await delayed(seconds)).to.equal(seconds);
      const factory = await ethers.getContractFactory("AthanorTimelock");
      await expect(factory.deploy(DAY, ethers.ZeroAddress)).to.be.revertedWithCustomError(
        timelock,
        "DelayOutOfBounds",
      );
    });

    it("the timelock cannot be exchanged for another", async () => {
      const governed = await freshGoverned();
      await expect(
        enact(governed, [ofGovernor(governed, "updateTimelock", governed.stranger.address)]),
      ).to.be.revertedWithCustomError(governed.governor, "TimelockFixed");
    });

    it("nobody changes a setting but a proposal", async () => {
      const { governor, timelock, deployer, voter } = await freshGoverned();
      for (const signer of [deployer, voter]) {
        const direct = governor.connect(signer);
        for (const name of ["setVotingDelay", "setVotingPeriod", "setProposalThreshold"]) {
          await expect(direct.getFunction(name)(5n * DAY)).to.be.revertedWithCustomError(
            governor,
            "GovernorOnlyExecutor",
          );
        }
        await expect(
          timelock.connect(signer).getFunction("updateDelay")(5n * DAY),
        ).to.be.revertedWithCustomError(timelock, "TimelockUnauthorizedCaller");
      }
    });
  });
});
