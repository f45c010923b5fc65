import { expect } from "chai";
import { operatorOf, outputAddress, stageOf, traceAddress, type Stage } from "../testing/step-scenes.ts";
import { privateScene } from "../testing/step-models.ts";
import { encodeTokens } from "../commitments/tokens.ts";
import { toHex } from "../commitments/hash.ts";
import { leafHash } from "../commitments/merkle.ts";
import { privateDisclosures } from "./disclosure.ts";
import { createTraceTree } from "./tree.ts";
import { stepReads } from "./step.ts";
import { stepWitness } from "./witness.ts";

describe("what a dispute shows of a private request", () => {
  let stage: Stage;
  before(async () => (stage = await stageOf(await privateScene())));

  const found = (shape = { contextLength: 8_192, promptTokens: 1_000, maxTokens: 500 }) =>
    new Map(privateDisclosures(shape).map((entry) => [entry.what, entry]));

  it("is counted by the game's reveals and the commitments' leaves", () => {
    const large = found();
    expect(large.get("prompt and answer")!.tokens).to.equal(256);
    expect(large.get("neighbouring tokens")!.text).to.include("16 neighbouring tokens");
    expect(large.get("prompt leaf")!.tokens).to.equal(32);
    expect(large.get("answer part")!.tokens).to.equal(256);
    expect(large.get("set of tokens")!.tokens).to.equal(1_500);
    const small = found({ contextLength: 37, promptTokens: 5, maxTokens: 4 });
    expect(small.get("prompt and answer")!.tokens).to.equal(1);
    expect(small.get("neighbouring tokens")!.text).to.include("9 neighbouring tokens");
    expect(small.get("prompt leaf")!.tokens).to.equal(5);
    expect(small.get("answer part")!.tokens).to.equal(4);
  });

  it("covers what steps open: prompt leaves, sets of tokens, last tokens, keys, and never the secret", async () => {
    const { model, request, claim, last } = stage;
    const secret = Buffer.from(request.secret!).toString("hex");
    const shows = async (address: ReturnType<typeof traceAddress>) => {
      const { witness } = await stepWitness(model, request, claim, address);
      const text = Buffer.from(witness).toString("hex");
      expect(text).not.to.include(secret);
      return text;
    };
    const prompt = (from: number, to: number) =>
      Buffer.from(encodeTokens(request.prompt.slice(from, to))).toString("hex");
    const at = (position: number, kind: string) => traceAddress(position, operatorOf(stage, kind), 0, 0);
    expect(await shows(at(3, "embed"))).to.include(prompt(0, 32));
    expect(await shows(at(last, "stop"))).to.include(prompt(20, 32));
    expect(await shows(at(last, "linear"))).not.to.include(prompt(0, 2));
    expect(await shows(outputAddress(0))).not.to.include(prompt(0, 2));
    const seen = operatorOf(stage, "seen");
    const subject = {
      program: model.program,
      claim,
      request: { ...request, promptCount: request.prompt.length, isPrivate: true },
    };
    const tree = createTraceTree(model, request);
    const tile = (await tree.tile({ position: last, operator: operatorOf(stage, "sample"), tile: 0 }))!;
    const reads = stepReads(subject, at(last, "sample"), toHex(leafHash(tile)), (read) =>
      read.from === "own" ? tile : new Uint8Array(8_192),
    );
    expect(reads.some((read) => read.from === "trace" && read.operator === seen)).to.equal(true);
  });

  it("includes that a token is found from the roots of its position by trying the vocabulary", async () => {
    const { model, request } = stage;
    const position = 5;
    const embed = operatorOf(stage, "embed");
    const rootOf = async (prompt: readonly number[]) => {
      const tree = createTraceTree(model, { ...request, prompt });
      const [root] = await tree.descendants({ tree: 1, position, level: 0, index: embed }, 0);
      return toHex(root!);
    };
    const shown = await rootOf(request.prompt);
    // Nothing but the token is right in this guess.
    const guess = request.prompt.map((token, index) => (index === position ? token : 3));
    expect(await rootOf(guess)).to.equal(shown);
    expect(await rootOf(guess.with(position, request.prompt[position]! + 1))).to.not.equal(shown);
  });
});
