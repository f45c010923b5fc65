import { expect } from "chai";
import { verifyTypedData, Wallet } from "ethers";
import { rejection } from "../testing/rejection.ts";
import { openDelegation, sealDelegation, signDelegation, type SealedDelegation } from "./delegation.ts";
import { EncryptionKey } from "./encryption-key.ts";
import type { PrivateRequest } from "./request.ts";

const place = { chainId: 31_337n, resultSources: "0x00000000000000000000000000000000000000a1" };
const work = `0x${"17".repeat(32)}`;
const request: PrivateRequest = {
  prompt: [1, 2, 3],
  generation: {
    ...{ maxTokens: 8, minTokens: 0, topK: 0, temperature: 0, topP: 0, repetitionPenalty: 0 },
    ...{ stopSequences: [[4]], seed: 0n },
  },
  secret: new Uint8Array(32).fill(7),
};

describe("delegations of challenges", () => {
  let client: Wallet;
  let delegate: Wallet;
  let key: EncryptionKey;
  let sealed: SealedDelegation;

  before(async () => {
    client = new Wallet(Wallet.createRandom().privateKey);
    delegate = new Wallet(Wallet.createRandom().privateKey);
    key = await EncryptionKey.fromSeed(new Uint8Array(32).fill(3));
    const delegation = await signDelegation(client, place, {
      work,
      delegate: delegate.address,
      expiry: 2_000_000_000,
    });
    sealed = JSON.parse(
      JSON.stringify(await sealDelegation(delegation, request, place, key.publicKey)),
    ) as SealedDelegation;
  });

  it("carry the client's signature and the sealed request, as JSON", async () => {
    const opened = await openDelegation(sealed, place, [key]);
    expect(opened.request).to.deep.equal(request);
    const { signature, expiry } = opened.delegation;
    const domain = {
      name: "Athanor Disputes",
      version: "1",
      chainId: place.chainId,
      verifyingContract: place.resultSources,
    };
    const types = {
      ChallengeDelegation: [
        { name: "work", type: "bytes32" },
        { name: "delegate", type: "address" },
        { name: "expiry", type: "uint40" },
      ],
    };
    const value = { work, delegate: delegate.address, expiry };
    expect(verifyTypedData(domain, types, value, signature)).to.equal(client.address);
  });

  it("do not open for anybody else, or elsewhere", async () => {
    const other = await EncryptionKey.fromSeed(new Uint8Array(32).fill(4));
    const refused = async (value: unknown, at = place, keys = [key]) =>
      expect((await rejection(openDelegation(value, at, keys))).code).to.equal("DelegationRefused");
    await refused(sealed, place, [other]);
    await refused(sealed, { ...place, chainId: 1n });
    await refused(sealed, { ...place, resultSources: client.address });
    await refused({ ...sealed, work: `0x${"18".repeat(32)}` });
    await refused({ ...sealed, delegate: client.address });
    await refused({ ...sealed, client: delegate.address });
    await refused({ ...sealed, request: sealed.request.slice(0, -2) });
    for (const value of [
      undefined,
      null,
      7,
      "",
      [],
      {},
      { ...sealed, expiry: "soon" },
      { ...sealed, request: "0x1" },
    ]) {
      await refused(value);
    }
  });
});
