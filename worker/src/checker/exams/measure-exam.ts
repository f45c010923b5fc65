import { burstPositions, ExamClient, MOST_BURST_POSITIONS, type Burst } from "@athanor/sdk/channels";
import { AthanorError } from "@athanor/sdk/protocol";
import { generate } from "@athanor/engine";
import { concat, hexlify, keccak256, randomBytes } from "ethers";
import { describeError } from "../../errors.ts";
import { findOffers } from "../../market/offers.ts";
import type { CheckerContext } from "../context.ts";
import type { Measure, Measured, MeasureRequest } from "../duties/measurements.ts";
import { ownSecret } from "../own.ts";
import { examine } from "./examine.ts";
import { sizeBurst } from "./size-burst.ts";

/** Seconds for which a burst keeps hardware busy that is as fast as it claims. */
const BURST_SECONDS = 10;
/** Chain seconds that an exam may take: none begins later before the deadline. */
const LONGEST_EXAM = 120;
/** Of no use to a report: nothing was asked, or answered. */
const UNREACHED: Measured = { latency: 0, throughput: 0, uptime: 0, evidence: "0x" };

export interface MeasureExamOptions {
  /** Signs requests for exams: the operator's key. */
  readonly signer: ConstructorParameters<typeof ExamClient>[0]["signer"];
  /** Whether endpoints may be `http:`, and on this network: for local chains and tests. Default no. */
  readonly allowInsecureEndpoints?: boolean | undefined;
  /** Default 10. */
  readonly burstSeconds?: number | undefined;
  /** Default that of the platform. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** A model that a provider offers, as far as an exam needs it. */
interface Examinable {
  readonly modelRoot: string;
  readonly contextLength: number;
  readonly vocabularySize: number;
  readonly workPerPosition: bigint;
}

/**
 * Measures as an ordinary client does, but in exams of the hardware. One whose provider has no endpoint cannot be asked: it is measured like others while it takes work, and reported
 * with uptime 0 when it does not.
 */
export function measureWithExams(
  context: CheckerContext,
  ordinary: Measure,
  options: MeasureExamOptions,
): Measure {
  const { hardwareExams, providerRegistry } = context.checkers.contracts;
  /** Exams that were asked for, and did not take place. */
  const tried = new Set<string>();
  return async (request) => {
    const { provider, epoch, now, deadline } = request;
    if (!(await hardwareExams.isExamined(epoch, provider))) return ordinary(request);
    const { profile } = await providerRegistry.providerOf(provider);
    if (profile.endpoint === "" && !(await hardwareExams.isPending(provider))) return ordinary(request);
    const key = `${epoch} ${provider}`;
    const isLate = now + LONGEST_EXAM >= deadline;
    // It could come back, or name an endpoint. Of one that was never asked a checker says nothing.
    if (isLate || profile.endpoint === "") {
      return isLate && (profile.endpoint === "" || tried.has(key)) ? UNREACHED : undefined;
    }
    tried.add(key);
    return attempt(context, request, profile.endpoint, options);
  };
}

/** One exam. @returns undefined when it did not take place: asked again later */
async function attempt(
  context: CheckerContext,
  { provider, epoch, rules, blinding, signal }: MeasureRequest,
  endpoint: string,
  options: MeasureExamOptions,
): Promise<Measured | undefined> {
  const { chain, checkers, checker, log, models } = context;
  const { askedEvidence, deployment } = checkers.contracts;
  const model = await largestModel(context, provider);
  // It removed its offers meanwhile.
  if (model === undefined) return undefined;
  const { modelRoot, vocabularySize, workPerPosition, contextLength } = model;
  const claim = await checkers.contracts.providerRegistry.throughputOf(provider);
  const { secret } = await ownSecret(context, epoch);
  const { requests } = rules;
  const burst: Burst = {
    modelRoot,
    // Of the secret, so that no weak randomness lets a provider know it; and new in every try, so that none was computed before.
    seed: keccak256(concat([secret, provider, hexlify(randomBytes(32))])),
    ...sizeBurst({
      ...{ claim, workPerPosition, contextLength, requests },
      seconds: options.burstSeconds ?? BURST_SECONDS,
    }),
  };
  const own = (what: string) => (error: unknown) => {
    log.emit("warn", "warning", { epoch, provider, ...describeError(error), unchecked: what });
    return undefined;
  };
  try {
    const client = new ExamClient({
      ...{ provider, endpoint, signer: options.signer, fetch: options.fetch },
      contract: { chainId: chain.chainId, escrow: deployment.channelEscrow },
      allowInsecureEndpoints: options.allowInsecureEndpoints,
    });
    const { fault, answered, asked, ...found } = await examine({
      ...{ client, checker, epoch, blinding, burst, vocabularySize, workPerPosition, requests, signal },
      // What fails on this side is no fault of the provider, which answers once in an epoch.
      proves: (evidence) =>
        askedEvidence.countOf(epoch, checker, provider, true, evidence).catch(own("its receipts")),
      recompute: async ({ prompt, modelRoot: root, ...request }) => {
        try {
          const known = await models.get(root);
          return known && (await generate(known, { ...request, prompt: [...prompt], signal })).tokens;
        } catch (error) {
          return own("its answer")(error);
        }
      },
    });
    const { throughput, uptime } = found;
    log.emit(fault === undefined ? "info" : "warn", "checker.examined", {
      ...{ epoch, provider, asked, answered, throughput, uptime, claim: claim.toString() },
      ...{ filled: burstPositions(burst) < MOST_BURST_POSITIONS, fault },
    });
    return found;
  } catch (error) {
    if (!(error instanceof AthanorError) || signal.aborted) throw error;
    // Over for this epoch, whatever the reason: no further try will be answered.
    const isOver = error.values["providerCode"] === "ExamOver";
    log.emit("warn", "checker.examined", { epoch, provider, ...describeError(error) });
    return isOver ? UNREACHED : undefined;
  }
}

/** Of the models that a provider offers the one with the most work: a small one does not fill its hardware. */
async function largestModel(
  { chain, checkers }: CheckerContext,
  provider: string,
): Promise<Examinable | undefined> {
  const { providerRegistry } = checkers.contracts;
  const offers = await Promise.all(
    (await findOffers(chain, { provider })).map(async ({ modelRoot, token }) => {
      const { contextLength, vocabularySize, workPerPosition } = await providerRegistry.offerOf(
        ...([provider, modelRoot, token] as const),
      );
      const sizes = { contextLength: Number(contextLength), vocabularySize: Number(vocabularySize) };
      return { modelRoot, ...sizes, workPerPosition };
    }),
  );
  return offers.reduce<Examinable | undefined>(
    (best, next) => (best === undefined || next.workPerPosition > best.workPerPosition ? next : best),
    undefined,
  );
}
