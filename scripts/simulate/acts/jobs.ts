import { encodeGeneration, tokensRoot } from "@athanor/engine/commitments";
import { PROMPT, MAX_TOKENS } from "./computation.ts";
import { tokenBytes } from "../../../sdk/src/protocol/tokens.ts";
import type { JobTerms } from "../../../sdk/src/protocol/job.ts";
import type { Course } from "../agenda.ts";
import type { Mined } from "../chain.ts";
import type { ModelJob } from "../model/jobs.ts";
import { costOf, roundedUp, tokenOf, type TokenSymbol } from "../tokens.ts";
import { anotherProvider } from "./channels.ts";
import type { Day, ProviderState } from "./day.ts";
import { JOB_RULES } from "./rules.ts";
import { COLLECTOR } from "./setup.ts";

/** What becomes of a job. */
export const JOB_FATES = [
  "finalised",
  "finalised in a batch",
  "declined",
  "expired at once",
  "expired late",
  "answered too late",
  "price moved",
] as const;
export type JobFate = (typeof JOB_FATES)[number];

export interface JobPlan {
  readonly client: string;
  readonly provider: ProviderState;
  readonly token: TokenSymbol;
  readonly fate: JobFate;
}

/** A job on chain. */
export interface JobLife {
  readonly plan: Omit<JobPlan, "fate">;
  readonly terms: JobTerms;
  readonly model: ModelJob;
  readonly created: Mined;
  /** What the provider answered. */
  tokens: readonly number[];
  submitted: Mined | undefined;
}

const RESPONSE_TIME = 900;
const NO_LIMIT = 2n ** 80n - 1n;

/** Seconds in which a result of a request of this length can be challenged (docs/protocol.md, "The window"). */
function windowOf({ computed }: Day): number {
  const positions = BigInt(PROMPT.length + MAX_TOKENS);
  const work = positions * computed.commitment.workPerPosition;
  return Number(JOB_RULES.challengeWindow + roundedUp(work, JOB_RULES.workPerSecond));
}

/** What a client sends to open a job; it pays what the model says and not a unit more. */
export function requestOf(
  day: Day,
  { provider, token }: Omit<JobPlan, "fate">,
  salt: bigint,
  submitDeadline: number,
) {
  const { chain, computed } = day;
  const { jobs } = tokenOf(token);
  const cost = costOf(day.pricesOf(provider, token), PROMPT.length, MAX_TOKENS);
  return {
    provider: chain.addressOf(provider.name),
    modelRoot: computed.commitment.modelRoot,
    token: chain.token(token),
    generation: encodeGeneration({ maxTokens: MAX_TOKENS }),
    // Exactly what the model says it costs at most: a unit more is refused.
    maxCost: (cost > jobs.minimumCharge ? cost : jobs.minimumCharge) + jobs.exitBounty,
    maxInputPrice: NO_LIMIT,
    maxOutputPrice: NO_LIMIT,
    submitDeadline,
    seed: 7n,
    salt,
    promptTokens: tokenBytes(PROMPT),
    stopSequences: "0x",
  };
}

export async function createJob(day: Day, plan: Omit<JobPlan, "fate">): Promise<JobLife> {
  const { chain, model, terms: current } = day;
  const { client, provider, token } = plan;
  const salt = day.salt();
  const submitDeadline = chain.time + RESPONSE_TIME;
  const { jobs } = tokenOf(token);
  const job: ModelJob = {
    ...{
      id: "",
      name: `job ${salt}`,
      client,
      provider: provider.name,
      token,
      prices: day.pricesOf(provider, token),
    },
    ...{
      feeBasisPoints: current.jobFees[token],
      exitBounty: jobs.exitBounty,
      minimumCharge: jobs.minimumCharge,
    },
    ...{
      stakeLock: JOB_RULES.stakePerJob,
      promptTokens: PROMPT.length,
      maxTokens: MAX_TOKENS,
      submitDeadline,
    },
    ...{ window: windowOf(day), submittedAt: undefined, status: "Created" },
  };
  const call = ["job escrow", "create", [requestOf(day, plan, salt, submitDeadline)]] as const;
  const created = await day.act("job created", client, call, () => model.jobs.create(job));
  const event = await chain.eventOf(created, "job escrow", "JobCreated");
  job.id = event.id as string;
  return {
    plan,
    terms: (event.job as { toObject(): JobTerms }).toObject(),
    model: job,
    created,
    tokens: [],
    submitted: undefined,
  };
}

export async function answerJob(day: Day, life: JobLife, tokens: readonly number[]): Promise<void> {
  const call = ["job escrow", "submit", [life.terms, tokenBytes(tokens)]] as const;
  life.tokens = tokens;
  life.submitted = await day.act("job answered", life.plan.provider.operator, call, (time) =>
    day.model.jobs.submit(life.model, time),
  );
}

export const outputOf = ({ tokens }: Pick<JobLife, "tokens">) => ({
  count: tokens.length,
  tokensRoot: tokensRoot(tokens),
});

/** From its creation to its end. Answers of jobs that nobody disputes are made up. */
export async function* liveJob(day: Day, plan: JobPlan, finished: JobLife[]): Course {
  const { chain, model } = day;
  if (model.stakes.of(plan.provider.name).jailed) plan = { ...plan, provider: anotherProvider(day, plan) };
  const lots = day.lots.of(`job of ${plan.client} at ${chain.time}`);
  if (plan.fate === "price moved") return refusePrice(day, plan);
  const life = await createJob(day, plan);
  const { operator } = plan.provider;
  if (plan.fate === "finalised" || plan.fate === "finalised in a batch") {
    yield chain.time + lots.between(5, RESPONSE_TIME - 300);
    if (day.isJailed(life.model)) return yield* refundJob(day, life);
    const count = lots.between(1, MAX_TOKENS);
    await answerJob(
      day,
      life,
      Array.from({ length: count }, () => lots.between(0, 11)),
    );
    yield life.model.submittedAt! + life.model.window;
    if (day.isJailed(life.model)) return yield* refundJob(day, life);
    if (plan.fate === "finalised in a batch") finished.push(life);
    else await finalize(day, life);
    return;
  }
  if (plan.fate === "declined") {
    yield chain.time + lots.between(5, RESPONSE_TIME - 300);
    if (day.isJailed(life.model)) return yield* refundJob(day, life);
    await day.act("job declined", operator, ["job escrow", "decline", [life.terms]], () =>
      model.jobs.decline(life.model),
    );
    return;
  }
  yield life.model.submitDeadline + 1;
  if (plan.fate === "answered too late") {
    const call = ["job escrow", "submit", [life.terms, tokenBytes([1])]] as const;
    await day.refusal("job answered too late", "SubmissionTooLate", operator, call);
  }
  const isLate = plan.fate === "expired late";
  if (isLate) yield life.model.submitDeadline + 601;
  const kind = isLate ? "job expired late, for its bounty" : "job expired at once";
  const [by, recipient] = isLate ? [COLLECTOR, COLLECTOR] : [plan.client, plan.client];
  const call = ["job escrow", "expire", [life.terms, chain.addressOf(recipient)]] as const;
  if (day.isJailed(life.model) && !isLate) return yield* refundJob(day, life);
  await day.act(kind, by, call, (time) => model.jobs.expire(life.model, recipient, time));
}

export async function finalize(day: Day, life: JobLife): Promise<void> {
  const { chain, model } = day;
  const args = [life.terms, outputOf(life), chain.addressOf(COLLECTOR)];
  await day.act("job finalised", COLLECTOR, ["job escrow", "finalize", args], () =>
    model.jobs.finalize(life.model, life.tokens.length, COLLECTOR),
  );
}

/** Finalises all results that wait, those of convicted providers left out; they are refunded. */
export async function finalizeAll(day: Day, finished: JobLife[]): Promise<void> {
  const { chain, model } = day;
  const lives = finished.splice(0);
  if (lives.length === 0) return;
  const args = [lives.map(({ terms }) => terms), lives.map(outputOf), chain.addressOf(COLLECTOR)];
  const due = lives.filter((life) => !day.isJailed(life.model));
  await day.act("jobs finalised in a batch", COLLECTOR, ["job escrow", "finalizeBatch", args], () => {
    for (const life of due) model.jobs.finalize(life.model, life.tokens.length, COLLECTOR);
  });
  for (const life of lives) if (!due.includes(life)) day.agenda.add(chain.time, refundJob(day, life));
}

/** The provider was convicted: the client has everything back. */
export async function* refundJob(day: Day, { terms, model: job, plan }: JobLife): Course {
  const { chain, model } = day;
  yield chain.time;
  const call = ["job escrow", "refund", [terms, chain.addressOf(COLLECTOR)]] as const;
  await day.act("job refunded after a conviction", plan.client, call, (time) =>
    model.jobs.refund(job, COLLECTOR, time),
  );
}

/** Between quote and creation the price rises: the client's limit holds. */
async function refusePrice(day: Day, plan: JobPlan): Promise<void> {
  const request = requestOf(day, plan, day.salt(), day.chain.time + RESPONSE_TIME);
  const { input } = day.pricesOf(plan.provider, plan.token);
  const call = ["job escrow", "create", [{ ...request, maxInputPrice: input - 1n }]] as const;
  await day.refusal("price above the client's limit refused", "OfferPriceAboveLimit", plan.client, call);
}
