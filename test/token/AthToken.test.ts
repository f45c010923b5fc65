import { expect } from "chai";
import { ATH, freshSystem, fund, time } from "../support/system.ts";

const SUPPLY = 42_000_000_000n * ATH;

describe("AthToken", () => {
  it("mints 42 billion once: there is no function that mints", async () => {
    const { ath } = await freshSystem();
    expect(await ath.totalSupply()).to.equal(SUPPLY);
    expect(await ath.GENESIS_SUPPLY()).to.equal(SUPPLY);
    expect([await ath.name(), await ath.symbol(), await ath.decimals()]).to.deep.equal([
      "Athanor",
      "ATH",
      18n,
    ]);
    const names: string[] = [];
    ath.interface.forEachFunction(({ name }) => names.push(name));
    expect(names.filter((name) => /mint/i.test(name))).to.deep.equal([]);
  });

  it("burn takes a holder's own tokens out of the supply", async () => {
    const { ath, administrator } = await freshSystem();
    await ath.connect(administrator).burn(5n);
    expect(await ath.totalSupply()).to.equal(SUPPLY - 5n);
  });

  it("counts votes by timestamp, for whom the holder delegates to", async () => {
    const { ath, administrator, stranger } = await freshSystem();
    expect(await ath.CLOCK_MODE()).to.equal("mode=timestamp");
    expect(await ath.clock()).to.equal(BigInt(await time.latest()));
    const balance = await ath.balanceOf(administrator);
    expect(await ath.getVotes(administrator), "nobody votes without delegating").to.equal(0n);
    await ath.connect(administrator).delegate(stranger);
    expect(await ath.getVotes(stranger)).to.equal(balance);
    const then = await time.latest();
    await ath.connect(administrator).transfer(stranger, balance);
    await time.increase(1);
    expect(await ath.getPastVotes(stranger, then)).to.equal(balance);
    expect(await ath.getVotes(stranger), "the new holder has not delegated").to.equal(0n);
  });

  it("gives no vote to ATH in the vault, staked or not", async () => {
    const system = await freshSystem();
    const { ath, vault, newcomer, addresses } = system;
    await ath.connect(newcomer).delegate(newcomer);
    await fund(system, newcomer, 10n * ATH);
    await vault.connect(newcomer).stake(5n * ATH);
    expect(await ath.getVotes(newcomer)).to.equal(0n);
    expect(await ath.delegates(addresses.vault)).to.equal(`0x${"00".repeat(20)}`);
  });
});
