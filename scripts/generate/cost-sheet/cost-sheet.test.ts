import { expect } from "chai";
import { importModel } from "../../../engine/src/import/import-model.ts";
import type { Program } from "../../../engine/src/program/program.ts";
import { tinySource, TINY } from "../../../engine/src/testing/tiny-checkpoint.ts";
import { openTiles } from "../../../engine/src/trace/trace.ts";
import { traceLayout } from "../../../engine/src/trace/layout.ts";
import { costOf } from "./gas.ts";
import { llamaProgram } from "./llama-program.ts";
import { stepsOf } from "./steps.ts";
import { traceWork } from "./trace-work.ts";

describe("the cost sheet", () => {
  const shape = { name: "tiny", ...TINY, layers: 2 };

  it("prices the program that the importer makes", async () => {
    const { program } = await importModel(tinySource({ ...TINY, layers: 2, tied: false }));
    const wiring = ({ operators, tensors }: Program) =>
      operators.map(({ kind, phase, inputs, tensors: used }) => ({
        kind,
        phase,
        inputs,
        // The tiny checkpoint has one stop token, the priced program four.
        tensors: kind === "sample" || kind === "stop" ? used.length : used.map((tensor) => tensors[tensor]),
      }));
    expect(wiring(llamaProgram(shape))).to.deep.equal(wiring(program));
  });

  it("counts a path's siblings as openings have them", async () => {
    const model = await importModel(tinySource({ ...TINY, layers: 2, tied: false }));
    const index = model.program.operators.findIndex(({ kind }) => kind === "add");
    const step = stepsOf(model.program, index)[0]!;
    const inputs = model.program.operators[index]!.inputs;
    const { openings } = await openTiles(
      model,
      { prompt: [3, 4], maxTokens: 1 },
      inputs.map((operator) => ({ position: 1, operator, tile: 0 })),
    );
    const opened = openings.map(({ data, path }) => ({ bytes: data!.length, siblings: path.length }));
    expect(step.reads.slice(-2)).to.deep.equal(opened);
  });

  it("counts the bytes that are hashed for a sampled token", async () => {
    const model = await importModel(tinySource());
    const layout = traceLayout(model.program);
    const prompt = [3, 4, 5];
    const addresses = layout.operators.flatMap(({ tiles }, operator) =>
      Array.from({ length: tiles }, (_, tile) => ({ position: 2, operator, tile })),
    );
    const { openings } = await openTiles(model, { prompt, maxTokens: 1, temperature: 800 }, addresses);
    const bytes = openings.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
    expect(traceWork(model.program, 2).bytes).to.equal(bytes);
  });

  it("adds up every byte and every hash", () => {
    const section = {
      name: "output",
      type: "int32" as const,
      groups: 1,
      size: 8,
      tile: 8,
      firstTile: 0,
      tilesPerGroup: 1,
    };
    const step = { section, reads: [{ bytes: 64, siblings: 3 }], packed: 10, single: 1 };
    const { calldataGas, executionGas, totalGas } = costOf(step);
    expect(calldataGas).to.equal(40 * (32 + 64 + 96 + 2 * 160 + 1024));
    expect(executionGas).to.equal(21_000 + 30_000 + (36 + 24 + 2000) + (36 + 36 + 2000) + 750 + 120 + 80);
    expect(totalGas).to.equal(calldataGas + executionGas);
  });
});
