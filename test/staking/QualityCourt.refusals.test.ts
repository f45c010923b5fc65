// What IQualityCourt refuses, and with which values.
import { CaseStatus } from "../../sdk/src/generated/enums.ts";
import { ALL_SHARES, harmedTree } from "../../sdk/src/quality/harmed-tree.ts";
import {
  type CourtParameters,
  type CourtSystem,
  DAY,
  EVIDENCE,
  PENALTY,
  REASONS,
  announceCase,
  claimShare,
  courtParametersOf,
  decideCase,
  executeCase,
  freshCourt,
  penaliseTimes,
} from "../support/court.ts";
import { type Refusal, describeRefusals } from "../support/expect.ts";
import { errorsOf } from "../support/interfaces.ts";
import { ATH, ethers, time } from "../support/system.ts";

const { ZeroAddress, ZeroHash } = ethers;
const text = (name: string) => ethers.encodeBytes32String(name);

/** A call whose block has a known time. */
async function at(moment: bigint, call: () => Promise<unknown>): Promise<unknown> {
  await time.setNextBlockTimestamp(moment);
  return call();
}

async function refused(
  prepare: (system: CourtSystem) => Promise<readonly [() => Promise<unknown>, readonly unknown[]]>,
): Promise<Refusal> {
  const system = await freshCourt();
  const [call, values] = await prepare(system);
  return { call, by: system.court, values };
}

const announcing = (amount: bigint, minimum: bigint) =>
  refused(({ court, reporter, provider }) =>
    Promise.resolve([
      () => court.connect(reporter).announce(provider, amount, ZeroHash, EVIDENCE),
      [amount, minimum],
    ]),
  );

const setting = (parameter: keyof CourtParameters, value: bigint, minimum: bigint, maximum: bigint) =>
  refused(async (system) => {
    const parameters = { ...(await courtParametersOf(system)), [parameter]: value };
    return [() => system.court.setParameters(parameters), [text(parameter), value, minimum, maximum]];
  });

/** Each end of a parameter's bounds. */
const outside = (parameter: keyof CourtParameters, minimum: bigint, maximum: bigint) => ({
  ...(minimum > 0n
    ? { [`setParameters, ${parameter} too small`]: () => setting(parameter, minimum - 1n, minimum, maximum) }
    : {}),
  [`setParameters, ${parameter} too large`]: () => setting(parameter, maximum + 1n, minimum, maximum),
});

const wrongStatus = (
  act: (system: CourtSystem, id: string) => Promise<unknown>,
  status: keyof typeof CaseStatus,
  prepare: (system: CourtSystem) => Promise<string>,
) =>
  refused(async (system) => {
    const id = await prepare(system);
    return [() => act(system, id), [id, CaseStatus[status]]];
  });

const announced = async (system: CourtSystem) => (await announceCase(system)).id;
const appealed = async (system: CourtSystem) => {
  const id = await announced(system);
  await system.court.connect(system.provider).appeal(id, REASONS);
  return id;
};
const executed = async (system: CourtSystem) => {
  const opened = await announceCase(system);
  await executeCase(system, opened);
  return opened.id;
};
const dropped = async (system: CourtSystem) => {
  const opened = await announceCase(system);
  await decideCase(system, opened, false);
  return opened.id;
};
const appeal = ({ court, provider }: CourtSystem, id: string) => court.connect(provider).appeal(id, REASONS);
const claim = ({ court, client }: CourtSystem, id: string) => court.claim(id, client, 1, 0, []);

describeRefusals("IQualityCourt", () => errorsOf("IQualityCourt"), {
  UnknownCase: Object.fromEntries(
    Object.entries({
      appeal,
      execute: ({ court }: CourtSystem, id: string) => court.execute(id),
      lapse: ({ court }: CourtSystem, id: string) => court.lapse(id),
      claim,
      sweep: ({ court }: CourtSystem, id: string) => court.sweep(id),
      decide: ({ court }: CourtSystem, id: string) => court.decide(id, false),
    }).map(([verb, act]) => [
      `${verb}, no such case`,
      () =>
        refused((system) => {
          const id = ethers.id("no case");
          return Promise.resolve([() => act(system, id), [id]]);
        }),
    ]),
  ),
  WrongCaseStatus: {
    "appeal, a second time": () => wrongStatus(appeal, "Appealed", appealed),
    "appeal, dropped": () => wrongStatus(appeal, "Dropped", dropped),
    "execute, appealed": () => wrongStatus(({ court }, id) => court.execute(id), "Appealed", appealed),
    "execute, a second time": () => wrongStatus(({ court }, id) => court.execute(id), "Executed", executed),
    "execute, dropped": () => wrongStatus(({ court }, id) => court.execute(id), "Dropped", dropped),
    "lapse, not appealed": () => wrongStatus(({ court }, id) => court.lapse(id), "Announced", announced),
    "lapse, executed": () => wrongStatus(({ court }, id) => court.lapse(id), "Executed", executed),
    "decide to uphold, not appealed": () =>
      wrongStatus(({ court }, id) => court.decide(id, true), "Announced", announced),
    "decide, executed": () => wrongStatus(({ court }, id) => court.decide(id, false), "Executed", executed),
    "decide, a second time": () => wrongStatus(({ court }, id) => court.decide(id, true), "Dropped", dropped),
    "claim, not executed": () => wrongStatus(claim, "Announced", announced),
    "claim, dropped": () => wrongStatus(claim, "Dropped", dropped),
    "sweep, not executed": () => wrongStatus(({ court }, id) => court.sweep(id), "Appealed", appealed),
  },
  CaseStillOpen: {
    "announce, a second case at a time": () =>
      refused(async (system) => {
        const id = await announced(system);
        return [() => announceCase(system, { amount: 50n * ATH }), [system.provider.address, id]];
      }),
    "announce, beside an appealed case": () =>
      refused(async (system) => {
        const id = await appealed(system);
        return [() => announceCase(system), [system.provider.address, id]];
      }),
  },
  CaseTooSoon: Object.fromEntries(
    Object.entries({ executed, dropped }).map(([end, prepare]) => [
      `announce, a second before the interval since a case that was ${end}`,
      () =>
        refused(async (system) => {
          await prepare(system);
          const { nextCaseAt } = await system.court.standingOf(system.provider);
          return [
            () => at(nextCaseAt - 1n, () => announceCase(system, { amount: 50n * ATH })),
            [system.provider.address, nextCaseAt],
          ];
        }),
    ]),
  ),
  PenaltyTooSmall: {
    "announce, less than a hundredth of the hardware's stake": () => announcing(10n * ATH - 1n, 10n * ATH),
    "announce, nothing": () => announcing(0n, 10n * ATH),
  },
  TextTooLong: {
    "announce, evidence": () =>
      refused(({ court, reporter, provider }) =>
        Promise.resolve([
          () => court.connect(reporter).announce(provider, PENALTY, ZeroHash, "e".repeat(4_097)),
          [4_097, 4_096],
        ]),
      ),
    "appeal, reasons": () =>
      refused(async (system) => {
        const id = await announced(system);
        return [() => system.court.connect(system.provider).appeal(id, "r".repeat(4_097)), [4_097, 4_096]];
      }),
  },
  NotTheAccused: {
    "appeal, the watchtower": () =>
      refused(async (system) => {
        const id = await announced(system);
        const { court, watchtower, provider } = system;
        return [() => court.connect(watchtower).appeal(id, REASONS), [watchtower.address, provider.address]];
      }),
  },
  AppealTooLate: {
    "appeal, a second late": () =>
      refused(async (system) => {
        const id = await announced(system);
        const { appealUntil } = await system.court.caseOf(id);
        const moment = appealUntil + 1n;
        return [() => at(moment, () => appeal(system, id)), [appealUntil, moment]];
      }),
  },
  AppealPeriodRunning: {
    "execute, a second early": () =>
      refused(async (system) => {
        const id = await announced(system);
        const { appealUntil } = await system.court.caseOf(id);
        return [() => at(appealUntil, () => system.court.execute(id)), [appealUntil, appealUntil]];
      }),
  },
  DecisionTooLate: {
    "decide, a second late": () =>
      refused(async (system) => {
        const id = await appealed(system);
        const { decideUntil } = await system.court.caseOf(id);
        const moment = decideUntil + 1n;
        return [() => at(moment, () => system.court.decide(id, true)), [decideUntil, moment]];
      }),
  },
  DecisionPending: {
    "lapse, a second early": () =>
      refused(async (system) => {
        const id = await appealed(system);
        const { decideUntil } = await system.court.caseOf(id);
        return [() => at(decideUntil, () => system.court.lapse(id)), [decideUntil, decideUntil]];
      }),
  },
  ClaimsOver: {
    "claim, a second late": () =>
      refused(async (system) => {
        const opened = await announceCase(system);
        await executeCase(system, opened);
        const { claimUntil } = await system.court.caseOf(opened.id);
        const moment = claimUntil + 1n;
        return [() => at(moment, () => claimShare(system, opened, 0)), [claimUntil, moment]];
      }),
  },
  ClaimsRunning: {
    "sweep, a second early": () =>
      refused(async (system) => {
        const id = await executed(system);
        const { claimUntil } = await system.court.caseOf(id);
        return [() => at(claimUntil, () => system.court.sweep(id)), [claimUntil, claimUntil]];
      }),
  },
  InvalidShareProof: {
    "claim, a larger share": () =>
      refused(async (system) => {
        const opened = await announceCase(system);
        await executeCase(system, opened);
        const path = harmedTree(opened.id, opened.shares).pathOf(0);
        const { client, court } = system;
        return [
          () => court.claim(opened.id, client, ALL_SHARES, 0, path),
          [opened.id, client.address, ALL_SHARES],
        ];
      }),
    "claim, where nobody was harmed": () =>
      refused(async (system) => {
        const opened = await announceCase(system, { shares: [] });
        await executeCase(system, opened);
        const { client, court } = system;
        return [() => court.claim(opened.id, client, 1, 0, []), [opened.id, client.address, 1]];
      }),
  },
  ShareAlreadyClaimed: {
    "claim, a second time": () =>
      refused(async (system) => {
        const opened = await announceCase(system);
        await executeCase(system, opened);
        await claimShare(system, opened, 0);
        return [() => claimShare(system, opened, 0), [opened.id, system.client.address]];
      }),
  },
  NothingToSweep: {
    "sweep, a second time": () =>
      refused(async (system) => {
        const id = await executed(system);
        const { claimUntil } = await system.court.caseOf(id);
        await time.increaseTo(claimUntil + 1n);
        await system.court.sweep(id);
        return [() => system.court.sweep(id), [id]];
      }),
  },
  NotSuspended: {
    "reinstate, in good standing": () =>
      refused(({ court, provider }) =>
        Promise.resolve([() => court.connect(provider).reinstate(), [provider.address]]),
      ),
    "reinstate, a second time": () =>
      refused(async (system) => {
        const { court, provider } = system;
        await penaliseTimes(system, 1);
        await time.increaseTo((await court.standingOf(provider)).suspendedUntil);
        await court.connect(provider).reinstate();
        return [() => court.connect(provider).reinstate(), [provider.address]];
      }),
  },
  StillSuspended: {
    "reinstate, a second early": () =>
      refused(async (system) => {
        const { court, provider } = system;
        await penaliseTimes(system, 1);
        const { suspendedUntil } = await court.standingOf(provider);
        const moment = suspendedUntil - 1n;
        return [
          () => at(moment, () => court.connect(provider).reinstate()),
          [provider.address, suspendedUntil, moment],
        ];
      }),
  },
  ProviderRemoved: {
    "reinstate, for ever too late": () =>
      refused(async (system) => {
        const { court, provider } = system;
        await penaliseTimes(system, 4);
        await time.increase(1_000n * DAY);
        return [() => court.connect(provider).reinstate(), [provider.address]];
      }),
  },
  ParameterOutOfBounds: {
    ...outside("appealPeriod", 3n * DAY, 30n * DAY),
    ...outside("decisionPeriod", 14n * DAY, 90n * DAY),
    ...outside("caseInterval", 7n * DAY, 180n * DAY),
    ...outside("suspension", DAY, 30n * DAY),
    ...outside("removalAfter", 3n, 12n),
    ...outside("harmedBasisPoints", 0n, 5_000n),
    // The harmed clients have 3,000 of the 5,000 that are not burned.
    ...outside("insuredBasisPoints", 0n, 2_000n),
    ...outside("discountBasisPoints", 500n, 5_000n),
  },
  ZeroAddress: {
    "constructor, no insurance": async () => {
      const { manager, addresses, court } = await freshCourt();
      const parameters = await courtParametersOf({ court });
      return {
        call: () =>
          ethers.deployContract("QualityCourt", [manager, addresses.providers, ZeroAddress, parameters]),
        by: court,
        values: [],
      };
    },
  },
});
