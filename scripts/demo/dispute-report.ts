import { formatAmount } from "@athanor/sdk";
import type { MoveMade } from "@athanor/sdk/disputes";
import { formatEther } from "ethers";
import { formatTable } from "../lib/table.ts";
import { balanceTables, balanceTexts } from "./report.ts";
import type { DisputeDemoResult } from "./run-dispute.ts";
import { short } from "./stage.ts";

/** Rounds of a dispute: in each the provider shows some levels of the trace's tree. */
const REVEALS: ReadonlySet<string> = new Set(["postTrace", "reveal"]);
const TREES = ["positions", "operators", "tiles"] as const;

/** The document of `--json`. Amounts are decimal text: ATH units, wei. */
export function disputeJson(result: DisputeDemoResult): object {
  const { outcome, executed, operators, moves, fault } = result;
  return {
    status: result.status,
    verdict: {
      convicted: outcome.status === "won",
      byTimeout: outcome.status !== "honest" && outcome.byTimeout,
      operator: executed && nameOf(result, executed.operator, executed.part),
      position: executed?.position,
      tile: executed?.tile,
      element: executed?.element,
    },
    liar: result.liar,
    seed: result.seed,
    changed: { ...fault, operator: operators[fault.operator] },
    rounds: roundsOf(moves),
    gas: {
      total: Number(total(moves)),
      challenger: Number(total(moves.filter(({ by }) => by === "challenger"))),
      provider: Number(total(moves.filter(({ by }) => by === "defender"))),
    },
    moves: moves.map(({ kind, by, round, secondsLeft, gas, calldataBytes }) => ({
      ...{ kind, by, round, secondsLeft, gas: Number(gas), calldataBytes },
    })),
    burned: result.burned.toString(),
    coins: Object.fromEntries(
      Object.entries(result.coins).map(([name, { change, gas }]) => [
        name,
        { change: change.toString(), gas: gas.toString() },
      ]),
    ),
    balances: {
      before: balanceTexts(result.balances.before),
      after: balanceTexts(result.balances.after),
    },
  };
}

/** What a person reads: both answers, the dispute move by move, the verdict, the money. */
export function disputeText(result: DisputeDemoResult): string {
  const parts = [answers(result), tree(result), verdict(result), coins(result), ...balanceTables(result)];
  return `\n${parts.join("\n\n")}\n`;
}

function answers({ prompt, liar, honestText, wrongText }: DisputeDemoResult): string {
  const quoted = (text: string) => (prompt + text).trimEnd().replaceAll(/^/gm, "  │ ");
  const who = liar === "provider" ? "the provider answered" : "the challenger insists on";
  return `What the model answers\n\n${quoted(honestText)}\n\nWhat ${who}\n\n${quoted(wrongText)}`;
}

function tree(result: DisputeDemoResult): string {
  let depth = 0;
  let rounds = 0;
  const rows = result.moves.map((move) => {
    const row = [
      REVEALS.has(move.kind) ? String(++rounds) : "",
      move.by === "challenger" ? "challenger" : "provider",
      `${"  ".repeat(depth)}${depth > 0 ? "└ " : ""}${describe(result, move)}`,
      move.secondsLeft === undefined ? "" : duration(move.secondsLeft),
      move.gas.toLocaleString("en"),
    ];
    if (move.kind === "narrow" || move.kind === "disputeOutput") depth++;
    return row;
  });
  rows.push(["", "", "all moves of both sides", "", total(result.moves).toLocaleString("en")]);
  const table = formatTable(
    [
      { heading: "round", align: "right" },
      { heading: "mover" },
      { heading: "move, at the node reached so far" },
      { heading: "clock left", align: "right" },
      { heading: "gas", align: "right" },
    ],
    rows,
  );
  return `How the dispute about job ${short(result.jobId)} went\n\n${table}`;
}

function describe(result: DisputeDemoResult, { kind, at }: MoveMade): string {
  switch (kind) {
    case "delegateChallenge":
      return "show the client's delegation";
    case "commit":
      return "put the bond down for a secret challenge";
    case "present":
      return "make the receipt a result";
    case "open":
      return "open the challenge";
    case "postTrace":
      return "post the root of the trace with its first descendants";
    case "reveal":
      return `reveal ${where(result, at)}`;
    case "revealTile":
      return `show the bytes of ${where(result, at)}`;
    case "narrow":
      return `name the first difference below ${where(result, at)}`;
    case "nameElement":
      return `name an element of ${where(result, at)}`;
    case "disputeOutput":
      return "name a token of the output";
    case "step":
      return "have the chain execute the element";
    case "timeout":
      return "claim that the clock ran out";
    case "reclaim":
      return "collect bond and reward";
    case "withdraw":
      return "collect what could not be sent";
    case "refund":
      return "have the client refunded";
  }
}

function where(result: DisputeDemoResult, at: MoveMade["at"]): string {
  if (!at || at.stage === "Root") return "the root over positions";
  const { position, operator, tile } = at.address;
  const name = result.operators[operator] ?? `operator ${operator}`;
  if (at.stage !== "Descent") return `position ${position}, ${name}, tile ${tile}`;
  const inside = at.tree === 0 ? "" : at.tree === 1 ? ` of position ${position}` : ` of ${name}`;
  return `${short(at.node)}, ${2 ** at.level} ${TREES[at.tree]!}${inside}`;
}

function verdict(result: DisputeDemoResult): string {
  const { outcome, executed, fault, operators } = result;
  const changed = `position ${fault.position}, ${operators[fault.operator]!}, ${fault.section}, element ${fault.element}`;
  const lines = [`${result.liar === "provider" ? "The provider" : "The challenger"} had changed  ${changed}`];
  if (executed) {
    const name = nameOf(result, executed.operator, executed.part);
    lines.push(
      `The chain executed  position ${executed.position}, ${name}, tile ${executed.tile}, element ${executed.element}`,
    );
  }
  const how = outcome.status !== "honest" && outcome.byTimeout ? ", because its clock ran out" : "";
  lines.push(
    outcome.status === "won"
      ? `The provider is convicted${how}.`
      : `The challenge is lost${how}; the result stands.`,
    `The job is ${result.status}.`,
  );
  return `The verdict\n\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

function coins(result: DisputeDemoResult): string {
  const rows = Object.entries(result.coins).map(([name, { change, gas }]) => [
    name,
    signed(change + gas),
    `-${formatEther(gas)}`,
    signed(change),
  ]);
  const table = formatTable(
    [
      { heading: "account" },
      { heading: "bonds, reimbursements", align: "right" },
      { heading: "gas", align: "right" },
      { heading: "change", align: "right" },
    ],
    rows,
  );
  const burned = formatAmount(result.currencies["ATH"]!, result.burned);
  return `What the dispute cost in the chain's coin\n\n${table}\n\nBurned for good: ${burned}`;
}

function nameOf({ operators }: DisputeDemoResult, operator: number, part: "Trace" | "Output"): string {
  return part === "Output" ? "output" : (operators[operator] ?? `operator ${operator}`);
}

function roundsOf(moves: readonly MoveMade[]): number {
  return moves.filter(({ kind }) => REVEALS.has(kind)).length;
}

function total(moves: readonly MoveMade[]): bigint {
  return moves.reduce((sum, { gas }) => sum + gas, 0n);
}

function signed(wei: bigint): string {
  return `${wei > 0n ? "+" : ""}${formatEther(wei)}`;
}

function duration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `${hours} h ${String(minutes).padStart(2, "0")} min`;
}
