import { leastCommission } from "./delegators.ts";
import { share } from "./described.ts";
import { breakEvenDepositAth, recomputedAnswers } from "./detection.ts";
import { GPUS } from "./experiments.ts";
import { figuresOf, type Market } from "./market.ts";
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
  const depositUsd = rules.fraudDepositAth * athUsd;
  const lostUsd = depositUsd * (1 - share(rules.selfConvictionBasisPoints));
  const slashUsd = rules.attestationSlashAth * athUsd;

  const seatMarginUsd = figures.seatPayUsd - figures.seatCostUsd;
  const withoutGasUsd = figures.seatCostUsd - market.seatGas * figures.gasUsd;
  const baseUsd = rules.basePayAth * athUsd;
  const spendPayUsd = figures.seatPayUsd - baseUsd;
  const stakeCostUsd = rules.checkerStakeAth * athUsd * figures.capitalCost;

  // All later falls of the score after one slow epoch sum to the fall of that epoch, whatever the weight.
  const overbooked = share(market.overbookedRevenueBasisPoints) - 1;

  // Of a provider that serves only checks, with the least stake that is checked in full, and sells to its own checkers at any price.
  const idleStakeUsd = (rules.fullSeatsStakeAth + rules.fraudDepositAth) * athUsd * figures.capitalCost;
  const giftUsd = baseUsd + rules.spendPayLimitAth * athUsd - market.seatGas * figures.gasUsd;

  const rechecks = recomputedAnswers(rules) * share(rules.recheckBasisPoints);
  const audits = market.publicResults * share(rules.publicAuditBasisPoints) * rules.auditorsPerResult;
  const promisedUsd =
    rules.checkersPerProvider * figures.seatPayUsd +
    (rechecks * rules.recheckPayAth + audits * rules.auditPayAth) * athUsd;
  const checkersUsd = figures.revenueUsd * figures.feeShare * share(rules.checkersFeeBasisPoints);

  const costShare = figures.gpuEpochUsd / (figures.revenueUsd * (1 - figures.feeShare));
  const auditRate = share(rules.publicAuditBasisPoints);
  // Of the last ticket to enter: its seats' margin pays for its gas and its stake.
  const ticketsPerProvider =
    (rules.checkersPerProvider * seatMarginUsd) / (market.epochGas * figures.gasUsd + stakeCostUsd);

  return [
    {
      what: "fraud deposit of a GPU, so that smaller models do not pay",
      unit: "ATH",
      breakEven: breakEvenAth,
      used: rules.fraudDepositAth,
      goodAbove: true,
    },
    {
      what: "price of ATH, for the same",
      unit: "USD",
      breakEven: (athUsd * breakEvenAth) / rules.fraudDepositAth,
      used: athUsd,
      goodAbove: true,
    },
    {
      what: "longest dispute that the deposit outweighs",
      unit: "hours",
      breakEven:
        ((lostUsd / figures.substituteGainUsd - 1 / recomputedAnswers(rules)) * rules.epochSeconds) / 3_600,
      used: rules.disputeSeconds / 3_600,
      goodAbove: false,
    },
    {
      what: "checks that a provider may recognise and answer rightly, so that the others still find the rest in time",
      unit: "%",
      breakEven:
        100 *
        (1 - 1 / (recomputedAnswers(rules) * (lostUsd / figures.substituteGainUsd - figures.disputeEpochs))),
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
      what: "share of answers rechecked, so that not recomputing does not pay",
      unit: "%",
      breakEven: (100 * figures.recomputeUsd) / slashUsd,
      used: 100 * share(rules.recheckBasisPoints),
      goodAbove: true,
    },
    {
      what: "share of rechecked answers that are traps, so that copying does not pay",
      unit: "%",
      breakEven: (100 * figures.recomputeUsd) / (slashUsd + rules.recheckPayAth * athUsd),
      used: 100 * share(rules.trapBasisPoints),
      goodAbove: true,
    },
    {
      what: "cost of recomputing an answer (a model so much dearer), for both",
      unit: "times",
      breakEven:
        (Math.min(share(rules.recheckBasisPoints), share(rules.trapBasisPoints)) * slashUsd) /
        figures.recomputeUsd,
      used: 1,
      goodAbove: false,
    },
    {
      what: "pay for spending, so that each request asked and recomputed pays for itself",
      unit: "times",
      breakEven: (figures.requestUsd + figures.recomputeUsd) / figures.requestUsd,
      used: share(rules.spendPayBasisPoints),
      goodAbove: true,
    },
    {
      what: "elasticity of demand to the score, so that single bad days do not pay",
      unit: "",
      breakEven:
        overbooked / (1 - share(market.overbookedSpeedBasisPoints) / share(market.headroomBasisPoints)),
      used: market.demandElasticity,
      goodAbove: true,
    },
    {
      what: "gas price at which a seat pays nothing",
      unit: "gwei",
      breakEven: ((figures.seatPayUsd - withoutGasUsd) / (market.seatGas * market.coinUsd)) * 1e9,
      used: market.gasPriceGwei,
      goodAbove: false,
    },
    {
      what: "price of ATH at which a seat pays nothing",
      unit: "USD",
      breakEven: Math.max(0, figures.seatCostUsd - spendPayUsd) / rules.basePayAth,
      used: athUsd,
      goodAbove: true,
    },
    {
      what: "GPUs of a provider whose fees pay for its own checks",
      unit: "GPUs",
      breakEven: promisedUsd / checkersUsd,
      used: GPUS,
      goodAbove: true,
    },
    {
      what: "checkers that one must own, so that checks of one's own idle provider pay for its stake",
      unit: "%",
      breakEven: (100 * idleStakeUsd) / (rules.checkersPerProvider * giftUsd),
      used: (100 * 1) / 3,
      goodAbove: false,
    },
    {
      what: "tickets for each provider, where checking earns what stake costs",
      unit: "tickets",
      breakEven: ticketsPerProvider,
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
