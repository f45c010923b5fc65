import { referenceExecutor, type Executor } from "@athanor/engine/trace";
import { jobIdOf } from "../../../sdk/src/protocol/job.ts";
import type { Course } from "../agenda.ts";
import { credit } from "../model/ledger.ts";
import {
  commit,
  deadlineOf,
  open,
  playToVerdict,
  postTrace,
  timeOut,
  type DoubtedResult,
} from "./challenges.ts";
import { honestAnswer, wrongExecutor } from "./computation.ts";
import type { Day } from "./day.ts";
import { answerJob, createJob, finalize, type JobLife, type JobPlan } from "./jobs.ts";
import { GAME_RULES } from "./rules.ts";
import { COLLECTOR, GRIEFER } from "./setup.ts";

/** How somebody doubts a right answer, and loses. */
export const QUARRELS = ["to the step", "to the deadline", "without opening"] as const;
export type Quarrel = (typeof QUARRELS)[number];

/** A job's result as the dispute game has it. */
export async function resultOf(
  { chain, model }: Day,
  life: JobLife,
  executor: Executor,
): Promise<DoubtedResult> {
  const { plan, terms, tokens, model: job } = life;
  return {
    id: jobIdOf(terms, 31_337n, chain.addressOf("job escrow")),
    ...{ terms, provider: plan.provider, tokens, executor, window: job.window },
    block: await chain.block(),
    priceInAth: plan.token === "ATH" ? model.jobs.largestPrice(job) : 0n,
  };
}

/** A right answer that is challenged: the challenger loses its bond, the provider is paid for its trouble and for its work. */
export async function* quarrel(day: Day, plan: Omit<JobPlan, "fate">, how: Quarrel): Course {
  const { chain, model } = day;
  const life = await createJob(day, plan);
  await answerJob(day, life, await honestAnswer(day));
  const result = await resultOf(day, life, referenceExecutor);
  const wrong = wrongExecutor(day);
  const challenge = await commit(day, result, GRIEFER, wrong);
  if (how === "without opening") {
    yield chain.time + Number(GAME_RULES.openPeriod) + 1;
    await day.act(
      "challenge not opened in time",
      COLLECTOR,
      ["dispute game", "burnUnopened", [challenge.id]],
      () => model.disputes.burnUnopened(challenge.model),
    );
  } else {
    await open(day, challenge);
    if (how === "to the step") await playToVerdict(day, challenge, "Lost", "challenge lost by a step");
    else {
      await postTrace(day, challenge);
      yield (await deadlineOf(day, challenge)) + 1;
      await timeOut(day, challenge, COLLECTOR, "Lost");
    }
  }
  yield Math.max(life.model.submittedAt! + life.model.window, chain.time);
  await finalize(day, life);
  if (model.ledger.at(credit(plan.provider.name)) === 0n) return;
  const call = ["dispute game", "withdraw", [chain.addressOf(plan.provider.name)]] as const;
  await day.act("credit of lost challenges withdrawn", plan.provider.name, call, () =>
    model.disputes.withdraw(plan.provider.name, plan.provider.name),
  );
}
