import { checkerStrategies } from "./checkers.ts";
import { GPUS, MIXED, type Setting } from "./experiments.ts";
import { figuresOf } from "./market.ts";
import { providerStrategies } from "./providers.ts";
import { type Rules } from "./rules.ts";
import { type Estimate, estimate } from "./statistics.ts";
import { type Population, type RunResult, simulate } from "./world.ts";

type Role = "providers" | "checkers";

/** Rules with one of them left out or weakened, and whom that matters to. */
interface Ablation {
  readonly name: string;
  readonly role: Role;
  readonly changed: Partial<Rules>;
  /** Default: everybody, {@link MIXED}. */
  readonly population?: Population;
}

export interface AblationRow {
  readonly name: string;
  readonly role: Role;
  /** The dishonest strategy that does best. */
  readonly best: string;
  /** What it gains over honesty in an epoch, US dollars: of a GPU, after the cost of stake, or of a checker's ticket. */
  readonly gainUsd: Estimate;
}

const HONEST_PROVIDERS: Population = {
  ...MIXED,
  providers: [MIXED.providers.reduce((sum, count) => sum + count, 0)],
};

const ALL_RULES = "all rules as they are";

/** What each rule is for: the same world without it. */
export function ablations(setting: Setting): AblationRow[] {
  return ablationsOf(setting.rules).map((each) => ablationRow(setting, each));
}

function ablationsOf(rules: Rules): Ablation[] {
  const onOneReceipt: Partial<Rules> = {
    receiptsBasisPoints: Math.ceil(10_000 / rules.probesPerSeat),
    spendPayBasisPoints: 0,
    basePayAth: 2,
  };
  return [
    { name: ALL_RULES, role: "checkers", changed: {} },
    {
      name: "the same, all providers honest",
      role: "checkers",
      changed: {},
      population: HONEST_PROVIDERS,
    },
    {
      name: "no bonus for surprises, all providers honest",
      role: "checkers",
      changed: { surprisePayBasisPoints: 0 },
      population: HONEST_PROVIDERS,
    },
    { name: "no bonus for surprises", role: "checkers", changed: { surprisePayBasisPoints: 0 } },
    { name: "one receipt is enough, the same pay for all", role: "checkers", changed: onOneReceipt },
    { name: "nothing is rechecked", role: "checkers", changed: { recheckBasisPoints: 0 } },
    { name: "no traps", role: "checkers", changed: { trapBasisPoints: 0 } },
    { name: "missing reveals cost nothing", role: "checkers", changed: { missingRevealAth: 0 } },
    { name: ALL_RULES, role: "providers", changed: {} },
    {
      name: "fraud deposit of 5,000 ATH whatever the hardware",
      role: "providers",
      changed: { fraudDepositAth: 5_000 / GPUS },
    },
    {
      name: "penalty of 2 %",
      role: "providers",
      changed: { penaltyBasisPoints: 200 },
    },
    {
      name: "hardware stake of 10,000 ATH a GPU",
      role: "providers",
      changed: { hardwareStakeAth: 10_000 },
    },
  ];
}

function ablationRow({ rules, market, size, random }: Setting, each: Ablation): AblationRow {
  const { name, role, changed, population = MIXED } = each;
  const weakened = { ...rules, ...changed };
  const runs = Array.from({ length: Math.max(2, size.runs >> (role === "checkers" ? 1 : 2)) }, (_, run) =>
    simulate(weakened, market, population, size.epochs, random.of(`without ${role} ${name} ${run}`)),
  );
  const { capitalCost } = figuresOf(weakened, market);
  const profit = (run: RunResult, strategy: string): number => {
    if (role === "providers") {
      const { profitUsd, capitalUsd, gpuEpochs } = run.providers.get(strategy)!;
      return (profitUsd - capitalUsd * capitalCost) / gpuEpochs;
    }
    const { profitUsd, ticketEpochs } = run.checkers.get(strategy)!;
    return profitUsd / ticketEpochs;
  };
  // A bribe is worth what the provider pays: it is looked at elsewhere.
  const strategies =
    role === "providers"
      ? providerStrategies(market)
      : checkerStrategies(market).filter(
          ({ isBribed }, index) => !isBribed && (MIXED.checkers[index] ?? 0) > 0,
        );
  const honest = strategies.find(({ intent }) => intent === "honest")!.name;
  const gains = strategies
    .filter(({ intent }) => intent === "dishonest")
    .map((kind) => ({
      best: kind.name,
      gainUsd: estimate(runs.map((run) => profit(run, kind.name) - profit(run, honest))),
    }));
  const best = gains.reduce((left, right) => (right.gainUsd.mean > left.gainUsd.mean ? right : left));
  return { name, role, ...best };
}
