import { channelSalt, encodeChannelEvidence, type Checkers, type QualityReport } from "@athanor/sdk/checkers";
import type { ChannelSession } from "@athanor/sdk/channels";
import type { CheckerAccounts } from "./people.ts";
import type { Reporting } from "./script-checker.ts";
import { clientOf, type Market } from "./traffic.ts";

export interface LazyOptions {
  readonly market: Market;
  readonly accounts: CheckerAccounts;
  readonly checkers: Checkers;
  /** Root of the model. */
  readonly model: string;
  /** Seconds in which an answer counts as in time. */
  readonly answerSeconds: number;
}

/** A strategy, and what becomes of the money that it has in channels. */
export interface Laziness {
  readonly report: Reporting;
  /** Requests that were sent. */
  readonly requests: () => number;
  /** Closes its channels. */
  readonly close: () => Promise<void>;
}

const DEPOSIT = 3n * 10n ** 18n;
/** Milliseconds for which a provider may take its time to close. */
const PATIENCE = 5_000;
const TOKENS = 8;

/** Asks once, claims as much as that proves, and says of speed what the last score said. */
export function laziness({ market, accounts, checkers, model, answerSeconds }: LazyOptions): Laziness {
  const open: ChannelSession[] = [];
  let sent = 0;

  async function report(provider: string, epoch: number, blinding: string): Promise<QualityReport> {
    const absent = { provider, latency: 0, throughput: 0, uptime: 0, evidence: "0x" };
    const { requests } = await checkers.rulesOf(epoch);
    const last = await checkers.scoreOf(provider);
    try {
      const client = await clientOf(market, accounts.buyer);
      const salt = channelSalt({ checker: accounts.owner.address, epoch, blinding });
      const session = await client.openChannel({ provider, deposit: DEPOSIT, salt });
      open.push(session);
      sent++;
      const begun = performance.now();
      const signal = AbortSignal.timeout(answerSeconds * 1_000);
      const answer = await session.infer({ model, prompt: "Once upon a time", maxTokens: TOKENS, signal });
      const seconds = (performance.now() - begun) / 1_000;
      const { workPerPosition } = await checkers.contracts.modelRegistry.modelOf(model);
      const positions = answer.request.prompt.length + answer.tokens.length;
      const { message, signature } = answer.receipts.at(-1)!;
      return {
        provider,
        latency: last?.latency || Math.round(1_000 * seconds),
        throughput: last?.throughput || Math.floor((positions * Number(workPerPosition)) / seconds / 1e6),
        uptime: Math.floor(10_000 / requests),
        evidence: encodeChannelEvidence({
          ...{ blinding, channel: session.terms, receipts: [message], signatures: [signature] },
        }),
      };
    } catch {
      // Whatever went wrong, it does not look again.
      return absent;
    }
  }

  return {
    report,
    requests: () => sent,
    async close() {
      for (const session of open.splice(0)) {
        const view = await session.onChain();
        if (view.status === "Open") await session.close({ patience: PATIENCE });
      }
    },
  };
}
