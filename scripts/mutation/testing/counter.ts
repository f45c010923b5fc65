// Tests of a contract that campaign.test.ts compiles; they see it with and without mutants.
import { expect } from "chai";
import { network } from "hardhat";

const { ethers } = await network.getOrCreate();

describe("Counter", () => {
  it("counts up", async () => {
    const counter = await ethers.deployContract("Counter");
    await counter.getFunction("add")(2);
    await counter.getFunction("add")(3);
    expect(await counter.getFunction("total")()).to.equal(5n);
  });

  it("starts at zero", async () => {
    const counter = await ethers.deployContract("Counter");
    expect(await counter.getFunction("total")()).to.equal(0n);
  });
});
