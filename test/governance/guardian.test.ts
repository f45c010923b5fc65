// The guardian: what it may do, for how long, what it may not, and who takes the role away.
import { expect } from "chai";
import { GUARDIAN } from "../../ignition/roles.ts";
import governance from "../../ignition/modules/Governance.ts";
import {
  type Action,
  asSystem,
  DAY,
  enact,
  execute,
  freshGoverned,
  type Governed,
  propose,
  queue,
  TIMELOCK_DELAY,
  vote,
} from "../support/governance.ts";
import { RESTRICTED } from "../support/restricted.ts";
import { ethers, ignition, loadFixture, type Signer, time } from "../support/system.ts";

const GUARDED = ["pauseModule", "resumeModule"];

const ofManager = ({ manager, addresses }: Governed, name: string, ...values: unknown[]): Action => ({
  target: addresses.manager,
  data: manager.interface.encodeFunctionData(name, values),
});

const isGuardian = async ({ manager }: Pick<Governed, "manager">, account: string) =>
  ((await manager.getFunction("hasRole")(GUARDIAN, account)) as [boolean, bigint])[0];

const deployWithoutGuardian = () => ignition.deploy(governance);

describe("the guardian", () => {
  it("pauses new work of each module at once, and ends the pause", async () => {
    const { vault, guardian, addresses } = await freshGoverned();
    for (const module of [addresses.providers, addresses.escrow, addresses.channels]) {
      await vault.connect(guardian).pauseModule(module, 7n * DAY);
      expect((await vault.pauseOf(module)).until).to.equal(BigInt(await time.latest()) + 7n * DAY);
      await vault.connect(guardian).resumeModule(module);
      expect((await vault.pauseOf(module)).until).to.equal(0n);
    }
  });

  for (const name of Object.keys(RESTRICTED) as (keyof typeof RESTRICTED)[]) {
    it(`${name}: nothing else that governance may do is open to it`, async () => {
      const governed = await freshGoverned();
      const { guardian } = governed;
      const verbs = Object.keys(RESTRICTED[name]).filter(
        (verb) => name !== "vault" || !GUARDED.includes(verb),
      );
      expect(verbs).not.to.deep.equal([]);
      for (const verb of verbs) {
        await expect(RESTRICTED[name][verb]!(asSystem(governed), guardian), verb)
          .to.be.revertedWithCustomError(asSystem(governed)[name], "AccessManagedUnauthorized")
          .withArgs(guardian.address);
      }
    });
  }

  it("administers nothing: it names no other guardian, gives its role no function and no contract another authority", async () => {
    const { manager, vault, guardian, stranger, addresses } = await freshGoverned();
    const calls: Record<string, readonly unknown[]> = {
      grantRole: [GUARDIAN, stranger.address, 0],
      revokeRole: [GUARDIAN, addresses.timelock],
      labelRole: [GUARDIAN, "king"],
      setRoleAdmin: [GUARDIAN, GUARDIAN],
      setRoleGuardian: [GUARDIAN, GUARDIAN],
      setGrantDelay: [GUARDIAN, 0],
      setTargetAdminDelay: [addresses.vault, 0],
      setTargetClosed: [addresses.vault, true],
      setTargetFunctionRole: [addresses.vault, ["0x00000000"], GUARDIAN],
      updateAuthority: [addresses.vault, stranger.address],
    };
    for (const [name, values] of Object.entries(calls)) {
      await expect(
        manager.connect(guardian).getFunction(name)(...values),
        name,
      ).to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedAccount");
    }
    // The access manager calls for it what it may call itself, and nothing else.
    const through = (data: string) => manager.connect(guardian).getFunction("execute")(addresses.vault, data);
    const adding = vault.interface.encodeFunctionData("addModule", [addresses.timelock]);
    await expect(through(adding)).to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedCall");
    await through(vault.interface.encodeFunctionData("pauseModule", [addresses.escrow, DAY]));
  });

  it("neither the deployer nor a voter nor the governor has the role; the timelock has", async () => {
    const governed = await freshGoverned();
    const { deployer, voter, stranger, guardian, addresses } = governed;
    for (const account of [deployer.address, voter.address, stranger.address, addresses.governor]) {
      expect(await isGuardian(governed, account), account).to.equal(false);
    }
    for (const account of [guardian.address, addresses.timelock]) {
      expect(await isGuardian(governed, account), account).to.equal(true);
    }
  });

  it("a deployment that names none has none but the timelock", async () => {
    const { accessManager, timelock, vault } = await loadFixture(deployWithoutGuardian);
    const governed = { manager: accessManager };
    for (const { address } of await ethers.getSigners()) {
      expect(await isGuardian(governed, address), address).to.equal(false);
    }
    expect(await isGuardian(governed, await timelock.getAddress())).to.equal(true);
    const [deployer] = await ethers.getSigners();
    await expect(
      vault.connect(deployer!).getFunction("pauseModule")(await timelock.getAddress(), 1),
    ).to.be.revertedWithCustomError(vault, "AccessManagedUnauthorized");
  });
});

describe("governance and its guardian", () => {
  it("governance takes the role from one and gives it to another", async () => {
    const governed = await freshGoverned();
    const { vault, guardian, stranger, addresses } = governed;
    await enact(governed, [
      ofManager(governed, "revokeRole", GUARDIAN, guardian.address),
      ofManager(governed, "grantRole", GUARDIAN, stranger.address, 0),
    ]);
    await expect(vault.connect(guardian).pauseModule(addresses.escrow, DAY))
      .to.be.revertedWithCustomError(vault, "AccessManagedUnauthorized")
      .withArgs(guardian.address);
    await vault.connect(stranger).pauseModule(addresses.escrow, DAY);
  });

  it("governance ends a pause, and pauses, itself", async () => {
    const governed = await freshGoverned();
    const { vault, guardian, voter, addresses } = governed;
    const call = (name: "pauseModule" | "resumeModule", ...values: unknown[]): Action => ({
      target: addresses.vault,
      data: vault.interface.encodeFunctionData(name as "resumeModule", values as never),
    });
    const actions = [call("resumeModule", addresses.escrow), call("pauseModule", addresses.channels, DAY)];
    const id = await propose(governed, actions);
    await vote(governed, id, [[voter, 1]]);
    await queue(governed, actions);
    await time.increase(TIMELOCK_DELAY);
    await vault.connect(guardian).pauseModule(addresses.escrow, 7n * DAY);
    await execute(governed, actions);
    expect((await vault.pauseOf(addresses.escrow)).until).to.equal(0n);
    expect((await vault.pauseOf(addresses.channels)).until).to.equal(BigInt(await time.latest()) + DAY);
  });

  it("a guardian renounces its role", async () => {
    const governed = await freshGoverned();
    const { manager, guardian } = governed;
    await manager.connect(guardian).getFunction("renounceRole")(GUARDIAN, guardian.address);
    expect(await isGuardian(governed, guardian.address)).to.equal(false);
  });
});

describe("attack: a guardian that wants to stop the protocol", () => {
  /** The first second, from now on, in which a pause is not refused. */
  const tryToPause = async ({ vault, addresses }: Governed, by: Signer, at: bigint) => {
    await time.setNextBlockTimestamp(at);
    return vault.connect(by).pauseModule(addresses.escrow, 7n * DAY);
  };

  it("gets seven days of thirty-seven: not by asking again, not by ending a pause early, not with a second guardian", async () => {
    const governed = await freshGoverned();
    const { vault, guardian, stranger, addresses } = governed;
    await enact(governed, [ofManager(governed, "grantRole", GUARDIAN, stranger.address, 0)]);
    const start = BigInt(await time.latest()) + 100n;
    await tryToPause(governed, guardian, start);
    const end = start + 7n * DAY;
    const refused = async (by: Signer, at: bigint) =>
      expect(tryToPause(governed, by, at))
        .to.be.revertedWithCustomError(vault, "PausedRecently")
        .withArgs(addresses.escrow, end + 30n * DAY);
    await refused(guardian, start + 1n);
    await refused(stranger, end - 1n);
    await vault.connect(guardian).resumeModule(addresses.escrow);
    await refused(guardian, end);
    await refused(stranger, end + 15n * DAY);
    await refused(guardian, end + 30n * DAY - 1n);
    await tryToPause(governed, stranger, end + 30n * DAY);
  });

  it("keeps its pause from nobody's exit: deposits are withdrawn and stake is claimed", async () => {
    const { vault, ath, voter, guardian, addresses } = await freshGoverned();
    await ath.connect(voter).approve(vault, 10n);
    await vault.connect(voter).deposit(addresses.ath, 10n, voter);
    await vault.connect(voter).stake(4n);
    await vault.connect(voter).unbond(4n);
    await time.increase(14n * DAY);
    for (const module of [addresses.providers, addresses.escrow, addresses.channels]) {
      await vault.connect(guardian).pauseModule(module, 7n * DAY);
    }
    await vault.claimUnbonded(voter);
    await vault.connect(voter).withdraw(addresses.ath, 10n, voter);
  });
});
