// Receipts before the real verifier: what a channel's provider signed is stepped on the model's own program.
import { expect } from "chai";
import { toHex, type Hex } from "../../engine/src/commitments/hash.ts";
import { encodeRequest, inputRoot } from "../../engine/src/commitments/request.ts";
import type { Claim } from "../../engine/src/dispute/claim.ts";
import { createTraceTree, hexOf, TREES } from "../../engine/src/dispute/tree.ts";
import { stepWitness } from "../../engine/src/dispute/witness.ts";
import { programParts } from "../../engine/src/program/encode.ts";
import { outputAddress } from "../../engine/src/testing/step-scenes.ts";
import { tinyScenes, type StepScene } from "../../engine/src/testing/step-models.ts";
import { CHANNEL_BIT, openChannel, present, receiptOf } from "../support/channels.ts";
import { levelsOf } from "../support/dispute.ts";
import { addProgram, deploySystem, ethers, type Job, loadFixture } from "../support/system.ts";

let scene: StepScene;

/** The protocol with the scene's model and a provider that takes channels. */
async function deployWithModel() {
  const system = await deploySystem();
  const { model } = scene;
  await addProgram(system.programs, programParts(model.program));
  await system.models.register(model.commitment, "");
  await system.vault.connect(system.provider).approveStakeModules(CHANNEL_BIT);
  await system.channels.connect(system.provider).addReceiptKey(system.operator);
  return system;
}

/** Whether the provider is convicted over the token `element` of a receipt for these tokens; it posts the right trace. */
async function convicted(
  change: (tokens: readonly number[]) => number[],
  element: number,
  complete = true,
): Promise<boolean> {
  const system = await loadFixture(deployWithModel);
  const { game, stranger, operator, provider } = system;
  const { model, request } = scene;
  const tree = createTraceTree(model, request);
  const { tokens: right, positionsRoot } = await tree.commitment();
  expect(right.length, "the model ends at its largest number of tokens").to.equal(request.maxTokens);
  const tokens = change(right);

  const channel = await openChannel(system);
  const { modelRoot } = model.commitment;
  const root = inputRoot(request);
  const receipt = await receiptOf(system, channel, { tokens, modelRoot, inputRoot: root, complete });
  const { id: resultId, job } = await present(system, channel, receipt, toHex(encodeRequest(request)));
  expect(job.inputRoot).to.equal(root);

  const { outputTokensRoot } = receipt.message;
  const salt = ethers.id("salt");
  const id = await game.challengeIdOf(stranger, resultId, salt);
  const terms = job as unknown as Job;
  await game.connect(stranger).commit(id, { value: await game.bondOf(terms) });
  await game.connect(stranger).open(terms, { count: tokens.length, tokensRoot: outputTokensRoot }, salt);
  const level = tree.layout.positionDepth;
  const top = { tree: TREES.positions, level, index: 0 };
  await game.connect(operator).postTrace(id, hexOf(await tree.descendants(top, levelsOf(level))));
  await game.connect(stranger).disputeOutput(id, positionsRoot, element);

  const claim: Claim = {
    modelRoot,
    inputRoot: root,
    outputTokensRoot: outputTokensRoot as Hex,
    outputCount: tokens.length,
    complete: true,
    positionsRoot,
  };
  const address = outputAddress(element);
  const { witness } = await stepWitness(model, request, claim, address, { outputTokens: tokens });
  await game.connect(stranger).step(id, claim, witness);
  return (await game.convictionOf(provider)) === id;
}

describe("disputes about receipts, before the real verifier", () => {
  before(async () => {
    scene = (await tinyScenes())[0]!;
  });

  it("acquit a provider whose receipt is right, token by token and at its end", async () => {
    const right = (tokens: readonly number[]) => [...tokens];
    for (const element of [0, scene.request.maxTokens - 1, scene.request.maxTokens]) {
      expect(await convicted(right, element)).to.equal(false);
    }
  });

  it("convict over another token", async () => {
    expect(await convicted((tokens) => tokens.with(1, (tokens[1]! + 1) % 5), 1)).to.equal(true);
  });

  it("a receipt with more tokens than its request allowed: each token behind the end is wrong, those before are right", async () => {
    const { maxTokens } = scene.request;
    const longer = (tokens: readonly number[]) => [...tokens, tokens[0]!, tokens[1]!];
    for (const complete of [true, false]) {
      expect(await convicted(longer, maxTokens, complete)).to.equal(true);
      expect(await convicted(longer, maxTokens + 1, complete)).to.equal(true);
      expect(await convicted(longer, maxTokens - 1, complete)).to.equal(false);
    }
  });
});
