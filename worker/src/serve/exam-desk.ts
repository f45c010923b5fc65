import { encodeTokens, tokensRoot } from "@athanor/engine/commitments";
import {
  burstHash,
  burstPositions,
  burstRequest,
  examSigner,
  inputRootOf,
  MOST_BURST_POSITIONS,
  MOST_BURST_RECEIPTS,
  signReceipt,
  type Burst,
  type ExamLine,
  type ExamPlace,
  type ExamRequest,
  type Receipt,
  type Signed,
} from "@athanor/sdk/channels";
import { encodeBase64, type Wallet } from "ethers";
import { describeError, isNodeTrouble } from "../errors.ts";
import type { ProviderContext } from "../provider/context.ts";
import { checkRequest } from "./check-request.ts";
import type { Desk } from "./desk.ts";
import { BurstRun } from "./exam-burst.ts";
import type { ExamRules } from "./exam-rules.ts";
import { lineStream } from "./line-stream.ts";
import { Refusal } from "./refusal.ts";

/** Times that the hardware is kept free for one checker in an epoch: connections break. */
const MOST_TRIES = 3;
/** Milliseconds for which an exam waits until the answers and jobs under way have ended. */
const DRAIN = 20_000;
const DRAIN_LOOK = 50;
const START_WITHIN = 10;
/** Milliseconds after which a burst ends, with a receipt of what was answered. */
const LONGEST_BURST = 60_000;
/** Milliseconds after its end in which the answer can still be read. */
const READ_WITHIN = 30_000;
/** Seconds that all of it takes at most, and some for signing. */
const LONGEST_EXAM = 100;
/** While a provider takes work, exams get a quarter of the time. */
const PAUSE = 3;
/** Milliseconds of silence after which a line says that nothing is lost. */
const HEARTBEAT = 10_000;
/** Most tokens of one line. */
const MOST_TOKENS = 2_048;

export interface ExamDeskOptions {
  readonly context: Omit<ProviderContext, "desk">;
  readonly desk: Desk;
  /** Signs receipts. */
  readonly signer: Wallet;
  readonly rules: ExamRules;
  /** Milliseconds after which a burst ends. Default a minute. */
  readonly longestBurst?: number;
  /** Seconds for which the hardware waits for the burst. Default 10. */
  readonly startWithin?: number;
}

/** The exam for which the hardware is kept free, or that has it. */
interface Current {
  readonly id: string;
  readonly checker: string;
  readonly epoch: number;
  readonly burst: string;
  /** Milliseconds since 1970: since when nobody else begins. */
  readonly since: number;
  readonly open: () => void;
  lapse: NodeJS.Timeout | undefined;
  run: BurstRun | undefined;
}

/**
 * The provider's side of exams of its hardware: keeps the hardware free, answers a checker's burst for nothing, and signs what was answered. One at a time, and
 * of each checker that committed to the epoch one at most. docs/native-protocol.md, section 8.
 */
export class ExamDesk {
  private readonly options: ExamDeskOptions;
  private current: Current | undefined;
  /** Milliseconds since 1970: no exam before. */
  private pausedUntil = 0;

  constructor(options: ExamDeskOptions) {
    this.options = options;
  }

  /**
   * Keeps the hardware free for a checker's burst; resolves when it is.
   *
   * @throws Refusal `AccessDenied`, `NotExamined`, `ExamOver`, `ProviderBusy`, `ChainUnreachable`, `Stopping`
   */
  async enter(request: ExamRequest): Promise<ExamPlace> {
    const { context, desk, rules, startWithin = START_WITHIN } = this.options;
    const { exam } = request;
    // Whoever cannot sign costs nothing.
    const operator = examSigner(desk.contract, context.owner, request);
    if (operator === undefined) throw notAChecker(exam.checker, exam.epoch);
    if (desk.isStopping) {
      throw new Refusal("Stopping", "The worker is being stopped.", "Ask again in a minute.", 30);
    }
    desk.requireChain();
    this.requireFree();
    const now = context.time.now();
    const { epoch, endsAt } = rules.epochAt(now);
    const isTime = exam.epoch === epoch && endsAt - now >= LONGEST_EXAM;
    if (!isTime || !(await asked(rules.isExamined(epoch)))) {
      throw new Refusal(
        "NotExamined",
        `This provider is not examined in epoch ${exam.epoch}, or not any more; the current one is ${epoch} and ends in ${endsAt - now} s.`,
        "Ask again when the epoch's seed is fixed, and early in the epoch.",
        10,
      );
    }
    if (!(await asked(rules.isChecker(exam.checker, operator, epoch)))) {
      throw notAChecker(exam.checker, epoch);
    }
    const checker = exam.checker.toLowerCase();
    const had = context.storage.exam(epoch, checker);
    if (had.signed || had.tries >= MOST_TRIES) {
      throw new Refusal(
        "ExamOver",
        `The checker ${exam.checker} had its exam of epoch ${epoch}${had.signed ? "" : `: ${MOST_TRIES} tries`}.`,
        "Report what it measured.",
      );
    }
    // Others were let in meanwhile.
    this.requireFree();
    context.storage.putExam(epoch, checker, { tries: had.tries + 1, signed: false });
    const current: Current = {
      ...{ id: rules.idOf(exam.checker, epoch, exam.blinding), checker, epoch, burst: exam.burst },
      ...{ since: context.clock.now(), open: desk.gate.close(), lapse: undefined, run: undefined },
    };
    this.current = current;
    await this.drained();
    if (this.current !== current) {
      throw new Refusal("Stopping", "The worker is being stopped.", "Ask again in a minute.", 30);
    }
    current.lapse = setTimeout(() => this.end(current), startWithin * 1_000);
    current.lapse.unref();
    context.log.emit("info", "exam.entered", { checker: exam.checker, epoch });
    return { exam: current.id, startWithin };
  }

  /**
   * Computes the burst for which the hardware is kept free.
   *
   * @returns the lines of the answer
   * @throws Refusal `ExamOver`, `RequestRefused`, `ModelNotServed`
   */
  burst(id: string, burst: Burst): ReadableStream<Uint8Array> {
    const { context, desk, longestBurst = LONGEST_BURST } = this.options;
    const { current } = this;
    if (current?.id !== id || current.lapse === undefined || current.run !== undefined) {
      throw new Refusal("ExamOver", `The hardware is not kept free for the exam ${id}.`, "Enter again.");
    }
    clearTimeout(current.lapse);
    let run: BurstRun;
    try {
      if (burstHash(burst) !== current.burst) throw refuse("It is not the burst of the signed request.");
      const positions = burstPositions(burst);
      if (positions > MOST_BURST_POSITIONS) {
        throw refuse(`It has ${positions} positions; ${MOST_BURST_POSITIONS} are taken at most.`);
      }
      const runner = context.models.get(burst.modelRoot)?.runner;
      const vocabularySize = runner?.commitment.vocabularySize ?? 1;
      checkRequest(burstRequest(burst, 0, vocabularySize), context.models, context.limits.maxTokensPerJob);
      const atOnce = desk.settings.maxConcurrent;
      run = new BurstRun({ burst, runner: runner!, atOnce, longest: longestBurst });
    } catch (error) {
      this.end(current);
      throw error;
    }
    current.run = run;
    // Whoever reads slowly keeps nobody waiting.
    void run.ended.then(() => this.end(current));
    // A checker that hung up gets nothing computed further.
    return lineStream(this.lines(current, run, burst), () => run.stop());
  }

  /** Ends the exam under way, without a receipt. */
  async stop(): Promise<void> {
    const { current } = this;
    if (current === undefined) return;
    await current.run?.stop();
    this.end(current);
  }

  private async *lines(
    current: Current,
    run: BurstRun,
    burst: Burst,
  ): AsyncGenerator<ExamLine, void, undefined> {
    const { clock } = this.options.context;
    const { longestBurst = LONGEST_BURST } = this.options;
    const until = clock.now() + longestBurst + READ_WITHIN;
    const sent = run.tokens.map(() => 0);
    try {
      for (;;) {
        const isOver = run.isOver;
        for (const request of run.fresh) {
          if (clock.now() > until) return;
          run.fresh.delete(request);
          const first = sent[request]!;
          const chunk = run.tokens[request]!.slice(first, first + MOST_TOKENS);
          if (first + chunk.length < run.tokens[request]!.length) run.fresh.add(request);
          sent[request] = first + chunk.length;
          yield { type: "tokens", request, first, chunk: encodeBase64(encodeTokens(chunk)) };
        }
        if (isOver) break;
        if (run.fresh.size === 0 && !run.isOver && (await run.changed(HEARTBEAT))) yield { type: "waiting" };
      }
      if (run.failure !== undefined) this.noteFailure(current, run.failure);
      const receipts = await this.sign(current, run, burst);
      if (receipts.length === 0) return yield failure("No request was answered in time.");
      for (const receipt of receipts) yield { type: "receipt", receipt };
      yield { type: "end" };
    } catch (error) {
      this.noteFailure(current, error);
      yield failure("The worker failed.");
    }
  }

  /** Receipts of the first requests that were answered; none when its epoch is over. */
  private async sign({ id, checker, epoch }: Current, run: BurstRun, { modelRoot, count }: Burst) {
    const { context, desk, signer, rules } = this.options;
    const expiry = context.time.now();
    if (run.answered.length === 0 || rules.epochAt(expiry).epoch !== epoch) return [];
    // Before anything is signed: those on their way are the only ones.
    context.storage.putExam(epoch, checker, { tries: MOST_TRIES, signed: true });
    const shown = run.answered.slice(0, MOST_BURST_RECEIPTS).sort((left, right) => left - right);
    const receipts: Signed<Receipt>[] = [];
    for (const index of shown) {
      const tokens = run.tokens[index]!;
      const receipt = {
        ...{ channel: id, nonce: BigInt(index + 1), modelRoot, inputRoot: inputRootOf(run.request(index)) },
        ...{ outputTokensRoot: tokensRoot(tokens), outputCount: BigInt(tokens.length), complete: true },
        ...{ price: 0n, expiry: BigInt(expiry) },
      };
      receipts.push(await signReceipt(signer, desk.contract, receipt));
    }
    context.log.emit("info", "exam.receipts", {
      checker,
      epoch,
      answered: run.answered.length,
      asked: count,
    });
    return receipts;
  }

  /** Waits until what is under way has ended, but not for ever. */
  private async drained(): Promise<void> {
    const { context, desk } = this.options;
    for (let waited = 0; waited < DRAIN; waited += DRAIN_LOOK) {
      if (desk.counts.running === 0 && context.running.size === 0) return;
      await context.clock.sleep(DRAIN_LOOK);
    }
  }

  private requireFree(): void {
    const { clock } = this.options.context;
    const wait = Math.max(0, this.pausedUntil - clock.now());
    if (this.current === undefined && wait === 0) return;
    throw new Refusal(
      "ProviderBusy",
      this.current ? "Another checker's exam is under way." : "Clients have their turn between two exams.",
      "Ask again.",
      this.current ? 2 : Math.min(60, Math.ceil(wait / 1_000)),
    );
  }

  /** Lets clients go on. */
  private end(current: Current): void {
    if (this.current !== current) return;
    const { context, desk } = this.options;
    clearTimeout(current.lapse);
    this.current = undefined;
    const now = context.clock.now();
    // One that is kept from new work has nobody to make room for.
    if (desk.conditions?.takesWork !== false) this.pausedUntil = now + PAUSE * (now - current.since);
    current.open();
    context.wake();
  }

  private noteFailure({ checker, epoch }: Current, error: unknown): void {
    this.options.context.log.emit("error", "exam.failed", { checker, epoch, ...describeError(error) });
  }
}

/** @throws Refusal `ChainUnreachable` when the node does not answer */
async function asked<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!isNodeTrouble(error)) throw error;
    throw new Refusal("ChainUnreachable", "The provider cannot see the chain.", "Ask again in a minute.", 60);
  }
}

function notAChecker(checker: string, epoch: number): Refusal {
  return new Refusal(
    "AccessDenied",
    `The request is not signed by the operator of ${checker}, or that is no checker which committed to epoch ${epoch}.`,
    "Sign it for this provider with the operator's key.",
  );
}

function refuse(problem: string): Refusal {
  return new Refusal("RequestRefused", problem, "See docs/native-protocol.md, section 8.");
}

function failure(message: string): ExamLine {
  return { type: "error", code: "ProviderFailed", message, remedy: "Enter again, if a try is left." };
}
