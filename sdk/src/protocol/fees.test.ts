import { expect } from "chai";
import { startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { connectContracts, connectFees } from "./connect-contracts.ts";
import { readFees } from "./fees.ts";

const NOTHING = { checkers: 0n, insurance: 0n, burn: 0n, treasury: 0n };

describe("fees", () => {
  let chain: LocalChain;

  before(async () => {
    chain = await startLocalChain();
  });

  after(() => chain.close());

  it("reads the split, what is not collected, what waits for whom, and what was burned", async () => {
    const { deployment, accounts, contracts } = chain;
    const { ath, vault, jobEscrow, channelEscrow } = connectContracts(accounts.administrator, deployment);
    const empty = await readFees(contracts, [deployment.ath]);
    expect(empty.split).to.deep.equal({
      checkers: 4_000n,
      insurance: 1_000n,
      burn: 3_000n,
      treasury: 2_000n,
    });
    expect([empty.saleDiscount, empty.burned]).to.deep.equal([100n, 0n]);
    const waiting = { uncollected: 0n, waiting: NOTHING, forSale: 0n };
    expect(empty.tokens.get(deployment.ath)).to.deep.equal(waiting);

    // What somebody gives an escrow is a fee like any other.
    await (await ath.approve(deployment.vault, 1_500n)).wait();
    for (const [escrow, amount] of [
      [deployment.jobEscrow, 1_000n],
      [deployment.channelEscrow, 500n],
    ] as const) {
      await (await vault.deposit(deployment.ath, amount, escrow)).wait();
    }
    const earned = await readFees(contracts, [deployment.ath]);
    expect(earned.tokens.get(deployment.ath)).to.deep.equal({ ...waiting, uncollected: 1_500n });
    await (await jobEscrow.collectFees(deployment.ath)).wait();
    await (await channelEscrow.collectFees(deployment.ath)).wait();
    const split = await readFees(contracts, [deployment.ath]);
    expect(split.burned).to.equal(450n);
    expect(split.tokens.get(deployment.ath)).to.deep.equal({
      ...waiting,
      waiting: { checkers: 600n, insurance: 150n, burn: 0n, treasury: 300n },
    });
    const fees = connectFees(chain.provider, split.distributor);
    expect(await fees.burned()).to.equal(450n);
  });
});
