import { expect } from "chai";
import { createHash } from "node:crypto";
import { getBytes, id, Wallet } from "ethers";
import {
  burstHash,
  burstPositions,
  burstRequest,
  burstSchema,
  examRequestSchema,
  examSigner,
  signExam,
  type Burst,
} from "./exams.ts";
import { parseMessage } from "./messages.ts";

const burst: Burst = {
  ...{ seed: id("seed"), modelRoot: id("model"), count: 9 },
  ...{ promptTokens: 40, outputTokens: 7 },
};
const contract = { chainId: 31_337n, escrow: Wallet.createRandom().address };
const operator = new Wallet(id("operator"));
const provider = Wallet.createRandom().address;
const exam = {
  ...{ checker: Wallet.createRandom().address, epoch: 5 },
  ...{ blinding: id("blinding"), burst: burstHash(burst) },
};

describe("a burst", () => {
  it("has prompts that SHAKE256 makes of its seed, as FIPS 202 says and others compute it", () => {
    const { prompt, maxTokens, minTokens, modelRoot } = burstRequest(burst, 3, 1_000);
    const bytes = createHash("shake256", { outputLength: 160 })
      .update(getBytes(burst.seed))
      .update(Uint8Array.of(0, 0, 0, 3))
      .digest();
    expect(prompt).to.deep.equal(Array.from({ length: 40 }, (_, i) => bytes.readUInt32BE(4 * i) % 1_000));
    expect([modelRoot, maxTokens, minTokens]).to.deep.equal([burst.modelRoot, 7, 7]);
  });

  it("has other prompts for every index and seed", () => {
    const prompts = [
      ...Array.from({ length: 9 }, (_, index) => burstRequest(burst, index, 2 ** 31)),
      burstRequest({ ...burst, seed: id("another") }, 0, 2 ** 31),
    ].map(({ prompt }) => prompt.join());
    expect(new Set(prompts).size).to.equal(10);
  });

  it("has another hash when anything of it is another", () => {
    const others: Partial<Burst>[] = [
      { seed: id("another") },
      { modelRoot: id("another") },
      { count: 8 },
      { promptTokens: 41 },
      { outputTokens: 8 },
    ];
    const hashes = [burst, ...others.map((other) => ({ ...burst, ...other }))].map(burstHash);
    expect(new Set(hashes).size).to.equal(6);
    expect(burstPositions(burst)).to.equal(9 * 47);
  });

  it("is refused when it is larger than a provider can be asked for", () => {
    for (const change of [{ count: 0 }, { count: 4_097 }, { promptTokens: 0 }, { outputTokens: 1_048_577 }]) {
      expect(parseMessage(burstSchema, { ...burst, ...change })).to.have.property("problem");
    }
    expect(parseMessage(burstSchema, burst)).to.deep.equal({ message: burst });
  });
});

describe("a request for an exam", () => {
  it("shows the key that signed it for this provider, and another for any other content", async () => {
    const signed = await signExam(operator, contract, provider, exam);
    expect(parseMessage(examRequestSchema, signed)).to.deep.equal({ message: signed });
    expect(examSigner(contract, provider, signed)).to.equal(operator.address);
    const signers = [
      examSigner(contract, exam.checker, signed),
      examSigner({ ...contract, chainId: 1n }, provider, signed),
      examSigner({ ...contract, escrow: provider }, provider, signed),
      ...[{ checker: provider }, { epoch: 6 }, { blinding: id("another") }, { burst: id("another") }].map(
        (change) => examSigner(contract, provider, { ...signed, exam: { ...exam, ...change } }),
      ),
    ];
    for (const signer of signers) expect(signer).to.not.equal(operator.address);
  });

  it("is nobody's when it is no signature, or of an epoch that there cannot be", async () => {
    const signed = await signExam(operator, contract, provider, exam);
    expect(examSigner(contract, provider, { exam, signature: `0x${"00".repeat(65)}` })).to.equal(undefined);
    const late = { ...signed, exam: { ...exam, epoch: 2 ** 32 } };
    expect(examSigner(contract, provider, late)).to.equal(undefined);
  });
});
