import { barChart, lineChart, type Series } from "../../lib/chart.ts";
import { type EconomicsResult } from "../economics.ts";
import { type Gains } from "./setting.ts";
import { type StakeResult } from "./stakes.ts";

/** Plots by file name, as whole SVG documents. */
export function plotsOf(result: EconomicsResult): Record<string, string> {
  return {
    "providers.svg": barChart({
      title: "Providers' return",
      x: { label: "return, % of stake and epoch, 95 %", ticks: [-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3] },
      bars: result.mixed.providers.map(({ name, intent, stakeReturn }) => ({
        name,
        value: 100 * stakeReturn.mean,
        spread: 100 * stakeReturn.halfWidth,
        isMarked: intent !== "dishonest",
      })),
    }),
    "detection.svg": lineChart({
      title: "Epochs until a wrong answer is found",
      x: {
        label: "answers of a provider recomputed in an epoch",
        ticks: [...new Set(result.detection.map(({ recomputed }) => recomputed))],
        isLogarithmic: true,
      },
      y: { label: "epochs until found", ticks: [0.001, 0.01, 0.1, 1, 10, 100, 1_000], isLogarithmic: true },
      series: [...new Set(result.detection.map(({ wrong }) => wrong))].map((wrong) => ({
        name: `${wrong * 100} % wrong`,
        points: result.detection
          .filter((row) => row.wrong === wrong)
          .map(({ recomputed, epochs }) => [recomputed, epochs.mean] as const),
      })),
    }),
    "deposits.svg": lineChart({
      title: "Gain over honesty by fraud deposit",
      x: { label: "fraud deposit, ATH per GPU", ticks: [0, 2_500, 5_000, 7_500, 10_000, 12_500, 15_000] },
      y: { label: "gain over honesty, USD per GPU and epoch", ticks: [-50, -40, -30, -20, -10, 0, 10, 20] },
      series: stakeSeries(result.fraudDeposits.rows),
    }),
    "hardware.svg": lineChart({
      title: "Gain over honesty by hardware stake",
      x: { label: "hardware stake, ATH per GPU", ticks: [0, 20_000, 40_000, 60_000, 80_000] },
      y: { label: "gain over honesty, USD per GPU and epoch", ticks: [-80, -60, -40, -20, 0, 20] },
      series: stakeSeries(result.hardwareStakes.rows),
    }),
    "recomputing.svg": lineChart({
      title: "What recomputing a bought answer brings, of what it costs",
      x: {
        label: "share of wrong answers, %",
        ticks: WRONG_PERCENT,
        isLogarithmic: true,
      },
      y: {
        label: "expected reward, times the cost of recomputing; it pays above 1",
        ticks: [0.001, 0.01, 0.1, 1, 10, 100, 1_000, 10_000, 100_000],
        isLogarithmic: true,
      },
      series: result.recomputing.rows.map(({ costTimes, payingShare }) => ({
        name: `cost × ${costTimes}`,
        points: WRONG_PERCENT.map((wrong) => [wrong, wrong / 100 / payingShare] as const),
      })),
    }),
    "free-riders.svg": lineChart({
      title: "Smaller models by who does not recompute",
      x: { label: "checkers that do not recompute, %", ticks: [0, 25, 50, 75, 100] },
      y: { label: "gain over honesty, USD per GPU and epoch", ticks: [-40, -20, 0, 20, 40, 60] },
      series: gainSeries(
        result.recomputing.freeRiders.map(({ freeRiders, gains }) => ({ at: 100 * freeRiders, gains })),
      ),
    }),
    "coalitions.svg": lineChart({
      title: "Bribing checkers",
      x: { label: "checkers bribed, %", ticks: [0, 20, 40, 60, 80, 100] },
      y: {
        label: "gain over honesty, USD per GPU and epoch; chance of most reports, %",
        ticks: [-60, -40, -20, 0, 20, 40, 60, 80, 100],
      },
      series: [
        {
          name: "gain, USD",
          points: result.coalitions.map(({ coalitionShare, gainUsd }) => [
            100 * coalitionShare,
            gainUsd.mean,
          ]),
        },
        {
          name: "most reports, %",
          points: result.coalitions.map(({ coalitionShare, capture }) => [
            100 * coalitionShare,
            100 * capture,
          ]),
        },
      ],
    }),
  };
}

const WRONG_PERCENT = [0.001, 0.01, 0.1, 1, 10, 100] as const;

const stakeSeries = (rows: StakeResult["rows"]): Series[] =>
  gainSeries(rows.map(({ stakeAth, gains }) => ({ at: stakeAth, gains })));

function gainSeries(rows: readonly { readonly at: number; readonly gains: Gains }[]): Series[] {
  return (rows[0]?.gains ?? []).map(({ name }, index) => ({
    name: name.replace("smaller model for ", ""),
    points: rows.map(({ at, gains }) => [at, gains[index]!.gainUsd.mean] as const),
  }));
}
