// What IVault refuses, and with which values. Longer than 400 lines: one table that must name every error.
import { ZeroAddress } from "ethers";
import { type Refusal, describeRefusals } from "../support/expect.ts";
import { convict, speakAsGame } from "../support/game.ts";
import { errorsOf } from "../support/interfaces.ts";
import {
  ATH,
  ESCROW_BIT,
  type OpenJob,
  type Output,
  type System,
  createJob,
  ethers,
  freshSystem,
  newContract,
  passWindow,
  profileOf,
  requestTo,
  speakAs,
  submitResult,
  time,
  gpus,
} from "../support/system.ts";

const DAY = 86_400;

/** A refusal by the vault: a call made from the fresh system and the values of the error. */
async function refused(
  build: (system: System) => Promise<{ call: () => Promise<unknown>; values: readonly unknown[] }>,
): Promise<Refusal> {
  const system = await freshSystem();
  return { ...(await build(system)), by: system.vault };
}

const depositing = (token: "ath" | "unknown", amount: bigint, owner?: string) =>
  refused(({ vault, client, addresses, stranger }) => {
    const target = token === "ath" ? addresses.ath : stranger.address;
    return Promise.resolve({
      call: () => vault.connect(client).deposit(target, amount, owner ?? client.address),
      values: token === "ath" ? [] : [target],
    });
  });

/** A settlement of nothing, by the escrow in its own voice; a test changes what it wants refused. */
async function settling(
  changes: (system: System) => Record<string, unknown>,
  values: (system: System) => readonly unknown[],
  prepare: (system: System) => Promise<unknown> = () => Promise.resolve(),
): Promise<Refusal> {
  return refused(async (system) => {
    const { vault, client, provider, addresses } = system;
    await createJob(system);
    await prepare(system);
    const escrow = await speakAs(addresses.escrow);
    const settlement = {
      payer: client.address,
      token: addresses.ath,
      escrowed: 0n,
      provider: provider.address,
      earned: 0n,
      fee: 0n,
      bountyRecipient: client.address,
      bounty: 0n,
      stakeLock: 0n,
      ...changes(system),
    };
    return { call: () => vault.connect(escrow).settle(settlement), values: values(system) };
  });
}

/** A settlement that would pay for work of a convicted provider. */
const settlingWithConvict = (payouts: { earned: bigint } | { fee: bigint }): Promise<Refusal> =>
  settling(
    () => ({ escrowed: 1n, ...payouts }),
    ({ provider }) => [provider.address],
    convict,
  );

/** New work for a provider that takes none at present. */
const takingNoWork = (prepare: (system: System) => Promise<unknown>): Promise<Refusal> =>
  refused(async (system) => {
    const { vault, client, provider, addresses } = system;
    await prepare(system);
    const escrow = await speakAs(addresses.escrow);
    return {
      call: () => vault.connect(escrow).openWork(client, addresses.ath, 0n, provider, 0n),
      values: [provider.address],
    };
  });

/** A pause of so many seconds, outside the bounds. */
const pausing = (seconds: number): Promise<Refusal> =>
  refused(({ vault, addresses }) =>
    Promise.resolve({
      call: () => vault.pauseModule(addresses.escrow, seconds),
      values: [seconds, 7 * DAY],
    }),
  );

/** Something that is over for a provider whose finished result waits when it is convicted. */
const jailing = (
  call: (system: System, opened: OpenJob, output: Output) => Promise<unknown>,
): Promise<Refusal> =>
  refused(async (system) => {
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    await passWindow(opened);
    await convict(system);
    return { call: () => call(system, opened, output), values: [system.provider.address] };
  });

describeRefusals("IVault", () => errorsOf("IVault"), {
  TokenNotAccepted: {
    "deposit, a token the vault does not take": () => depositing("unknown", 1n),
    "permit, a contract the vault does not take": () =>
      refused(({ vault, client, stranger }) =>
        Promise.resolve({
          call: () =>
            vault.connect(client).permit(stranger, 1n, 2n ** 40n, 27, ethers.ZeroHash, ethers.ZeroHash),
          values: [stranger.address],
        }),
      ),
    "deposit, a token that is taken no more": () =>
      refused(async ({ vault, client, addresses }) => {
        await vault.setTokenAccepted(addresses.ath, false);
        return {
          call: () => vault.connect(client).deposit(addresses.ath, 1n, client),
          values: [addresses.ath],
        };
      }),
  },
  TransferAmountMismatch: {
    "deposit, the token keeps a fee": () =>
      refused(async ({ vault, client }) => {
        const token = await ethers.deployContract("HostileToken");
        await token.getFunction("setFee")(100);
        await vault.setTokenAccepted(token, true);
        await token.getFunction("mint")(client, 10_000n);
        await token.connect(client).getFunction("approve")(vault, 10_000n);
        return {
          call: () => vault.connect(client).deposit(token, 10_000n, client),
          values: [await token.getAddress(), 10_000n, 9_900n],
        };
      }),
  },
  InsufficientBalance: {
    "withdraw, one unit too much": () =>
      refused(({ vault, client, addresses }) =>
        Promise.resolve({
          call: () => vault.connect(client).withdraw(addresses.ath, 1_000n * ATH + 1n, client),
          values: [addresses.ath, client.address, 1_000n * ATH, 1_000n * ATH + 1n],
        }),
      ),
    "withdraw, what is escrowed": () =>
      refused(async (system) => {
        const { vault, client, addresses } = system;
        await createJob(system);
        const { available } = await vault.accountOf(addresses.ath, client);
        return {
          call: () => vault.connect(client).withdraw(addresses.ath, 1_000n * ATH, client),
          values: [addresses.ath, client.address, available, 1_000n * ATH],
        };
      }),
    "stake, one unit too much": () =>
      refused(({ vault, client, addresses }) =>
        Promise.resolve({
          call: () => vault.connect(client).stake(1_000n * ATH + 1n),
          values: [addresses.ath, client.address, 1_000n * ATH, 1_000n * ATH + 1n],
        }),
      ),
    "openWork, a payer who has less than the price": () =>
      refused(async ({ vault, client, provider, addresses }) => {
        const escrow = await speakAs(addresses.escrow);
        return {
          call: () => vault.connect(escrow).openWork(client, addresses.ath, 1_001n * ATH, provider, 0n),
          values: [addresses.ath, client.address, 1_000n * ATH, 1_001n * ATH],
        };
      }),
  },
  InsufficientStake: {
    "unbond, one unit that is locked": () =>
      refused(({ vault, provider }) =>
        Promise.resolve({
          call: () => vault.connect(provider).unbond(4_000n * ATH + 1n),
          values: [provider.address, 4_000n * ATH, 4_000n * ATH + 1n],
        }),
      ),
    "openWork, more than is free": () =>
      refused(async ({ vault, client, provider, addresses }) => {
        const escrow = await speakAs(addresses.escrow);
        return {
          call: () => vault.connect(escrow).openWork(client, addresses.ath, 1n, provider, 4_001n * ATH),
          values: [provider.address, 4_000n * ATH, 4_001n * ATH],
        };
      }),
    "lockStake, more than is free": () =>
      refused(async ({ vault, provider, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return {
          call: () => vault.connect(registry).lockStake(provider, 2n ** 200n),
          values: [provider.address, 4_000n * ATH, 2n ** 200n],
        };
      }),
  },
  ModuleNotApproved: {
    "openWork, the payer never approved the module": () =>
      refused(async ({ vault, stranger, provider, addresses }) => {
        const escrow = await speakAs(addresses.escrow);
        return {
          call: () => vault.connect(escrow).openWork(stranger, addresses.ath, 0n, provider, 0n),
          values: [addresses.ath, stranger.address, addresses.escrow],
        };
      }),
    "openWork, the payer approved another module": () =>
      refused(async ({ vault, client, provider, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return {
          call: () => vault.connect(registry).openWork(client, addresses.ath, 1n, provider, 0n),
          values: [addresses.ath, client.address, addresses.providers],
        };
      }),
    "entrustBalance, to a module that takes no money": () =>
      refused(({ vault, client, addresses }) =>
        Promise.resolve({
          call: () => vault.connect(client).entrustBalance(addresses.escrow, addresses.ath, 1n, "0x"),
          values: [addresses.ath, addresses.escrow, addresses.escrow],
        }),
      ),
    "settle, the payer never approved the module": () =>
      settling(
        ({ stranger }) => ({ payer: stranger.address, escrowed: 1n }),
        ({ addresses, stranger }) => [addresses.ath, stranger.address, addresses.escrow],
      ),
  },
  StakeModuleNotApproved: {
    "openWork, the provider never approved the module": () =>
      refused(async ({ vault, client, stranger, addresses }) => {
        const escrow = await speakAs(addresses.escrow);
        return {
          call: () => vault.connect(escrow).openWork(client, addresses.ath, 1n, stranger, 0n),
          values: [stranger.address, addresses.escrow],
        };
      }),
    "lockStake, the owner never approved the module": () =>
      refused(async ({ vault, stranger, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return {
          call: () => vault.connect(registry).lockStake(stranger, 0n),
          values: [stranger.address, addresses.providers],
        };
      }),
    "slash, the owner never approved the module": () =>
      refused(async ({ vault, stranger, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return {
          call: () => vault.connect(registry).slash(stranger, 0n, 0n, stranger),
          values: [stranger.address, addresses.providers],
        };
      }),
    "penalise, the owner never approved the module": () =>
      refused(async ({ vault, stranger, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return {
          call: () => vault.connect(registry).penalise(stranger, 0n, 0n),
          values: [stranger.address, addresses.providers],
        };
      }),
    "setSuspended, the owner never approved the module": () =>
      refused(async ({ vault, stranger, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return {
          call: () => vault.connect(registry).setSuspended(stranger, true),
          values: [stranger.address, addresses.providers],
        };
      }),
    "unlockStake, the owner never approved the module": () =>
      refused(async ({ vault, stranger, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return {
          call: () => vault.connect(registry).unlockStake(stranger, 0n),
          values: [stranger.address, addresses.providers],
        };
      }),
  },
  ApprovalInUse: {
    "revokeModules, while a job is open": () =>
      refused(async (system) => {
        const { vault, client, addresses } = system;
        await createJob(system);
        const { escrowed } = await vault.accountOf(addresses.ath, client);
        return {
          call: () => vault.connect(client).revokeModules(addresses.ath),
          values: [client.address, escrowed],
        };
      }),
    "revokeStakeModules, while hardware is registered": () =>
      refused(({ vault, provider }) =>
        Promise.resolve({
          call: () => vault.connect(provider).revokeStakeModules(),
          values: [provider.address, 6_000n * ATH],
        }),
      ),
    "revokeStakeModules, while work without a lock is open": () =>
      refused(async ({ vault, client, newcomer, addresses }) => {
        await vault.connect(newcomer).approveStakeModules(ESCROW_BIT);
        const escrow = await speakAs(addresses.escrow);
        await vault.connect(escrow).openWork(client, addresses.ath, 1n, newcomer, 0n);
        return { call: () => vault.connect(newcomer).revokeStakeModules(), values: [newcomer.address, 0n] };
      }),
  },
  UnknownModules: {
    "approveModules, a module that is not there yet": () =>
      refused(({ vault, client, addresses }) =>
        Promise.resolve({
          call: () => vault.connect(client).approveModules(addresses.ath, 16),
          values: [16, 4],
        }),
      ),
    "approveStakeModules, all that will ever be": () =>
      refused(({ vault, provider }) =>
        Promise.resolve({
          call: () => vault.connect(provider).approveStakeModules(2 ** 32 - 1),
          values: [2 ** 32 - 1, 4],
        }),
      ),
  },
  NotAModule: {
    "openWork, called by the administrator": () =>
      refused(({ vault, client, provider, addresses, administrator }) =>
        Promise.resolve({
          call: () => vault.connect(administrator).openWork(client, addresses.ath, 1n, provider, 0n),
          values: [administrator.address],
        }),
      ),
    "settle, called by a stranger": () =>
      refused(({ vault, client, provider, addresses, stranger }) =>
        Promise.resolve({
          call: () =>
            vault.connect(stranger).settle({
              payer: client,
              token: addresses.ath,
              escrowed: 0n,
              provider,
              earned: 0n,
              fee: 0n,
              bountyRecipient: stranger,
              bounty: 0n,
              stakeLock: 0n,
            }),
          values: [stranger.address],
        }),
      ),
    "lockStake, called by the owner": () =>
      refused(({ vault, provider }) =>
        Promise.resolve({
          call: () => vault.connect(provider).lockStake(provider, 1n),
          values: [provider.address],
        }),
      ),
    "slash, called by the owner": () =>
      refused(({ vault, provider }) =>
        Promise.resolve({
          call: () => vault.connect(provider).slash(provider, 2n, 1n, provider),
          values: [provider.address],
        }),
      ),
    "penalise, called by the owner": () =>
      refused(({ vault, provider }) =>
        Promise.resolve({
          call: () => vault.connect(provider).penalise(provider, 2n, 1n),
          values: [provider.address],
        }),
      ),
    "setSuspended, called by the owner": () =>
      refused(({ vault, provider }) =>
        Promise.resolve({
          call: () => vault.connect(provider).setSuspended(provider, false),
          values: [provider.address],
        }),
      ),
    "pauseModule, what is no module": () =>
      refused(({ vault, stranger }) =>
        Promise.resolve({ call: () => vault.pauseModule(stranger, DAY), values: [stranger.address] }),
      ),
    "unlockStake, called by the owner": () =>
      refused(({ vault, provider }) =>
        Promise.resolve({
          call: () => vault.connect(provider).unlockStake(provider, 1n),
          values: [provider.address],
        }),
      ),
  },
  ModuleAlreadyAdded: {
    "addModule, the job escrow again": () =>
      refused(({ vault, addresses }) =>
        Promise.resolve({ call: () => vault.addModule(addresses.escrow), values: [addresses.escrow] }),
      ),
  },
  ModuleWithoutCode: {
    "addModule, somebody's key": () =>
      refused(({ vault, stranger }) =>
        Promise.resolve({ call: () => vault.addModule(stranger), values: [stranger.address] }),
      ),
    "addModule, nobody": () =>
      refused(({ vault }) =>
        Promise.resolve({ call: () => vault.addModule(ZeroAddress), values: [ZeroAddress] }),
      ),
  },
  TooManyModules: {
    "addModule, the 17th": () =>
      refused(async ({ vault }) => {
        for (let i = 4; i < 16; i += 1) await vault.addModule(await newContract());
        const last = await newContract();
        return { call: () => vault.addModule(last), values: [16] };
      }),
  },
  NothingToClaim: {
    "claimUnbonded, nothing was unbonded": () =>
      refused(({ vault, provider }) =>
        Promise.resolve({ call: () => vault.claimUnbonded(provider), values: [provider.address] }),
      ),
    "claimUnbonded, a second time": () =>
      refused(async ({ vault, provider }) => {
        await vault.connect(provider).unbond(1n);
        await time.increase(14 * DAY);
        await vault.claimUnbonded(provider);
        return { call: () => vault.claimUnbonded(provider), values: [provider.address] };
      }),
  },
  StillUnbonding: {
    "claimUnbonded, one second early": () =>
      refused(async ({ vault, provider }) => {
        await vault.connect(provider).unbond(1n);
        const releaseAt = (await time.latest()) + 14 * DAY;
        await time.setNextBlockTimestamp(releaseAt - 1);
        return { call: () => vault.claimUnbonded(provider), values: [releaseAt, releaseAt - 1] };
      }),
  },
  UnbondingPeriodOutOfBounds: {
    "setUnbondingPeriod, shorter than every window and clock": () =>
      refused(({ vault }) =>
        Promise.resolve({
          call: () => vault.setUnbondingPeriod(14 * DAY - 1),
          values: [14 * DAY - 1, 14 * DAY, 90 * DAY],
        }),
      ),
    "setUnbondingPeriod, longer than anybody would wait": () =>
      refused(({ vault }) =>
        Promise.resolve({
          call: () => vault.setUnbondingPeriod(90 * DAY + 1),
          values: [90 * DAY + 1, 14 * DAY, 90 * DAY],
        }),
      ),
  },
  ZeroAmount: {
    "deposit, nothing": () => depositing("ath", 0n),
    "withdraw, nothing": () =>
      refused(({ vault, client, addresses }) =>
        Promise.resolve({
          call: () => vault.connect(client).withdraw(addresses.ath, 0n, client),
          values: [],
        }),
      ),
    "stake, nothing": () =>
      refused(({ vault, client }) =>
        Promise.resolve({ call: () => vault.connect(client).stake(0n), values: [] }),
      ),
    "unbond, nothing": () =>
      refused(({ vault, provider }) =>
        Promise.resolve({ call: () => vault.connect(provider).unbond(0n), values: [] }),
      ),
  },
  ZeroAddress: {
    "deposit, for nobody": () => depositing("ath", 1n, ZeroAddress),
    "withdraw, to nobody": () =>
      refused(({ vault, client, addresses }) =>
        Promise.resolve({
          call: () => vault.connect(client).withdraw(addresses.ath, 1n, ZeroAddress),
          values: [],
        }),
      ),
    "setTokenAccepted, no token": () =>
      refused(({ vault }) =>
        Promise.resolve({ call: () => vault.setTokenAccepted(ZeroAddress, true), values: [] }),
      ),
    "the constructor, no token of stakes": () =>
      refused(({ manager }) =>
        Promise.resolve({ call: () => ethers.deployContract("Vault", [manager, ZeroAddress]), values: [] }),
      ),
    "slash, a payout for nobody": () =>
      refused(async ({ vault, provider, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return { call: () => vault.connect(registry).slash(provider, 2n, 1n, ZeroAddress), values: [] };
      }),
    "settle, a bounty for nobody": () =>
      settling(
        () => ({ escrowed: 1n, bounty: 1n, bountyRecipient: ZeroAddress }),
        () => [],
      ),
  },
  SettlementExceedsEscrow: {
    "settle, one unit more than was escrowed": () =>
      settling(
        () => ({ escrowed: 5n, earned: 3n, fee: 2n, bounty: 1n }),
        () => [5, 6],
      ),
  },
  EscrowUnderflow: {
    "settle, one unit more than the payer has escrowed": async () => {
      const system = await freshSystem();
      await createJob(system);
      const { escrowed } = await system.vault.accountOf(system.addresses.ath, system.client);
      return settling(
        () => ({ escrowed: escrowed + 1n }),
        ({ client }) => [client.address, escrowed, escrowed + 1n],
      );
    },
  },
  ProviderJailed: {
    "openWork, the provider was convicted": () =>
      refused(async (system) => {
        const { vault, client, provider, addresses } = system;
        await convict(system);
        const escrow = await speakAs(addresses.escrow);
        return {
          call: () => vault.connect(escrow).openWork(client, addresses.ath, 0n, provider, 0n),
          values: [provider.address],
        };
      }),
    "settle, a unit for a convicted provider": () => settlingWithConvict({ earned: 1n }),
    "settle, a unit for the protocol": () => settlingWithConvict({ fee: 1n }),
    "finalize, the provider was convicted": () =>
      jailing((system, { job }, output) => system.escrow.finalize(job, output, system.stranger)),
    "offerOf, the provider was convicted": () =>
      jailing(({ providers, provider, modelRoot, addresses }) =>
        providers.offerOf(provider, modelRoot, addresses.ath),
      ),
    "create, the provider was convicted": () =>
      jailing(async (system) => system.escrow.connect(system.client).create(await requestTo(system))),
    "setOffer, the provider was convicted": () =>
      jailing(({ providers, provider, modelRoot, addresses }) =>
        providers.connect(provider).setOffer(modelRoot, addresses.ath, 1, 1),
      ),
    "update, the provider was convicted": () =>
      jailing(({ providers, provider, operator }) =>
        providers.connect(provider).update({ ...profileOf(operator), hardware: gpus(2) }),
      ),
    "register, the provider was convicted and has left": () =>
      jailing(async ({ escrow, providers, provider, operator, stranger, modelRoot, addresses }, { job }) => {
        await escrow.refund(job, stranger);
        await providers.connect(provider).removeOffer(modelRoot, addresses.ath);
        await providers.connect(provider).removeOffer(modelRoot, addresses.stablecoin);
        await providers.connect(provider).deregister();
        return providers.connect(provider).register(profileOf(operator));
      }),
    "convict, a second time": () => jailing((system) => convict(system)),
  },
  ProviderTakesNoWork: {
    "openWork, the provider rests": () =>
      takingNoWork(({ vault, provider }) => vault.connect(provider).setResting(true)),
    "openWork, the provider is suspended": () =>
      takingNoWork(async ({ vault, provider, addresses }) => {
        const registry = await speakAs(addresses.providers);
        await vault.connect(registry).setSuspended(provider, true);
      }),
    "openWork, the provider rests and is suspended no longer": () =>
      takingNoWork(async ({ vault, provider, addresses }) => {
        const registry = await speakAs(addresses.providers);
        await vault.connect(registry).setSuspended(provider, true);
        await vault.connect(provider).setResting(true);
        await vault.connect(registry).setSuspended(provider, false);
      }),
  },
  ModulePausedUntil: {
    "create, a second before the pause ends": () =>
      refused(async (system) => {
        const { vault, escrow, client, addresses } = system;
        const request = await requestTo(system);
        await vault.pauseModule(addresses.escrow, 60);
        const until = (await time.latest()) + 60;
        await time.setNextBlockTimestamp(until - 1);
        return { call: () => escrow.connect(client).create(request), values: [addresses.escrow, until] };
      }),
    "openWork, the calling module is paused": () =>
      refused(async ({ vault, client, provider, addresses }) => {
        const escrow = await speakAs(addresses.escrow);
        await vault.pauseModule(addresses.escrow, 7 * DAY);
        const until = (await time.latest()) + 7 * DAY;
        return {
          call: () => vault.connect(escrow).openWork(client, addresses.ath, 0n, provider, 0n),
          values: [addresses.escrow, until],
        };
      }),
  },
  PauseOutOfBounds: {
    "pauseModule, for no time": () => pausing(0),
    "pauseModule, a second more than seven days": () => pausing(7 * DAY + 1),
    "pauseModule, for ever": () => pausing(2 ** 40 - 1),
  },
  PausedRecently: {
    "pauseModule, a second before the module has worked for thirty days": () =>
      refused(async ({ vault, addresses }) => {
        await vault.pauseModule(addresses.escrow, 3 * DAY);
        const pausableFrom = (await time.latest()) + 33 * DAY;
        await time.setNextBlockTimestamp(pausableFrom - 1);
        return {
          call: () => vault.pauseModule(addresses.escrow, 1),
          values: [addresses.escrow, pausableFrom],
        };
      }),
    "pauseModule, to prolong a pause": () =>
      refused(async ({ vault, addresses }) => {
        await vault.pauseModule(addresses.escrow, 1);
        const pausableFrom = (await time.latest()) + 1 + 30 * DAY;
        return {
          call: () => vault.pauseModule(addresses.escrow, 7 * DAY),
          values: [addresses.escrow, pausableFrom],
        };
      }),
    "pauseModule, after a pause that was ended early": () =>
      refused(async ({ vault, addresses }) => {
        await vault.pauseModule(addresses.escrow, DAY);
        const pausableFrom = (await time.latest()) + 31 * DAY;
        await vault.resumeModule(addresses.escrow);
        return {
          call: () => vault.pauseModule(addresses.escrow, 1),
          values: [addresses.escrow, pausableFrom],
        };
      }),
  },
  NotPaused: {
    "resumeModule, a module that was never paused": () =>
      refused(({ vault, addresses }) =>
        Promise.resolve({ call: () => vault.resumeModule(addresses.escrow), values: [addresses.escrow] }),
      ),
    "resumeModule, what is no module": () =>
      refused(({ vault, stranger }) =>
        Promise.resolve({ call: () => vault.resumeModule(stranger), values: [stranger.address] }),
      ),
    "resumeModule, a second time": () =>
      refused(async ({ vault, addresses }) => {
        await vault.pauseModule(addresses.escrow, DAY);
        await vault.resumeModule(addresses.escrow);
        return { call: () => vault.resumeModule(addresses.escrow), values: [addresses.escrow] };
      }),
    "resumeModule, in the second in which the pause ends": () =>
      refused(async ({ vault, addresses }) => {
        await vault.pauseModule(addresses.escrow, DAY);
        await time.setNextBlockTimestamp((await time.latest()) + DAY);
        return { call: () => vault.resumeModule(addresses.escrow), values: [addresses.escrow] };
      }),
  },
  PayoutAboveHalf: {
    "penalise, one unit more than half of an odd amount": () =>
      refused(async ({ vault, provider, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return {
          call: () => vault.connect(registry).penalise(provider, 7n, 4n),
          values: [4n, 3n],
        };
      }),
    "slash, one unit more than half": () =>
      refused(async ({ vault, provider, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return {
          call: () => vault.connect(registry).slash(provider, 2n * ATH + 1n, ATH + 1n, provider),
          values: [ATH + 1n, ATH],
        };
      }),
    "convict, one unit more than half of the deposit": () =>
      refused(async (system) => {
        await speakAsGame(system);
        return { call: () => convict(system, 2_500n * ATH + 1n), values: [2_500n * ATH + 1n, 2_500n * ATH] };
      }),
  },
  LockUnderflow: {
    "penalise, one unit more than is locked": () =>
      refused(async ({ vault, provider, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return {
          call: () => vault.connect(registry).penalise(provider, 6_000n * ATH + 1n, 0n),
          values: [provider.address, 6_000n * ATH, 6_000n * ATH + 1n],
        };
      }),
    "unlockStake, one unit more than is locked": () =>
      refused(async ({ vault, provider, addresses }) => {
        const registry = await speakAs(addresses.providers);
        return {
          call: () => vault.connect(registry).unlockStake(provider, 6_000n * ATH + 1n),
          values: [provider.address, 6_000n * ATH, 6_000n * ATH + 1n],
        };
      }),
    "settle, one unit more than is locked": () =>
      settling(
        () => ({ stakeLock: 6_100n * ATH + 1n }),
        ({ provider }) => [provider.address, 6_100n * ATH, 6_100n * ATH + 1n],
      ),
  },
});
