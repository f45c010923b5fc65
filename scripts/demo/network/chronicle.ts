import type { Checkers } from "@athanor/sdk/checkers";
import type { BaseContract } from "ethers";

/** What one checker said of one provider. */
export interface ReportMade {
  readonly epoch: number;
  readonly provider: string;
  readonly checker: string;
  /** Basis points. */
  readonly uptime: number;
  /** Milliseconds. */
  readonly latency: number;
  /** Millions of multiply-adds a second. */
  readonly throughput: number;
}

/** What an epoch found of one provider: medians. */
export interface ScoreMade {
  readonly epoch: number;
  readonly provider: string;
  readonly reports: number;
  /** Reports near the medians, which are paid. */
  readonly near: number;
  readonly uptime: number;
  readonly latency: number;
  readonly throughput: number;
  /** Scored epochs in a row below the floor, this one included. */
  readonly badEpochs: number;
}

/** ATH units, of one epoch. */
export interface PotMade {
  readonly epoch: number;
  readonly amount: bigint;
}

export interface ShareMade {
  readonly epoch: number;
  readonly checker: string;
  /** Of a report is one, or six for a surprise that it measured. */
  readonly shares: number;
}

export interface PayMade extends PotMade {
  readonly checker: string;
}

export interface AnnouncementMade {
  readonly provider: string;
  readonly caseId: string;
  /** ATH units that are frozen. */
  readonly amount: bigint;
}

export interface ConvictionMade {
  readonly provider: string;
  readonly challengeId: string;
  /** Whether a clock decided, and not a step that the chain executed. */
  readonly byTimeout: boolean;
  /** ATH units that the provider lost. */
  readonly forfeited: bigint;
  readonly transactionHash: string;
}

/** What the chain's events say of all epochs, oldest first. */
export interface Chronicle {
  readonly reports: readonly ReportMade[];
  readonly scores: readonly ScoreMade[];
  readonly pots: readonly PotMade[];
  readonly shares: readonly ShareMade[];
  readonly pay: readonly PayMade[];
  readonly announcements: readonly AnnouncementMade[];
  readonly convictions: readonly ConvictionMade[];
}

type Values = Readonly<Record<string, unknown>>;

/** Reads what happened off the chain: nothing here is what the demonstration says of itself. */
export async function readChronicle({ contracts }: Checkers): Promise<Chronicle> {
  const { qualityReports, checkerPay, disputeGame } = contracts;
  const [reported, scored, collected, earned, claimed, announced, convicted] = await Promise.all([
    eventsOf(qualityReports, "Reported"),
    eventsOf(qualityReports, "Scored"),
    eventsOf(checkerPay, "Collected"),
    eventsOf(checkerPay, "SharesEarned"),
    eventsOf(checkerPay, "PayClaimed"),
    eventsOf(qualityReports, "Announced"),
    eventsOf(disputeGame, "Convicted"),
  ]);
  const text = (values: Values, name: string) => values[name] as string;
  const number = (values: Values, name: string) => Number(values[name]);
  const amount = (values: Values, name: string) => values[name] as bigint;
  const measures = (values: Values) => ({
    uptime: number(values, "uptime"),
    latency: number(values, "latency"),
    throughput: number(values, "throughput"),
  });
  const place = (values: Values) => ({
    epoch: number(values, "epoch"),
    provider: text(values, "provider"),
  });
  return {
    reports: reported.map((values) => ({
      ...place(values),
      checker: text(values, "checker"),
      ...measures(values),
    })),
    scores: scored.map((values) => {
      const medians = values["medians"] as Values;
      return {
        ...place(values),
        ...{ reports: number(medians, "reports"), near: number(medians, "near") },
        ...measures(medians),
        badEpochs: number(values["score"] as Values, "badEpochs"),
      };
    }),
    pots: collected.map((values) => ({ epoch: number(values, "epoch"), amount: amount(values, "amount") })),
    shares: earned.map((values) => ({
      epoch: number(values, "epoch"),
      checker: text(values, "checker"),
      shares: number(values, "shares"),
    })),
    pay: claimed.map((values) => ({
      epoch: number(values, "epoch"),
      checker: text(values, "checker"),
      amount: amount(values, "amount"),
    })),
    announcements: announced.map((values) => ({
      provider: text(values, "provider"),
      caseId: text(values, "caseId"),
      amount: amount(values, "amount"),
    })),
    convictions: convicted.map((values) => ({
      provider: text(values, "provider"),
      challengeId: text(values, "challengeId"),
      byTimeout: values["byTimeout"] as boolean,
      forfeited: amount(values, "forfeited"),
      transactionHash: text(values, "transactionHash"),
    })),
  };
}

/** The values of all events of this name, and the transaction that left each. */
async function eventsOf(contract: BaseContract, name: string): Promise<Values[]> {
  const found = await contract.queryFilter(name, 0);
  return found.map((log) => ({
    ...contract.interface.parseLog(log)!.args.toObject(true),
    transactionHash: log.transactionHash,
  }));
}
