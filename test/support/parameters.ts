// Longer than 400 lines: one table of all parameters.
// Every parameter that governance sets: its bounds, why these, and a call that sets it and leaves everything else as it is.
// Longer than 400 lines: one table of all of them.
import { channelParametersOf } from "./channels.ts";
import { courtParametersOf } from "./court.ts";
import { rulesOf } from "./checker-rules.ts";
import { parametersOf as gameParametersOf } from "./dispute.ts";
import type { RESTRICTED } from "./restricted.ts";
import { ATH, ethers, time, type System } from "./system.ts";

export type Governed = keyof typeof RESTRICTED;

export interface Refused {
  readonly error: string;
  readonly values: readonly unknown[];
}

export interface Parameter {
  readonly contract: Governed;
  readonly setter: string;
  /** Of the setter's argument, as the ABI names it. */
  readonly field: string;
  /** What distinguishes rows of one field: the token. */
  readonly of?: string;
  readonly unit: string;
  readonly bounds: readonly [minimum: bigint, maximum: bigint];
  /** The bounds in words, where they are no fixed numbers. */
  readonly boundsInWords?: string;
  readonly why: string;
  readonly set: (system: System, value: bigint) => Promise<unknown>;
  /** What is in force; undefined where the function is an action and leaves nothing that it could be read from. */
  readonly read: (system: System) => Promise<bigint> | undefined;
  /** How a value outside is refused; as `ParameterOutOfBounds` with the field's name unless said otherwise. */
  readonly refusal?: (value: bigint, system: System) => Refused;
}

const HOUR = 3_600n;
const DAY = 24n * HOUR;
const bytes32 = (name: string) => ethers.encodeBytes32String(name);

export const refusalOf = (parameter: Parameter, value: bigint, system: System): Refused =>
  parameter.refusal?.(value, system) ?? {
    error: "ParameterOutOfBounds",
    values: [bytes32(parameter.field), value, ...parameter.bounds],
  };

/** A field of a contract's `setParameters`, whose others stay as they are. */
function fieldOf<Struct extends Record<string, bigint>>(
  contract: Governed,
  parametersOf: (system: System) => Promise<Struct>,
  set: (system: System, next: Struct) => Promise<unknown>,
) {
  return (
    field: keyof Struct & string,
    unit: string,
    bounds: readonly [bigint, bigint],
    why: string,
    others: (value: bigint) => Partial<Struct> = () => ({}),
    more: Partial<Parameter> = {},
  ): Parameter => ({
    ...{ contract, setter: "setParameters", field, unit, bounds, why },
    set: async (system, value) =>
      set(system, { ...(await parametersOf(system)), ...others(value), [field]: value }),
    read: async (system) => (await parametersOf(system))[field] ?? 0n,
    ...more,
  });
}

async function jobParametersOf({ escrow }: System) {
  const { stakePerJob, challengeWindow, minimumResponseTime, maximumResponseTime, workPerSecond } =
    await escrow.parameters();
  return { stakePerJob, challengeWindow, minimumResponseTime, maximumResponseTime, workPerSecond };
}

async function feeParametersOf({ fees }: System) {
  const { checkers, insurance, burn, treasury, saleDiscount } = await fees.parameters();
  return { checkers, insurance, burn, treasury, saleDiscount };
}

const job = fieldOf("escrow", jobParametersOf, ({ escrow }, next) => escrow.setParameters(next));
const channel = fieldOf("channels", channelParametersOf, ({ channels }, next) =>
  channels.setParameters(next),
);
const game = fieldOf("game", gameParametersOf, ({ game: contract }, next) => contract.setParameters(next));
const court = fieldOf("court", courtParametersOf, ({ court: contract }, next) =>
  contract.setParameters(next),
);
// In force from the epoch after the next on.
const checking = fieldOf(
  "checkers",
  (system) => rulesOf(system, 2n),
  ({ checkers }, next) => checkers.setParameters(next),
);
const fee = fieldOf("fees", feeParametersOf, ({ fees }, next) => fees.setParameters(next));

/** A number of a hardware class: the first, whose other terms stay as they are. */
function classOf(
  field: "minimumStakePerGpu" | "minimumThroughput",
  unit: string,
  bounds: readonly [bigint, bigint],
  why: string,
): Parameter {
  return {
    ...{ contract: "providers", setter: "setHardwareClass", field, of: "the class `cpu`", unit, bounds, why },
    set: async ({ providers }, value) => {
      const { name, minimumStakePerGpu, minimumThroughput, open } = await providers.hardwareClassOf(0);
      const terms = { name, minimumStakePerGpu, minimumThroughput, open };
      return providers.setHardwareClass(0, { ...terms, [field]: value });
    },
    read: async ({ providers }) => (await providers.hardwareClassOf(0))[field],
  };
}

const TOKENS = { ATH: "ath", mUSD: "stablecoin" } as const;
/** What $10 come to at the prices of the tests' deployment, rounded up. */
const TEN_DOLLARS = { ATH: 399_999_520_000_575_999_309n, mUSD: 10_000_000n };

/** A field of a contract's `setTokenTerms`, for each of the tokens. */
function termsOf(
  contract: "escrow" | "channels",
  field: "feeBasisPoints" | "exitBounty" | "minimumCharge",
  unit: string,
  why: string,
): Parameter[] {
  return (["ATH", "mUSD"] as const).map((of) => {
    const current = async (system: System) => {
      const terms = (await system[contract].tokenTermsOf(system.addresses[TOKENS[of]])) as unknown as Record<
        string,
        bigint
      >;
      const { feeBasisPoints, exitBounty, minimumCharge = 0n } = terms;
      return { accepted: true, feeBasisPoints: feeBasisPoints!, exitBounty: exitBounty!, minimumCharge };
    };
    const inDollars = field !== "feeBasisPoints";
    return {
      ...{ contract, setter: "setTokenTerms", field, of, unit, why },
      bounds: [0n, inDollars ? TEN_DOLLARS[of] : 2_000n],
      ...(inDollars ? { boundsInWords: "0 to what $10 come to when it is set" } : {}),
      set: async (system, value) => {
        const next = { ...(await current(system)), [field]: value };
        const token = system.addresses[TOKENS[of]];
        return contract === "escrow"
          ? system.escrow.setTokenTerms(token, next)
          : system.channels.setTokenTerms(token, next);
      },
      read: async (system) => (await current(system))[field],
    };
  });
}

/** Waits until a token's price or source can change again. */
async function untilChangeable({ currencies }: System, token: string): Promise<void> {
  const { changedAt } = await currencies.currencyOf(token);
  if (BigInt(await time.latest()) < changedAt + 6n * HOUR) await time.increaseTo(changedAt + 6n * HOUR);
}

const FOREVER = 2n ** 32n - 1n;

export const PARAMETERS: readonly Parameter[] = [
  {
    ...{ contract: "vault", setter: "setUnbondingPeriod", field: "period", unit: "s" },
    bounds: [14n * DAY, 90n * DAY],
    why: "Longer than usual disputes; short enough to leave.",
    set: ({ vault }, value) => vault.setUnbondingPeriod(value),
    read: ({ vault }) => vault.unbondingPeriod(),
    refusal: (value) => ({ error: "UnbondingPeriodOutOfBounds", values: [value, 14n * DAY, 90n * DAY] }),
  },
  {
    ...{ contract: "vault", setter: "pauseModule", field: "duration", unit: "s" },
    bounds: [1n, 7n * DAY],
    why: "Time for a vote's beginning, and no more; then none for 30 days.",
    set: ({ vault, addresses }, value) => vault.pauseModule(addresses.escrow, value),
    read: () => undefined,
    refusal: (value) => ({ error: "PauseOutOfBounds", values: [value, 7n * DAY] }),
  },
  {
    ...{ contract: "currencies", setter: "list", field: "referenceMicrocents", unit: "microcents" },
    bounds: [1_000n, 10n ** 16n],
    why: "$0.00001, below which a tenth is too coarse to move by, to $100 million.",
    set: async ({ currencies }, value) => {
      const token = await ethers.deployContract("MockStablecoin");
      return currencies.list(token, value, FOREVER);
    },
    read: () => undefined,
    refusal: (value) => ({
      error: "ReferenceOutOfBounds",
      values: [ethers.isAddress, value, 1_000n, 10n ** 16n],
    }),
  },
  {
    ...{ contract: "currencies", setter: "setReference", field: "referenceMicrocents", of: "mUSD" },
    unit: "microcents",
    bounds: [90_000_000n, 110_000_000n],
    boundsInWords: "a tenth down to a tenth up, every six hours",
    why: "A governor that does its worst moves a price by 46.4 % in a day.",
    set: async (system, value) => {
      const { currencies, addresses } = system;
      await untilChangeable(system, addresses.stablecoin);
      return currencies.setReference(addresses.stablecoin, value, FOREVER);
    },
    read: async ({ currencies, addresses }) =>
      (await currencies.currencyOf(addresses.stablecoin)).referenceMicrocents,
    refusal: (value, { addresses }) => ({
      error: "ReferenceOutOfBounds",
      values: [addresses.stablecoin, value, 90_000_000n, 110_000_000n],
    }),
  },
  {
    ...{ contract: "currencies", setter: "setSource", field: "maximumDeviationBasisPoints" },
    unit: "ten-thousandths",
    bounds: [1n, 2_000n],
    why: "A source of one's own making changes what a job costs by a fifth at most.",
    set: async (system, value) => {
      const { currencies, addresses } = system;
      await untilChangeable(system, addresses.ath);
      return currencies.setSource(addresses.ath, addresses.currencies, value);
    },
    read: async ({ currencies, addresses }) =>
      (await currencies.currencyOf(addresses.ath)).maximumDeviationBasisPoints,
    refusal: (value) => ({ error: "DeviationOutOfBounds", values: [value, 1n, 2_000n] }),
  },
  job("stakePerJob", "ATH units", [ATH, 100_000n * ATH], "Work binds stake, and one job not all of it."),
  job(
    "challengeWindow",
    "s",
    [600n, DAY],
    "Time to recompute; the rest of three days is for the request's length.",
  ),
  job(
    "minimumResponseTime",
    "s",
    [10n, 3n * DAY],
    "Never above `maximumResponseTime`, which is the bound that counts.",
    () => ({ maximumResponseTime: 3n * DAY }),
  ),
  job(
    "maximumResponseTime",
    "s",
    [10n, 3n * DAY],
    "With the longest window shorter than any unbonding.",
    () => ({ minimumResponseTime: 10n }),
    {
      // A minimum above the maximum is what is wrong with a maximum below every minimum.
      refusal: (value) =>
        value < 10n
          ? { error: "ParameterOutOfBounds", values: [bytes32("minimumResponseTime"), 10n, 10n, value] }
          : {
              error: "ParameterOutOfBounds",
              values: [bytes32("maximumResponseTime"), value, 10n, 3n * DAY],
            },
    },
  ),
  job(
    "workPerSecond",
    "multiply-adds",
    [1n, 10n ** 13n],
    "What one machine recomputes; less only lengthens windows.",
  ),
  ...termsOf("escrow", "feeBasisPoints", "ten-thousandths", "A fifth at most."),
  ...termsOf(
    "escrow",
    "exitBounty",
    "token units",
    "Many times what ending a job costs, in any token of any decimals.",
  ),
  ...termsOf(
    "escrow",
    "minimumCharge",
    "token units",
    "Keeps stake from being bound for nothing, without pricing anybody out.",
  ),
  channel(
    "stakePerChannel",
    "ATH units",
    [ATH, 1_000_000n * ATH],
    "As for jobs; a channel is many requests.",
  ),
  channel(
    "notice",
    "s",
    [HOUR, 7n * DAY],
    "Time to settle before the end; a week is the longest that money waits.",
  ),
  channel("receiptLife", "s", [HOUR, 3n * DAY], "Time to challenge; the longest challenge window."),
  channel("workPerSecond", "multiply-adds", [1n, 10n ** 13n], "As for jobs."),
  ...termsOf("channels", "feeBasisPoints", "ten-thousandths", "A fifth at most."),
  ...termsOf("channels", "exitBounty", "token units", "As for jobs."),
  game(
    "clock",
    "s",
    [60n, 3n * DAY],
    "Never below the chain's inclusion delay; with the graces 45 days at most.",
    () => ({
      grace: 60n,
    }),
  ),
  game(
    "grace",
    "s",
    [60n, (36n * DAY - 120n) / 23n],
    "Twice the clock, 23 graces and three windows are 45 days at most.",
    () => ({ clock: 60n }),
    {
      boundsInWords: "60 to 259,200, and 45 days in all",
      refusal: (value) => ({
        error: "ParameterOutOfBounds",
        values:
          value < 60n
            ? [bytes32("grace"), value, 60n, 3n * DAY]
            : [bytes32("longestDispute"), 9n * DAY + 120n + 23n * value, 0n, 45n * DAY],
      }),
    },
  ),
  game("openPeriod", "s", [60n, 3n * DAY], "Never below the chain's inclusion delay."),
  game("stressGasPrice", "wei", [1n, 10n ** 14n], "100,000 gwei: beyond what any chain charged."),
  game("tracePricePerSecond", "wei", [0n, 10n ** 15n], "3.6 coins an hour: beyond what any machine costs."),
  game("priceMultiple", "", [1n, 10_000n], "A reward is no less than the price of what was wrong."),
  game("minimumReward", "ATH units", [1n, 10n ** 27n], "A fortieth of all ATH at most."),
  game(
    "athPerCoin",
    "ATH units",
    [1n, 10n ** 30n],
    "Any price of the chain's coin that fits the arithmetic.",
  ),
  classOf(
    "minimumStakePerGpu",
    "ATH units",
    [ATH, 10_000_000n * ATH],
    "No hardware without stake, and none that nobody can stake.",
  ),
  classOf(
    "minimumThroughput",
    "multiply-adds a second",
    [10n ** 6n, 10n ** 18n],
    "The slowest processor, and a thousand times the fastest card.",
  ),
  {
    ...{ contract: "providers", setter: "setFraudDeposit", field: "amount", unit: "ATH units" },
    bounds: [10n * ATH, 10_000_000n * ATH],
    why: "Never none: a conviction must cost the provider, and pay the challenger.",
    set: ({ providers }, value) => providers.setFraudDeposit(value),
    read: ({ providers }) => providers.fraudDeposit(),
    refusal: (value) => ({
      error: "ParameterOutOfBounds",
      values: [bytes32("fraudDeposit"), value, 10n * ATH, 10_000_000n * ATH],
    }),
  },
  {
    ...{ contract: "providers", setter: "setHardwareDepositShare", field: "share", unit: "ten-thousandths" },
    bounds: [1_000n, 40_000n],
    why: "Of the hardware's stake. More than a GPU saves by wrong answers during a dispute; where those take weeks, as many times more.",
    set: ({ providers }, value) => providers.setHardwareDepositShare(value),
    read: ({ providers }) => providers.depositShare(),
    refusal: (value) => ({
      error: "ParameterOutOfBounds",
      values: [bytes32("depositShare"), value, 1_000n, 40_000n],
    }),
  },
  fee("checkers", "ten-thousandths", [2_000n, 8_000n], "Who looks is paid.", (value) => ({
    ...{ insurance: 500n, burn: value === 8_000n ? 1_000n : 5_000n },
    treasury: value === 8_000n ? 500n : 2_500n,
  })),
  fee("insurance", "ten-thousandths", [500n, 3_000n], "Some at least; a fund, not a treasure.", (value) => ({
    ...{ checkers: 5_000n, burn: 5_000n - value, treasury: 0n },
  })),
  fee("burn", "ten-thousandths", [1_000n, 5_000n], "All who hold ATH have a part of the fees.", (value) => ({
    ...{ checkers: 8_500n - value, insurance: 500n, treasury: 1_000n },
  })),
  fee(
    "treasury",
    "ten-thousandths",
    [0n, 3_000n],
    "What governance directs stays the smaller part.",
    (value) => ({
      ...{ checkers: 6_000n - value, insurance: 1_000n, burn: 3_000n },
    }),
  ),
  fee("saleDiscount", "ten-thousandths", [0n, 300n], "Pays whoever buys for its gas and its trouble."),
  court(
    "appealPeriod",
    "s",
    [3n * DAY, 30n * DAY],
    "Time to notice and to answer; frozen no longer than it takes.",
  ),
  court(
    "decisionPeriod",
    "s",
    [14n * DAY, 90n * DAY],
    "Time for a vote, which takes twelve days by default.",
  ),
  court(
    "caseInterval",
    "s",
    [7n * DAY, 180n * DAY],
    "Bounds what penalties take in a year, and how long one case keeps others away.",
  ),
  court(
    "suspension",
    "s",
    [DAY, 30n * DAY],
    "Of the first penalty within a year; the n-th takes n times as long.",
  ),
  court("removalAfter", "", [3n, 12n], "Penalties within a year: not for one bad month."),
  court(
    "harmedBasisPoints",
    "ten-thousandths",
    [0n, 5_000n],
    "Half burns at least, so that nobody gains by a penalty.",
    () => ({
      insuredBasisPoints: 0n,
    }),
  ),
  court(
    "insuredBasisPoints",
    "ten-thousandths",
    [0n, 5_000n],
    "The same, together with `harmedBasisPoints`.",
    () => ({ harmedBasisPoints: 0n }),
  ),
  court(
    "discountBasisPoints",
    "ten-thousandths",
    [500n, 5_000n],
    "What a lost appeal costs: enough to think, too little to be silent.",
  ),
  checking(
    "stake",
    "ATH units",
    [100n * ATH, 10_000_000n * ATH],
    "More than a penalty; checkers do not need a fortune.",
  ),
  checking(
    "missingShare",
    "ten-thousandths",
    [50n, 2_000n],
    "More than a draw is worth; a lost connection ruins nobody.",
    () => ({ omissionShare: 20n }),
  ),
  checking(
    "omissionShare",
    "ten-thousandths",
    [20n, 200n],
    "Less than a missing reveal, or it would be hidden by one.",
    () => ({}),
    { boundsInWords: "0.2 % to `missingShare`" },
  ),
  checking("auditShare", "ten-thousandths", [100n, 10_000n], "More than what not recomputing saves."),
  checking(
    "expectedCheckers",
    "checkers",
    [4n, 16n],
    "More than a quorum; far fewer than the 32 reports that count.",
  ),
  checking("quorum", "reports", [3n, 16n], "Two cannot outvote each other."),
  checking("expectedAuditors", "checkers", [3n, 16n], "Two have to agree, most of the time."),
  checking("auditRate", "ten-thousandths", [0n, 10_000n], "None to all."),
  checking("auditShares", "shares", [1n, 100n], "A report earns one."),
  checking("tolerance", "ten-thousandths", [500n, 9_000n], "Honest measurements differ."),
  checking("uptimeTolerance", "ten-thousandths", [100n, 2_000n], "The same of time."),
  checking(
    "uptimeFloor",
    "ten-thousandths",
    [5_000n, 9_900n],
    "Nobody is penalised for a hundredth of the time.",
  ),
  checking("floorEpochs", "epochs", [2n, 30n], "A bad epoch costs no stake."),
  checking(
    "penaltyShare",
    "ten-thousandths",
    [100n, 1_000n],
    "What the quality court takes at least and at most.",
  ),
  checking("examTolerance", "ten-thousandths", [5_000n, 10_000n], "A network lies between."),
  checking("examRate", "ten-thousandths", [0n, 5_000n], "Exams cost providers answers."),
  checking(
    "minimumCheckers",
    "checkers",
    [16n, 1_000_000n],
    "Few checkers suspend nobody; the largest number means never.",
  ),
  checking("requests", "requests", [1n, 64n], "One at least; as many jobs as evidence holds."),
];

/** Arguments of governed functions that no range bounds, and why that is so. */
export const UNBOUNDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "vault.addModule": { module: "A contract. Reaches nobody who did not approve it." },
  "vault.pauseModule": { module: "A module." },
  "vault.resumeModule": { module: "A module." },
  "vault.setTokenAccepted": { token: "A token.", accepted: "Yes or no, for new deposits." },
  "vault.setUnbondingPeriod": {},
  "providers.setHardwareClass": {
    hardwareClass: "An index. 256 classes at most.",
    name: "1 to 64 bytes.",
    open: "Yes or no, for more hardware.",
  },
  "providers.setDisputeGame": { game: "A contract. Once." },
  "providers.setCourt": { court: "A contract. Once." },
  "currencies.list": {
    token: "A token. Once.",
    validUntil: "A date, until 2106. One that has passed stops new jobs in the token.",
  },
  "currencies.setReference": { token: "A token.", validUntil: "A date, as above." },
  "currencies.setSource": { token: "A token.", source: "A contract, whose price the deviation bounds." },
  "fees.setCheckers": { checkers: "A contract. Once." },
  "fees.setTreasury": { treasury: "An account." },
  "insurance.pay": {
    token: "A token.",
    amount: "A quarter of what there is, within any 30 days.",
    recipient: "An account.",
    reason: "1 to 256 bytes.",
  },
  "escrow.setTokenTerms": { token: "A token.", accepted: "Yes or no, for new jobs." },
  "escrow.setDisputeGame": { game: "A contract. Once." },
  "channels.setTokenTerms": { token: "A token.", accepted: "Yes or no, for new channels." },
  "channels.setReceiptResults": { results: "A contract. Once." },
  "receipts.setDisputeGame": { game: "A contract. Once." },
  "sources.setDisputeGame": { game: "A contract. Once." },
  "court.announce": {
    provider: "A registered provider.",
    amount: "1 % to 10 % of the stake of its hardware.",
    harmedRoot: "Shares are paid out of what the case set aside.",
    evidence: "At most 4,096 bytes.",
  },
  "court.decide": { caseId: "A case that was appealed.", uphold: "Yes or no." },
  "providers.setHardwareExams": { exams: "A contract. Once." },
  "checkers.setTasks": { tasks: "Contracts. Once." },
  "reports.setExams": { hardwareExams: "A contract. Once." },
};
