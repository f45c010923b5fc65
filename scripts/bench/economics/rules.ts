import { type Described, type Values, valuesOf } from "./described.ts";

const HERE = "chosen here";
const CHECKERS = "docs/checkers.md";
const DISPUTE = "docs/dispute.md";
const FEES = "docs/fees.md";
const PROTOCOL = "docs/protocol.md";
const QUALITY = "docs/quality.md";

const ATH = 1e18;
const GWEI = 1e9;

const ofModule = (parameter: string, inUnits = 1) => ({ built: { parameter, in: inUnits } });
const ofSource = (of: string, constant: string, inUnits = 1) => ({ built: { of, constant, in: inUnits } });

/**
 * The rules of the contracts in `contracts`, with the defaults of `ignition/modules`: tests hold them to these. ATH are whole ATH; shares are
 * basis points. The last ones are rules that the contracts do not have; 0 is off.
 */
export const describedRules = {
  epochSeconds: {
    value: 86_400,
    unit: "s",
    meaning: "from one draw of checkers to the next: a day of demand is in it, and gas is paid once",
    source: CHECKERS,
    ...ofModule("epochLength"),
  },
  expectedCheckers: {
    value: 9,
    unit: "checkers",
    meaning: "expected number of checkers that their own secrets assign to a provider, whatever its size",
    source: CHECKERS,
    ...ofModule("expectedCheckers"),
  },
  quorum: {
    value: 5,
    unit: "reports",
    meaning: "fewer score nothing, and earn nothing",
    source: CHECKERS,
    ...ofModule("quorum"),
  },
  requests: {
    value: 10,
    unit: "requests",
    meaning: "answered, that receipts must show for an uptime of 1; fewer allow a smaller one in proportion",
    source: CHECKERS,
    ...ofModule("requests"),
  },
  toleranceBasisPoints: {
    value: 5_000,
    unit: "bp",
    meaning: "of the median: a speed that is farther from it is not paid",
    source: CHECKERS,
    ...ofModule("tolerance"),
  },
  uptimeToleranceBasisPoints: {
    value: 900,
    unit: "bp",
    meaning: "an uptime that is farther from the median is not paid",
    source: CHECKERS,
    ...ofModule("uptimeTolerance"),
  },
  surpriseBasisPoints: {
    value: 2_000,
    unit: "bp",
    meaning: "a median that is so much above or below the provider's score is a surprise",
    source: CHECKERS,
    ...ofSource("attestation/Medians.sol", "SURPRISE"),
  },
  surpriseShares: {
    value: 6,
    unit: "shares",
    meaning:
      "for each near report that is nearer to a surprise than to the score; another near report earns one",
    source: CHECKERS,
    ...ofSource("attestation/Medians.sol", "SURPRISE_SHARES"),
  },
  scoreParts: {
    value: 4,
    unit: "",
    meaning: "an epoch's median moves the score by one of so many parts of the distance",
    source: CHECKERS,
    ...ofSource("attestation/Medians.sol", "WEIGHT"),
  },
  checkerStakeAth: {
    value: 10_000,
    unit: "ATH",
    meaning: "stake of one ticket in the draw",
    source: CHECKERS,
    ...ofModule("checkerStake", ATH),
  },
  missingBasisPoints: {
    value: 200,
    unit: "bp",
    meaning: "of that stake, for a secret that is not revealed; all pay of the epoch is lost too",
    source: CHECKERS,
    ...ofModule("missingShare"),
  },
  omissionBasisPoints: {
    value: 100,
    unit: "bp",
    meaning: "of that stake, for a drawn provider without a report, once an epoch",
    source: CHECKERS,
    ...ofModule("omissionShare"),
  },
  falseAttestationBasisPoints: {
    value: 400,
    unit: "bp",
    meaning: "of that stake, for attesting to what a step proves wrong",
    source: CHECKERS,
    ...ofModule("auditShare"),
  },
  auditRateBasisPoints: {
    value: 200,
    unit: "bp",
    meaning: "of public results are audited inside their window",
    source: CHECKERS,
    ...ofModule("auditRate"),
  },
  expectedAuditors: {
    value: 4,
    unit: "checkers",
    meaning: "expected number that their own secrets assign to an audited result",
    source: CHECKERS,
    ...ofModule("expectedAuditors"),
  },
  auditShares: {
    value: 1,
    unit: "shares",
    meaning: "for an attestation that most of the others agree with",
    source: CHECKERS,
    ...ofModule("auditShares"),
  },
  auditQuorum: {
    value: 2,
    unit: "auditors",
    meaning: "have to name a root at least",
    source: CHECKERS,
    ...ofSource("attestation/ResultAudits.sol", "QUORUM"),
  },
  uptimeFloorBasisPoints: {
    value: 9_000,
    unit: "bp",
    meaning: "an epoch with a lower median uptime is bad",
    source: CHECKERS,
    ...ofModule("uptimeFloor"),
  },
  floorEpochs: {
    value: 3,
    unit: "epochs",
    meaning: "bad ones in a row, of those with a score, make a case for the quality court",
    source: CHECKERS,
    ...ofModule("floorEpochs"),
  },
  penaltyBasisPoints: {
    value: 1_000,
    unit: "bp",
    meaning: "of the hardware stake, asked for in such a case",
    source: CHECKERS,
    ...ofModule("penaltyShare"),
  },
  appealSeconds: {
    value: 604_800,
    unit: "s",
    meaning: "from the case to the penalty, without an appeal",
    source: QUALITY,
    ...ofModule("appealPeriod"),
  },
  discountBasisPoints: {
    value: 2_000,
    unit: "bp",
    meaning: "of the penalty is given back to who does not appeal",
    source: QUALITY,
    ...ofModule("discountBasisPoints"),
  },
  caseIntervalSeconds: {
    value: 1_209_600,
    unit: "s",
    meaning: "from one case to the next at least",
    source: QUALITY,
    ...ofModule("caseInterval"),
  },
  suspensionSeconds: {
    value: 604_800,
    unit: "s",
    meaning: "without new work after the first penalty; the n-th takes n times as long",
    source: QUALITY,
    ...ofModule("suspension"),
  },
  removalAfter: {
    value: 4,
    unit: "penalties",
    meaning: "end an account",
    source: QUALITY,
    ...ofModule("removalAfter"),
  },
  examToleranceBasisPoints: {
    value: 8_000,
    unit: "bp",
    meaning: "of the claimed throughput that an exam must show",
    source: CHECKERS,
    ...ofModule("examTolerance"),
  },
  examRateBasisPoints: {
    value: 500,
    unit: "bp",
    meaning: "of the providers are examined again in an epoch",
    source: CHECKERS,
    ...ofModule("examRate"),
  },
  minimumCheckers: {
    value: 32,
    unit: "checkers",
    meaning: "commitments from which on hardware is examined",
    source: CHECKERS,
    ...ofModule("minimumCheckers"),
  },
  hardwareStakeAth: {
    value: 40_000,
    unit: "ATH/GPU",
    meaning: "what penalties are taken from; for the GPU simulated here, two weeks of its rent",
    source: PROTOCOL,
    built: { parameter: "dataCentre80", field: "minimumStakePerGpu", in: ATH },
  },
  fraudDepositAth: {
    value: 5_000,
    unit: "ATH",
    meaning: "least fraud deposit of a provider, forfeited by a conviction",
    source: PROTOCOL,
    ...ofModule("fraudDeposit", ATH),
  },
  depositBasisPoints: {
    value: 2_500,
    unit: "bp",
    meaning: "of the hardware stake, the fraud deposit where that is more: three and a half days of rent",
    source: PROTOCOL,
    ...ofModule("depositShare"),
  },
  selfConvictionBasisPoints: {
    value: 5_000,
    unit: "bp",
    meaning: "of the deposit that a provider can get back at most by convicting itself first",
    source: DISPUTE,
  },
  disputeSeconds: {
    value: 136_800,
    unit: "s",
    meaning:
      "from a challenge to a conviction, if both sides stall as long as they can; against a prompt challenger a provider can do so for less",
    source: DISPUTE,
  },
  minimumRewardAth: {
    value: 100,
    unit: "ATH",
    meaning: "least reward of whoever proves a result wrong",
    source: DISPUTE,
    ...ofModule("minimumReward", ATH),
  },
  athPerCoin: {
    value: 10_000,
    unit: "ATH",
    meaning: "for each coin of the challenge's bond, if that makes a higher reward",
    source: DISPUTE,
    ...ofModule("athPerCoin", ATH),
  },
  defenceGas: {
    value: 5_000_000,
    unit: "gas",
    meaning: "half of a bond pays for it",
    source: DISPUTE,
    ...ofSource("dispute/GameBoard.sol", "DEFENCE_GAS"),
  },
  stressGasPriceGwei: {
    value: 1,
    unit: "gwei",
    meaning: "at this gas price",
    source: DISPUTE,
    ...ofModule("stressGasPrice", GWEI),
  },
  tracePriceGwei: {
    value: 300,
    unit: "gwei/s",
    meaning: "and for each second of the result's window",
    source: DISPUTE,
    ...ofModule("tracePricePerSecond", GWEI),
  },
  windowSeconds: {
    value: 3_600,
    unit: "s",
    meaning: "challenge window, and on top the time to recompute at the next row's speed",
    source: PROTOCOL,
    ...ofModule("challengeWindow"),
  },
  workPerSecond: {
    value: 1_000_000_000,
    unit: "multiply-adds/s",
    meaning: "that whoever recomputes has at least",
    source: PROTOCOL,
    ...ofModule("workPerSecond"),
  },
  unbondingEpochs: {
    value: 14,
    unit: "epochs",
    meaning: "until stake that left is free",
    source: PROTOCOL,
  },
  feeAthBasisPoints: {
    value: 100,
    unit: "bp",
    meaning: "fee of work paid in ATH",
    source: PROTOCOL,
    ...ofModule("feeBasisPoints"),
  },
  feeStablecoinBasisPoints: {
    value: 300,
    unit: "bp",
    meaning: "fee of work paid in a stablecoin",
    source: PROTOCOL,
  },
  checkersFeeBasisPoints: {
    value: 4_000,
    unit: "bp",
    meaning: "of the fees go to checkers, who are paid from nothing else",
    source: FEES,
    ...ofModule("checkersShare"),
  },
  trapEpochs: {
    value: 10,
    unit: "epochs",
    meaning: "from one trap for auditors that somebody pays for to the next",
    source: HERE,
  },
  ownPartBasisPoints: {
    value: 4_000,
    unit: "bp",
    meaning: "of a pool's stake is its manager's: twice the fraud deposit",
    source: HERE,
  },
  commissionBasisPoints: {
    value: 8_500,
    unit: "bp",
    meaning: "of a pool's revenue is its manager's, who pays for the GPUs",
    source: HERE,
  },
  recheckBasisPoints: {
    value: 0,
    unit: "bp",
    meaning: "not built: share of the bought answers whose roots a second, drawn checker recomputes",
    source: HERE,
  },
  recheckTrapBasisPoints: {
    value: 0,
    unit: "bp",
    meaning: "not built: share of rechecked answers in which a token has been changed on purpose",
    source: HERE,
  },
  speedFloorBasisPoints: {
    value: 0,
    unit: "bp",
    meaning: "not built: of the claimed throughput; an epoch with a lower median is bad",
    source: HERE,
  },
} as const satisfies Record<string, Described>;

/** See {@link describedRules} for units and meanings. */
export type Rules = Values<typeof describedRules>;

/** The contracts' defaults. */
export const contractRules: Rules = valuesOf(describedRules);

/** With rules that the contracts do not have. */
const extendedRules: Rules = {
  ...contractRules,
  recheckBasisPoints: 500,
  recheckTrapBasisPoints: 500,
  speedFloorBasisPoints: 8_000,
};

/** What a run can be played by. */
export const ruleSets = {
  contracts: contractRules,
  extended: extendedRules,
} as const satisfies Record<string, Rules>;

export type RuleSet = keyof typeof ruleSets;
