import { expect } from "chai";
import type { Hex } from "../commitments/hash.ts";
import { claimHash, encodeClaim, type Claim } from "./claim.ts";

const hash = (byte: string): Hex => `0x${byte.repeat(32)}`;

describe("a claim", () => {
  it("has the hash of its ABI encoding", () => {
    const claim: Claim = {
      modelRoot: hash("11"),
      inputRoot: hash("a2"),
      outputTokensRoot: hash("3f"),
      outputCount: 70_000,
      complete: true,
      positionsRoot: hash("5b"),
    };
    expect(encodeClaim(claim).length).to.equal(6 * 32);
    // By ethers: keccak256(AbiCoder.encode(["tuple(bytes32,bytes32,bytes32,uint32,bool,bytes32)"], [claim])).
    expect(claimHash(claim)).to.equal("0x42cd9b6077c0067b1cad7233dd95e98856498b3689aa5ec4136b2824c92812fe");
    expect(claimHash({ ...claim, outputCount: 1, complete: false })).to.equal(
      "0x83e3637b68725920d95f9ed1e3ad536df8a5b0b114696a1285ba9877598661c3",
    );
  });
});
