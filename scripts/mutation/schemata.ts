// Puts all mutants of a project into one set of sources, so that it is compiled once. Each mutated place becomes
//
//   (SWITCH == 7 ? (mutated) : (original))                 for an expression,
//   if (SWITCH == 7) { mutated } else { original }         for statements,
//
// where SWITCH is the balance of an address: a test chain sets it, no contract's storage or calldata is touched, and at 0
// the contracts are the original ones. Reading a balance is not pure, so every `pure` becomes `view`.
import { type Place, isOperator, placeOf } from "./place.ts";
import { type Range, type Source, rangeOf, textOf, walk } from "./syntax.ts";

/** One fault. `number` is what the switch has to be for it. */
export interface Mutant {
  readonly number: number;
  /** Path of the source. */
  readonly file: string;
  readonly range: Range;
  readonly mutated: string;
}

/** Its balance, in wei, is the number of the active mutant. The lower 20 bytes of keccak256("athanor.mutant"). */
export const switchAddress = "0x657fEFc3f1Ba371d02E9661b33610ca4579BEEec";

interface Edit {
  readonly range: Range;
  /** @param inner the stretch's text after the edits inside it */
  apply(inner: string): string;
}

/**
 * The source with mutants built in.
 *
 * @param mutants of this file; their places are apart, nested or equal
 * @throws Error if a mutant's place is not one that can be swapped, or two overlap
 */
export function buildIn(source: Source, mutants: readonly Mutant[]): string {
  const groups = new Map<string, { place: Place; mutants: Mutant[] }>();
  for (const mutant of mutants) {
    const place = placeOf(source, mutant.range);
    if (place.kind === "expression" && mutant.mutated.trim() === "") {
      throw new Error(
        `${source.path}: only statements can be left out, not ${JSON.stringify(textOf(source, place.range))}`,
      );
    }
    const key = `${place.range.start}:${place.range.end}:${place.kind}`;
    const group = groups.get(key) ?? { place, mutants: [] };
    groups.set(key, group);
    group.mutants.push(mutant);
  }
  const places = [...groups.values()];
  const choosers = new Set(
    places.flatMap(({ place: { kind, assembly } }) => (kind === "expression" ? (assembly ?? []) : [])),
  );
  const edits: Edit[] = [
    ...places.map(({ place, mutants }) => ({
      range: place.range,
      apply: (inner: string) =>
        mutants.reduceRight((otherwise, mutant) => swap(place, mutant, otherwise), inner),
    })),
    ...[...choosers].map((block) => ({
      // Right after the brace that opens the assembly.
      range: { start: block + 1, end: block + 1 },
      apply: () =>
        " function mutantOr(isMutant, mutated, original) -> r { r := original if isMutant { r := mutated } } ",
    })),
    ...pureWords(source).map((range) => ({ range, apply: () => "view" })),
  ];
  edits.sort((a, b) => a.range.start - b.range.start || b.range.end - a.range.end);
  return applyAll(source, { start: 0, end: source.bytes.length }, edits);
}

function swap({ kind, assembly }: Place, { number, mutated }: Mutant, otherwise: string): string {
  if (assembly === undefined) {
    const isOn = `address(${switchAddress}).balance == ${number}`;
    return kind === "expression"
      ? `(${isOn} ? (${mutated}) : (${otherwise}))`
      : `{ if (${isOn}) { ${terminated(mutated)} } else { ${otherwise} } }`;
  }
  const isOn = `eq(balance(${switchAddress}), ${number})`;
  return kind === "expression"
    ? `mutantOr(${isOn}, ${mutated}, ${otherwise})`
    : `switch ${isOn} case 1 { ${mutated} } default { ${otherwise} }`;
}

/** A statement may be given as the expression that it consists of. */
function terminated(statements: string): string {
  return /(^|[;}])\s*$/.test(statements) ? statements : `${statements};`;
}

/** Edits sorted by their start, an outer before the inner. */
function applyAll(source: Source, within: Range, edits: readonly Edit[]): string {
  let text = "";
  let position = within.start;
  let next = 0;
  while (next < edits.length) {
    const edit = edits[next]!;
    let after = next + 1;
    while (after < edits.length && edits[after]!.range.start < edit.range.end) after += 1;
    const inside = edits.slice(next + 1, after);
    const crossing = inside.find(({ range }) => range.end > edit.range.end);
    if (crossing !== undefined) {
      throw new Error(
        `${source.path}: mutants overlap: ${JSON.stringify(textOf(source, edit.range))} and ${JSON.stringify(textOf(source, crossing.range))}`,
      );
    }
    text += textOf(source, { start: position, end: edit.range.start });
    text += edit.apply(applyAll(source, edit.range, inside));
    position = edit.range.end;
    next = after;
  }
  return text + textOf(source, { start: position, end: within.end });
}

/** Where the word `pure` stands in the heads of functions and in function types. */
function pureWords(source: Source): Range[] {
  return [...walk(source.tree)].flatMap(([node]) => {
    const isFunction = node.nodeType === "FunctionDefinition" || node.nodeType === "FunctionTypeName";
    if (!isFunction || node["stateMutability"] !== "pure" || isOperator(node, source.tree)) return [];
    const { start, end } = rangeOf(node);
    const body = node["body"] as Parameters<typeof rangeOf>[0] | null | undefined;
    const head = textOf(source, { start, end: body ? rangeOf(body).start : end });
    const word = /\bpure\b/.exec(head);
    if (word === null) return [];
    const at = start + Buffer.byteLength(head.slice(0, word.index));
    return [{ start: at, end: at + "pure".length }];
  });
}
