import { ELEMENT_BYTES } from "../../../engine/src/trace/encode-tile.ts";
import { THRESHOLD_BITS } from "../../../engine/src/operators/sampling.ts";
import { depthOf } from "../../../engine/src/trace/merkle-builder.ts";
import { traceLayout, type SectionLayout, type TraceLayout } from "../../../engine/src/trace/layout.ts";
import type { Operator, Program } from "../../../engine/src/program/program.ts";
import { chunksPerRow } from "../../../engine/src/tensors/chunks.ts";

/** Something that is opened: a leaf of so many bytes with so many siblings. */
export interface Read {
  readonly bytes: number;
  readonly siblings: number;
}

/** What it takes to recompute one element of a section. */
export interface Step {
  readonly section: SectionLayout;
  readonly reads: readonly Read[];
  /** Products of int8 weights, packed into words. */
  readonly packed: number;
  /** Elements that are compared, added or multiplied one by one. */
  readonly single: number;
}

const PAGE = 32;
const POSITIONS = 256;

/** The steps of one operator, worst element first: the column "reads" of docs/engine.md, section 5. */
export function stepsOf(program: Program, index: number): Step[] {
  const layout = traceLayout(program);
  const operator = program.operators[index]!;
  const opened = new Opener(program, layout, index);
  const { tile, own, tensor, repeat, group } = opened;
  const chunks = (size: number, chunk: number) => Math.ceil(size / chunk);
  const [first = 0, second = 0, third = 0] = operator.constants;
  // Per section: what is read, packed products, single elements.
  const costs: Record<string, readonly [Read[], number, number]> = {};
  switch (operator.kind) {
    case "embed":
      costs.output = [[tensor(0), opened.earlier("sample")], 0, 1];
      break;
    case "normalize": {
      const inputs = repeat(tile(0), 1024 % second === 0 || second % 1024 === 0 ? 1 : 2);
      const grouped = first > 1 ? inputs : [tile(0)];
      const chunked = chunks(second, 1024) > 1;
      costs.maxima = [grouped, 0, 1024];
      costs.exponent = [chunked ? [own("maxima")] : grouped, 0, Math.min(second, 1024)];
      costs.squares = [[...grouped, own("exponent")], 0, 1024];
      costs.scale = [[...(chunked ? [own("squares")] : grouped), own("exponent")], 0, Math.min(second, 1024)];
      costs.output = [[tile(0), own("scale"), tensor(0)], 0, 1];
      break;
    }
    case "narrow": {
      // A group whose size does not divide 1,024 may begin in the middle of an input tile.
      const inputs = repeat(tile(0), 1024 % second === 0 || second % 1024 === 0 ? 1 : 2);
      const chunked = chunks(second, 1024) > 1;
      costs.maxima = [inputs, 0, 1024];
      costs.exponents = [chunked ? [own("maxima")] : inputs, 0, chunked ? 64 : second];
      costs.output = [[tile(0), own("exponents")], 0, 1];
      break;
    }
    case "linear": {
      const parts = chunks(second, 4096);
      const products = [tensor(0), tile(0)];
      costs.partials = [products, Math.min(second, 4096), 0];
      const bias = operator.tensors.length > 1 ? [tensor(1)] : [];
      const sums = parts > 1 ? [own("partials"), tensor(0)] : products;
      costs.output = [
        [...sums, tile(0, "exponents"), ...bias],
        parts > 1 ? 0 : second,
        parts > 1 ? parts : 0,
      ];
      break;
    }
    case "rotate":
      costs.output = [[...repeat(tile(0), 1024 % second === 0 ? 1 : 2), tensor(0)], 0, 2];
      break;
    case "page":
      costs.output = [[own("output"), tile(0)], 0, 1];
      break;
    case "scores":
      costs.output = [[tile(0), tile(0, "exponents"), tile(1), tile(1, "exponents")], 0, third];
      break;
    case "softmax":
      costs.maxima = [[tile(0)], 0, POSITIONS];
      costs.maximum = [group("maxima"), 0, chunks(program.contextLength, POSITIONS)];
      costs.output = [[tile(0), own("maximum"), tensor(0)], 0, 2];
      break;
    case "mix": {
      const parts = chunks(program.contextLength, POSITIONS);
      costs.partialWeights = [[tile(0)], 0, POSITIONS];
      costs.totalWeight = [group("partialWeights"), 0, parts];
      costs.partials = [[tile(0), ...repeat(tile(1), POSITIONS / PAGE)], 0, POSITIONS];
      costs.output = [[...group("partials"), own("totalWeight")], 0, parts];
      break;
    }
    case "gate":
      costs.output = [[tile(0), tile(1), tensor(0)], 0, 4];
      break;
    case "add":
      costs.output = [[tile(0), tile(1)], 0, 1];
      break;
    case "seen":
      costs.output = [[own("output"), opened.earlier("sample")], 0, 1];
      break;
    case "recent":
      costs.output = [[opened.earlier("sample")], 0, 1];
      break;
    case "sample": {
      const list = operator.tensors.length > 1 ? [tensor(1)] : [];
      const adjusted = [tile(0), tile(1), ...list];
      const weights = own("weights");
      const threshold = own("threshold0");
      const parts = chunks(first, 1024);
      costs.winners = [adjusted, 0, 2 * 1024 + second];
      costs.best = [group("winners"), 0, parts];
      costs.weights = [[...adjusted, own("best"), tensor(0)], 0, 4 + second];
      costs.masses = [[weights], 0, 1024];
      costs.target = [group("masses"), 0, parts];
      for (const bit of THRESHOLD_BITS) {
        costs[`counted${bit}`] = [[weights, threshold], 0, 2 * 1024];
        costs[`threshold${bit}`] = [[...group(`counted${bit}`), own("target"), threshold], 0, 2 * parts];
      }
      costs.kept = [[weights, threshold], 0, 2 * 1024];
      costs.draw = [group("kept"), 0, parts];
      costs.output = [[own("draw"), weights, threshold], 0, 3 * 1024];
      break;
    }
    case "stop":
      costs.output = [
        [tile(0), tile(1), ...(operator.tensors.length > 0 ? [tensor(0)] : [])],
        0,
        first + 8 * 16,
      ];
      break;
  }
  return layout.operators[index]!.sections.map((section) => {
    const cost = costs[section.name];
    if (!cost) throw new RangeError(`no reads are known of ${operator.kind} ${section.name}`);
    const [reads, packed, single] = cost;
    // The stop flag of the position before says whether this one exists.
    const common = [...opened.programParts(), opened.earlier("stop")];
    return { section, reads: [...common, ...reads], packed, single };
  });
}

/** Sizes of openings around one operator. */
class Opener {
  readonly #program: Program;
  readonly #layout: TraceLayout;
  readonly #index: number;
  readonly #operator: Operator;

  constructor(program: Program, layout: TraceLayout, index: number) {
    this.#program = program;
    this.#layout = layout;
    this.#index = index;
    this.#operator = program.operators[index]!;
  }

  readonly tile = (input: number, section = "output"): Read =>
    this.#tile(this.#operator.inputs[input]!, section);
  readonly own = (section: string): Read => this.#tile(this.#index, section);
  readonly repeat = (read: Read, count: number): Read[] => new Array<Read>(count).fill(read);
  /** All tiles of one group of a section of the operator itself. */
  readonly group = (section: string): Read[] =>
    this.repeat(this.own(section), this.#section(this.#index, section).tilesPerGroup);

  readonly tensor = (used: number): Read => {
    const tensor = this.#program.tensors[this.#operator.tensors[used]!]!;
    const bytes =
      tensor.kind === "rows" ? 4 + Math.min(4096, tensor.columns) : 4 * Math.min(1024, tensor.columns);
    const leaves = tensor.rows * chunksPerRow(tensor);
    return { bytes, siblings: depthOf(leaves) + depthOf(this.#program.tensors.length) };
  };

  /** The output of the only operator of a kind, of an earlier position. */
  earlier(kind: Operator["kind"]): Read {
    return this.#tile(
      this.#program.operators.findIndex((operator) => operator.kind === kind),
      "output",
    );
  }

  /** Its own entry in the program, those of its inputs and the descriptors of its tensors. */
  programParts(): Read[] {
    const { operators, tensors } = this.#program;
    const siblings = depthOf(1 + operators.length + tensors.length);
    const entry = (operator: Operator): Read => ({
      bytes: 6 + 4 * (operator.inputs.length + operator.tensors.length) + 8 * operator.constants.length + 64,
      siblings,
    });
    return [
      entry(this.#operator),
      ...this.#operator.inputs.map((input) => entry(operators[input]!)),
      ...this.#operator.tensors.map(() => ({ bytes: 9, siblings })),
    ];
  }

  #section(operator: number, name: string): SectionLayout {
    const section = this.#layout.operators[operator]!.sections.find((candidate) => candidate.name === name);
    if (!section) throw new RangeError(`operator ${operator} has no section ${name}`);
    return section;
  }

  #tile(operator: number, name: string): Read {
    const section = this.#section(operator, name);
    const { depth } = this.#layout.operators[operator]!;
    return {
      bytes: Math.min(section.tile, section.size) * ELEMENT_BYTES[section.type],
      siblings: depth + this.#layout.operatorDepth + this.#layout.positionDepth,
    };
  }
}
