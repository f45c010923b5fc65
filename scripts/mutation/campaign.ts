// Tries mutants against their tests, in processes side by side.
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { environmentFor } from "./folder.ts";
import type { Answer, Question } from "./judge.ts";

/** A mutant's tests, absolute paths. */
export interface Trial {
  readonly number: number;
  readonly files: readonly string[];
  readonly title: string;
}

/** What came of a mutant. `crashed`: the process that ran its tests ended, twice. */
export interface Verdict {
  readonly number: number;
  readonly outcome: "killed" | "survived" | "timed out" | "crashed";
  /** The test that noticed, and its message. */
  readonly by?: { readonly test: string; readonly message: string };
  readonly seconds: number;
}

export interface CampaignOptions {
  /** How many processes. */
  readonly processes: number;
  /** Milliseconds after which a mutant counts as noticed: its tests do not end. */
  readonly longest: number;
  readonly onVerdict?: (verdict: Verdict) => void;
}

/** Mutants that one process tries. Its chain keeps something of each. */
const mostInARow = 20;

/**
 * Tries every mutant of a folder. Afterwards the processes that judged run all tests once more without a mutant: they must pass, or the
 * verdicts mean nothing.
 *
 * @throws Error if a test fails without a mutant, or a mutant has no test
 */
export async function tryAll(
  folder: string,
  trials: readonly Trial[],
  { processes, longest, onVerdict }: CampaignOptions,
): Promise<Verdict[]> {
  const idle = trials.find(({ files }) => files.length === 0);
  if (idle !== undefined) throw new Error(`mutant ${idle.number} has no test files`);
  const all = [...new Set(trials.flatMap(({ files }) => files))];
  const files = [...all];
  const waiting = [...trials];
  const verdicts: Verdict[] = [];

  const judges = new Set<Judge>();
  const begin = async () => {
    const judge = await Judge.start(folder, all);
    judges.add(judge);
    return judge;
  };
  let failed = false;

  const work = async () => {
    let judge: Judge | undefined;
    let judged = 0;
    try {
      judge = await begin();
      for (let trial = waiting.shift(); trial !== undefined; trial = waiting.shift()) {
        const started = performance.now();
        let answer = await judge.ask(trial, longest);
        if (failed) return;
        if (answer === "ended early") {
          judge = await begin();
          answer = await judge.ask(trial, longest);
        }
        if (typeof answer === "object" && answer.tests === 0) {
          throw new Error(`no test of ${trial.files.join(", ")} has "${trial.title}" in its title`);
        }
        const verdict = { ...verdictOf(trial, answer), seconds: (performance.now() - started) / 1_000 };
        verdicts.push(verdict);
        onVerdict?.(verdict);
        judged += 1;
        if (typeof answer === "string" || judged % mostInARow === 0) {
          judge.stop();
          judge = await begin();
        }
      }
      for (let file = files.shift(); file !== undefined; file = files.shift()) {
        const answer = await judge.ask({ number: 0, files: [file], title: "" }, longest * 3);
        if (failed) return;
        requireSound(file, answer);
      }
    } catch (error) {
      // What the others find out means nothing any more.
      failed = true;
      for (const other of judges) other.stop();
      throw error;
    } finally {
      judge?.stop();
    }
  };
  await Promise.all(Array.from({ length: Math.min(processes, trials.length) }, work));
  return verdicts.sort((a, b) => a.number - b.number);
}

/** @throws Error unless the tests of a file pass without a mutant */
function requireSound(file: string, answer: Answer | Silence): void {
  if (typeof answer === "string") throw new Error(`without any mutant, the tests of ${file} ${answer}`);
  if (answer.failure !== undefined) {
    const { test, message } = answer.failure;
    throw new Error(`without any mutant, a test fails: "${test}": ${message}`);
  }
}

function verdictOf({ number }: Trial, answer: Answer | Silence): Omit<Verdict, "seconds"> {
  if (answer === "did not end") return { number, outcome: "timed out" };
  if (answer === "ended early") return { number, outcome: "crashed" };
  return answer.failure === undefined
    ? { number, outcome: "survived" }
    : { number, outcome: "killed", by: answer.failure };
}

/** Why a process did not answer. */
type Silence = "did not end" | "ended early";

/** A process of judge.ts. */
class Judge {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  static async start(folder: string, files: readonly string[]): Promise<Judge> {
    const child = fork(join(import.meta.dirname, "judge.ts"), [...files], {
      env: environmentFor(folder),
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const judge = new Judge(child);
    // Compiling is over: what takes minutes here is wrong.
    if (typeof (await judge.next(300_000)) === "string") {
      judge.stop();
      throw new Error("the process that judges mutants did not start; what it said is above");
    }
    return judge;
  }

  ask(question: Question, longest: number): Promise<Answer | Silence> {
    const answer = this.next(longest);
    this.child.send(question);
    return answer;
  }

  stop(): void {
    this.child.kill("SIGKILL");
  }

  private next(longest: number): Promise<Answer | Silence> {
    return new Promise((resolve) => {
      const settle = (answer: Answer | Silence) => {
        clearTimeout(timer);
        this.child.off("message", onMessage).off("exit", onExit);
        if (answer === "did not end") this.stop();
        resolve(answer);
      };
      const onMessage = (answer: unknown) => settle(answer as Answer);
      const onExit = () => settle("ended early");
      const timer = setTimeout(() => settle("did not end"), longest);
      this.child.on("message", onMessage).on("exit", onExit);
    });
  }
}
