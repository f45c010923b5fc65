import { expect } from "chai";
import type { HDNodeWallet } from "ethers";
import type { DelegationPool } from "../generated/contracts/DelegationPool.ts";
import { connectContracts } from "../protocol/connect-contracts.ts";
import { mined, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { connectPool, connectPools } from "./contracts.ts";
import { Delegation } from "./delegation.ts";

const ONE = 10n ** 18n;
const WEEK = 7 * 86_400;
const OWN = 20_000n * ONE;

describe("delegation", () => {
  let chain: LocalChain;
  let delegation: Delegation;
  let delegator: HDNodeWallet;
  let pool: string;
  let byManager: DelegationPool;

  before(async () => {
    chain = await startLocalChain();
    const { administrator, owner } = chain.accounts;
    const { ath } = connectContracts(administrator, chain.deployment);
    const pools = connectPools(owner, chain.deployment);
    await mined(pools.create("hearth", 1_000));
    pool = await pools.poolOf("hearth");
    byManager = connectPool(owner, pool);
    await mined(ath.transfer(owner.address, OWN));
    await mined(connectContracts(owner, chain.deployment).ath.approve(pool, OWN));
    await mined(byManager.contribute(OWN));
    delegator = await chain.newWallet();
    await mined(ath.transfer(delegator.address, 100_000n * ONE));
    delegation = await connect(delegator);
  });
  after(() => chain.close());

  const connect = (signer: HDNodeWallet) =>
    Delegation.connect({ signer, deployment: chain.deployment, pollingInterval: 20 });

  /** Income of the pool, as a client pays it. */
  async function earn(amount: bigint): Promise<void> {
    const { ath, vault, deployment } = connectContracts(chain.accounts.administrator, chain.deployment);
    await mined(ath.approve(deployment.vault, amount));
    await mined(vault.deposit(deployment.ath, amount, pool));
  }

  it("lists pools with what a delegator wants to know", async () => {
    const [found, ...others] = await delegation.pools();
    expect(others).to.deep.equal([]);
    expect(found).to.deep.include({
      address: pool,
      label: "hearth",
      manager: chain.accounts.owner.address,
      own: OWN,
      requiredOwn: 0n,
      delegated: 0n,
      leaving: 0n,
      room: 9n * OWN,
      shares: 0n,
      price: 10n ** 27n,
      commission: { current: 1_000, next: undefined },
      resting: false,
      jailed: false,
      retiredAt: undefined,
      longestExit: 139 * 86_400,
    });
    expect(found!.earnings.map(({ token }) => token.symbol)).to.deep.equal(["ATH"]);
  });

  it("delegates with a permit in one transaction, and leaves no allowance behind", async () => {
    const before = await chain.provider.getTransactionCount(delegator.address);
    const sent = await delegation.delegate({ pool, amount: 20_000n * ONE });
    expect(await chain.provider.getTransactionCount(delegator.address)).to.equal(before + 1);
    expect(sent.transactionHash).to.match(/^0x[0-9a-f]{64}$/);
    expect(await chain.contracts.ath.allowance(delegator.address, pool)).to.equal(0n);
    const { shares, worth, exits } = await delegation.position(pool);
    expect([shares, worth, exits]).to.deep.equal([20_000n * ONE, 20_000n * ONE, []]);
    const view = await delegation.read(pool);
    expect([view.delegated, view.requiredOwn, view.room]).to.deep.equal([
      20_000n * ONE,
      10_000n * ONE,
      9n * OWN - 20_000n * ONE,
    ]);
  });

  it("approves first where the signer signs no typed data, and uses an allowance that is there", async () => {
    const silent = Object.assign(delegator.connect(delegator.provider), {
      signTypedData: () => Promise.reject(Object.assign(new Error("no"), { code: "UNSUPPORTED_OPERATION" })),
    });
    const other = await connect(silent);
    const before = await chain.provider.getTransactionCount(delegator.address);
    await other.delegate({ pool, amount: ONE });
    expect(await chain.provider.getTransactionCount(delegator.address)).to.equal(before + 2);
    const { ath } = connectContracts(delegator, chain.deployment);
    await mined(ath.approve(pool, ONE));
    await other.delegate({ pool, amount: ONE, receiver: chain.accounts.stranger.address });
    expect(await chain.provider.getTransactionCount(delegator.address)).to.equal(before + 4);
    expect((await delegation.position(pool, chain.accounts.stranger.address)).shares).to.equal(ONE);
  });

  it("harvests, shows what is earned and pays it", async () => {
    await earn(1_000n * ONE);
    expect((await delegation.read(pool)).earnings[0]!.unharvested).to.equal(1_000n * ONE);
    await delegation.harvest({ pool, token: chain.ath.address });
    const [stream] = (await delegation.read(pool)).earnings;
    expect(stream!.unharvested).to.equal(0n);
    expect(stream!.unreleased > 440n * ONE, "a tenth of a half is the commission").to.equal(true);
    await chain.advance(WEEK);
    const { earned } = await delegation.position(pool);
    expect(earned[0]!.amount > 449n * ONE && earned[0]!.amount <= 450n * ONE + ONE / 10n).to.equal(true);
    const before = await chain.contracts.ath.balanceOf(delegator.address);
    await delegation.claim({ pool, token: chain.ath.address });
    expect((await chain.contracts.ath.balanceOf(delegator.address)) - before).to.equal(earned[0]!.amount);
    const error = await rejection(delegation.claim({ pool, token: chain.ath.address }));
    expect(error.code).to.equal("NothingEarned");
  });

  it("leaves: an exit has an id, shows what can be paid, and is paid by anybody", async () => {
    const { id, block } = await delegation.requestExit({ pool, shares: 5_000n * ONE });
    const payableAt = (await chain.provider.getBlock(block))!.timestamp + 2 * WEEK;
    const waiting = await delegation.position(pool);
    expect(waiting.exits).to.deep.equal([{ id, shares: 5_000n * ONE, payable: 0n, payableAt }]);
    const second = await delegation.requestExit({ pool, shares: ONE });
    const behind = (await delegation.position(pool)).exits.find((exit) => exit.id === second.id);
    expect(behind!.payableAt, "it waits for the next round").to.equal(undefined);
    expect((await delegation.read(pool)).leaving).to.equal(5_001n * ONE);
    const early = await rejection(delegation.claimExit({ pool, id }));
    expect([early.code, early.values]).to.deep.equal(["NothingToPay", { id }]);
    await chain.advance(2 * WEEK);
    expect((await delegation.position(pool)).exits[0]!.payable).to.equal(5_000n * ONE);
    await delegation.upkeep({ pool });
    expect((await delegation.position(pool)).exits[0]!.payableAt, "it has left").to.equal(0);
    const before = await chain.contracts.ath.balanceOf(delegator.address);
    await (await connect(chain.accounts.stranger)).claimExit({ pool, id });
    expect((await chain.contracts.ath.balanceOf(delegator.address)) - before).to.equal(5_000n * ONE);
    expect((await delegation.position(pool)).exits.map((exit) => exit.id)).to.deep.equal([second.id]);
  });

  it("refuses before it sends: more than the own part covers, contracts that only look like pools, deployments without", async () => {
    const { room } = await delegation.read(pool);
    const { ath } = connectContracts(chain.accounts.administrator, chain.deployment);
    await mined(ath.transfer(delegator.address, room));
    const before = await chain.provider.getTransactionCount(delegator.address);
    const tooMuch = await rejection(delegation.delegate({ pool, amount: room + 9n }));
    expect([tooMuch.code, tooMuch.values]).to.deep.equal([
      "OwnPartTooSmall",
      { own: OWN, required: OWN + 1n },
    ]);
    const fake = await rejection(delegation.delegate({ pool: chain.deployment.vault, amount: ONE }));
    expect([fake.code, fake.values]).to.deep.equal(["UnknownPool", { pool: chain.deployment.vault }]);
    expect(await chain.provider.getTransactionCount(delegator.address)).to.equal(before);
    const without = { ...chain.deployment, delegationPools: undefined };
    const error = await rejection(Delegation.connect({ signer: delegator, deployment: without }));
    expect(error.code).to.equal("DelegationUnavailable");
    const reader = await Delegation.connect({ runner: chain.provider, deployment: chain.deployment });
    expect((await rejection(reader.delegate({ pool, amount: ONE }))).code).to.equal("SignerRequired");
  });

  it("shows an announced commission and a pool that has retired", async () => {
    await mined(byManager.setCommission(2_000));
    const { next } = (await delegation.read(pool)).commission;
    expect(next!.commission).to.equal(2_000);
    await mined(byManager.retire());
    const view = await delegation.read(pool);
    expect([view.resting, view.room, typeof view.retiredAt]).to.deep.equal([true, 0n, "number"]);
    const error = await rejection(delegation.delegate({ pool, amount: ONE }));
    expect([error.code, error.values]).to.deep.equal(["PoolRetired", { retiredAt: BigInt(view.retiredAt!) }]);
  });
});
