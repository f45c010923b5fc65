import { expect } from "chai";
import type { Result } from "ethers";
import { programParts } from "../../engine/src/program/encode.ts";
import { workPerPosition } from "../../engine/src/program/work.ts";
import { OPERATORS } from "../../engine/src/operators/index.ts";
import { programChunks, rootOfParts } from "../../sdk/src/protocol/program-chunks.ts";
import { eventsOf, expectOnlyEvent, plain } from "../support/expect.ts";
import { added, indexOf, smallLlama } from "../support/programs.ts";
import { addProgram, freshSystem } from "../support/system.ts";

const padded = (values: readonly number[], length: number) =>
  Array.from({ length }, (_, index) => BigInt(values[index] ?? 0));

describe("ProgramRegistry", () => {
  it("holds every operator and tensor of a program of several chunks, as it was added", async () => {
    const { programs } = await freshSystem();
    const program = smallLlama({ layers: 16 });
    const parts = programParts(program);
    expect(parts.length).to.be.greaterThan(2 * 256);
    const root = await addProgram(programs, parts);
    for (const [index, operator] of program.operators.entries()) {
      const found = plain((await programs.operatorAt(root, index)) as unknown as Result);
      expect(found, `operator ${index}`).to.deep.equal([
        BigInt(OPERATORS[operator.kind].opcode),
        operator.phase === "generating",
        BigInt(operator.tensors.length),
        padded(operator.inputs, 2),
        padded(operator.tensors, 2),
        padded(operator.constants, 5),
      ]);
    }
    for (const [index, { kind, rows, columns }] of program.tensors.entries()) {
      const found = plain((await programs.tensorAt(root, index)) as unknown as Result);
      expect(found, `tensor ${index}`).to.deep.equal([
        kind === "rows" ? 0n : 1n,
        BigInt(rows),
        BigInt(columns),
      ]);
    }
  });

  it("knows a valid program's size, work, and the operators that choose and stop", async () => {
    const { programs } = await freshSystem();
    const program = smallLlama();
    const root = await addProgram(programs, programParts(program));
    expect(plain((await programs.programOf(root)) as unknown as Result)).to.deep.equal([
      48n,
      96n,
      BigInt(program.operators.length),
      BigInt(program.tensors.length),
      workPerPosition(program),
      BigInt(indexOf(program, "sample")),
      BigInt(indexOf(program, "stop")),
      true,
    ]);
  });

  it("takes chunks after the first in any order and from anybody; one that is there already changes nothing", async () => {
    const { programs, stranger, client } = await freshSystem();
    const parts = programParts(smallLlama({ layers: 16 }));
    const root = rootOfParts(parts);
    const [first, second, third] = programChunks(parts);
    for (const [{ chunk, parts: some, path }, sender] of [
      [first!, stranger],
      [third!, client],
      [second!, stranger],
    ] as const) {
      expect(await programs.hasChunk(root, chunk)).to.equal(false);
      await expectOnlyEvent(
        programs,
        programs.connect(sender).addChunk(root, chunk, some, path),
        "ProgramChunkAdded",
        [root, chunk, some.length],
      );
      expect(await programs.hasChunk(root, chunk)).to.equal(true);
      expect(await eventsOf(programs, await programs.addChunk(root, chunk, [], []))).to.deep.equal([]);
    }
    await programs.validate(root, 10_000);
    expect((await programs.programOf(root)).valid).to.equal(true);
  });

  it("validates a few operators at a time, and is valid after the last of them only", async () => {
    const program = smallLlama();
    const { programs, root } = await added(programParts(program));
    const count = program.operators.length;
    for (let checked = 0; checked < count; checked += 10) {
      expect(await programs.operatorsChecked(root)).to.equal(checked);
      expect((await programs.programOf(root)).valid).to.equal(false);
      expect((await programs.programOf(root)).workPerPosition).to.equal(0);
      await programs.validate(root, 10);
    }
    expect(await programs.operatorsChecked(root)).to.equal(count);
    expect((await programs.programOf(root)).workPerPosition).to.equal(workPerPosition(program));
    expect(await programs.validate.staticCall(root, 1)).to.equal(true);
    expect(await eventsOf(programs, await programs.validate(root, 1))).to.deep.equal([]);
  });

  it("says with the last call what the program is", async () => {
    const { programs, root } = await added(programParts(smallLlama()));
    const validated = await programs.validate(root, 2 ** 32 - 1);
    const program = plain((await programs.programOf(root)) as unknown as Result);
    expect(await eventsOf(programs, validated)).to.deep.equal([
      { name: "ProgramValidated", values: [root, program] },
    ]);
  });

  it("takes a program that fills its last chunk to the last part", async () => {
    const program = smallLlama({ layers: 7 });
    const spare = 256 - programParts(program).length;
    expect(spare).to.be.greaterThan(0);
    const tensors = [...program.tensors, ...Array.from({ length: spare }, () => program.tensors[0]!)];
    const { programs, root } = await added(programParts({ ...program, tensors }));
    await programs.validate(root, 1_000);
    expect((await programs.programOf(root)).valid).to.equal(true);
  });
});
