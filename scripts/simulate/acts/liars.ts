import { encodeRequest, inputRoot, tokensRoot } from "@athanor/engine/commitments";
import { referenceExecutor } from "@athanor/engine/trace";
import { Wallet, hexlify, id as hashOf, type Result } from "ethers";
import { reportCommitment } from "../../../sdk/src/channels/report.ts";
import { signReceipt } from "../../../sdk/src/channels/typed-data.ts";
import type { Signed, Receipt } from "../../../sdk/src/channels/types.ts";
import type { JobTerms } from "../../../sdk/src/protocol/job.ts";
import type { Course } from "../agenda.ts";
import { roundedUp, type TokenSymbol } from "../tokens.ts";
import { ChannelLife, type ChannelPlan } from "./channel-life.ts";
import { leave, openChannel } from "./channels.ts";
import {
  commit,
  deadlineOf,
  open,
  playToVerdict,
  reclaim,
  timeOut,
  type DoubtedResult,
} from "./challenges.ts";
import { honestAnswer, MAX_TOKENS, PROMPT, wrongExecutor } from "./computation.ts";
import type { Day, ProviderState } from "./day.ts";
import { answerJob, createJob, refundJob, type JobLife } from "./jobs.ts";
import { resultOf } from "./quarrels.ts";
import { CHANNEL_RULES, RECEIPT_WINDOW } from "./rules.ts";
import { CHALLENGERS, GRIEFER } from "./setup.ts";

/** How a provider is convicted. */
export const LIES = ["a wrong job", "no trace", "two receipts", "a wrong receipt"] as const;
export type Lie = (typeof LIES)[number];

export interface LiePlan {
  readonly provider: ProviderState;
  readonly client: string;
  readonly token: TokenSymbol;
  readonly lie: Lie;
}

/** A provider that lies once, and loses its deposit. */
export function lieOnce(day: Day, plan: LiePlan, lives: ChannelLife[]): Course {
  switch (plan.lie) {
    case "a wrong job":
      return lieInJob(day, plan);
    case "no trace":
      return staySilent(day, plan);
    case "two receipts":
      return equivocate(day, plan, lives);
    case "a wrong receipt":
      return lieInReceipt(day, plan, lives);
  }
}

/** One challenger has the step executed; another one, and one that comes too late, get their bonds back. */
async function* lieInJob(day: Day, plan: LiePlan): Course {
  const executor = wrongExecutor(day);
  const { tokens } = await executor(day.computed, { prompt: PROMPT, maxTokens: MAX_TOKENS });
  const wrong = await createJob(day, plan);
  const unanswered = await createJob(day, plan);
  const undisputed = await createJob(day, plan);
  await answerJob(day, wrong, tokens);
  await answerJob(day, undisputed, [1, 2]);
  const result = await resultOf(day, wrong, executor);
  const [first, second] = [
    await commit(day, result, CHALLENGERS[0]),
    await commit(day, result, CHALLENGERS[1]),
  ];
  await open(day, second);
  await open(day, first);
  const late = await commit(day, result, GRIEFER);
  await playToVerdict(day, first, "Convicted", "provider convicted by a step");
  await open(day, late);
  await reclaim(day, second, "bond of another challenger reclaimed");
  await reclaim(day, first, "bond and reward reclaimed");
  yield* refundJob(day, wrong);
  yield* refundJob(day, unanswered);
  yield undisputed.model.submittedAt! + undisputed.model.window + 601;
  yield* refundJob(day, undisputed);
}

/** Its answer may be right; it shows nothing. */
async function* staySilent(day: Day, plan: LiePlan): Course {
  const life: JobLife = await createJob(day, plan);
  await answerJob(day, life, await honestAnswer(day));
  const result = await resultOf(day, life, referenceExecutor);
  const challenge = await commit(day, result, CHALLENGERS[1], wrongExecutor(day));
  await open(day, challenge);
  yield (await deadlineOf(day, challenge)) + 1;
  await timeOut(day, challenge, CHALLENGERS[1], "Convicted");
  await reclaim(day, challenge, "bond and reward reclaimed");
  yield* refundJob(day, life);
}

function shortPlan(plan: LiePlan): ChannelPlan {
  const { provider, client, token } = plan;
  return {
    client,
    provider,
    token,
    requests: 3,
    ending: "left open",
    from: "balance",
    topsUp: false,
    rotatesKey: false,
  };
}

/** Two receipts of one nonce that say different things: no game is needed. */
async function* equivocate(day: Day, plan: LiePlan, lives: ChannelLife[]): Course {
  const { chain, model } = day;
  const life = new ChannelLife(day, shortPlan(plan));
  await openChannel(day, life);
  const { ends, settled } = await life.talk(life.bursts[0]!, { settlesUp: false });
  yield ends;
  await settled();
  const receipt = life.settlement!.receipt!;
  const other = { ...receipt.message, outputTokensRoot: hashOf("another answer") };
  const second = await signReceipt(new Wallet(life.receiptKey), life.contract, other);
  const reporter = plan.client;
  const account = chain.addressOf(reporter);
  const { salt, commitment } = reportCommitment(life.contract, receipt.message, other, account);
  await chain.send(reporter, "receipt results", "commitReport", [commitment]);
  const args = [
    life.terms,
    receipt.message,
    receipt.signature,
    second.message,
    second.signature,
    account,
    salt,
  ];
  await day.act(
    "provider convicted of equivocation",
    reporter,
    ["receipt results", "reportEquivocation", args],
    () => model.disputes.convictProven(plan.provider.name, reporter),
  );
  yield* leave(day, life, lives);
}

/** A wrong answer of a channel, acknowledged and paid: whoever has the receipt presents it, and the game decides. */
async function* lieInReceipt(day: Day, plan: LiePlan, lives: ChannelLife[]): Course {
  const { chain, computed } = day;
  const life = new ChannelLife(day, shortPlan(plan));
  await openChannel(day, life);
  const right = await honestAnswer(day);
  const tokens = right.map((token, index) => (index === 0 ? (token + 1) % 12 : token));
  const request = { prompt: PROMPT, maxTokens: MAX_TOKENS, seed: 7n };
  const lastAnswer = {
    inputRoot: inputRoot(request),
    outputTokensRoot: tokensRoot(tokens),
    outputCount: tokens.length,
  };
  const { ends, settled } = await life.talk(life.bursts[0]!, { settlesUp: false, lastAnswer });
  yield ends;
  await settled();
  await life.settle(true);
  const receipt: Signed<Receipt> = life.settlement!.receipt!;
  const args = [life.terms, receipt.message, receipt.signature, hexlify(encodeRequest(request))];
  const presented = await day.act(
    "receipt presented",
    CHALLENGERS[0],
    ["receipt results", "present", args],
    () => undefined,
  );
  const event: Result = await chain.eventOf(presented, "receipt results", "ReceiptPresented");
  const work = BigInt(PROMPT.length + tokens.length) * computed.commitment.workPerPosition;
  const result: DoubtedResult = {
    id: event.id as string,
    terms: (event.job as { toObject(): JobTerms }).toObject(),
    ...{ provider: plan.provider, tokens, executor: referenceExecutor },
    block: await chain.block(),
    window: RECEIPT_WINDOW + Number(roundedUp(work, CHANNEL_RULES.workPerSecond)),
    priceInAth: plan.token === "ATH" ? receipt.message.price : 0n,
  };
  const challenge = await commit(day, result, CHALLENGERS[0]);
  await open(day, challenge);
  await playToVerdict(day, challenge, "Convicted", "provider convicted for a receipt");
  await reclaim(day, challenge, "bond and reward reclaimed");
  yield* leave(day, life, lives);
}
