import { httpModelSource, type TokenInfo } from "@athanor/sdk";
import type { Disputes } from "@athanor/sdk/disputes";
import { nodeModelSource } from "@athanor/sdk/node";
import { connectToken } from "@athanor/sdk/protocol";
import type { Provider, Wallet } from "ethers";
import { toTokenUnits } from "../config/amount.ts";
import type { CheckerConfig } from "../config/schema.ts";
import type { DisputeMetrics } from "../disputes/dispute-metrics.ts";
import { WorkerError } from "../errors.ts";
import { findOffers } from "../market/offers.ts";
import { readProviderState } from "../market/provider-state.ts";
import { Audits } from "./audits/audits.ts";
import type { AuditMetrics } from "./audits/metrics.ts";
import type { CheckerContext } from "./context.ts";
import { faultsDuty } from "./duties/faults.ts";
import { measurementsDuty, type Measure } from "./duties/measurements.ts";
import { payDuty } from "./duties/pay.ts";
import { reportsDuty } from "./duties/reports.ts";
import { scoresDuty } from "./duties/scores.ts";
import { secretsDuty } from "./duties/secrets.ts";
import type { Duty } from "./duty.ts";
import { examsDuty } from "./exams/exams-duty.ts";
import { measureWithExams } from "./exams/measure-exam.ts";
import { Buyer } from "./measure/buyer.ts";
import { measureProvider } from "./measure/measure-provider.ts";
import { composedPrompts, readPrompts } from "./measure/prompts.ts";
import { SqliteMeasureStore } from "./measure/sqlite-store.ts";
import { Rechecks } from "./rechecks.ts";

/** The id of local chains, whose providers may be on the same machine and without a certificate. */
const LOCAL_CHAIN = 31_337n;
/** Providers whose hosts are asked for to tell one's silence from a broken line. */
const OTHER_HOSTS = 8;

export interface DutyOptions {
  readonly config: Pick<CheckerConfig, "checker" | "chain">;
  readonly rpc: Provider;
  readonly operator: Wallet;
  readonly buyers: readonly Wallet[];
  readonly tokens: readonly TokenInfo[];
  /** Disputes with an account's key. */
  readonly disputesOf: (wallet: Wallet) => Promise<Disputes>;
  readonly disputeMetrics: DisputeMetrics;
  readonly auditMetrics: AuditMetrics;
  /** Of the models that results are recomputed with. */
  readonly roots: ReadonlySet<string>;
  /** For chains whose clock is moved: asks a provider all there is to ask at once, and waits for an answer so many seconds. */
  readonly atOnce?: { readonly answerSeconds: number } | undefined;
}

/** All that a checker does, put together. */
export async function openDuties(
  context: CheckerContext,
  options: DutyOptions,
): Promise<{ readonly duties: readonly Duty[]; readonly ended: () => Promise<void> }> {
  const { chain, checker, operator, settings, signal, storage, log } = context;
  const { config, rpc, buyers, tokens, disputesOf, disputeMetrics, auditMetrics, atOnce } = options;
  const isLocal = chain.chainId === LOCAL_CHAIN;
  const disputes = new Map<string, Promise<Disputes>>();
  const rechecks = new Rechecks(context, {
    disputesOf: (account) => {
      const wallet = buyers.find(({ address }) => address === account);
      if (wallet === undefined) throw missingKey(account);
      const known = disputes.get(account) ?? disputesOf(wallet);
      disputes.set(account, known);
      known.catch(() => disputes.delete(account));
      return known;
    },
    metrics: disputeMetrics,
    maximumBond: settings.maximumBond,
  });
  const buyer = await Buyer.connect({
    provider: rpc,
    deployment: chain.contracts.deployment,
    accounts: buyers,
    notBuyers: [checker, operator.address],
    budgets: budgetsOf(config, tokens),
    prompts: settings.prompts.length === 0 ? composedPrompts : readPrompts(settings.prompts),
    store: new SqliteMeasureStore(storage.database),
    log,
    verifyReceipt: rechecks.verify,
    otherHosts: () => otherHosts(context),
    // Elsewhere nobody who registers a model names files of this machine.
    modelSource: isLocal ? nodeModelSource() : httpModelSource(),
    allowInsecureEndpoints: isLocal,
    pollingInterval: config.chain.pollInterval,
    confirmations: chain.confirmations,
    answerSeconds: atOnce?.answerSeconds,
    signal,
  });
  /** Chain seconds of the next request to a provider. */
  const due = new Map<string, number>();
  const ordinary: Measure = async ({ provider, epoch, rules, blinding, deadline, drawn }) => {
    const target = {
      ...{ provider, epoch, checker, blinding, deadline, providers: drawn, requests: rules.requests },
      startsAt: context.checkers.startOf(epoch),
      endsAt: context.checkers.startOf(epoch + 1),
    };
    if (atOnce) return measureProvider(buyer, target);
    const step = await buyer.nextRequest(target);
    if (step.state === "waiting") due.set(provider, Math.min(step.dueAt, deadline));
    return step.state === "done" || step.state === "stuck" ? buyer.measurementOf(target) : undefined;
  };
  const audits = new Audits(context, {
    disputes: await disputesOf(options.operator),
    models: options.roots,
    metrics: auditMetrics,
    disputeMetrics,
  });
  const measuring = measureWithExams(context, ordinary, {
    signer: options.operator,
    allowInsecureEndpoints: isLocal,
  });
  // Nobody is asked whether something is due before it is.
  const measure: Measure = (request) =>
    request.now < (due.get(request.provider) ?? 0) ? Promise.resolve(undefined) : measuring(request);
  const buying: Duty = { name: "buying", advance: ({ epoch }) => buyer.settle(epoch) };
  return {
    duties: [
      secretsDuty(context, () => hindranceOf(options)),
      measurementsDuty(context, measure),
      reportsDuty(context),
      audits,
      scoresDuty(context),
      examsDuty(context),
      faultsDuty(context),
      payDuty(context),
      buying,
    ],
    ended: async () => {
      await audits.ended();
      await rechecks.ended();
    },
  };
}

/** Token units by the token's address. @throws WorkerError AMOUNT_INVALID when an amount is of none of the tokens */
export function budgetsOf(
  { checker }: Pick<CheckerConfig, "checker">,
  tokens: readonly TokenInfo[],
): ReadonlyMap<string, bigint> {
  return new Map(
    checker.budgetPerEpoch.map((amount) => {
      const token = tokens.find(({ symbol }) => symbol.toLowerCase() === amount.unit.toLowerCase());
      if (token === undefined) {
        throw new WorkerError(
          "AMOUNT_INVALID",
          `${amount.number} ${amount.unit} is no amount of a configured token.`,
          {
            remedy: `Write amounts of ${tokens.map(({ symbol }) => symbol).join(", ")}, or add the token to checker.tokens.`,
            details: { unit: amount.unit },
          },
        );
      }
      return [token.address, toTokenUnits(amount, token)] as const;
    }),
  );
}

/** Why nothing could be bought now. */
async function hindranceOf({ rpc, buyers, tokens }: DutyOptions): Promise<string | undefined> {
  for (const { address } of buyers) {
    if ((await rpc.getBalance(address)) === 0n) continue;
    for (const token of tokens) {
      if ((await connectToken(rpc, token.address).balanceOf(address)) > 0n) return undefined;
    }
  }
  const symbols = tokens.map(({ symbol }) => symbol).join(" or ");
  return `no account that buys has both ${symbols} and some of the chain's coin`;
}

async function otherHosts({ chain }: CheckerContext): Promise<string[]> {
  const providers = [...new Set((await findOffers(chain, {})).map(({ provider }) => provider))];
  const states = await Promise.all(
    providers.slice(0, OTHER_HOSTS).map((provider) => readProviderState(chain, provider)),
  );
  return states.map(({ endpoint }) => endpoint).filter((endpoint) => endpoint !== "");
}

function missingKey(account: string): WorkerError {
  return new WorkerError("KEYSTORE_MISSING", `An answer was bought by ${account}, whose key is not here.`, {
    remedy:
      "Keep its keystore under keys.buyerKeystores until its answers are checked and its money is back.",
    details: { account },
  });
}
