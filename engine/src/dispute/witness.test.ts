import { expect } from "chai";
import { unsigned } from "../commitments/big-endian.ts";
import { toHex } from "../commitments/hash.ts";
import { leafHash, PAD } from "../commitments/merkle.ts";
import { outputTokensRoot } from "../commitments/request.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { generateRandom } from "../testing/random.ts";
import {
  endedScene,
  laterChunkScene,
  longScene,
  minimumScene,
  sampledWideScene,
  stoppedScene,
  privateScene,
  tinyScenes,
  unreachableScene,
  wideScene,
  type StepScene,
} from "../testing/step-models.ts";
import {
  flipElement,
  operatorOf,
  outputAddress,
  randomElement,
  sectionsAt,
  stageOf,
  traceAddress,
  type Stage,
} from "../testing/step-scenes.ts";
import { referenceExecutor } from "../trace/request.ts";
import { traceLayout, type TraceAddress } from "../trace/layout.ts";
import { openTiles } from "../trace/trace.ts";
import type { ElementAddress } from "./claim.ts";
import { verifyStep } from "./verify.ts";
import { stepWitness, stepWitnesses, type StepTask } from "./witness.ts";

const AUDIT = process.env.ATHANOR_AUDIT !== undefined;
const pad = toHex(PAD);

describe("the witness of a step", () => {
  let stages: Stage[];
  before(async () => {
    stages = await Promise.all([...(await tinyScenes()), await privateScene()].map(stageOf));
  });

  /** Every tile of some positions, with what the trace has there. */
  const tilesAt = async ({ model, request }: Stage, positions: readonly number[]) => {
    const { operators } = traceLayout(model.program);
    const addresses = positions.flatMap((position) =>
      operators.flatMap(({ tiles }, operator) =>
        Array.from({ length: tiles }, (_, tile): TraceAddress => ({ position, operator, tile })),
      ),
    );
    return (await openTiles(model, request, addresses)).openings;
  };

  it("shows every tile of every operator at every position as right, PAD included, and a flipped bit as wrong", async () => {
    const random = generateRandom(11);
    for (const stage of stages) {
      const { model, request, claim, last, name } = stage;
      const layout = traceLayout(model.program);
      const all = Array.from({ length: Math.min(last + 3, layout.positions) }, (_, position) => position);
      const some = AUDIT ? all : all.filter((position) => position < 6 || position > 30);
      const right: StepTask[] = [];
      const wrong: StepTask[] = [];
      for (const { position, operator, tile, data } of await tilesAt(stage, some)) {
        const { sections } = layout.operators[operator]!;
        const section = sections.findLast(({ firstTile }) => firstTile <= tile)!;
        const elements = Math.min(section.tile, section.size);
        const address = traceAddress(position, operator, tile, Math.floor(random() * elements));
        right.push({ address });
        if (!data) wrong.push({ address, leaf: toHex(leafHash(new Uint8Array(4 * elements))) });
        else {
          wrong.push({ address, leaf: pad }, { address, ownTile: flipElement(stage, random, data, address) });
        }
      }
      for (const [tasks, expected] of [
        [right, true],
        [wrong, false],
      ] as const) {
        const witnesses = await stepWitnesses(model, request, claim, tasks);
        for (const [index, { correct }] of witnesses.entries()) {
          expect(correct, `${name}: ${JSON.stringify(tasks[index]!.address)}`).to.equal(expected);
        }
      }
    }
  });

  it("shows every section of wide operators, of a long context and below a minimum as right, and a flipped bit as wrong", async () => {
    const random = generateRandom(12);
    for (const stage of await Promise.all(
      [wideScene(), sampledWideScene(), longScene(), minimumScene()].map(async (scene) =>
        stageOf(await scene),
      ),
    )) {
      const { model, request, claim, last, name } = stage;
      const addresses = [0, 1, Math.floor(last / 2), last - 1, last].flatMap((position) =>
        sectionsAt(stage, position).map(({ operator, section }) =>
          randomElement(stage, random, position, operator, section),
        ),
      );
      const { openings } = await openTiles(model, request, addresses);
      const wrong = addresses.map((address, index) => ({
        address,
        ownTile: flipElement(stage, random, openings[index]!.data!, address),
      }));
      const tasks = [...addresses.map((address) => ({ address })), ...wrong];
      const witnesses = await stepWitnesses(model, request, claim, tasks);
      for (const [index, { correct }] of witnesses.entries()) {
        expect(correct, `${name}: ${JSON.stringify(tasks[index])}`).to.equal(index < addresses.length);
      }
    }
  });

  it("shows the tokens of an output and its ending, and every other output as wrong somewhere", async () => {
    const ending = [stoppedScene(), endedScene()];
    for (const stage of [
      ...stages,
      ...(await Promise.all(ending.map(async (scene) => stageOf(await scene)))),
    ]) {
      const { model, request, claim, tokens, name } = stage;
      const decide = async (output: readonly number[], element: number): Promise<boolean> => {
        const changed = {
          ...claim,
          outputTokensRoot: outputTokensRoot(output, request.secret),
          outputCount: output.length,
        };
        const options = { outputTokens: output };
        return (await stepWitness(model, request, changed, outputAddress(element), options)).correct;
      };
      for (let element = 0; element <= tokens.length + 1; element++) {
        expect(await decide(tokens, element), `${name}: element ${element}`).to.equal(true);
        if (element >= tokens.length) continue;
        const other = tokens.with(element, tokens[element]! ^ 1);
        expect(await decide(other, element), `${name}: another token ${element}`).to.equal(false);
      }
      // Of an incomplete output the number of tokens is what the trace was computed for.
      if (!claim.complete) continue;
      const short = tokens.slice(0, -1);
      const long = [...tokens, tokens.at(-1)!];
      if (short.length > 0) expect(await decide(short, short.length), `${name}: too early`).to.equal(false);
      expect(await decide(long, tokens.length), `${name}: too late`).to.equal(false);
      expect(await decide(long, long.length), `${name}: too late, its ending`).to.equal(false);
    }
  });

  it("shows on its own that a token was drawn from a later chunk of the vocabulary", async () => {
    const stage = await stageOf(await laterChunkScene());
    const { model, request, claim, tokens } = stage;
    const operator = operatorOf(stage, "sample");
    const { firstTile } = traceLayout(model.program).operators[operator]!.sections.at(-1)!;
    expect(Math.min(...tokens)).to.be.at.least(1024);
    for (const [index, token] of tokens.entries()) {
      const address = traceAddress(request.prompt.length - 1 + index, operator, firstTile, 0);
      const right = await stepWitness(model, request, claim, address);
      expect(verifyStep(model, claim, address, right.leaf, right.witness), `token ${token}`).to.equal(true);
      const ownTile = flipElement(stage, generateRandom(14), unsigned(token, 4, "token"), address);
      const wrong = await stepWitness(model, request, claim, address, { ownTile });
      expect(verifyStep(model, claim, address, wrong.leaf, wrong.witness), "another").to.equal(false);
    }
  });

  it("shows every section of an answer that ends at its maximum, below its minimum", async () => {
    const random = generateRandom(15);
    const stage = await stageOf(await unreachableScene());
    const { model, request, claim, tokens, last } = stage;
    expect(claim.complete).to.equal(true);
    expect(tokens.length).to.equal(request.maxTokens);
    const addresses = Array.from({ length: last + 1 }, (_, position) => position).flatMap((position) =>
      sectionsAt(stage, position).map(({ operator, section }) =>
        randomElement(stage, random, position, operator, section),
      ),
    );
    for (let element = 0; element <= tokens.length; element++) addresses.push(outputAddress(element));
    const witnesses = await stepWitnesses(
      model,
      request,
      claim,
      addresses.map((address) => ({ address })),
    );
    for (const [index, { leaf, witness }] of witnesses.entries()) {
      const address = addresses[index]!;
      expect(verifyStep(model, claim, address, leaf, witness), JSON.stringify(address)).to.equal(true);
    }
    const address = traceAddress(last, operatorOf(stage, "stop"), 0, 0);
    const ownTile = new Uint8Array(4);
    expect((await stepWitness(model, request, claim, address, { ownTile })).correct).to.equal(false);
  });

  it("is refused when it is cut off, has bytes too many, or any of its bits is flipped", async () => {
    const random = generateRandom(13);
    const stage = stages.find(({ name }) => name === "llama, sampled")!;
    const { model, request, claim, last } = stage;
    const { operators } = traceLayout(model.program);
    const addresses: ElementAddress[] = sectionsAt(stage, last).map(({ operator, section }) =>
      randomElement(stage, random, last, operator, section),
    );
    addresses.push(
      traceAddress(last + 1, 0, 0, 0),
      traceAddress(operators.length + 100, 0, 0, 0),
      outputAddress(0),
      outputAddress(99),
    );
    const witnesses = await stepWitnesses(
      model,
      request,
      claim,
      addresses.map((address) => ({ address })),
    );
    for (const [index, { witness, leaf }] of witnesses.entries()) {
      const refuse = (bytes: Uint8Array) =>
        expectRefusal(() => verifyStep(model, claim, addresses[index]!, leaf, bytes), "WITNESS_INVALID");
      await refuse(witness.subarray(0, Math.floor(random() * witness.length)));
      await refuse(witness.subarray(0, -1));
      await refuse(Uint8Array.of(...witness, 0));
      for (let sample = 0; sample < (AUDIT ? 200 : 12); sample++) {
        const bytes = witness.slice();
        bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(8 * random());
        await refuse(bytes);
      }
    }
  });

  it("is the same from any executor", async () => {
    const { model, request, claim, last } = stages[1]!;
    const address = traceAddress(last, operatorOf(stages[1]!, "mix"), 20, 0);
    const fast = await stepWitness(model, request, claim, address);
    const reference = await stepWitness(model, request, claim, address, { executor: referenceExecutor });
    expect(toHex(fast.witness)).to.equal(toHex(reference.witness));
  });

  it("is not built for another model, request, output or tile than the claim's", async () => {
    const { model, request, claim, last } = stages[0]!;
    const address = traceAddress(last, 0, 0, 0);
    const build = (
      changes: Partial<{ scene: StepScene } & Parameters<typeof stepWitness>[4]>,
      at = address,
      changed = claim,
    ) => stepWitness(model, changes.scene?.request ?? request, changed, at, changes);
    await expectRefusal(
      () => build({}, address, { ...claim, modelRoot: pad }),
      "INVALID_ARGUMENT",
      `The claim is about the model ${pad}`,
    );
    await expectRefusal(() => build({ scene: stages[2]! }), "INVALID_ARGUMENT", "The request has the root");
    await expectRefusal(
      () => build({ outputTokens: [1] }, outputAddress(0)),
      "INVALID_ARGUMENT",
      "The output has the root",
    );
    await expectRefusal(
      () => build({ leaf: toHex(leafHash(Uint8Array.of(7))) }),
      "WITNESS_INVALID",
      "bytes of the disputed tile that hash to",
    );
    await expectRefusal(
      () => build({}, address, { ...claim, positionsRoot: pad }),
      "WITNESS_INVALID",
      `not to ${pad}`,
    );
  });
});
