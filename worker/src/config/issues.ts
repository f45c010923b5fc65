import { isMap, isNode, isScalar, type Document, type LineCounter } from "yaml";
import { z } from "zod";
import { suggest } from "./suggest.ts";

/** One thing that is wrong in a configuration file. */
export interface ConfigIssue {
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** Where in the document, such as "models[0].offers[1].token". */
  readonly field: string;
  readonly problem: string;
}

type Path = readonly PropertyKey[];

/** Places what zod found in the text that the document was parsed from, and says it in words. */
export function placeIssues(
  error: z.ZodError,
  schema: z.ZodType,
  document: Document,
  lines: LineCounter,
): ConfigIssue[] {
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  return error.issues.flatMap((issue): ConfigIssue[] => {
    if (issue.code === "unrecognized_keys") {
      const known = keysAt(schema, issue.path);
      return issue.keys.map((key) => {
        const meant = suggest(key, known);
        const help = meant === undefined ? `known fields: ${known.join(", ")}` : `did you mean "${meant}"?`;
        return {
          ...at(keyOffset(document, issue.path, key)),
          field: fieldName([...issue.path, key]),
          problem: `unknown field; ${help}`,
        };
      });
    }
    const expected = issue.code === "invalid_type" ? expectedOf(issue) : issue.message;
    const found = foundAt(document, issue.path);
    return [
      {
        ...at(valueOffset(document, issue.path)),
        field: fieldName(issue.path),
        problem: `found ${found}, expected ${expected}`,
      },
    ];
  });
}

/** "models[0].offers[1].token" */
export function fieldName(path: Path): string {
  const name = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return name.replace(/^\./, "") || "(document)";
}

/** Whether a value at this path may be printed: a secret in the wrong place must not reach a log. */
const secretWords = /(secret|private|password|passphrase|mnemonic|seed)/i;

function foundAt(document: Document, path: Path): string {
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  if (node === undefined || node === null) return "nothing";
  if (!isScalar(node)) return isMap(node) ? "a map of fields" : "a list";
  if (node.value === null) return "nothing";
  if (secretWords.test(fieldName(path))) return "a value that is not shown";
  const shown = JSON.stringify(node.value);
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}

function expectedOf(issue: z.core.$ZodIssueInvalidType): string {
  return issue.expected === "object" ? "a map of fields" : issue.message;
}

function valueOffset(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) {
      // A missing field is reported where its parent stands, by the parent's key.
      if (length === path.length) return node.range[0];
      const parentPath = path.slice(0, length - 1);
      return isMap(node) ? keyOffset(document, parentPath, path[length - 1]!) : node.range[0];
    }
  }
  return 0;
}

function keyOffset(document: Document, path: Path, key: PropertyKey): number {
  const parent: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  if (isMap(parent)) {
    for (const pair of parent.items) {
      if (isScalar(pair.key) && pair.key.value === key && pair.key.range) return pair.key.range[0];
    }
  }
  return isNode(parent) && parent.range ? parent.range[0] : 0;
}

/** The fields that the schema knows at a path. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  let current: unknown = schema;
  for (const part of path) {
    current = unwrap(current);
    if (current instanceof z.ZodArray) current = current.element;
    else if (current instanceof z.ZodObject) current = (current.shape as Record<PropertyKey, unknown>)[part];
  }
  current = unwrap(current);
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function unwrap(schema: unknown): unknown {
  let current = schema;
  for (;;) {
    if (current instanceof z.ZodPipe) current = current.in;
    else if (
      current instanceof z.ZodOptional ||
      current instanceof z.ZodNullable ||
      current instanceof z.ZodDefault
    ) {
      current = current.unwrap();
    } else return current;
  }
}
