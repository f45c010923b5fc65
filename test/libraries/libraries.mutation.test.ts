// What single faults in the assembly of the libraries would change, and the shared vectors do not show.
import { expect } from "chai";
import type { Contract } from "ethers";
import { ethers, loadFixture } from "../support/system.ts";
import { packTokens, tokensRoot } from "../support/tokens.ts";

const deploy = async () => ethers.deployContract("CommitmentsHarness");
const tokensFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => first + index);

describe("Commitments.tokensRoot", () => {
  let harness: Contract;
  const root = async (method: string, ...args: unknown[]) =>
    (await harness.getFunction(method)(...args)) as unknown;

  beforeEach(async () => {
    harness = await loadFixture(deploy);
  });

  it("gives the root over every number of tiles up to 40, whose levels are even and odd in every order", async () => {
    for (let tiles = 1; tiles <= 40; tiles += 1) {
      const packed = packTokens(tokensFrom(1, 32 * tiles - 5));
      expect(await root("tokensRoot", packed), `${tiles} tiles`).to.equal(tokensRoot(packed));
    }
  });

  it("does not see what stands in the calldata behind the tokens", async () => {
    const packed = packTokens(tokensFrom(0x01010101, 100));
    for (const count of [1, 2, 31, 32, 33, 63, 65]) {
      const alone = tokensRoot(packTokens(tokensFrom(0x01010101, count)));
      expect(await root("tokensRootOfPart", packed, 0, 4 * count), `${count} tokens`).to.equal(alone);
    }
  });
});

describe("TokenIds.requireInVocabulary", () => {
  let harness: Contract;
  beforeEach(async () => {
    harness = await loadFixture(deploy);
  });

  for (const vocabulary of [1, 1_000, 2 ** 24]) {
    it(`finds an id outside a vocabulary of ${vocabulary} wherever it stands, and nothing behind the end`, async () => {
      const check = harness.getFunction("requirePartInVocabulary");
      for (let count = 1; count <= 17; count += 1) {
        // Behind the tokens that are looked at stand some that would be refused.
        const right = [...Array.from({ length: count }, () => vocabulary - 1), 0xffffffff, 0xffffffff];
        await check(packTokens(right), 0, 4 * count, vocabulary);
        for (const outside of [vocabulary, 0x80000000, 0xffffffff]) {
          for (const at of new Set([0, count >> 1, count - 1])) {
            await expect(
              check(packTokens(right.with(at, outside)), 0, 4 * count, vocabulary),
              `${at} of ${count}`,
            )
              .to.be.revertedWithCustomError({ interface: errors }, "TokenOutsideVocabulary")
              .withArgs(at, outside, vocabulary);
          }
        }
      }
    });
  }
});

/** The library's errors, which the harness's own interface does not list. */
const errors = new ethers.Interface([
  "error TokenOutsideVocabulary(uint256 index, uint32 token, uint32 vocabularySize)",
]);
