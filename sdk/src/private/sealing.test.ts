import { encodeTokens } from "@athanor/engine/commitments";
import { expect } from "chai";
import { getBytes, hexlify } from "ethers";
import { AthanorError } from "../errors/athanor-error.ts";
import type { Generation } from "../protocol/job.ts";
import { rejection } from "../testing/rejection.ts";
import { ANSWER_HEADER_BYTES, AnswerOpener, AnswerSealer, openAnswer, sealAnswer } from "./answer.ts";
import { encodeBinding, type ChannelBinding, type JobBinding } from "./binding.ts";
import { EncryptionKey, publicKeyOf } from "./encryption-key.ts";
import { paddedLength } from "./padding.ts";
import { MOST_SEALED_BYTES, openRequest, sealRequest, type PrivateRequest } from "./request.ts";
import { hpke, unshared } from "./suite.ts";

const bytes32 = (fill: number) => hexlify(new Uint8Array(32).fill(fill));
const address = (fill: number) => hexlify(new Uint8Array(20).fill(fill));

const generation: Generation = {
  maxTokens: 64,
  minTokens: 2,
  topK: 40,
  temperature: 800,
  topP: 9_500,
  repetitionPenalty: 1_100,
  stopSequences: [[10], [4_294_967_295, 3]],
  seed: 2n ** 64n - 1n,
};
const request: PrivateRequest = {
  prompt: [0, 7, 4_294_967_295, 12_345],
  generation,
  secret: new Uint8Array(32).fill(9),
};
const job: JobBinding = {
  kind: "job",
  chainId: 31_337n,
  escrow: address(1),
  provider: address(2),
  client: address(3),
  salt: 4n,
  inputRoot: bytes32(5),
};
const channel: ChannelBinding = {
  kind: "channel",
  chainId: 31_337n,
  escrow: address(1),
  provider: address(2),
  channel: bytes32(6),
  nonce: 7n,
  inputRoot: bytes32(5),
};

describe("sealed requests", () => {
  let key: EncryptionKey;
  let other: EncryptionKey;
  before(async () => {
    key = await EncryptionKey.fromSeed(new Uint8Array(32).fill(1));
    other = await EncryptionKey.fromSeed(new Uint8Array(32).fill(2));
  });

  for (const binding of [job, channel]) {
    it(`of a ${binding.kind} open with the key they were sealed to, and give both sides the same key for the answer`, async () => {
      const { sealed, answerKey } = await sealRequest(request, binding, key.publicKey);
      const opened = await openRequest(sealed, binding, [other, key]);
      expect(opened.request).to.deep.equal(request);
      expect(opened.answerKey).to.deep.equal(answerKey);
    });
  }

  it("do not show the prompt, and no two are alike", async () => {
    const first = await sealRequest(request, job, key.publicKey);
    const second = await sealRequest(request, job, key.publicKey);
    const shown = hexlify(encodeTokens(request.prompt)).slice(2);
    expect(hexlify(first.sealed)).to.not.contain(shown);
    expect(hexlify(first.sealed)).to.not.equal(hexlify(second.sealed));
    expect(hexlify(first.answerKey.exported)).to.not.equal(hexlify(second.answerKey.exported));
  });

  it("have lengths that say little", async () => {
    const lengths = new Set<number>();
    for (let tokens = 1; tokens <= 400; tokens += 3) {
      const { sealed } = await sealRequest(
        { ...request, prompt: new Array<number>(tokens).fill(1) },
        job,
        key.publicKey,
      );
      lengths.add(sealed.length);
    }
    expect(lengths.size).to.be.lessThan(50);
    for (let length = 1; length < 5_000; length++) {
      const padded = paddedLength(length, 32);
      expect(padded).to.be.within(length, Math.max(32, Math.floor(length * 1.12)));
      expect(paddedLength(padded, 32)).to.equal(padded);
    }
  });

  const elsewhere: Record<string, Partial<JobBinding>> = {
    "on another chain": { chainId: 1n },
    "at another escrow": { escrow: address(9) },
    "for another provider": { provider: address(9) },
    "by another client": { client: address(9) },
    "in another job": { salt: 5n },
    "with another commitment": { inputRoot: bytes32(9) },
  };
  for (const [where, change] of Object.entries(elsewhere)) {
    it(`replayed ${where} do not open`, async () => {
      const { sealed } = await sealRequest(request, job, key.publicKey);
      const error = await rejection(openRequest(sealed, { ...job, ...change }, [key]));
      expect(error.code).to.equal("SealedRequestRefused");
    });
  }

  it("replayed at another place of a channel, or as a job's, do not open", async () => {
    const { sealed } = await sealRequest(request, channel, key.publicKey);
    for (const binding of [{ ...channel, nonce: 8n }, { ...channel, channel: bytes32(9) }, job]) {
      expect((await rejection(openRequest(sealed, binding, [key]))).code).to.equal("SealedRequestRefused");
    }
  });

  it("do not open with another key, or none", async () => {
    const { sealed } = await sealRequest(request, job, key.publicKey);
    for (const keys of [[other], []]) {
      expect((await rejection(openRequest(sealed, job, keys))).code).to.equal("SealedRequestRefused");
    }
  });

  it("do not open when any byte is changed, cut off or added", async () => {
    const { sealed } = await sealRequest(request, job, key.publicKey);
    for (let at = 0; at < sealed.length; at += 7) {
      const changed = sealed.slice();
      changed[at]! ^= 1;
      // X25519 ignores the highest bit of a key; RFC 9180's key schedule does not.
      expect((await rejection(openRequest(changed, job, [key]))).code).to.equal("SealedRequestRefused");
    }
    for (const wrong of [
      sealed.subarray(0, 10),
      sealed.subarray(0, -1),
      new Uint8Array([...sealed, 0]),
      new Uint8Array(),
    ]) {
      expect((await rejection(openRequest(wrong, job, [key]))).code).to.equal("SealedRequestRefused");
    }
  });

  it("that are ciphertext bombs are refused: too long, or with parts longer than they are", async () => {
    const long = new Uint8Array(MOST_SEALED_BYTES + 1);
    expect((await rejection(openRequest(long, job, [key]))).message).to.contain(String(MOST_SEALED_BYTES));
    const sealRaw = async (message: Uint8Array) => {
      const context = await hpke.createSenderContext({
        recipientPublicKey: await publicKeyOf(key.publicKey),
        info: encodeBinding(job).buffer,
      });
      const ciphertext = new Uint8Array(await context.seal(unshared(message).buffer));
      return new Uint8Array([1, ...new Uint8Array(context.enc), ...ciphertext]);
    };
    const claims = (offset: number, value: number, length = 256) => {
      const message = new Uint8Array(length);
      new DataView(message.buffer).setUint32(offset, value);
      return message;
    };
    const messages = {
      "a prompt of four billion tokens": claims(72, 0xffff_ffff),
      "four billion bytes of stop sequences": claims(76, 0xffff_ffff),
      "padding that is not zero": claims(200, 1),
      "more padding than belongs there": claims(76, 0, 512),
      "no room for the smallest request": new Uint8Array(20),
      "a generation word with unknown bits": claims(40, 1),
    };
    for (const [what, message] of Object.entries(messages)) {
      const error = await rejection(openRequest(await sealRaw(message), job, [key]));
      expect(error.code, what).to.equal("SealedRequestRefused");
    }
    await openRequest(await sealRaw(claims(76, 0)), job, [key]);
  });

  it("are not made for keys to which everybody has the secret", async () => {
    const one = `0x01${"00".repeat(31)}`;
    for (const bad of [bytes32(0), one]) {
      const error = await rejection(sealRequest(request, job, bad));
      expect(error.code).to.equal("EncryptionKeyUnusable");
    }
  });
});

describe("sealed answers", () => {
  const key = { encapsulated: new Uint8Array(32).fill(1), exported: new Uint8Array(16).fill(2) };
  const wrong = { ...key, exported: new Uint8Array(16).fill(3) };
  const parts = [[1, 2, 3], [4], []] as const;

  const stream = async () => {
    const sealer = await AnswerSealer.create(key);
    const chunks: Uint8Array[] = [];
    for (const [index, tokens] of parts.entries()) {
      chunks.push(await sealer.seal(tokens, { last: index === parts.length - 1 }));
    }
    return { header: sealer.header, chunks };
  };
  const refusal = async (open: () => Promise<unknown>) => {
    expect((await rejection(open())).code).to.equal("SealedAnswerRefused");
  };

  it("come out as they went in", async () => {
    expect(await openAnswer(await sealAnswer([5, 4_294_967_295], key), key)).to.deep.equal([
      5, 4_294_967_295,
    ]);
    const { header, chunks } = await stream();
    const opener = await AnswerOpener.create(key, header);
    for (const [index, chunk] of chunks.entries()) {
      const { tokens, last } = await opener.open(chunk);
      expect(tokens).to.deep.equal(parts[index]);
      expect(last).to.equal(index === parts.length - 1);
    }
    opener.requireEnd();
  });

  it("of another key are refused", async () => {
    await refusal(async () => openAnswer(await sealAnswer([5], wrong), key));
    const { header } = await stream();
    await refusal(async () => (await AnswerOpener.create(key, header)).open((await stream()).chunks[0]!));
  });

  it("with a swapped, repeated or left-out chunk are refused", async () => {
    const { header, chunks } = await stream();
    const [first, second, third] = chunks as [Uint8Array, Uint8Array, Uint8Array];
    for (const order of [[second], [third], [first, first], [first, third]]) {
      const opener = await AnswerOpener.create(key, header);
      await refusal(async () => {
        for (const chunk of order) await opener.open(chunk);
      });
    }
  });

  it("that are cut off are no answer", async () => {
    const { header, chunks } = await stream();
    const opener = await AnswerOpener.create(key, header);
    await opener.open(chunks[0]!);
    expect(() => opener.requireEnd()).to.throw(AthanorError, "without the last");
    const whole = await sealAnswer([5], key);
    for (const length of [0, ANSWER_HEADER_BYTES, whole.length - 1]) {
      await refusal(() => openAnswer(whole.subarray(0, length), key));
    }
  });

  it("cannot be ended early, or go on behind the end", async () => {
    const { header, chunks } = await stream();
    const ended = chunks[0]!.slice();
    ended[0] = 1;
    await refusal(async () => (await AnswerOpener.create(key, header)).open(ended));
    const opener = await AnswerOpener.create(key, header);
    for (const chunk of chunks) await opener.open(chunk);
    await refusal(() => opener.open(chunks[0]!));
  });

  it("do not open when any byte is changed", async () => {
    const whole = await sealAnswer([5, 6, 7], key);
    for (let at = 0; at < whole.length; at++) {
      const changed = whole.slice();
      changed[at]! ^= 1;
      await refusal(() => openAnswer(changed, key));
    }
  });

  it("are sealed with fresh keys each time", async () => {
    expect(hexlify(await sealAnswer([5], key))).to.not.equal(hexlify(await sealAnswer([5], key)));
    expect(getBytes(await sealAnswer([5], key))).to.have.length((await sealAnswer([6, 7], key)).length);
  });
});
