import { concat, dataSlice } from "ethers";
import { leafHash, merkleRoot, nodeHash } from "../../engine/src/commitments/merkle.ts";
import { toHex } from "../../engine/src/commitments/hash.ts";
import { encodeHeader, programParts } from "../../engine/src/program/encode.ts";
import type { Operator } from "../../engine/src/program/program.ts";
import { programChunks, rootOfParts } from "../../sdk/src/protocol/program-chunks.ts";
import { type Refusal, describeRefusals } from "../support/expect.ts";
import { errorsOf } from "../support/interfaces.ts";
import { added, indexOf, partsWith, partsWithByte, smallLlama } from "../support/programs.ts";
import { ethers, freshSystem, networkHelpers } from "../support/system.ts";

const PROGRAM = smallLlama();
const PARTS = programParts(PROGRAM);
const ROOT = rootOfParts(PARTS);
const OPERATORS = PROGRAM.operators.length;
/** Sixteen layers are three chunks. */
const LARGE = programParts(smallLlama({ layers: 16 }));
const LARGE_ROOT = rootOfParts(LARGE);

const at = (kind: Operator["kind"]) => indexOf(PROGRAM, kind);

/** The first chunk of these parts, which `addChunk` must refuse. */
async function adding(parts: readonly Uint8Array[], values: readonly unknown[]): Promise<Refusal> {
  const { programs } = await freshSystem();
  const [{ parts: some, path }] = programChunks(parts) as [ReturnType<typeof programChunks>[number]];
  return { call: () => programs.addChunk(rootOfParts(parts), 0, some, path), by: programs, values };
}

/** A program that can be added, but not validated. */
async function validating(parts: readonly Uint8Array[], values: readonly unknown[]): Promise<Refusal> {
  const { programs, root } = await added(parts);
  return { call: () => programs.validate(root, 10_000), by: programs, values };
}

/** One operator of the small program changed, which only `validate` can see. */
const changing = (index: number, change: Partial<Operator>, values: readonly unknown[]) =>
  validating(partsWith(PROGRAM, index, change), [index, ...values]);

const headerWith = (change: Partial<typeof PROGRAM>) => [
  encodeHeader({ ...PROGRAM, ...change }),
  ...PARTS.slice(1),
];

describeRefusals("IProgramRegistry", () => errorsOf("IProgramRegistry"), {
  UnknownProgram: {
    "programOf, nothing added": async () => {
      const { programs } = await freshSystem();
      return { call: () => programs.programOf(ROOT), by: programs, values: [ROOT] };
    },
    "validate, nothing added": async () => {
      const { programs } = await freshSystem();
      return { call: () => programs.validate(ROOT, 1), by: programs, values: [ROOT] };
    },
    "addChunk, the second before the first": async () => {
      const { programs } = await freshSystem();
      const { chunk, parts, path } = programChunks(LARGE)[1]!;
      return {
        call: () => programs.addChunk(LARGE_ROOT, chunk, parts, path),
        by: programs,
        values: [LARGE_ROOT],
      };
    },
  },
  NoSuchOperator: {
    "operatorAt, one after the last": async () => {
      const { programs } = await added(PARTS);
      return {
        call: () => programs.operatorAt(ROOT, OPERATORS),
        by: programs,
        values: [OPERATORS, OPERATORS],
      };
    },
  },
  NoSuchTensor: {
    "tensorAt, one after the last": async () => {
      const { programs } = await added(PARTS);
      const count = PROGRAM.tensors.length;
      return { call: () => programs.tensorAt(ROOT, count), by: programs, values: [count, count] };
    },
    "validate, an operator with a tensor that is not there": () =>
      validating(partsWith(PROGRAM, 0, { tensors: [99] }), [99, PROGRAM.tensors.length]),
  },
  NoSuchChunk: {
    "addChunk, one after the last": async () => {
      const { programs } = await added(PARTS);
      return { call: () => programs.addChunk(ROOT, 1, PARTS, []), by: programs, values: [1, 1] };
    },
  },
  ChunkMissing: {
    "operatorAt, an operator of a chunk that was not added": async () => {
      const { programs } = await freshSystem();
      const { parts, path } = programChunks(LARGE)[0]!;
      await programs.addChunk(LARGE_ROOT, 0, parts, path);
      return { call: () => programs.operatorAt(LARGE_ROOT, 300), by: programs, values: [LARGE_ROOT, 1] };
    },
  },
  ChunksMissing: {
    "validate, after the first chunk": async () => {
      const { programs } = await freshSystem();
      const { parts, path } = programChunks(LARGE)[0]!;
      await programs.addChunk(LARGE_ROOT, 0, parts, path);
      return { call: () => programs.validate(LARGE_ROOT, 1), by: programs, values: [1, 3] };
    },
  },
  CodeNotStored: {
    "addChunk, by a registry that cannot create contracts any more": async () => {
      const { programs, addresses } = await freshSystem();
      await networkHelpers.setNonce(addresses.programs, 2n ** 64n - 1n);
      return { call: () => programs.addChunk(ROOT, 0, PARTS, []), by: programs, values: [] };
    },
  },
  WrongMark: {
    "addChunk, the mark of another format": () =>
      adding(partsWithByte(PROGRAM, 0, 0, 0x41), ["0x417468616e6f720a"]),
  },
  VocabularyOutOfBounds: {
    "addChunk, no tokens": () => adding(headerWith({ vocabularySize: 0 }), [0, 2 ** 20]),
    "addChunk, one token too many": () =>
      adding(headerWith({ vocabularySize: 2 ** 20 + 1 }), [2 ** 20 + 1, 2 ** 20]),
  },
  ContextOutOfBounds: {
    "addChunk, no positions": () => adding(headerWith({ contextLength: 0 }), [0, 65_536]),
    "addChunk, one position too many": () => adding(headerWith({ contextLength: 65_537 }), [65_537, 65_536]),
  },
  TooManyParts: {
    "addChunk, numbers that overflow if they are added": () => {
      const parts = PARTS.slice();
      parts[0] = ethers.getBytes(concat([dataSlice(parts[0]!, 0, 16), `0x${"ff".repeat(8)}`]));
      return adding(parts, [2n ** 33n - 1n, 65_536]);
    },
  },
  WrongPartCount: {
    "addChunk, no part": async () => {
      const { programs } = await freshSystem();
      return { call: () => programs.addChunk(ROOT, 0, [], []), by: programs, values: [0, 1] };
    },
    "addChunk, a part too many": () => adding([...PARTS, PARTS.at(-1)!], [PARTS.length + 1, PARTS.length]),
    "addChunk, a part too few": () => adding(PARTS.slice(0, -1), [PARTS.length - 1, PARTS.length]),
  },
  WrongPartLength: {
    "addChunk, a header with a byte too many": () =>
      adding([Uint8Array.of(...PARTS[0]!, 0), ...PARTS.slice(1)], [0, 25, 24]),
    "addChunk, an operator with a byte too many": () =>
      adding(PARTS.with(1, Uint8Array.of(...PARTS[1]!, 0x20)), [1, PARTS[1]!.length + 1, PARTS[1]!.length]),
    "addChunk, an operator that ends in its counts": () =>
      adding(PARTS.with(1, PARTS[1]!.slice(0, 5)), [1, 5, 6]),
    "addChunk, a tensor with a byte too few": () =>
      adding(PARTS.with(-1, PARTS.at(-1)!.slice(0, 8)), [PARTS.length - 1, 8, 9]),
  },
  WrongPathLength: {
    "addChunk, a path where there is none": async () => {
      const { programs } = await freshSystem();
      return { call: () => programs.addChunk(ROOT, 0, PARTS, [ROOT]), by: programs, values: [1, 0] };
    },
  },
  WrongProgramRoot: {
    "addChunk, parts of another program": async () => {
      const { programs } = await freshSystem();
      const other = rootOfParts(programParts(smallLlama({ hidden: 48 })));
      return { call: () => programs.addChunk(other, 0, PARTS, []), by: programs, values: [ROOT, other] };
    },
  },
  DecoyBehindProgram: {
    "addChunk, a tree that goes on where the program has ended": async () => {
      const { programs } = await freshSystem();
      const [first, second, third] = programChunks(LARGE);
      const decoy = leafHash(Uint8Array.of(1));
      const nodes = [first!, second!].map(({ parts }) => merkleRoot(parts.map(leafHash)));
      const last = third!.path;
      const left = nodeHash(9, nodes[0]!, nodes[1]!);
      const filled = merkleRoot([...third!.parts.map(leafHash), ...paddingTo256(third!.parts.length)]);
      const right = nodeHash(9, filled, decoy);
      const root = toHex(nodeHash(10, left, right));
      await programs.addChunk(root, 0, first!.parts, [nodes[1]!, right]);
      return {
        call: () => programs.addChunk(root, 2, third!.parts, [decoy, last[1]!]),
        by: programs,
        values: [9, toHex(decoy)],
      };
    },
  },
  UnknownTensorKind: {
    "addChunk, kind 2": () => adding(partsWithByte(PROGRAM, PARTS.length - 1, 0, 2), [PARTS.length - 1, 2]),
  },
  UnknownOpcode: {
    "addChunk, opcode 0": () => adding(partsWithByte(PROGRAM, 1, 0, 0), [0, 0]),
    "addChunk, opcode 16": () => adding(partsWithByte(PROGRAM, 1, 0, 16), [0, 16]),
  },
  UnknownPhase: {
    "addChunk, phase 2": () => adding(partsWithByte(PROGRAM, 1, 1, 2), [0, 2]),
  },
  WrongInputCount: {
    "addChunk, as many inputs as a count can say": () =>
      adding(partsWith(PROGRAM, at("add"), { inputs: Array<number>(255).fill(0) }), [at("add"), 255, 2]),
    "addChunk, an input too few": () =>
      adding(partsWith(PROGRAM, at("add"), { inputs: [0] }), [at("add"), 1, 2]),
  },
  WrongTensorCount: {
    "addChunk, a linear operator without weights": () =>
      adding(partsWith(PROGRAM, at("linear"), { tensors: [] }), [at("linear"), 0, 1, 2]),
    "addChunk, a linear operator with three tensors": () =>
      adding(partsWith(PROGRAM, at("linear"), { tensors: [0, 0, 0] }), [at("linear"), 3, 1, 2]),
    "validate, stop tokens without their list": () => changing(at("stop"), { tensors: [] }, [0, 1, 1]),
    "validate, stop tokens of a choice without their list": () =>
      changing(at("sample"), { tensors: PROGRAM.operators[at("sample")]!.tensors.slice(0, 1) }, [1, 2, 2]),
    "validate, a choice with a list of no stop tokens": () =>
      changing(at("sample"), { constants: [48, 0] }, [2, 1, 1]),
    "validate, a list of no stop tokens": () => changing(at("stop"), { constants: [0] }, [1, 0, 0]),
  },
  WrongConstantCount: {
    "addChunk, a constant too many": () =>
      adding(partsWith(PROGRAM, at("add"), { constants: [24, 0] }), [at("add"), 2, 1]),
  },
  NameNotPrintable: {
    "addChunk, a line break": () => adding(partsWith(PROGRAM, 0, { name: "a\nb" }), [0]),
    "addChunk, a byte of UTF-8 far behind": () =>
      adding(partsWith(PROGRAM, 0, { name: `${"a".repeat(64)}ä` }), [0]),
    "addChunk, the delete character": () => adding(partsWith(PROGRAM, 0, { name: "\x7f" }), [0]),
  },
  ConstantOutOfRange: {
    "validate, an embedding without a width": () => changing(0, { constants: [48, 0, 0] }, [1, 0, 1, 65_536]),
    "validate, a shift below the range": () =>
      changing(0, { constants: [48, 24, -1025] }, [2, -1025, -1024, 1024]),
    "validate, the largest epsilon and one": () =>
      changing(at("normalize"), { constants: [1, 24, 2 ** 52] }, [2, 2n ** 52n, 0, 2n ** 52n - 1n]),
    "validate, a multiplier of 2^15": () =>
      changing(at("scores"), { constants: [4, 2, 6, 2 ** 15, 0] }, [3, 2 ** 15, 1, 2 ** 15 - 1]),
    "validate, a product that is shifted too little": () =>
      changing(at("gate"), { constants: [40, 0, 16] }, [2, 16, 17, 62]),
    "validate, too many stop tokens": () => changing(at("stop"), { constants: [1025] }, [0, 1025, 0, 1024]),
  },
  WrongPhase: {
    "validate, a page of values that is filled only where a token is generated": async () => {
      const { operators } = PROGRAM;
      const page = { ...operators[at("page")]!, phase: "generating" as const };
      const more = { ...PROGRAM, operators: [...operators, page] };
      return validating(programParts(more), [OPERATORS, 1, 0]);
    },
    "validate, tokens that are noted only where one is generated": () =>
      changing(at("seen"), { phase: "generating" }, [1, 0]),
    "validate, tokens that are remembered only where one is generated": () =>
      changing(at("recent"), { phase: "generating" }, [1, 0]),
    "validate, a choice at every position": () => changing(at("sample"), { phase: "always" }, [0, 1]),
    "validate, an end at every position": () => changing(at("stop"), { phase: "always" }, [0, 1]),
  },
  OddHeadSize: {
    "validate, a rotation of heads of three": () => changing(at("rotate"), { constants: [4, 3] }, [3]),
  },
  WrongVocabulary: {
    "validate, an embedding of another vocabulary": () => changing(0, { constants: [47, 24, 0] }, [47, 48]),
    "validate, a choice from another vocabulary": () =>
      changing(at("sample"), { constants: [49, 4] }, [49, 48]),
    "validate, tokens that are noted of another vocabulary": () =>
      changing(at("seen"), { constants: [64] }, [64, 48]),
  },
  InputNotEarlier: {
    "validate, an operator that reads itself": () =>
      changing(at("add"), { inputs: [at("add"), 0] }, [at("add")]),
    "validate, an operator that reads a later one": () =>
      changing(at("add"), { inputs: [0, at("add") + 1] }, [at("add") + 1]),
    "validate, an operator that reads the largest index": () =>
      changing(at("add"), { inputs: [0, 2 ** 32 - 1] }, [2 ** 32 - 1]),
  },
  InputNotAlwaysThere: {
    "validate, an input that runs at fewer positions": () =>
      changing(at("softmax"), { phase: "always" }, [at("scores")]),
    "validate, keys that do not run at earlier positions": async () => {
      const key = PROGRAM.operators[at("scores")]!.inputs[1]!;
      return validating(partsWith(PROGRAM, key, { phase: "generating" }), [at("scores"), key]);
    },
  },
  WrongInputShape: {
    "validate, a narrow vector where a wide one belongs": () => {
      const narrow = at("narrow");
      return changing(at("add"), { inputs: [narrow, 0] }, [narrow, [1n, 1n, 24n], [0n, 1n, 24n]]);
    },
    "validate, scores that are mixed without a softmax": () => {
      const [scores, pages] = [at("scores"), PROGRAM.operators[at("mix")]!.inputs[1]!];
      return changing(at("mix"), { inputs: [scores, pages] }, [scores, [3n, 4n, 1n], [6n, 4n, 1n]]);
    },
    "validate, a linear operator of more columns than its input has": () =>
      changing(at("linear"), { constants: [12, 25, 0] }, [at("narrow"), [1n, 1n, 24n], [1n, 1n, 25n]]),
  },
  WrongTensorShape: {
    "validate, gains of another width": () =>
      changing(at("normalize"), { tensors: [0] }, [0, [0n, 48n, 24n], [1n, 1n, 24n]]),
  },
  SecondOperator: {
    "validate, two embeddings": async () => {
      const again = { ...PROGRAM, operators: PROGRAM.operators.with(1, PROGRAM.operators[0]!) };
      return validating(programParts(again), [1, 1]);
    },
    "validate, two choices": async () => {
      const { operators } = PROGRAM;
      const again = { ...PROGRAM, operators: [...operators, operators[at("sample")]!] };
      return validating(programParts(again), [OPERATORS, 12]);
    },
    "validate, two sets of seen tokens": async () => {
      const { operators } = PROGRAM;
      const again = { ...PROGRAM, operators: [...operators, operators[at("seen")]!] };
      return validating(programParts(again), [OPERATORS, 14]);
    },
    "validate, two lists of recent tokens": async () => {
      const { operators } = PROGRAM;
      const again = { ...PROGRAM, operators: [...operators, operators[at("recent")]!] };
      return validating(programParts(again), [OPERATORS, 15]);
    },
    "validate, two ends": async () => {
      const { operators } = PROGRAM;
      const again = { ...PROGRAM, operators: [...operators, operators[at("stop")]!] };
      return validating(programParts(again), [OPERATORS, 13]);
    },
  },
  OperatorMissing: {
    "validate, no operators at all": () =>
      validating(programParts({ ...PROGRAM, operators: [], tensors: [] }), [1]),
    "validate, no choice": () =>
      validating(programParts({ ...PROGRAM, operators: PROGRAM.operators.slice(0, -2) }), [12]),
    "validate, no set of seen tokens, which nothing reads then": () =>
      validating(programParts({ ...PROGRAM, operators: [PROGRAM.operators[0]!] }), [14]),
    "validate, no list of recent tokens, which nothing reads then": () => {
      const { operators } = PROGRAM;
      return validating(
        programParts({ ...PROGRAM, operators: [operators[0]!, operators[at("seen")]!] }),
        [15],
      );
    },
    "validate, no end": () =>
      validating(programParts({ ...PROGRAM, operators: PROGRAM.operators.slice(0, -1) }), [13]),
  },
  WorkOutOfBounds: {
    "validate, a program that multiplies nothing": () => {
      const [embed] = PROGRAM.operators as [Operator];
      const operators = [
        { ...embed, constants: [48, 48, 0], tensors: [0] },
        PROGRAM.operators[at("seen")]!,
        PROGRAM.operators[at("recent")]!,
        { ...PROGRAM.operators[at("sample")]!, inputs: [0, 1], tensors: [1], constants: [48, 0] },
        { ...PROGRAM.operators[at("stop")]!, inputs: [3, 2], tensors: [], constants: [0] },
      ];
      const tensors = [
        { kind: "rows" as const, rows: 48, columns: 48 },
        { kind: "table" as const, rows: 256, columns: 2 },
      ];
      return validating(programParts({ ...PROGRAM, operators, tensors }), [0, 2n ** 48n - 1n]);
    },
    "validate, more work than fits into 48 bits": () => {
      const [embed] = PROGRAM.operators as [Operator];
      const width = 65_536;
      const tensors = [
        { kind: "rows" as const, rows: 48, columns: width },
        { kind: "rows" as const, rows: 2 ** 24, columns: width },
      ];
      const linear = { ...PROGRAM.operators[at("linear")]!, inputs: [1], tensors: [1] };
      const operators = [
        { ...embed, constants: [48, width, 0], tensors: [0] },
        { ...PROGRAM.operators[at("narrow")]!, inputs: [0], constants: [1, width] },
        ...Array<Operator>(200).fill({ ...linear, constants: [2 ** 24, width, 0] }),
        ...Array<Operator>(56).fill({ ...linear, constants: [2 ** 24, width, 0] }),
      ];
      return validating(programParts({ ...PROGRAM, operators, tensors }), [2n ** 48n, 2n ** 48n - 1n]);
    },
  },
});

/** What fills a chunk of so many parts up. */
function paddingTo256(count: number): Uint8Array[] {
  return Array.from({ length: 256 - count }, () => ethers.getBytes(ethers.keccak256("0x02")));
}
