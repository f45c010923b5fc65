import { type CheckerStrategy, checkerStrategies, isFreeRider } from "./checkers.ts";
import { figuresOf } from "./market.ts";
import { type Intent, providerStrategies } from "./providers.ts";
import { type Rules, ruleSets } from "./rules.ts";
import { carelessLoss, GPUS, MIXED, MIXED_PROVIDERS, play, providerProfit, type Setting } from "./setting.ts";
import { type Estimate, estimate } from "./statistics.ts";
import { type Population, type RunResult } from "./world.ts";

type Role = "providers" | "checkers" | "free riders";

/** Rules with one of them changed, left out or added, and whom that matters to. */
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
  /** What a report earns, as a multiple of what it costs. */
  readonly coverage: number;
  /** Stake taken from careless providers, who have bad hours, US dollars of a GPU in an epoch; undefined where there are none. */
  readonly carelessUsd: number | undefined;
}

const HONEST_PROVIDERS: Population = { ...MIXED, providers: [MIXED_PROVIDERS] };

const { extended } = ruleSets;
const AS_THEY_ARE = "the contracts' defaults";
const FLAT = `a fraud deposit of 5,000 ATH for ${GPUS} GPUs`;
const SMALL_STAKE = "hardware stake of 10,000 ATH a GPU";
const WITHOUT_EXAMS = { minimumCheckers: Infinity };

const ALL: readonly Ablation[] = [
  { name: AS_THEY_ARE, role: "checkers", changed: {} },
  { name: "8 requests", role: "checkers", changed: { requests: 8 } },
  { name: "near uptimes within 10 %", role: "checkers", changed: { uptimeToleranceBasisPoints: 1_000 } },
  { name: "four shares for an attestation", role: "checkers", changed: { auditShares: 4 } },
  { name: "no bonus for surprises", role: "checkers", changed: { surpriseShares: 1 } },
  { name: "no traps", role: "checkers", changed: { trapEpochs: Infinity } },
  { name: "the least part of the fees", role: "checkers", changed: { checkersFeeBasisPoints: 2_000 } },
  {
    name: `${AS_THEY_ARE}, all providers honest`,
    role: "checkers",
    changed: {},
    population: HONEST_PROVIDERS,
  },
  {
    name: "no bonus for surprises, all providers honest",
    role: "checkers",
    changed: { surpriseShares: 1 },
    population: HONEST_PROVIDERS,
  },
  { name: AS_THEY_ARE, role: "free riders", changed: {} },
  { name: "rechecks with traps inside", role: "free riders", changed: extended },
  { name: AS_THEY_ARE, role: "providers", changed: {} },
  { name: "no exams of hardware", role: "providers", changed: WITHOUT_EXAMS },
  {
    name: "bad epochs for slow ones",
    role: "providers",
    changed: { speedFloorBasisPoints: extended.speedFloorBasisPoints },
  },
  { name: FLAT, role: "providers", changed: { depositBasisPoints: 0 } },
  { name: `${FLAT}, no exams`, role: "providers", changed: { depositBasisPoints: 0, ...WITHOUT_EXAMS } },
  { name: SMALL_STAKE, role: "providers", changed: { hardwareStakeAth: 10_000 } },
  {
    name: `${SMALL_STAKE}, no exams`,
    role: "providers",
    changed: { hardwareStakeAth: 10_000, ...WITHOUT_EXAMS },
  },
];

/** What each rule is for, and what others would do: the same world with one changed. */
export function ablations(setting: Setting): AblationRow[] {
  return ALL.map((each) => ablationRow(setting, each));
}

function ablationRow(setting: Setting, { name, role, changed, population = MIXED }: Ablation): AblationRow {
  const weakened = { ...setting, rules: { ...setting.rules, ...changed } };
  const count = Math.max(2, setting.size.runs >> (role === "providers" ? 2 : 1));
  const runs = play(weakened, population, `without ${role} ${name}`, count);
  const profit = (run: RunResult, strategy: string): number => {
    if (role === "providers") return providerProfit(weakened, run, strategy);
    const { profitUsd, ticketEpochs } = run.checkers.get(strategy)!;
    return profitUsd / ticketEpochs;
  };
  const strategies = strategiesOf(setting, role);
  const honest = strategies.find(({ intent }) => intent === "honest")!.name;
  const gains = strategies
    .filter(({ intent }) => intent === "dishonest")
    .map((kind) => ({
      best: kind.name,
      gainUsd: estimate(runs.map((run) => profit(run, kind.name) - profit(run, honest))),
    }));
  const best = gains.reduce((left, right) => (right.gainUsd.mean > left.gainUsd.mean ? right : left));
  const { seatCostUsd } = figuresOf(weakened.rules, setting.market);
  return {
    name,
    role,
    ...best,
    coverage: estimate(runs.map(({ potsUsd, shares }) => potsUsd / shares / seatCostUsd)).mean,
    carelessUsd: population === MIXED ? carelessLoss(weakened, runs) : undefined,
  };
}

function strategiesOf(
  { market }: Setting,
  role: Role,
): readonly { readonly name: string; readonly intent: Intent }[] {
  if (role === "providers") return providerStrategies(market);
  const [honest, ...others] = checkerStrategies(market).filter(
    (_, index) => (MIXED.checkers[index] ?? 0) > 0,
  );
  // A bribe is worth what the provider pays: it is looked at elsewhere.
  const isIn = (each: CheckerStrategy) =>
    role === "free riders" ? isFreeRider(each) : !each.isBribed && !isFreeRider(each);
  return [honest!, ...others.filter(isIn)];
}
