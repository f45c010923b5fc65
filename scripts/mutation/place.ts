// What may be mutated: an expression, or one or more whole statements.
import {
  type Node,
  type Range,
  type Source,
  childrenOf,
  isNode,
  isYul,
  lineOf,
  rangeOf,
  textOf,
  walk,
} from "./syntax.ts";

/** A stretch of a file that can be swapped for another while the program runs. */
export interface Place {
  readonly range: Range;
  readonly kind: "expression" | "statements";
  /** Start of the block of inline assembly around it, in bytes; undefined outside inline assembly. */
  readonly assembly?: number;
}

const expressions = new Set([
  "Assignment",
  "BinaryOperation",
  "Conditional",
  "FunctionCall",
  "Identifier",
  "IndexAccess",
  "Literal",
  "MemberAccess",
  "TupleExpression",
  "UnaryOperation",
  "YulFunctionCall",
  "YulIdentifier",
  "YulLiteral",
]);
const declarations = new Set([
  "VariableDeclarationStatement",
  "YulVariableDeclaration",
  "YulFunctionDefinition",
]);

/**
 * Says what a stretch of a file is.
 *
 * @throws Error if it is neither an expression nor whole statements, or nothing may be swapped there
 */
export function placeOf(source: Source, range: Range): Place {
  const found = [...walk(source.tree)];
  const where = () =>
    `${source.path}:${lineOf(source, range.start)}: ${JSON.stringify(textOf(source, range))}`;

  for (const [node, ancestors] of found) {
    const statements = statementLists(node)
      .map((list) => {
        const first = list.findIndex((statement) => rangeOf(statement).start === range.start);
        const last = list.findIndex((statement) => endOf(source, statement) === endOf(source, range));
        return first < 0 ? [] : list.slice(first, last + 1);
      })
      .find((list) => list.length > 0);
    if (statements === undefined) continue;
    if (statements.some(({ nodeType }) => declarations.has(nodeType))) {
      throw new Error(`${where()} declares a variable that later statements need. Mutate its value`);
    }
    refuseWithin([node, ...ancestors], source, where);
    const whole = { start: range.start, end: endOf(source, range) };
    return { range: whole, kind: "statements", ...assemblyOf([node, ...ancestors]) };
  }

  for (const [node, ancestors] of found) {
    const { start, end } = rangeOf(node);
    if (start !== range.start || end !== range.end || !expressions.has(node.nodeType)) continue;
    if (isTarget(node, ancestors[0])) {
      throw new Error(`${where()} is assigned to or called. Mutate the whole assignment or call`);
    }
    refuseWithin(ancestors, source, where);
    return { range, kind: "expression", ...assemblyOf(ancestors) };
  }
  throw new Error(`${where()} is neither a whole expression nor whole statements`);
}

/** The lists of statements that stand in a node: those of a block; each branch without braces, alone. */
function statementLists(node: Node): Node[][] {
  if (node.nodeType === "YulBlock" || node.nodeType === "Block" || node.nodeType === "UncheckedBlock") {
    return [node["statements"] as Node[]];
  }
  return [node["trueBody"], node["falseBody"], node["body"]]
    .filter(isNode)
    .filter(({ nodeType }) => nodeType.endsWith("Statement") || nodeType === "Return")
    .map((branch) => [branch]);
}

/** Where a statement ends, with the semicolon that the syntax tree leaves out. */
function endOf({ bytes }: Source, of: Node | Range): number {
  const { end } = "src" in of ? rangeOf(of) : of;
  let next = end;
  while (next < bytes.length && /\s/.test(String.fromCharCode(bytes[next]!))) next += 1;
  return bytes[next] === ";".charCodeAt(0) ? next + 1 : end;
}

function assemblyOf(ancestors: readonly Node[]): { assembly?: number } {
  const outermost = ancestors.filter(isYul).at(-1);
  return outermost === undefined ? {} : { assembly: rangeOf(outermost).start };
}

/** Whether a node names something to write to, to call or to compare with at compile time. */
function isTarget(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined) return false;
  if (parent["leftHandSide"] === node || parent["functionName"] === node) return true;
  if (parent["externalCall"] === node) return true;
  if (parent.nodeType === "FunctionCall" && parent["expression"] === node) return true;
  if (parent.nodeType === "YulAssignment") return parent["value"] !== node;
  if (parent.nodeType === "YulCase") return parent["value"] === node;
  return (
    parent.nodeType === "UnaryOperation" && ["++", "--", "delete"].includes(parent["operator"] as string)
  );
}

function refuseWithin(ancestors: readonly Node[], { tree }: Source, where: () => string): void {
  for (const node of ancestors) {
    if (node.nodeType === "VariableDeclaration" && node["constant"] === true) {
      throw new Error(`${where()} is in a constant, which is fixed when compiling. Mutate where it is used`);
    }
    if (node.nodeType === "ArrayTypeName" || node.nodeType === "ModifierInvocation") {
      throw new Error(`${where()} is in a type or a modifier's arguments, where nothing can be swapped`);
    }
    if (isOperator(node, tree)) {
      throw new Error(`${where()} is in a user-defined operator, which has to stay pure`);
    }
  }
}

/** Whether a function stands behind an operator (`using {equals as ==}`): such a function must be pure. */
export function isOperator(node: Node, tree: Node): boolean {
  return (
    node.nodeType === "FunctionDefinition" &&
    childrenOf(tree)
      .filter(({ nodeType }) => nodeType === "UsingForDirective")
      .flatMap((directive) => (directive["functionList"] ?? []) as { operator?: string; definition?: Node }[])
      .some(({ operator, definition }) => operator !== undefined && definition?.["name"] === node["name"])
  );
}
