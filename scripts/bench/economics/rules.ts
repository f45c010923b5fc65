import { type Described, type Values, valuesOf } from "./described.ts";

const HERE = "chosen here";
const DISPUTE = "docs/dispute.md";
const PROTOCOL = "docs/protocol.md";

/** The protocol's rules, as the contracts take them. ATH are whole ATH; shares of contracts are basis points. */
export const describedRules = {
  epochSeconds: {
    value: 86_400,
    unit: "s",
    meaning: "from one draw of checkers to the next: a day of demand is in it, and gas is paid once",
    source: HERE,
  },
  checkersPerProvider: {
    value: 9,
    unit: "checkers",
    meaning: "expected number of checkers that their own secrets assign to a provider",
    source: HERE,
  },
  fullSeatsStakeAth: {
    value: 25_000,
    unit: "ATH",
    meaning: "hardware stake of a provider from which that many check it; below, fewer in proportion",
    source: HERE,
  },
  minimumReveals: {
    value: 5,
    unit: "checkers",
    meaning: "fewer reveals judge nothing: they wait for those of the next epochs, and get base pay only",
    source: HERE,
  },
  probesPerSeat: {
    value: 24,
    unit: "requests",
    meaning: "requests that a checker buys from a provider in an epoch, at times of its own",
    source: HERE,
  },
  recomputedBasisPoints: {
    value: 10_000,
    unit: "bp",
    meaning: "share of the bought answers that the checker recomputes and attests to",
    source: HERE,
  },
  recheckBasisPoints: {
    value: 500,
    unit: "bp",
    meaning: "share of attested answers that a second, drawn checker recomputes",
    source: HERE,
  },
  trapBasisPoints: {
    value: 500,
    unit: "bp",
    meaning: "share of rechecked answers in which a token has been changed on purpose",
    source: HERE,
  },
  publicAuditBasisPoints: {
    value: 200,
    unit: "bp",
    meaning: "share of public results audited inside their window",
    source: HERE,
  },
  auditorsPerResult: {
    value: 4,
    unit: "checkers",
    meaning: "expected number that their own secrets assign; their attestations must agree",
    source: HERE,
  },
  basePayAth: {
    value: 1.5,
    unit: "ATH",
    meaning: "for a seat whose reveal is complete and close to the median of the others",
    source: HERE,
  },
  spendPayBasisPoints: {
    value: 25_000,
    unit: "bp",
    meaning: "of what the receipts show was spent: the price, the recomputation, a margin",
    source: HERE,
  },
  spendPayLimitAth: {
    value: 2,
    unit: "ATH",
    meaning: "largest such pay for a seat, so that dear receipts cannot drain the pool",
    source: HERE,
  },
  recheckPayAth: {
    value: 0.2,
    unit: "ATH",
    meaning: "for a rechecked answer",
    source: HERE,
  },
  auditPayAth: {
    value: 0.1,
    unit: "ATH",
    meaning: "for an audited public result",
    source: HERE,
  },
  receiptsBasisPoints: {
    value: 10_000,
    unit: "bp",
    meaning: "share of the requests whose receipts a report must show; without them it can claim no uptime",
    source: HERE,
  },
  surpriseMoveBasisPoints: {
    value: 2_000,
    unit: "bp",
    meaning: "a median that is so much above or below the provider's score is a surprise",
    source: HERE,
  },
  surprisePayBasisPoints: {
    value: 50_000,
    unit: "bp",
    meaning: "of the base pay, more for each report that is nearer to a surprise than to the score",
    source: HERE,
  },
  scoreBasisPoints: {
    value: 2_500,
    unit: "bp",
    meaning: "weight of an epoch's median in the score",
    source: HERE,
  },
  speedToleranceBasisPoints: {
    value: 5_000,
    unit: "bp",
    meaning: "a speed that is so much above or below the median of the others' is not paid",
    source: HERE,
  },
  uptimeToleranceBasisPoints: {
    value: 1_000,
    unit: "bp",
    meaning: "an uptime so far from the median of the others' is not paid",
    source: HERE,
  },
  checkerStakeAth: {
    value: 10_000,
    unit: "ATH",
    meaning: "stake of one ticket in the draw",
    source: HERE,
  },
  attestationSlashAth: {
    value: 400,
    unit: "ATH",
    meaning: "for each attestation that a recheck, a trap or a conviction proves wrong",
    source: HERE,
  },
  missingRevealAth: {
    value: 200,
    unit: "ATH",
    meaning: "for a commitment without a reveal; all pay of the epoch is lost too",
    source: HERE,
  },
  hardwareStakeAth: {
    value: 40_000,
    unit: "ATH/GPU",
    meaning: "what penalties are taken from; for the GPU simulated here, two weeks of its rent",
    source: HERE,
  },
  fraudDepositAth: {
    value: 10_000,
    unit: "ATH/GPU",
    meaning: "forfeited by a conviction; about three and a half days of a GPU's rent",
    source: HERE,
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
    meaning: "from a challenge to the conviction of a provider that stalls as long as it can",
    source: DISPUTE,
  },
  faultSpeedBasisPoints: {
    value: 8_000,
    unit: "bp",
    meaning: "a median speed below this share of the class's minimum is a fault",
    source: HERE,
  },
  faultUptimeBasisPoints: {
    value: 9_000,
    unit: "bp",
    meaning: "a median share of answered requests below this is a fault",
    source: HERE,
  },
  faultsForPenalty: {
    value: 3,
    unit: "epochs",
    meaning: "with a fault make a penalty, within the fault window",
    source: HERE,
  },
  faultWindowEpochs: { value: 3, unit: "epochs", meaning: "of those with a verdict", source: HERE },
  penaltyBasisPoints: {
    value: 1_000,
    unit: "bp",
    meaning: "of the hardware stake; half of it burns",
    source: "a tenth is the most that the protocol takes at once",
  },
  suspensionEpochs: {
    value: 7,
    unit: "epochs",
    meaning: "without new work after a penalty",
    source: HERE,
  },
  unbondingEpochs: {
    value: 14,
    unit: "epochs",
    meaning: "until stake that left is free",
    source: PROTOCOL,
  },
  feeAthBasisPoints: { value: 100, unit: "bp", meaning: "fee of work paid in ATH", source: PROTOCOL },
  feeStablecoinBasisPoints: {
    value: 300,
    unit: "bp",
    meaning: "fee of work paid in a stablecoin",
    source: PROTOCOL,
  },
  checkersFeeBasisPoints: {
    value: 2_000,
    unit: "bp",
    meaning:
      "of the fees go to checkers, who are paid from nothing else: the least that contracts allow, half of their default",
    source: "docs/fees.md",
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
} as const satisfies Record<string, Described>;

/** See {@link describedRules} for units and meanings. */
export type Rules = Values<typeof describedRules>;

export const defaultRules: Rules = valuesOf(describedRules);
