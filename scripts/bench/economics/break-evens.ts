import { leastCommission } from "./delegators.ts";
import { share } from "./described.ts";
import { breakEvenDepositAth, recomputedAnswers } from "./detection.ts";
import { depositAthOf, figuresOf, type Market, shareUsdOf } from "./market.ts";
import { GPUS } from "./setting.ts";
import { type Rules } from "./rules.ts";

/** Where a default stops doing its work. By formula; nothing here is drawn. */
export interface BreakEven {
  readonly what: string;
  readonly unit: string;
  readonly breakEven: number;
  /** The value in use. */
  readonly used: number;
  /** Whether values above the break-even are the good ones. */
  readonly goodAbove: boolean;
}

export function breakEvens(rules: Rules, market: Market): BreakEven[] {
  const figures = figuresOf(rules, market);
  const { athUsd } = market;
  const breakEvenAth = breakEvenDepositAth(rules, figures, athUsd);
  const depositAth = depositAthOf(rules, GPUS) / GPUS;
  const lostUsd = depositAth * athUsd * (1 - share(rules.selfConvictionBasisPoints));
  const answers = recomputedAnswers(rules);
  const shareUsd = shareUsdOf(rules, market, GPUS);
  const otherUsd = figures.seatCostUsd - figures.seatGas * figures.gasUsd;
  const stakeCostUsd = rules.checkerStakeAth * athUsd * figures.capitalCost;
  const overbooked = share(market.overbookedRevenueBasisPoints) - 1;
  const costShare = figures.gpuEpochUsd / (figures.revenueUsd * (1 - figures.feeShare));
  const auditRate = share(rules.auditRateBasisPoints);
  const audits = market.publicResults * auditRate * rules.expectedAuditors;
  const auditUsd = figures.recomputeUsd + market.auditGas * figures.gasUsd;
  // Of the last ticket to enter: what reports and attestations leave pays for its own gas and stake.
  const perProviderUsd =
    rules.expectedCheckers * (shareUsd - figures.seatCostUsd) +
    audits * (rules.auditShares * shareUsd - auditUsd);

  return [
    {
      what: "fraud deposit of a GPU, so that smaller models do not pay",
      unit: "ATH",
      breakEven: breakEvenAth,
      used: depositAth,
      goodAbove: true,
    },
    {
      what: "price of ATH, for the same",
      unit: "USD",
      breakEven: (athUsd * breakEvenAth) / depositAth,
      used: athUsd,
      goodAbove: true,
    },
    {
      what: "longest dispute that the deposit outweighs",
      unit: "hours",
      breakEven: ((lostUsd / figures.substituteGainUsd - 1 / answers) * rules.epochSeconds) / 3_600,
      used: rules.disputeSeconds / 3_600,
      goodAbove: false,
    },
    {
      what: "bought answers that nobody recomputes, or that a provider recognises, so that the others still find the rest in time",
      unit: "%",
      breakEven: 100 * (1 - 1 / (answers * (lostUsd / figures.substituteGainUsd - figures.disputeEpochs))),
      used: 0,
      goodAbove: false,
    },
    {
      what: "gain from outside that one wrong public result may bring",
      unit: "USD",
      breakEven: (auditRate * lostUsd * GPUS) / (1 - auditRate),
      used: figures.requestUsd,
      goodAbove: false,
    },
    {
      what: "elasticity of demand to the score, so that selling too much does not pay for a while",
      unit: "",
      breakEven:
        overbooked / (1 - share(market.overbookedSpeedBasisPoints) / share(market.headroomBasisPoints)),
      used: market.demandElasticity,
      goodAbove: true,
    },
    {
      what: "gas price at which a report pays nothing",
      unit: "gwei",
      breakEven: ((shareUsd - otherUsd) / (figures.seatGas * market.coinUsd)) * 1e9,
      used: market.gasPriceGwei,
      goodAbove: false,
    },
    {
      what: "GPUs of a provider whose fees pay for its own reports and attestations",
      unit: "GPUs",
      breakEven:
        (rules.expectedCheckers * figures.seatCostUsd + audits * auditUsd) /
        (figures.revenueUsd * figures.feeShare * share(rules.checkersFeeBasisPoints)),
      used: GPUS,
      goodAbove: true,
    },
    {
      what: "GPUs of a provider whose fees make asking for a report pay more than reporting no answer",
      unit: "GPUs",
      breakEven: (GPUS * (figures.seatCostUsd - market.silentGas * figures.gasUsd)) / shareUsd,
      used: GPUS,
      goodAbove: true,
    },
    {
      what: "public results of a provider in an epoch, where attestations leave a report what it costs",
      unit: "results",
      breakEven:
        ((GPUS * figures.revenueUsd * figures.feeShare * share(rules.checkersFeeBasisPoints)) /
          figures.seatCostUsd -
          rules.expectedCheckers) /
        (auditRate * rules.expectedAuditors * rules.auditShares),
      used: market.publicResults,
      goodAbove: false,
    },
    {
      what: "tickets for each provider, where checking earns what stake costs",
      unit: "tickets",
      breakEven: perProviderUsd / (market.epochGas * figures.gasUsd + stakeCostUsd),
      used: 2,
      goodAbove: false,
    },
    {
      what: "commission on revenue that pays for the GPUs, with this own part",
      unit: "%",
      breakEven: 100 * leastCommission(costShare, share(rules.ownPartBasisPoints)),
      used: 100 * share(rules.commissionBasisPoints),
      goodAbove: true,
    },
    {
      what: "the same with an own part of a tenth",
      unit: "%",
      breakEven: 100 * leastCommission(costShare, 0.1),
      used: 100 * share(rules.commissionBasisPoints),
      goodAbove: true,
    },
  ];
}
