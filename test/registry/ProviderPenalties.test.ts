// What the quality court does through the registry, and to whom else it is refused.
import { expect } from "chai";
import { announceCase, decideCase, freshCourt, PENALTY, stakeStateOf } from "../support/court.ts";
import { type Refusal, describeRefusals, expectOnlyEvent } from "../support/expect.ts";
import { convict } from "../support/game.ts";
import { errorsOf } from "../support/interfaces.ts";
import { ATH, ethers, freshSystem, newContract, profileOf, speakAs, type System } from "../support/system.ts";

const speakAsCourt = ({ addresses }: System) => speakAs(addresses.court);

async function leave({ providers, provider, modelRoot, addresses }: System): Promise<void> {
  for (const token of [addresses.ath, addresses.stablecoin]) {
    await providers.connect(provider).removeOffer(modelRoot, token);
  }
  await providers.connect(provider).deregister();
}

async function freshRegistry({ manager, addresses }: System) {
  return ethers.deployContract("ProviderRegistry", [manager, addresses.vault, addresses.models]);
}

describe("ProviderRegistry.setCourt", () => {
  it("names the contract that penalises", async () => {
    const providers = (await freshRegistry(await freshSystem())) as unknown as System["providers"];
    const court = await newContract();
    await expectOnlyEvent(providers, providers.setCourt(court), "CourtSet", [court]);
    expect(await providers.penaltyCourt()).to.equal(court);
  });
});

describe("ProviderRegistry.freeze", () => {
  it("takes half of the hardware's stake at most, whatever the court says", async () => {
    const system = await freshSystem();
    const court = await speakAsCourt(system);
    expect(await system.providers.hardwareLockOf(system.provider)).to.equal(1_000n * ATH);
    await system.providers.connect(court).freeze(system.provider, 500n * ATH);
    const { reserved, frozen, locked, fraudDeposit } = await stakeStateOf(system);
    expect([reserved, frozen, locked, fraudDeposit]).to.deep.equal([
      5_500n * ATH,
      500n * ATH,
      6_000n * ATH,
      5_000n * ATH,
    ]);
    expect(await system.providers.hardwareLockOf(system.provider)).to.equal(500n * ATH);
  });
});

describe("ProviderRegistry.liftFreeze: where the frozen stake goes", () => {
  it("back behind the hardware, when nothing happened meanwhile", async () => {
    const system = await freshCourt();
    const before = await stakeStateOf(system);
    await decideCase(system, await announceCase(system), false);
    expect(await stakeStateOf(system)).to.deep.equal(before);
  });

  it("back behind the hardware, when the profile changed and the hardware did not", async () => {
    const system = await freshCourt();
    const before = await stakeStateOf(system);
    const opened = await announceCase(system);
    const { providers, provider, stranger } = system;
    await providers.connect(provider).update(profileOf(stranger));
    await decideCase(system, opened, false);
    expect(await stakeStateOf(system)).to.deep.equal(before);
  });

  it("free, when the provider deregistered meanwhile", async () => {
    const system = await freshCourt();
    const opened = await announceCase(system);
    await leave(system);
    expect((await system.vault.stakeOf(system.provider)).locked, "only the frozen part").to.equal(PENALTY);
    await decideCase(system, opened, false);
    const { staked, locked } = await system.vault.stakeOf(system.provider);
    expect([staked, locked]).to.deep.equal([10_000n * ATH, 0n]);
  });

  it("free, when the provider came back meanwhile with a whole lock", async () => {
    const system = await freshCourt();
    const opened = await announceCase(system);
    await leave(system);
    await system.providers.connect(system.provider).register(profileOf(system.operator));
    await decideCase(system, opened, false);
    const { reserved, locked, frozen } = await stakeStateOf(system);
    expect([reserved, locked, frozen]).to.deep.equal([6_000n * ATH, 6_000n * ATH, 0n]);
  });

  it("free, when the provider was convicted meanwhile", async () => {
    const system = await freshCourt();
    const opened = await announceCase(system);
    await convict(system);
    await decideCase(system, opened, false);
    const { staked, reserved, locked } = await stakeStateOf(system);
    expect([staked, reserved, locked]).to.deep.equal([5_000n * ATH, 900n * ATH, 900n * ATH]);
  });
});

const asCourt = async (
  call: (providers: System["providers"], system: System) => Promise<unknown>,
  values: (system: System) => readonly unknown[],
  prepare: (system: System) => Promise<unknown> = () => Promise.resolve(),
): Promise<Refusal> => {
  const system = await freshSystem();
  await prepare(system);
  const providers = system.providers.connect(await speakAsCourt(system));
  return { call: () => call(providers, system), by: providers, values: values(system) };
};

const settingCourt = async (court: (system: System) => string): Promise<Refusal> => {
  const system = await freshSystem();
  const providers = await freshRegistry(system);
  return {
    call: () => providers.getFunction("setCourt")(court(system)) as Promise<unknown>,
    by: providers,
    values: [court(system)],
  };
};

describe("ProviderRegistry: two suspensions", () => {
  it("by the court and by exams of hardware: the end of one does not end the other", async () => {
    for (const firstToEnd of ["court", "exams"] as const) {
      const system = await freshSystem();
      const { providers, vault, provider, addresses } = system;
      const court = providers.connect(await speakAs(addresses.court));
      const exams = providers.connect(await speakAs(await system.exams.getAddress()));
      const suspended = async () => (await vault.stakeOf(provider)).suspended;
      await exams.setAwaitingExam(provider, true);
      expect(await suspended()).to.equal(true);
      await court.penaliseFrozen(provider, 0, 0);
      const ends = {
        court: () => court.reinstate(provider),
        exams: () => exams.setAwaitingExam(provider, false),
      };
      await ends[firstToEnd]();
      expect(await suspended(), `after ${firstToEnd}`).to.equal(true);
      await ends[firstToEnd === "court" ? "exams" : "court"]();
      expect(await suspended()).to.equal(false);
    }
  });
});

describeRefusals("IProviderPenalties", () => errorsOf("IProviderPenalties"), {
  NotCourt: Object.fromEntries(
    (["freeze", "liftFreeze", "penaliseFrozen", "pay", "reinstate"] as const).map((verb) => [
      `${verb}, governance`,
      async () => {
        const { providers, administrator, provider } = await freshSystem();
        const values = { freeze: [1], liftFreeze: [], penaliseFrozen: [1, 0], pay: [1], reinstate: [] }[verb];
        return {
          call: () => providers.getFunction(verb)(provider, ...values) as Promise<unknown>,
          by: providers,
          values: [administrator.address],
        };
      },
    ]),
  ),
  NotHardwareExams: {
    "setAwaitingExam, governance": async () => {
      const { providers, administrator, provider } = await freshSystem();
      return {
        call: () => providers.setAwaitingExam(provider, true),
        by: providers,
        values: [administrator.address],
      };
    },
  },
  HardwareExamsAlreadySet: {
    "setHardwareExams, a second time": async () => {
      const { providers, addresses, exams } = await freshSystem();
      return {
        call: () => providers.setHardwareExams(addresses.vault),
        by: providers,
        values: [await exams.getAddress()],
      };
    },
  },
  HardwareExamsWithoutCode: {
    "setHardwareExams, a key": async () => {
      const system = await freshSystem();
      const { stranger } = system;
      const by = await freshRegistry(system);
      return {
        call: () => by.getFunction("setHardwareExams")(stranger.address) as Promise<unknown>,
        by,
        values: [stranger.address],
      };
    },
  },
  CourtAlreadySet: {
    "setCourt, a second time": async () => {
      const { providers, addresses } = await freshSystem();
      return {
        call: () => providers.setCourt(addresses.vault),
        by: providers,
        values: [addresses.court],
      };
    },
  },
  CourtWithoutCode: {
    "setCourt, a key": () => settingCourt(({ stranger }) => stranger.address),
  },
  FreezeOutOfBounds: {
    "freeze, more than half of the hardware's stake": () =>
      asCourt(
        (providers, { provider }) => providers.freeze(provider, 500n * ATH + 1n),
        () => [500n * ATH + 1n, 500n * ATH],
      ),
    "freeze, nothing": () =>
      asCourt(
        (providers, { provider }) => providers.freeze(provider, 0),
        () => [0, 500n * ATH],
      ),
  },
  AlreadyFrozen: {
    "freeze, a second time": () =>
      asCourt(
        (providers, { provider }) => providers.freeze(provider, 2),
        ({ provider }) => [provider.address, 1],
        async (system) => system.providers.connect(await speakAsCourt(system)).freeze(system.provider, 1),
      ),
  },
  FrozenTooLittle: {
    "penaliseFrozen, more than is frozen": () =>
      asCourt(
        (providers, { provider }) => providers.penaliseFrozen(provider, 2, 1),
        ({ provider }) => [provider.address, 1, 2],
        async (system) => system.providers.connect(await speakAsCourt(system)).freeze(system.provider, 1),
      ),
  },
});
