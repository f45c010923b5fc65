import { expect } from "chai";
import { toHex } from "../../engine/src/commitments/hash.ts";
import { leafHash, PAD } from "../../engine/src/commitments/merkle.ts";
import { PART, type ElementAddress } from "../../engine/src/dispute/claim.ts";
import type { Model } from "../../engine/src/model.ts";
import { REQUEST_BYTES } from "../../engine/src/dispute/verify.ts";
import { tinyScenes } from "../../engine/src/testing/step-models.ts";
import type { TraceRequest } from "../../engine/src/trace.ts";
import type { Evidence } from "../support/step/evidence.ts";
import { deployJudge, type Judge } from "../support/step/judge.ts";
import { tracedModel } from "../support/step/traced-model.ts";

describe("StepVerifier: refusals", () => {
  let judge: Judge;
  let model: Model;
  let request: TraceRequest;
  let evidence: Evidence;
  before(async () => {
    judge = await deployJudge();
    ({ model, request } = (await tinyScenes())[0]!);
    evidence = await tracedModel(model, request);
    await judge.register(evidence);
  });

  async function ask(address: ElementAddress, witness: Uint8Array, leaf = evidence.leaf(address)) {
    return (await judge.ask(evidence.claim, [{ address, leaf, witness }]))[0]!.verdict;
  }

  async function expectAll(address: ElementAddress, witnesses: Uint8Array[], error: RegExp, what: string) {
    const leaf = evidence.leaf(address);
    const questions = witnesses.map((witness) => ({ address, leaf, witness }));
    const answers = await judge.ask(evidence.claim, questions);
    const others = answers.filter(({ verdict }) => !error.test(verdict));
    expect(
      others.map(({ verdict }) => verdict),
      what,
    ).to.deep.equal([]);
    expect(answers.length, what).to.equal(witnesses.length);
  }

  /** An element of the last tile of the first operator of a kind. */
  function elementOf(kind: string, position: number, element = 0): ElementAddress {
    const operator = evidence.program.operators.findIndex((found) => found.kind === kind);
    const tile = evidence.layout.operators[operator]!.tiles - 1;
    return { part: PART.trace, position, operator, tile, element };
  }

  function output(element: number): ElementAddress {
    return { part: PART.output, position: 0, operator: 0, tile: 0, element };
  }

  /** Addresses that end the witness in each of the ways there are, and those of every operator at a generated position. */
  function addresses(): [string, ElementAddress][] {
    const kinds = [...new Set(evidence.program.operators.map(({ kind }) => kind))];
    return [
      ["a token", output(1)],
      ["the ending", output(evidence.claim.outputCount)],
      ["a position behind the program", { ...elementOf("embed", 0), position: evidence.layout.positions }],
      ["a position that does not exist", elementOf("embed", 20)],
      ["an operator that does not run", elementOf("sample", 2)],
      ["positions to come", elementOf("scores", 1, 5)],
      ["an element behind the tile", elementOf("embed", 6, 5_000)],
      ...kinds.map((kind): [string, ElementAddress] => [kind, elementOf(kind, 6)]),
    ];
  }

  it("a witness that is cut off anywhere", async () => {
    for (const [what, address] of addresses()) {
      const witness = evidence.witness(address);
      expect(await ask(address, witness), what).to.equal("correct");
      const ends = [0, 3, 4, 8, 16, 48, REQUEST_BYTES - 1];
      let length = REQUEST_BYTES;
      for (const { bytes } of evidence.openings(address)) {
        // Nothing of it, its first byte, all but its last.
        ends.push(length, length + 1, (length += bytes.length) - 1);
      }
      const cut = [...new Set(ends)]
        .filter((end) => end < witness.length)
        .map((end) => witness.slice(0, end));
      await expectAll(address, cut, /^WitnessTooShort\(\d+, \d+\)$/, what);
    }
    expect(await ask(output(0), new Uint8Array())).to.equal("WitnessTooShort(4, 0)");
  });

  it("a witness that goes on", async () => {
    for (const [what, address] of addresses()) {
      const witness = evidence.witness(address);
      expect(await ask(address, Uint8Array.of(...witness, 0)), what).to.equal("WitnessTooLong(1)");
      expect(await ask(address, Uint8Array.of(...witness, ...witness)), what).to.equal(
        `WitnessTooLong(${witness.length})`,
      );
    }
  });

  it("a request that is not the claim's, in any field", async () => {
    const address = elementOf("embed", 0);
    const witness = evidence.witness(address);
    for (const at of [3, 7, 15, 47, 79, 111]) {
      const changed = witness.with(at, witness[at]! ^ 1);
      expect(await ask(address, changed)).to.match(
        new RegExp(`^RequestMismatch\\(${evidence.claim.inputRoot}, 0x`),
      );
    }
  });

  it("a request without a prompt", async () => {
    const empty = await tracedModel(model, request, { prompt: [] });
    const witness = empty.request();
    const [answer] = await judge.ask(empty.claim, [{ address: elementOf("embed", 0), witness }]);
    expect(answer!.verdict).to.equal("EmptyPrompt()");
  });

  it("bytes of the disputed tile that are not the leaf's", async () => {
    const address = elementOf("embed", 6);
    const own = evidence.tile(address)!;
    const changed = own.with(5, own[5]! ^ 1);
    expect(await ask(address, evidence.witness(address, changed))).to.equal(
      `LeafMismatch(${toHex(leafHash(own))}, ${toHex(leafHash(changed))})`,
    );
  });

  it("an opening that does not lead to its root, whatever is changed in it", async () => {
    for (const [what, address] of addresses()) {
      const witness = evidence.witness(address);
      const changed: Uint8Array[] = [];
      let start = REQUEST_BYTES;
      for (const { read, bytes } of evidence.openings(address)) {
        // The mark of an opening, and what has its length before it, are refused otherwise.
        const isMeasured = read.from === "own" || read.from === "stops";
        const first = start + (isMeasured ? bytes.length : read.from === "trace" ? 1 : 0);
        start += bytes.length;
        // A byte of each sibling, and some of what is opened.
        for (let at = first; at < start; at += 31) changed.push(witness.with(at, witness[at]! ^ 0x10));
      }
      await expectAll(address, changed, /^OpeningMismatch\(0x\w{64}, 0x\w{64}\)$/, what);
    }
  });

  it("an opening that is authentic elsewhere", async () => {
    const { layout } = evidence;
    const address = elementOf("add", 6);
    const other = { ...address, position: 5 };
    const [ownPart, ...inputs] = evidence.openings(address).slice(1);
    const elsewhere = evidence.openings(other).slice(1);
    expect(layout.positions).to.be.greaterThan(6);
    const [flag] = evidence.openings(address);
    const witness = Buffer.concat([
      evidence.request(),
      flag!.bytes,
      ownPart!.bytes,
      elsewhere[1]!.bytes,
      inputs[1]!.bytes,
    ]);
    expect(await ask(address, witness)).to.match(/^OpeningMismatch/);
    // The two inputs in the other order.
    const swapped = Buffer.concat([
      evidence.request(),
      flag!.bytes,
      ownPart!.bytes,
      inputs[1]!.bytes,
      inputs[0]!.bytes,
    ]);
    expect(await ask(address, swapped)).to.match(/^OpeningMismatch/);
  });

  it("an opening that is neither there nor PAD", async () => {
    const address = elementOf("add", 0);
    const witness = evidence.witness(address);
    const [own] = evidence.openings(address);
    const mark = REQUEST_BYTES + own!.bytes.length;
    expect(witness[mark]).to.equal(1);
    expect(await ask(address, witness.with(mark, 2))).to.equal("InvalidOpening(2)");
  });

  it("PAD where an input is read", async () => {
    const changed = await tracedModel(model, request);
    const address = elementOf("add", 0);
    const [input] = model.program.operators[address.operator]!.inputs;
    changed.putTile({ position: 0, operator: input!, tile: 0 }, undefined);
    await judge.register(changed);
    const witness = changed.witness(address);
    const [answer] = await judge.ask(changed.claim, [{ address, leaf: changed.leaf(address), witness }]);
    expect(answer!.verdict).to.equal(`InputMissing(0, ${input})`);
  });

  it("a token outside the vocabulary, of the prompt and of the output", async () => {
    const size = model.program.vocabularySize;
    const prompted = await tracedModel(model, request, { prompt: [size, ...request.prompt.slice(1)] });
    await judge.register(prompted);
    const first = elementOf("embed", 0);
    const question = { address: first, leaf: prompted.leaf(first), witness: prompted.witness(first) };
    const [answer] = await judge.ask(prompted.claim, [question]);
    expect(answer!.verdict).to.equal(`TokenOutOfVocabulary(${size}, ${size})`);

    const generated = await tracedModel(model, request);
    const chosen = elementOf("sample", 4);
    generated.putTile(chosen, Uint8Array.of(255, 255, 255, 255));
    await judge.register(generated);
    const next = elementOf("embed", 5);
    const asked = { address: next, leaf: generated.leaf(next), witness: generated.witness(next) };
    const [refused] = await judge.ask(generated.claim, [asked]);
    expect(refused!.verdict).to.equal(`TokenOutOfVocabulary(${2 ** 32 - 1}, ${size})`);
  });

  it("PAD as a leaf does not pass for a tile whose bytes are given", async () => {
    const address = elementOf("embed", 6);
    const witness = evidence.witness(address);
    expect(await ask(address, witness, PAD)).to.match(/^WitnessTooLong/);
  });
});
