// Private jobs before the real verifier: what is posted decides, whatever the provider encrypted it with.
import { expect } from "chai";
import { decryptTokens, encryptTokens, privatePromptRootOf } from "../../engine/src/commitments/private.ts";
import { toHex, type Hex } from "../../engine/src/commitments/hash.ts";
import { encodeTokens } from "../../engine/src/commitments/tokens.ts";
import type { Claim } from "../../engine/src/dispute/claim.ts";
import { createTraceTree, hexOf, TREES } from "../../engine/src/dispute/tree.ts";
import { stepWitness } from "../../engine/src/dispute/witness.ts";
import { programParts } from "../../engine/src/program/encode.ts";
import { privateScene, testSecret, type StepScene } from "../../engine/src/testing/step-models.ts";
import { outputAddress, traceAddress } from "../../engine/src/testing/step-scenes.ts";
import { encodeGeneration } from "../../engine/src/commitments/generation.ts";
import { levelsOf } from "../support/dispute.ts";
import { createPrivateJob } from "../support/private.ts";
import { addProgram, deploySystem, ethers, loadFixture } from "../support/system.ts";
import { tokensRoot } from "../support/tokens.ts";

let scene: StepScene;

/** The protocol with the scene's model, which the provider offers. */
async function deployWithModel() {
  const system = await deploySystem();
  const { model } = scene;
  await addProgram(system.programs, programParts(model.program));
  await system.models.register(model.commitment, "");
  const { modelRoot } = model.commitment;
  await system.providers.connect(system.provider).setOffer(modelRoot, system.addresses.ath, 1, 1);
  return { ...system, modelRoot };
}

/** A job to which the provider posted these bytes, challenged by the client; the provider posted the right trace. */
async function disputed(post: (tokens: readonly number[], secret: Uint8Array) => Uint8Array) {
  const system = await loadFixture(deployWithModel);
  const { game, client, operator, escrow } = system;
  const { model, request } = scene;
  const secret = request.secret!;
  const hidden = {
    promptTokens: request.prompt.length,
    promptRoot: toHex(privatePromptRootOf(request.prompt, secret)),
  };
  const generation = toHex(encodeGeneration(request));
  const overrides = { generation, seed: request.seed!, modelRoot: system.modelRoot };
  const { id: jobId, job } = await createPrivateJob(system, overrides, hidden);
  const tree = createTraceTree(model, request);
  const { tokens, positionsRoot } = await tree.commitment();
  const posted = post(tokens, secret);
  await escrow.connect(operator).submit(job, posted);

  const output = { count: posted.length / 4, tokensRoot: tokensRoot(toHex(posted)) };
  const salt = ethers.id("salt");
  const id = await game.challengeIdOf(client, jobId, salt);
  await game.connect(client).commit(id, { value: await game.bondOf(job) });
  await game.connect(client).open(job, output, salt);
  const level = tree.layout.positionDepth;
  const top = { tree: TREES.positions, level, index: 0 };
  await game.connect(operator).postTrace(id, hexOf(await tree.descendants(top, levelsOf(level))));

  const claim: Claim = {
    modelRoot: model.commitment.modelRoot,
    inputRoot: job.inputRoot as Hex,
    outputTokensRoot: output.tokensRoot as Hex,
    outputCount: output.count,
    complete: true,
    positionsRoot,
  };
  const witness = async (element: number) => {
    const outputTokens = decryptTokens(posted, secret);
    return (await stepWitness(model, request, claim, outputAddress(element), { outputTokens })).witness;
  };
  const name = (element: number) => game.connect(client).disputeOutput(id, positionsRoot, element);
  return { ...system, id, claim, tokens, witness, name };
}

/** Whether the provider is convicted over a token. */
async function convicted(
  post: (tokens: readonly number[], secret: Uint8Array) => Uint8Array,
  element = 0,
): Promise<boolean> {
  const { game, provider, id, claim, witness, name } = await disputed(post);
  await name(element);
  await game.step(id, claim, await witness(element));
  return (await game.convictionOf(provider)) === id;
}

describe("disputes about private answers", () => {
  before(async () => {
    scene = await privateScene();
  });

  it("acquit a provider that posted what the request's keys encrypt", async () => {
    for (const element of [0, 2, 3]) expect(await convicted(encryptTokens, element)).to.equal(false);
  });

  it("convict one that posted another token", async () => {
    const other = (tokens: readonly number[], secret: Uint8Array) =>
      encryptTokens(tokens.with(1, (tokens[1]! + 1) % 12), secret);
    expect(await convicted(other, 1)).to.equal(true);
    expect(await convicted(other, 0)).to.equal(false);
  });

  it("attack: a wrong blind by the provider is a wrong answer, though the tokens are right", async () => {
    expect(await convicted((tokens) => encryptTokens(tokens, testSecret(99)))).to.equal(true);
  });

  it("attack: so is an answer in plain text, which all can read", async () => {
    expect(await convicted((tokens) => encodeTokens(tokens))).to.equal(true);
  });

  it("attack: a commitment that opens to nothing cannot be posted: any bytes decrypt to tokens, which are wrong", async () => {
    const junk = (tokens: readonly number[]) => new Uint8Array(4 * tokens.length).fill(0xff);
    expect(await convicted(junk)).to.equal(true);
  });

  it("attack: a wrong blind by the challenger, or of a prompt's leaf, is no witness", async () => {
    const { game, id, claim, witness, name, provider } = await disputed(encryptTokens);
    await name(0);
    const right = await witness(0);
    const verifier = await ethers.getContractAt("StepVerifier", await game.verifier());
    const keyAt = right.length - 10 * 32;
    for (const at of [keyAt, keyAt + 32, right.length - 1]) {
      const wrong = right.with(at, right[at]! ^ 1);
      await expect(game.step(id, claim, wrong)).to.be.revertedWithCustomError(verifier, "OpeningMismatch");
    }
    await game.step(id, claim, right);
    expect(await game.convictionOf(provider)).to.equal(ethers.ZeroHash);
  });

  it("show of the prompt the leaf that a step opens, and neither the secret nor another leaf", async () => {
    const { claim } = await disputed(encryptTokens);
    const { model, request } = scene;
    const embed = model.program.operators.findIndex(({ kind }) => kind === "embed");
    const { witness } = await stepWitness(model, request, claim, traceAddress(32, embed, 0, 0));
    const shown = Buffer.from(witness).toString("hex");
    const leafOf = (tokens: readonly number[]) => Buffer.from(encodeTokens(tokens)).toString("hex");
    expect(shown).to.include(leafOf(request.prompt.slice(32)));
    expect(shown).not.to.include(leafOf(request.prompt.slice(0, 3)));
    expect(shown).not.to.include(Buffer.from(request.secret!).toString("hex"));
  });
});
