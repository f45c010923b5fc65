import { expect } from "chai";
import { importModel } from "../import/import-model.ts";
import { assembleModel, type Model } from "../model.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { tinySource } from "../testing/tiny-checkpoint.ts";
import type { Tensor } from "../tensors/tensor.ts";
import { decodeProgram } from "./decode.ts";
import { encodeProgram } from "./encode.ts";
import type { Operator, Program } from "./program.ts";
import { validateProgram } from "./validate.ts";

describe("a program", () => {
  let model: Model;
  before(async () => (model = await importModel(tinySource())));

  const indexOf = (kind: Operator["kind"]) =>
    model.program.operators.findIndex((operator) => operator.kind === kind);
  const withOperator = (index: number, change: Partial<Operator>): Program => ({
    ...model.program,
    operators: model.program.operators.map((operator, at) =>
      at === index ? { ...operator, ...change } : operator,
    ),
  });

  it("survives its canonical bytes", () => {
    expect(decodeProgram(encodeProgram(model.program))).to.deep.equal(model.program);
  });

  it("has bytes that end nowhere else", async () => {
    const bytes = encodeProgram(model.program);
    for (const length of [0, 7, 8, 23, 24, 30, 200, bytes.length - 1]) {
      await expectRefusal(() => decodeProgram(bytes.slice(0, length)), "PROGRAM_INVALID");
    }
    await expectRefusal(
      () => decodeProgram(Uint8Array.of(...bytes, 0)),
      "PROGRAM_INVALID",
      "1 bytes too many",
    );
  });

  it("has a mark, known opcodes and known phases", async () => {
    for (const [at, value, problem] of [
      [0, 0, "mark"],
      [24, 99, "opcode 99"],
      [25, 7, "phase 7"],
    ] as const) {
      const bytes = encodeProgram(model.program);
      bytes[at] = value;
      await expectRefusal(() => decodeProgram(bytes), "PROGRAM_INVALID", problem);
    }
  });

  it("may only read earlier operators, of the right shape, that run when it runs", async () => {
    const add = indexOf("add");
    const refused = (program: Program, ...fragments: string[]) =>
      expectRefusal(
        () => {
          validateProgram(program);
        },
        "PROGRAM_INVALID",
        ...fragments,
      );
    await refused(withOperator(add, { inputs: [add, 0] }), `input ${add} is not an earlier operator`);
    await refused(withOperator(add, { inputs: [add + 1, 0] }), `input ${add + 1} is not an earlier operator`);
    await refused(withOperator(add, { inputs: [2, 0] }), "input 2 is narrow 1 × 16, expected wide 1 × 16");
    const [scores, mix] = [indexOf("scores"), indexOf("mix")];
    const pages = model.program.operators[mix]!.inputs[1]!;
    await refused(
      withOperator(mix, { inputs: [scores, pages] }),
      `input ${scores} is positions 4 × 1, expected weights 4 × 1`,
    );
    await refused(withOperator(add, { inputs: [0] }), "it has 1 inputs");
    await refused(withOperator(0, { phase: "generating" }), "does not run at every position");
    await refused(withOperator(indexOf("narrow"), { constants: [0, 16] }), "groups 0 is not in [1, 65536]");
    await refused(withOperator(indexOf("rotate"), { constants: [8, 3] }), "odd size 3");
    await refused(withOperator(indexOf("linear"), { tensors: [0] }), "tensor 0 is rows 48 × 16");
    await refused(withOperator(indexOf("linear"), { tensors: [] }), "it has 0 tensors");
    await refused(withOperator(0, { name: "näme" }), "not printable ASCII");
    for (const [kind, phase] of [
      ["page", "generating"],
      ["seen", "generating"],
      ["recent", "generating"],
      ["sample", "always"],
      ["stop", "always"],
    ] as const) {
      await refused(withOperator(indexOf(kind), { phase }), `its phase is ${phase}`, kind);
    }
    await refused(
      withOperator(indexOf("seen"), { constants: [47] }),
      "it notes tokens of another vocabulary",
    );
    await refused(
      withOperator(indexOf("seen"), { constants: [2 ** 20 + 1] }),
      "vocabulary 1048577 is not in",
    );
    const [logits, seen] = model.program.operators[indexOf("sample")]!.inputs as [number, number];
    const recent = indexOf("recent");
    await refused(
      withOperator(indexOf("sample"), { inputs: [logits, recent] }),
      "is recent 1 × 16, expected seen 1 × 2",
    );
    await refused(withOperator(indexOf("sample"), { constants: [48, 0] }), "it has 2 tensors");
    await refused(
      withOperator(indexOf("stop"), { inputs: [indexOf("sample"), seen] }),
      "expected recent 1 × 16",
    );
    await refused(
      {
        ...model.program,
        operators: [...model.program.operators, model.program.operators[recent]!],
      },
      "2 operators of kind recent",
    );
    await refused(
      { ...model.program, operators: model.program.operators.slice(0, -1) },
      "0 operators of kind stop",
    );
    await refused({ ...model.program, contextLength: 65537 }, "65537");
  });

  it("refuses tensors outside the ranges that make it exact", async () => {
    const withTensor = (index: number, tensor: Tensor) => () =>
      assembleModel({
        ...model,
        tensors: model.tensors.map((original, at) => (at === index ? tensor : original)),
        tokenizerBytes: new Uint8Array(),
      });
    const rows = model.tensors[0]!;
    if (rows.kind !== "rows") throw new Error("the embedding is expected first");
    const low = rows.values.slice().fill(-128, 0, 1);
    await expectRefusal(withTensor(0, { ...rows, values: low }), "TENSOR_OUT_OF_RANGE", "-128");
    const zero = rows.multipliers.slice().fill(0, 0, 1);
    await expectRefusal(withTensor(0, { ...rows, multipliers: zero }), "TENSOR_OUT_OF_RANGE", "multiplier");
    const far = rows.shifts.slice().fill(128, 0, 1);
    await expectRefusal(withTensor(0, { ...rows, shifts: far }), "TENSOR_OUT_OF_RANGE", "shift");
    await expectRefusal(withTensor(0, { ...rows, rows: 47 }), "PROGRAM_INVALID", "rows 48 × 16");
    for (const kind of ["normalize", "rotate", "softmax", "gate"] as const) {
      const index = model.program.operators[indexOf(kind)]!.tensors[0]!;
      const table = model.tensors[index]!;
      if (table.kind !== "table") throw new Error(`${kind} is expected to read a table`);
      const large = table.values.slice().fill(2 ** 22 + 1, 0, 1);
      await expectRefusal(
        withTensor(index, { ...table, values: large }),
        "TENSOR_OUT_OF_RANGE",
        `Tensor ${index}`,
      );
    }
  });
});
