// Rounds of the beacon: what they are made of, when they can be asked for and fixed, and that a lost block never sticks.
import { expect } from "chai";
import { describeRefusals, expectOnlyEvent } from "../support/expect.ts";
import { ethers, freshSystem, networkHelpers, time } from "../support/system.ts";

const coder = ethers.AbiCoder.defaultAbiCoder();

async function setUp() {
  const { beacon } = await freshSystem();
  return beacon;
}

describe("DrawBeacon", () => {
  it("mixes the value before, the hash of a block after the request, and the randomness of the block that fixes it", async () => {
    const beacon = await setUp();
    let value = ethers.ZeroHash;
    for (const round of [1n, 2n]) {
      const request = await beacon.request();
      const named = request.blockNumber! + 1;
      await expectOnlyEvent(beacon, request, "RoundRequested", [round, named, await time.latest()]);
      await networkHelpers.mine(1);
      const hash = (await ethers.provider.getBlock(named))!.hash;
      const sent = await beacon.fix();
      const { mixHash } = (await ethers.provider.send("eth_getBlockByNumber", [
        ethers.toQuantity(sent.blockNumber!),
        false,
      ])) as { mixHash: string };
      value = ethers.keccak256(
        coder.encode(["bytes32", "bytes32", "uint256"], [value, hash, BigInt(mixHash)]),
      );
      await expectOnlyEvent(beacon, sent, "RoundFixed", [round, value]);
      expect((await beacon.roundOf(round)).value).to.equal(value);
    }
  });

  it("names another block for a round whose block was lost, and keeps the round's time", async () => {
    const beacon = await setUp();
    await beacon.request();
    const { requestedAt, blockNumber } = await beacon.roundOf(1);
    await networkHelpers.mine(257);
    await beacon.request();
    const renamed = await beacon.roundOf(1);
    expect(await beacon.latest()).to.equal(1n);
    expect(renamed.requestedAt).to.equal(requestedAt);
    expect(renamed.blockNumber > blockNumber + 256n).to.equal(true);
    await networkHelpers.mine(1);
    await beacon.fix();
    expect((await beacon.roundOf(1)).value).not.to.equal(ethers.ZeroHash);
  });

  it("knows the first round since a second", async () => {
    const beacon = await setUp();
    for (let i = 0; i < 2; i += 1) {
      await time.increase(100);
      await beacon.request();
      await networkHelpers.mine(1);
      await beacon.fix();
    }
    const [first, second] = [(await beacon.roundOf(1)).requestedAt, (await beacon.roundOf(2)).requestedAt];
    expect(await beacon.isFirstSince(1, first)).to.equal(true);
    expect(await beacon.isFirstSince(1, first + 1n)).to.equal(false);
    expect(await beacon.isFirstSince(2, first)).to.equal(false);
    expect(await beacon.isFirstSince(2, first + 1n)).to.equal(true);
    expect(await beacon.isFirstSince(2, second)).to.equal(true);
    expect(await beacon.isFirstSince(2, second + 1n)).to.equal(false);
    await beacon.request();
    // Not fixed.
    expect(await beacon.isFirstSince(3, second + 1n)).to.equal(false);
  });

  describeRefusals(
    "IDrawBeacon",
    async () => {
      const names: string[] = [];
      (await setUp()).interface.forEachError(({ name }) => names.push(name));
      return names;
    },
    {
      RoundPending: {
        "a second request before the first is fixed, for as long as the block can be read": async () => {
          const by = await setUp();
          await by.request();
          const { blockNumber } = await by.roundOf(1);
          await networkHelpers.mine(254);
          return { call: () => by.request(), by, values: [1, blockNumber] };
        },
      },
      NoRoundPending: {
        "before any request": async () => {
          const by = await setUp();
          return { call: () => by.fix(), by, values: [0] };
        },
        "fixed already": async () => {
          const by = await setUp();
          await by.request();
          await networkHelpers.mine(1);
          await by.fix();
          return { call: () => by.fix(), by, values: [1] };
        },
      },
      BlockNotThere: {
        "in the named block itself": async () => {
          const by = await setUp();
          await by.request();
          const { blockNumber } = await by.roundOf(1);
          return { call: () => by.fix(), by, values: [1, blockNumber] };
        },
      },
      BlockLost: {
        "257 blocks later": async () => {
          const by = await setUp();
          await by.request();
          const { blockNumber } = await by.roundOf(1);
          await networkHelpers.mine(257);
          return { call: () => by.fix(), by, values: [1, blockNumber] };
        },
      },
    },
  );
});
