// What IProviderRegistry refuses, and with which values.
import { ZeroAddress } from "ethers";
import { type Refusal, describeRefusals } from "../support/expect.ts";
import { convict, speakAsGame } from "../support/game.ts";
import { errorsOf } from "../support/interfaces.ts";
import {
  ATH,
  type System,
  createJob,
  ethers,
  freshSystem,
  gpus,
  profileOf,
  speakAs,
} from "../support/system.ts";

async function refused(
  call: (system: System) => Promise<unknown>,
  values: (system: System) => readonly unknown[],
  prepare: (system: System) => Promise<unknown> = () => Promise.resolve(),
): Promise<Refusal> {
  const system = await freshSystem();
  await prepare(system);
  return { call: () => call(system), by: system.providers, values: values(system) };
}

/** `update` by the provider (with `register`, by the newcomer) with a profile that is wrong in one field. */
const profiled = (
  verb: "register" | "update",
  change: (system: System) => Partial<ReturnType<typeof profileOf>>,
  values: (system: System) => readonly unknown[],
): Promise<Refusal> =>
  refused((system) => {
    const { providers, provider, newcomer, operator } = system;
    const profile = { ...profileOf(operator), ...change(system) };
    return verb === "update"
      ? providers.connect(provider).update(profile)
      : providers.connect(newcomer).register(profile);
  }, values);

/** A dispute game that is none, set in a fresh registry, which has none yet. */
async function settingGame(game: (system: System) => string): Promise<Refusal> {
  const system = await freshSystem();
  const { manager, addresses } = system;
  const providers = await ethers.deployContract("ProviderRegistry", [
    manager,
    addresses.vault,
    addresses.models,
  ]);
  return {
    call: () => providers.getFunction("setDisputeGame")(game(system)) as Promise<unknown>,
    by: providers,
    values: [game(system)],
  };
}

const TERMS = { name: "A", minimumStakePerGpu: ATH, minimumThroughput: 10n ** 9n, open: true };

const closeClass = ({ providers }: System) => providers.setHardwareClass(0, { ...TERMS, open: false });

/** A hardware class that is wrong in one field. */
const classed = (
  field: keyof typeof TERMS,
  value: string | bigint,
  found: number | bigint,
  minimum: number | bigint,
  maximum: number | bigint,
): Promise<Refusal> =>
  refused(
    ({ providers }) => providers.setHardwareClass(0, { ...TERMS, [field]: value }),
    () => [ethers.encodeBytes32String(field), found, minimum, maximum],
  );

const deposited = (amount: bigint): Promise<Refusal> =>
  refused(
    ({ providers }) => providers.setFraudDeposit(amount),
    () => [ethers.encodeBytes32String("fraudDeposit"), amount, 10n * ATH, 10_000_000n * ATH],
  );

const shared = (share: bigint): Promise<Refusal> =>
  refused(
    ({ providers }) => providers.setHardwareDepositShare(share),
    () => [ethers.encodeBytes32String("depositShare"), share, 1_000n, 40_000n],
  );

describeRefusals("IProviderRegistry", () => errorsOf("IProviderRegistry"), {
  AlreadyRegistered: {
    "register, a second time": () =>
      refused(
        ({ providers, provider, operator }) => providers.connect(provider).register(profileOf(operator)),
        ({ provider }) => [provider.address],
      ),
  },
  NotRegistered: {
    "convict, no provider": () =>
      refused(
        async (system) => convict(system, 0n, system.stranger),
        ({ stranger }) => [stranger.address],
      ),
    "update, no provider": () =>
      refused(
        ({ providers, stranger, operator }) => providers.connect(stranger).update(profileOf(operator)),
        ({ stranger }) => [stranger.address],
      ),
    "deregister, no provider": () =>
      refused(
        ({ providers, stranger }) => providers.connect(stranger).deregister(),
        ({ stranger }) => [stranger.address],
      ),
    "setOffer, the operator key is not the provider": () =>
      refused(
        ({ providers, operator, modelRoot, addresses }) =>
          providers.connect(operator).setOffer(modelRoot, addresses.ath, 1, 1),
        ({ operator }) => [operator.address],
      ),
    "removeOffer, no provider": () =>
      refused(
        ({ providers, stranger, modelRoot, addresses }) =>
          providers.connect(stranger).removeOffer(modelRoot, addresses.ath),
        ({ stranger }) => [stranger.address],
      ),
  },
  InvalidOperator: {
    "register, no operator": () =>
      profiled(
        "register",
        () => ({ operator: ZeroAddress }),
        () => [ZeroAddress],
      ),
    "register, the owner's own key": () =>
      profiled(
        "register",
        ({ newcomer }) => ({ operator: newcomer.address }),
        ({ newcomer }) => [newcomer.address],
      ),
    "update, the owner's own key": () =>
      profiled(
        "update",
        ({ provider }) => ({ operator: provider.address }),
        ({ provider }) => [provider.address],
      ),
  },
  InvalidWatchtower: {
    "register, the owner's own key": () =>
      profiled(
        "register",
        ({ newcomer }) => ({ watchtower: newcomer.address }),
        ({ newcomer }) => [newcomer.address],
      ),
    "update, the operator's key": () =>
      profiled(
        "update",
        ({ operator }) => ({ watchtower: operator.address }),
        ({ operator }) => [operator.address],
      ),
  },
  HardwareClassNotOpen: {
    "register, a class that is not there": () =>
      profiled(
        "register",
        () => ({ hardware: [...gpus(1), { hardwareClass: 5, count: 1 }] }),
        () => [5, 5],
      ),
    "register, a class that takes no new hardware": () =>
      refused(
        ({ providers, newcomer, operator }) => providers.connect(newcomer).register(profileOf(operator)),
        () => [0, 5],
        closeClass,
      ),
    "update, more hardware of a closed class": () =>
      refused(
        ({ providers, provider, operator }) =>
          providers.connect(provider).update({ ...profileOf(operator), hardware: gpus(2) }),
        () => [0, 5],
        closeClass,
      ),
    "hardwareClassOf, a class that is not there": () =>
      refused(
        ({ providers }) => providers.hardwareClassOf(5),
        () => [5, 5],
      ),
    "setHardwareClass, leaving a gap": () =>
      refused(
        ({ providers }) => providers.setHardwareClass(6, TERMS),
        () => [6, 5],
      ),
    "requiredStake, a class that is not there": () =>
      refused(
        ({ providers }) => providers.requiredStake([{ hardwareClass: 5, count: 1 }]),
        () => [5, 5],
      ),
  },
  TooManyHardwareClasses: {
    "setHardwareClass, after 256 of them": () =>
      refused(
        ({ providers }) => providers.setHardwareClass(256, TERMS),
        () => [256],
        async ({ providers }) => {
          for (let index = 5; index < 256; index++) await providers.setHardwareClass(index, TERMS);
        },
      ),
  },
  HardwareLengthOutOfBounds: {
    "register, no hardware": () =>
      profiled(
        "register",
        () => ({ hardware: [] }),
        () => [0, 16],
      ),
    "update, one class too many": () =>
      profiled(
        "update",
        () => ({ hardware: Array.from({ length: 17 }, (_, hardwareClass) => ({ hardwareClass, count: 1 })) }),
        () => [17, 16],
      ),
    "fraudDepositFor, no hardware": () =>
      refused(
        ({ providers }) => providers.fraudDepositFor([]),
        () => [0, 16],
      ),
    "requiredStake, no hardware": () =>
      refused(
        ({ providers }) => providers.requiredStake([]),
        () => [0, 16],
      ),
  },
  HardwareNotAscending: {
    "register, a class twice": () =>
      profiled(
        "register",
        () => ({ hardware: [...gpus(1, 1), { hardwareClass: 1, count: 2 }] }),
        () => [1, 1],
      ),
    "update, out of order": () =>
      profiled(
        "update",
        () => ({ hardware: [{ hardwareClass: 2, count: 1 }, ...gpus(1)] }),
        () => [2, 0],
      ),
  },
  ParameterOutOfBounds: {
    "setHardwareClass, no name": () => classed("name", "", 0, 1, 64),
    "setHardwareClass, a byte too many in the name": () => classed("name", "A".repeat(65), 65, 1, 64),
    "setHardwareClass, hardware for less than an ATH": () =>
      classed("minimumStakePerGpu", ATH - 1n, ATH - 1n, ATH, 10_000_000n * ATH),
    "setHardwareClass, hardware that nobody can stake": () => {
      const value = 10_000_000n * ATH + 1n;
      return classed("minimumStakePerGpu", value, value, ATH, value - 1n);
    },
    "setHardwareClass, slower than any processor": () =>
      classed("minimumThroughput", 999_999n, 999_999n, 10n ** 6n, 10n ** 18n),
    "setHardwareClass, faster than any card": () =>
      classed("minimumThroughput", 10n ** 18n + 1n, 10n ** 18n + 1n, 10n ** 6n, 10n ** 18n),
    "setFraudDeposit, less than it takes to pay a challenger": () => deposited(10n * ATH - 1n),
    "setFraudDeposit, more than anybody has": () => deposited(10_000_000n * ATH + 1n),
    "setHardwareDepositShare, less than wrong answers gain": () => shared(999n),
    "setHardwareDepositShare, more than four times the hardware": () => shared(40_001n),
  },
  GpuCountOutOfBounds: {
    "register, none of a class": () =>
      profiled(
        "register",
        () => ({ hardware: [...gpus(1), { hardwareClass: 1, count: 0 }] }),
        () => [0, 100_000],
      ),
    "update, one too many": () =>
      profiled(
        "update",
        () => ({ hardware: gpus(100_001) }),
        () => [100_001, 100_000],
      ),
    "update, one too many in all": () =>
      profiled(
        "update",
        () => ({ hardware: gpus(1, 99_999, 1) }),
        () => [100_001, 100_000],
      ),
    "update, more than 32 bits hold": () =>
      profiled(
        "update",
        () => ({ hardware: gpus(2 ** 32 - 1, 2) }),
        () => [2 ** 32 + 1, 100_000],
      ),
  },
  EndpointTooLong: {
    "register, one byte too many": () =>
      profiled(
        "register",
        () => ({ endpoint: "e".repeat(257) }),
        () => [257, 256],
      ),
  },
  OffersStanding: {
    "deregister, two offers stand": () =>
      refused(
        ({ providers, provider }) => providers.connect(provider).deregister(),
        ({ provider }) => [provider.address, 2],
      ),
  },
  WorkOpen: {
    "deregister, a job is open": () =>
      refused(
        ({ providers, provider }) => providers.connect(provider).deregister(),
        ({ provider }) => [provider.address, 1],
        async (system) => {
          const { providers, provider, modelRoot, addresses } = system;
          await createJob(system);
          await providers.connect(provider).removeOffer(modelRoot, addresses.ath);
          await providers.connect(provider).removeOffer(modelRoot, addresses.stablecoin);
        },
      ),
  },
  NoSuchOffer: {
    "removeOffer, a model that is not offered": () =>
      refused(
        ({ providers, provider, addresses }) =>
          providers.connect(provider).removeOffer(ethers.id("nothing"), addresses.ath),
        ({ provider, addresses }) => [provider.address, ethers.id("nothing"), addresses.ath],
      ),
    "offerOf, nobody's": () =>
      refused(
        ({ providers, stranger, modelRoot, addresses }) =>
          providers.offerOf(stranger, modelRoot, addresses.ath),
        ({ stranger, modelRoot, addresses }) => [stranger.address, modelRoot, addresses.ath],
      ),
  },
  NotDisputeGame: {
    "convict, called by the administrator": () =>
      refused(
        ({ providers, provider, administrator }) =>
          providers.connect(administrator).convict(provider, 0, administrator),
        ({ administrator }) => [administrator.address],
        speakAsGame,
      ),
    "convict, called by the job escrow": () =>
      refused(
        async ({ providers, provider, addresses }) =>
          providers.connect(await speakAs(addresses.escrow)).convict(provider, 0, provider),
        ({ addresses }) => [addresses.escrow],
        speakAsGame,
      ),
  },
  DisputeGameAlreadySet: {
    "setDisputeGame, a second time": async () => {
      const system = await freshSystem();
      const { address } = await speakAsGame(system);
      return {
        call: () => system.providers.setDisputeGame(system.addresses.vault),
        by: system.providers,
        values: [address],
      };
    },
  },
  DisputeGameWithoutCode: {
    "setDisputeGame, somebody's key": () => settingGame(({ stranger }) => stranger.address),
    "setDisputeGame, nobody": () => settingGame(() => ZeroAddress),
  },
  OfferTokenNotAccepted: {
    "setOffer, a token that the vault does not take": () =>
      refused(
        ({ providers, provider, modelRoot, stranger }) =>
          providers.connect(provider).setOffer(modelRoot, stranger, 1, 1),
        ({ stranger }) => [stranger.address],
      ),
  },
});
