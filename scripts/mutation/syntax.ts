// Solidity sources and their syntax trees, as the compiler sees them.
import { createRequire } from "node:module";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../launch/paths.mjs";

/** A node of solc's syntax tree, Solidity's or inline assembly's. Other properties depend on the type. */
export interface Node {
  readonly nodeType: string;
  /** `start:length:file`, in bytes of UTF-8. */
  readonly src: string;
  readonly [property: string]: unknown;
}

/** A source file. Offsets are in bytes of UTF-8, so `bytes` is what to cut. */
export interface Source {
  /** Relative to the root, such as `contracts/jobs/JobEscrow.sol`. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly tree: Node;
}

/** A stretch of a file: from `start` up to, without, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

interface CompilerOutput {
  readonly errors?: { readonly severity: string; readonly formattedMessage: string }[];
  readonly sources: Record<string, { readonly ast: Node }>;
}
interface Compiler {
  compile(input: string, callbacks: { import: (path: string) => { contents: string } }): string;
}

const require = createRequire(import.meta.url);

/** Reads and parses all contracts of the project. */
export function readContracts(): Source[] {
  const paths = globSync("contracts/**/*.sol", { cwd: root }).sort();
  return parse(new Map(paths.map((path) => [path, readFileSync(join(root, path))])));
}

/**
 * Parses sources; imports that are not among them come from node_modules.
 *
 * @throws Error with the compiler's messages if it does not accept them
 */
export function parse(files: ReadonlyMap<string, Buffer>): Source[] {
  const solc = require("solc") as Compiler;
  const input = {
    language: "Solidity",
    sources: Object.fromEntries([...files].map(([path, bytes]) => [path, { content: bytes.toString() }])),
    settings: { outputSelection: { "*": { "": ["ast"] } } },
  };
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), {
      import: (path) => ({ contents: readFileSync(require.resolve(path), "utf8") }),
    }),
  ) as CompilerOutput;
  const errors = (output.errors ?? []).filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    throw new Error(
      `solc does not accept the sources:\n${errors.map((error) => error.formattedMessage).join("\n")}`,
    );
  }
  return [...files].map(([path, bytes]) => ({ path, bytes, tree: output.sources[path]!.ast }));
}

/** The node and everything below it, a parent before its children, each with its ancestors from the nearest on. */
export function* walk(node: Node, ancestors: readonly Node[] = []): Generator<[Node, readonly Node[]]> {
  yield [node, ancestors];
  const below = [node, ...ancestors];
  for (const child of childrenOf(node)) yield* walk(child, below);
}

/** The nodes right below a node. */
export function childrenOf(node: Node): Node[] {
  return Object.values(node).flat().filter(isNode);
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "nodeType" in value && "src" in value;
}

export function rangeOf(node: Node): Range {
  const [start, length] = node.src.split(":").map(Number);
  return { start: start!, end: start! + length! };
}

export function textOf({ bytes }: Source, { start, end }: Range): string {
  return bytes.subarray(start, end).toString();
}

/** The line, counted from 1, in which an offset lies. */
export function lineOf({ bytes }: Source, offset: number): number {
  return bytes.subarray(0, offset).toString().split("\n").length;
}

/** Whether a node belongs to inline assembly. */
export function isYul(node: Node): boolean {
  return node.nodeType.startsWith("Yul");
}
