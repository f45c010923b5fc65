// Mutants by rule: every place in the contracts where one of a few typical mistakes could have been made.
import { placeOf } from "./place.ts";
import { type Node, type Range, type Source, rangeOf, textOf, walk } from "./syntax.ts";

/** A mistake at a place. */
export interface Mistake {
  readonly range: Range;
  readonly mutated: string;
  /** In a few words: `< becomes <=`. */
  readonly what: string;
}

/** What an operator is mistaken for; `a` and `b` are its operands' texts. */
type Rule = readonly [what: string, mutated: (a: string, b: string) => string];

const binary: Readonly<Record<string, readonly Rule[]>> = {
  "<": [becomes("<="), becomes(">=")],
  "<=": [becomes("<"), becomes(">")],
  ">": [becomes(">="), becomes("<=")],
  ">=": [becomes(">"), becomes("<")],
  "==": [["is negated", (a, b) => `!(${a} == ${b})`]],
  "!=": [["is negated", (a, b) => `!(${a} != ${b})`]],
  "&&": [becomes("||")],
  "||": [becomes("&&")],
  "+": [becomes("-"), ["is one more", (a, b) => `${a} + ${b} + 1`]],
  "-": [becomes("+"), ["is one more", (a, b) => `${a} - ${b} + 1`]],
  "*": [becomes("+")],
  "/": [becomes("*"), ["is one more", (a, b) => `${a} / ${b} + 1`]],
  "%": [becomes("/")],
  "&": [becomes("|")],
  "|": [becomes("&")],
  "^": [becomes("&")],
  "<<": [becomes(">>")],
  ">>": [becomes("<<")],
};

const assembly: Readonly<Record<string, readonly Rule[]>> = {
  lt: [["allows equal", (a, b) => `iszero(gt(${a}, ${b}))`], negatedCall("lt")],
  gt: [["allows equal", (a, b) => `iszero(lt(${a}, ${b}))`], negatedCall("gt")],
  slt: [["allows equal", (a, b) => `iszero(sgt(${a}, ${b}))`], negatedCall("slt")],
  sgt: [["allows equal", (a, b) => `iszero(slt(${a}, ${b}))`], negatedCall("sgt")],
  eq: [negatedCall("eq")],
  iszero: [["is negated", (a) => `iszero(iszero(${a}))`]],
  add: [becomesCall("sub"), ["is one more", (a, b) => `add(1, add(${a}, ${b}))`]],
  sub: [becomesCall("add"), ["is one more", (a, b) => `add(1, sub(${a}, ${b}))`]],
  mul: [becomesCall("add")],
  div: [becomesCall("mul")],
  sdiv: [becomesCall("div")],
  mod: [becomesCall("div")],
  shl: [becomesCall("shr")],
  shr: [becomesCall("shl")],
  sar: [becomesCall("shr")],
  and: [becomesCall("or")],
  or: [becomesCall("and")],
  xor: [becomesCall("or")],
  not: [["is left out", (a) => a]],
  signextend: [["is left out", (_, b) => b]],
};

/** Types of which two neighbouring arguments are easily swapped. */
const swappable = new Set(["bytes32", "address", "uint256", "uint96", "uint32", "uint8"]);

/** All mistakes that can be built into a source, in its order. */
export function mistakesIn(source: Source): Mistake[] {
  const found: Mistake[] = [];
  for (const [node, ancestors] of walk(source.tree)) {
    // What an error or an event says is compared with the specification by eye and by tests of each.
    const isSaid = ancestors.some(
      ({ nodeType }) => nodeType === "RevertStatement" || nodeType === "EmitStatement",
    );
    // A loop that does not get on does not end.
    const isStep = ancestors.some((loop, depth) =>
      [loop["post"], loop["loopExpression"]].includes(ancestors[depth - 1] ?? node),
    );
    if (!isSaid && !isStep) found.push(...mistakesAt(source, node));
  }
  return found.filter(({ range }) => canBeBuiltIn(source, range));
}

function mistakesAt(source: Source, node: Node): Mistake[] {
  const range = rangeOf(node);
  const text = (of: unknown) => textOf(source, rangeOf(of as Node));
  const at = (what: string, mutated: string, where: Range = range): Mistake => ({
    range: where,
    mutated,
    what,
  });

  switch (node.nodeType) {
    case "BinaryOperation": {
      const operator = node["operator"] as string;
      if (/^(int|rational)_const/.test(typeOf(node))) return [];
      const [a, b] = [text(node["leftExpression"]), text(node["rightExpression"])];
      return (binary[operator] ?? []).map(([what, mutated]) => at(`${operator} ${what}`, mutated(a, b)));
    }
    case "UnaryOperation": {
      const operator = node["operator"] as string;
      return operator === "!" || operator === "~"
        ? [at(`${operator} is left out`, text(node["subExpression"]))]
        : [];
    }
    case "Literal":
      return node["kind"] === "bool" ? [at("is negated", node["value"] === "true" ? "false" : "true")] : [];
    case "Conditional": {
      const [condition, yes, no] = ["condition", "trueExpression", "falseExpression"].map((key) =>
        text(node[key]),
      );
      return [at("branches are swapped", `${condition!} ? ${no!} : ${yes!}`)];
    }
    case "FunctionCall":
      return [...mistakenMath(source, node), ...swappedArguments(source, node)].map(([what, mutated]) =>
        at(what, mutated),
      );
    case "IfStatement":
      return isGuard(node) ? [at("guard is left out", "false", rangeOf(node["condition"] as Node))] : [];
    case "EmitStatement":
      return [at("event is left out", "")];
    case "ExpressionStatement":
      return isPointing(node) ? [] : [at("statement is left out", "")];
    case "YulExpressionStatement":
    case "YulAssignment":
      return [at("statement is left out", "")];
    case "YulFunctionCall": {
      const { name } = node["functionName"] as Node & { name: string };
      const [a = "", b = ""] = (node["arguments"] as Node[]).map(text);
      return (assembly[name] ?? []).map(([what, mutated]) => at(`${name} ${what}`, mutated(a, b)));
    }
    default:
      return [];
  }
}

function mistakenMath(source: Source, node: Node): [string, string][] {
  const callee = node["expression"] as Node;
  const [a, b] = (node["arguments"] as Node[]).map((argument) => textOf(source, rangeOf(argument)));
  const name = textOf(source, rangeOf(callee));
  if (name === "Math.min") return [["min becomes max", `Math.max(${a!}, ${b!})`]];
  if (name === "Math.max") return [["max becomes min", `Math.min(${a!}, ${b!})`]];
  if (name === "Math.ceilDiv") return [["is rounded down", `(${a!}) / (${b!})`]];
  return [];
}

function swappedArguments(source: Source, node: Node): [string, string][] {
  if (node["kind"] !== "functionCall" || (node["names"] as unknown[]).length > 0) return [];
  const given = node["arguments"] as Node[];
  const texts = given.map((argument) => textOf(source, rangeOf(argument)));
  const callee = textOf(source, rangeOf(node["expression"] as Node));
  if (callee.startsWith("Math.")) return [];
  const first = given.findIndex(
    (argument, index) =>
      given[index + 1] !== undefined &&
      swappable.has(typeOf(argument)) &&
      typeOf(argument) === typeOf(given[index + 1]!) &&
      texts[index] !== texts[index + 1],
  );
  if (first < 0) return [];
  const swapped = texts.with(first, texts[first + 1]!).with(first + 1, texts[first]!);
  return [[`arguments ${first + 1} and ${first + 2} are swapped`, `${callee}(${swapped.join(", ")})`]];
}

/** Whether a statement makes a local variable refer to storage, without which it cannot be used. */
function isPointing({ expression }: Node): boolean {
  const { nodeType, leftHandSide } = expression as Node;
  return nodeType === "Assignment" && typeOf(leftHandSide as Node).endsWith("storage pointer");
}

/** Whether an `if` does nothing but revert. */
function isGuard({ trueBody, falseBody }: Node): boolean {
  if (falseBody !== undefined && falseBody !== null) return false;
  const body = trueBody as Node;
  const statements = body.nodeType === "Block" ? (body["statements"] as Node[]) : [body];
  return statements.length === 1 && statements[0]!.nodeType === "RevertStatement";
}

function typeOf(node: Node): string {
  return (node["typeDescriptions"] as { typeString?: string } | undefined)?.typeString ?? "";
}

function canBeBuiltIn(source: Source, range: Range): boolean {
  try {
    placeOf(source, range);
    return true;
  } catch {
    return false;
  }
}

function becomes(operator: string): Rule {
  return [`becomes ${operator}`, (a, b) => `${a} ${operator} ${b}`];
}

function becomesCall(name: string): Rule {
  return [`becomes ${name}`, (a, b) => `${name}(${a}, ${b})`];
}

function negatedCall(name: string): Rule {
  return ["is negated", (a, b) => `iszero(${name}(${a}, ${b}))`];
}
