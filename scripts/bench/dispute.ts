import { createScreen } from "../demo/screen.ts";
import { runDispute } from "../demo/run-dispute.ts";
import { LLAMA_SHAPES, llamaProgram } from "../generate/cost-sheet/llama-program.ts";
import { formatTable } from "../lib/table.ts";
import { largeSteps } from "../../test/support/step/large-steps.ts";
import { openArena } from "./dispute/arena.ts";
import { type MeasuredMove, playLargeGame } from "./dispute/large-game.ts";

export interface DisputeBenchOptions {
  readonly seed?: number;
}

/** What the largest dispute about one section of an operator takes. */
export interface StepGas {
  /** Kind and name of the operator, and the section. */
  readonly operator: string;
  readonly section: string;
  /** Gas and calldata of the transaction that executes one element. */
  readonly gas: number;
  readonly calldataBytes: number;
  /** Reveals of the whole dispute, and gas of all its moves, both sides together. */
  readonly rounds: number;
  readonly totalGas: number;
}

export interface ShapeGas {
  /** Most reveals of a dispute. */
  readonly rounds: number;
  /** Gas of the dearest dispute, both sides, from the commitment to the verdict. */
  readonly totalGas: number;
  readonly steps: readonly StepGas[];
}

export interface DisputeBenchResult {
  /** A dispute about the bundled model, played by the SDK. */
  readonly bundled: {
    readonly rounds: number;
    readonly totalGas: number;
    readonly convicted: boolean;
    readonly moves: readonly MeasuredMove[];
  };
  /** Models of these numbers of parameters, context 8,192, random weights and tiles. */
  readonly shapes: Readonly<Record<string, ShapeGas>>;
}

/** Until the verdict; what follows collects money. */
const AFTER_THE_VERDICT = new Set(["reclaim", "withdraw", "refund"]);

export async function benchDispute({ seed = 1 }: DisputeBenchOptions): Promise<DisputeBenchResult> {
  const shapes: Record<string, ShapeGas> = {};
  for (const shape of LLAMA_SHAPES) {
    shapes[shape.name.replace(" ", "")] = await measureShape(llamaProgram(shape), shape.name);
  }
  return { bundled: await bundledDispute(seed), shapes };
}

async function bundledDispute(seed: number): Promise<DisputeBenchResult["bundled"]> {
  process.stderr.write("a dispute about the bundled model\n");
  const { moves, outcome } = await runDispute({
    ...{ liar: "provider", prompt: "ROMEO:\n", maxTokens: 64, token: "ATH", seed },
    ...{ screen: createScreen(process.stderr), signal: new AbortController().signal },
  });
  const counted = moves.filter(({ kind }) => !AFTER_THE_VERDICT.has(kind));
  return {
    rounds: moves.filter(({ kind }) => kind === "postTrace" || kind === "reveal").length,
    totalGas: Number(counted.reduce((sum, { gas }) => sum + gas, 0n)),
    convicted: outcome.status === "won",
    moves: counted.map(({ kind, by, gas, calldataBytes }) => ({
      ...{ kind, by: by === "challenger" ? by : "provider" },
      ...{ gas: Number(gas), calldataBytes },
    })),
  };
}

async function measureShape(program: ReturnType<typeof llamaProgram>, name: string): Promise<ShapeGas> {
  const arena = await openArena(program);
  try {
    const steps: StepGas[] = [];
    const large = largeSteps(program);
    for (const step of large) {
      process.stderr.write(`\r\u001b[K${name}: dispute ${steps.length + 1} of ${large.length}`);
      const { moves, rounds, convicted } = await arena.undoing(() => playLargeGame(arena, step));
      const { gas, calldataBytes } = moves.at(-1)!;
      const totalGas = moves.reduce((sum, move) => sum + move.gas, 0);
      if (!convicted && isWrong(step)) throw new Error(`${step.name}: a wrong element was not convicted`);
      steps.push({ operator: step.name, section: step.section, gas, calldataBytes, rounds, totalGas });
    }
    process.stderr.write("\n");
    return {
      rounds: Math.max(...steps.map(({ rounds }) => rounds)),
      totalGas: Math.max(...steps.map(({ totalGas }) => totalGas)),
      steps,
    };
  } finally {
    await arena.close();
  }
}

/** What is random may happen to be right. */
function isWrong({ evidence, address }: ReturnType<typeof largeSteps>[number]): boolean {
  return evidence.verdict(address, evidence.leaf(address), evidence.witness(address)) === "wrong";
}

export function disputeTable({ bundled, shapes }: DisputeBenchResult): string {
  const number = (value: number) => value.toLocaleString("en");
  const moves = formatTable(
    [
      { heading: "move" },
      { heading: "by" },
      { heading: "gas", align: "right" },
      { heading: "calldata bytes", align: "right" },
    ],
    bundled.moves.map(({ kind, by, gas, calldataBytes }) => [kind, by, number(gas), number(calldataBytes)]),
  );
  const verdict = bundled.convicted ? "convicted" : "not convicted";
  const first = `The bundled model: ${bundled.rounds} reveals, ${number(bundled.totalGas)} gas, ${verdict}\n\n${moves}`;
  const rest = Object.entries(shapes).map(([name, { rounds, totalGas, steps }]) => {
    const table = formatTable(
      [
        { heading: "operator" },
        { heading: "section" },
        { heading: "step gas", align: "right" },
        { heading: "calldata bytes", align: "right" },
        { heading: "reveals", align: "right" },
        { heading: "dispute gas", align: "right" },
      ],
      steps.map((step) => [
        ...[step.operator, step.section, number(step.gas), number(step.calldataBytes)],
        ...[number(step.rounds), number(step.totalGas)],
      ]),
    );
    return `${name}, context 8,192: at most ${rounds} reveals and ${number(totalGas)} gas from the commitment to the verdict, both sides\n\n${table}`;
  });
  return [first, ...rest].join("\n\n");
}
