// What a dispute pays: bonds, reimbursements, rewards, and what burns.
import { expect } from "chai";
import { CountingTrace, elements, HONEST_TOKENS } from "../support/counting.ts";
import {
  challenge,
  commit,
  defend,
  freshArena,
  open,
  parametersOf,
  play,
  playUntil,
  resultWith,
  stateOf,
} from "../support/dispute.ts";
import { ATH, ESCROW_BIT, ethers, time } from "../support/system.ts";

const LIE = elements(5_000);
const DEEP = { "7/2/33": LIE };

describe("dispute game: money", () => {
  it("gives the winner its bond, what is left of it, and the reward; burns at least half of what is forfeited", async () => {
    const arena = await freshArena();
    const { game, ath, stranger, provider, vault } = arena;
    const supply = await ath.totalSupply();
    const dispute = await challenge(arena, await resultWith(arena, DEEP), stranger);
    await play(arena, dispute);
    const { bond, spent, reserved } = await stateOf(arena, dispute.id);
    expect(spent).to.be.greaterThan(0n);
    await expect(game.connect(provider).reclaim(dispute.id)).to.changeEtherBalance(
      ethers,
      stranger,
      bond - spent,
    );
    expect(await ath.balanceOf(stranger)).to.equal(reserved);
    expect(reserved).to.equal((bond * 10_000n * ATH) / ATH);
    expect(supply - (await ath.totalSupply())).to.equal(5_000n * ATH - reserved);
    expect(await vault.isJailed(provider)).to.equal(true);
    expect((await stateOf(arena, dispute.id)).status).to.equal("Won");
    expect((await vault.accountOf(arena.addresses.ath, arena.addresses.game)).available).to.equal(0n);
    expect(await ethers.provider.getBalance(game)).to.equal(0n);
  });

  it("burns half of a lost bond and credits the provider with the rest of the other half", async () => {
    const arena = await freshArena();
    const { game, stranger, provider, client } = arena;
    const burned = await ethers.provider.getBalance("0x000000000000000000000000000000000000dEaD");
    const dispute = await challenge(arena, await resultWith(arena), stranger, new CountingTrace(DEEP));
    await play(arena, dispute);
    const { bond, spent } = await stateOf(arena, dispute.id);
    expect(await game.credit(provider)).to.equal(bond / 2n - spent);
    expect(await ethers.provider.getBalance("0x000000000000000000000000000000000000dEaD")).to.equal(
      burned + bond / 2n,
    );
    await expect(game.connect(provider).withdraw(client)).to.changeEtherBalance(
      ethers,
      client,
      bond / 2n - spent,
    );
    expect(await ethers.provider.getBalance(game)).to.equal(0n);
  });

  it("reimburses each move of the defence at once, and never more than half of the bond", async () => {
    const arena = await freshArena();
    const { game, operator, stranger } = arena;
    const dispute = await challenge(arena, await resultWith(arena, DEEP), stranger);
    const before = await ethers.provider.getBalance(operator);
    let sum = 0n;
    for (const stage of ["Root", "Descent", "Tile"] as const) {
      await playUntil(arena, dispute, stage);
      const sent = await (await defend(arena, dispute)).wait();
      const [reimbursed] = sent!.logs.flatMap((log) => {
        const parsed = game.interface.parseLog(log);
        return parsed?.name === "Reimbursed" ? [parsed.args[2] as bigint] : [];
      });
      expect(reimbursed, stage).to.be.greaterThanOrEqual(sent!.fee);
      sum += reimbursed!;
    }
    expect(await ethers.provider.getBalance(operator), "the defence has cost nothing").to.be.greaterThan(
      before,
    );
    const { spent, bond } = await stateOf(arena, dispute.id);
    expect(spent).to.be.greaterThanOrEqual(sum);
    expect(spent).to.be.lessThanOrEqual(bond / 2n);
  });

  it("gives back what was put in above the bond", async () => {
    const arena = await freshArena();
    const { game, stranger } = arena;
    const result = await resultWith(arena);
    const bond = await game.bondOf(result.job.job);
    const dispute = await commit(arena, result, stranger, { bond: bond + 5n });
    await game.connect(arena.client).commit(dispute.id, { value: 2n });
    await expect(open(arena, dispute)).to.changeEtherBalance(ethers, game, -7n);
    expect((await stateOf(arena, dispute.id)).bond).to.equal(bond);
  });

  it("pays other live challenges what was spent of their bonds, and burns the rest of their reservations", async () => {
    const arena = await freshArena();
    const { game, ath, stranger, newcomer, addresses, vault } = arena;
    const result = await resultWith(arena, DEEP);
    const first = await challenge(arena, result, stranger);
    const other = await challenge(arena, await resultWith(arena, { "2/0/0": LIE }), newcomer);
    await playUntil(arena, other, "Descent");
    await play(arena, first);
    const { spent, bond } = await stateOf(arena, other.id);
    expect(spent).to.be.greaterThan(0n);
    const supply = await ath.totalSupply();
    await expect(game.reclaim(other.id)).to.changeEtherBalance(ethers, newcomer, bond - spent);
    expect((await stateOf(arena, other.id)).status).to.equal("Returned");
    expect(await ath.balanceOf(newcomer)).to.equal(spent * 10_000n);
    expect(supply - (await ath.totalSupply())).to.equal((bond * 10_000n) / 2n - spent * 10_000n);
    await game.reclaim(first.id);
    expect((await vault.accountOf(addresses.ath, addresses.game)).available).to.equal(0n);
  });

  it("takes the reward from a multiple of the job's price where that is more; only ATH counts", async () => {
    const arena = await freshArena();
    const { addresses, stranger } = arena;
    const large = await resultWith(arena, {}, HONEST_TOKENS, { maxTokens: 100 });
    const first = await challenge(arena, large, stranger);
    const { job } = large.job;
    const price = await arena.escrow.costOf(
      BigInt(job.promptTokens),
      100,
      BigInt(job.inputPrice),
      BigInt(job.outputPrice),
    );
    expect((await stateOf(arena, first.id)).reserved).to.equal(20n * price);
    const coins = await resultWith(arena, {}, HONEST_TOKENS, {
      token: addresses.stablecoin,
      maxTokens: 100,
      maxCost: 10n ** 9n,
    });
    const second = await challenge(arena, coins, stranger);
    const { bond, reserved } = await stateOf(arena, second.id);
    expect(reserved).to.equal(bond * 10_000n);
  });

  it("does not take a large price in another token for ATH", async () => {
    const arena = await freshArena();
    const { addresses, client, currencies, escrow, provider, providers, vault, modelRoot } = arena;
    const price = 10n ** 20n;
    // A dollar a token of 18 decimals, so that the price is as many units.
    const token = await ethers.deployContract("HostileToken");
    const address = await token.getAddress();
    await vault.setTokenAccepted(address, true);
    await currencies.list(address, 10n ** 8n, 2n ** 32n - 1n);
    await escrow.setTokenTerms(address, {
      accepted: true,
      feeBasisPoints: 0,
      exitBounty: 0,
      minimumCharge: 0,
    });
    await providers.connect(provider).setOffer(modelRoot, address, 0, 10n ** 14n);
    await token.getFunction("mint")(client, 10n * price);
    await token.connect(client).getFunction("approve")(addresses.vault, 10n * price);
    await vault.connect(client).deposit(address, 10n * price, client);
    await vault.connect(client).approveModules(address, ESCROW_BIT);
    const result = await resultWith(arena, {}, HONEST_TOKENS, {
      token: address,
      maxTokens: 100,
      maxCost: 2n * price,
    });
    const dispute = await challenge(arena, result, arena.stranger);
    const { bond, reserved } = await stateOf(arena, dispute.id);
    expect(reserved)
      .to.equal(bond * 10_000n)
      .and.to.be.lessThan(20n * price);
  });

  it("frees what a lost challenge reserved for the next", async () => {
    const arena = await freshArena();
    const { game, stranger } = arena;
    await game.setParameters({ ...(await parametersOf(arena)), minimumReward: 2_500n * ATH });
    await time.increase(1);
    for (const round of ["first", "second"]) {
      const dispute = await challenge(arena, await resultWith(arena), stranger, new CountingTrace(DEEP));
      expect((await stateOf(arena, dispute.id)).reserved, round).to.equal(2_500n * ATH);
      await play(arena, dispute);
      expect((await stateOf(arena, dispute.id)).status, round).to.equal("Lost");
    }
  });

  it("reimburses gas up to the stress price, not beyond", async () => {
    const arena = await freshArena();
    const { game, stranger, operator } = arena;
    const { stressGasPrice } = await game.parameters();
    const dispute = await challenge(arena, await resultWith(arena, DEEP), stranger);
    await playUntil(arena, dispute, "Descent");
    const { tree, at, level } = await stateOf(arena, dispute.id);
    const children = dispute.result.trace.descendants(tree, at, level, 0, level);
    const before = (await stateOf(arena, dispute.id)).spent;
    const maxFeePerGas = 8n * stressGasPrice;
    const sent = await game
      .connect(operator)
      .reveal(dispute.id, children, { maxFeePerGas, maxPriorityFeePerGas: maxFeePerGas });
    const { gasUsed, gasPrice } = (await sent.wait())!;
    expect(gasPrice).to.be.greaterThan(4n * stressGasPrice);
    const paid = (await stateOf(arena, dispute.id)).spent - before;
    expect(paid)
      .to.be.greaterThan(0n)
      .and.to.be.lessThan(2n * gasUsed * stressGasPrice);
  });
});
