import type { DisputeRules } from "../model/disputes.ts";

const ATH = 10n ** 18n;

/** Notices, lives of receipts and clocks are short, so that whole channels and disputes fit a day; within the contracts' bounds. */
export const CHANNEL_RULES = {
  stakePerChannel: 500n * ATH,
  notice: 3_600n,
  receiptLife: 7_200n,
  workPerSecond: 1_000_000n,
};
export const JOB_RULES = {
  stakePerJob: 100n * ATH,
  challengeWindow: 3_600n,
  minimumResponseTime: 30n,
  maximumResponseTime: 86_400n,
  workPerSecond: 1_000_000n,
};
export const GAME_RULES: DisputeRules & { clock: bigint; grace: bigint; openPeriod: bigint } = {
  clock: 1_800n,
  grace: 600n,
  openPeriod: 900n,
  stressGasPrice: 10n ** 9n,
  tracePricePerSecond: 3n * 10n ** 11n,
  priceMultiple: 20n,
  minimumReward: 100n * ATH,
  athPerCoin: 10_000n * ATH,
};
export const HARDWARE_STAKES = [1_000n * ATH, 8_000n * ATH] as const;
/** More than a quarter of all hardware here. */
export const FRAUD_DEPOSIT = 5_000n * ATH;
/** What receipts as results have at least to be challenged, seconds. */
export const RECEIPT_WINDOW = 600;
/** Of vouchers and receipts: a module's place in approvals. */
export const MODULE_BITS = { registry: 1, jobs: 2, channels: 4 } as const;
