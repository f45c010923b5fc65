import { OPERATORS } from "../operators/index.ts";
import type { Operator, Program } from "../program/program.ts";

/** A run of operators that belong together, and how often it comes in the same form. */
interface Group {
  readonly title: string;
  readonly lines: readonly string[];
  count: number;
}

/**
 * A program as text: every operator with its inputs, its output and the tensors it reads, layers of the same form drawn
 * once. An operator marked with * runs only at positions that yield a token.
 */
export function pictureOf(program: Program): string {
  const groups: Group[] = [];
  for (const members of split(program)) {
    const title = groupOf(program.operators[members[0]!]!);
    const lines = drawn(program, members, title);
    const last = groups.at(-1);
    if (last && isLayer(title) && last.lines.join("\n") === lines.join("\n")) last.count++;
    else groups.push({ title, lines, count: 1 });
  }
  return groups.map(boxOf).join("\n        │\n");
}

/** "layers.3" or the operator's first word. */
function groupOf({ name }: Operator): string {
  return /^layers\.\d+/.exec(name)?.[0] ?? name.split(".")[0]!;
}

function isLayer(title: string): boolean {
  return title.startsWith("layers.");
}

function split(program: Program): number[][] {
  const groups: number[][] = [];
  let previous: string | undefined;
  program.operators.forEach((operator, index) => {
    const group = groupOf(operator);
    if (group === previous) groups.at(-1)!.push(index);
    else groups.push([index]);
    previous = group;
  });
  return groups;
}

function drawn(program: Program, members: readonly number[], title: string): string[] {
  const rows = members.map((index) => {
    const operator = program.operators[index]!;
    const label = operator.name.slice(title.length + 1) || operator.name;
    const { type, groups, size } = OPERATORS[operator.kind].output(operator);
    const inputs = operator.inputs.map((input) => inputName(program, members, input, title)).join(", ");
    return {
      name: `${operator.phase === "generating" ? "*" : " "} ${label}`,
      operation: `${operator.kind}(${inputs})`,
      output: `→ ${type} ${groups === 1 ? "" : `${groups} × `}${size}`,
      tensors: operator.tensors.map((tensor) => tensorName(program, tensor)).join(" + "),
    };
  });
  const width = (key: "name" | "operation" | "output") => Math.max(...rows.map((row) => row[key].length));
  const [names, operations, outputs] = [width("name"), width("operation"), width("output")];
  return rows.map(({ name, operation, output, tensors }) =>
    [name.padEnd(names), operation.padEnd(operations), output.padEnd(outputs), tensors].join("  ").trimEnd(),
  );
}

function inputName(program: Program, members: readonly number[], input: number, title: string): string {
  if (!members.includes(input)) return "above";
  return program.operators[input]!.name.slice(title.length + 1);
}

function tensorName(program: Program, index: number): string {
  const { kind, rows, columns } = program.tensors[index]!;
  return `${kind} ${rows} × ${columns}`;
}

function boxOf({ title, lines, count }: Group): string {
  const first = Number(title.split(".")[1]);
  const heading = isLayer(title)
    ? count === 1
      ? `layer ${first}`
      : `layers ${first} to ${first + count - 1}, ${count} alike`
    : title;
  const width = Math.max(heading.length + 2, ...lines.map((line) => line.length));
  return [
    `┌─ ${heading} ${"─".repeat(Math.max(0, width - heading.length - 1))}┐`,
    ...lines.map((line) => `│ ${line.padEnd(width)} │`),
    `└${"─".repeat(width + 2)}┘`,
  ].join("\n");
}
