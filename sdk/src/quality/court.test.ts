import { expect } from "chai";
import type { HDNodeWallet } from "ethers";
import { connectToken } from "../protocol/connect-contracts.ts";
import { registerProvider, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { Court } from "./court.ts";
import { ALL_SHARES, harmedTree } from "./harmed-tree.ts";

const ONE = 10n ** 18n;
const DAY = 86_400;
const EVIDENCE = "Answered after 31 s instead of 2 s, in 17 of 20 measurements.";

describe("Court", () => {
  let chain: LocalChain;
  let reporter: Court;
  let owner: Court;
  let snapshot: unknown;
  let hardware: bigint;

  const connect = (signer: HDNodeWallet) =>
    Court.connect({ signer, deployment: chain.deployment, pollingInterval: 20 });

  before(async () => {
    chain = await startLocalChain();
    await registerProvider(chain);
    // The deployer of a local chain governs it, and reports.
    reporter = await connect(chain.accounts.administrator);
    owner = await connect(chain.accounts.owner);
    hardware = await chain.contracts.providerRegistry.hardwareLockOf(chain.accounts.owner.address);
    snapshot = await chain.rpc("evm_snapshot");
  });

  afterEach(async () => {
    await chain.rpc("evm_revert", [snapshot]);
    snapshot = await chain.rpc("evm_snapshot");
  });

  after(() => chain.close());

  const sharesOf = ({ client, stranger }: LocalChain["accounts"]) => [
    { client: client.address, share: ALL_SHARES / 3n },
    { client: stranger.address, share: (ALL_SHARES * 2n) / 3n },
  ];
  const announce = () =>
    reporter.announce({
      provider: chain.accounts.owner.address,
      amount: hardware / 10n,
      shares: sharesOf(chain.accounts),
      evidence: EVIDENCE,
    });

  it("says nothing against a provider in good standing", async () => {
    const { address } = chain.accounts.owner;
    expect(await owner.standing(address)).to.deep.equal({
      provider: address,
      cases: 0,
      open: null,
      frozen: 0n,
      nextCaseAt: 0,
      penalties: 0,
      suspended: false,
      suspendedUntil: null,
      removed: false,
    });
    expect(await owner.cases(address)).to.deep.equal([]);
  });

  it("reads a case, what it freezes, and what was said", async () => {
    const id = await announce();
    const { address } = chain.accounts.owner;
    const { open, frozen, cases } = await owner.standing(address);
    expect([cases, frozen]).to.deep.equal([1, hardware / 10n]);
    expect(open).to.deep.equal(await owner.case(id));
    expect(open).to.include({
      id,
      provider: address,
      status: "Announced",
      amount: hardware / 10n,
      amountWithoutAppeal: (hardware * 8n) / 100n,
      harmedRoot: harmedTree(id, sharesOf(chain.accounts)).root,
      claimUntil: null,
    });
    expect(open!.decideUntil - open!.appealUntil).to.equal(21 * DAY);
    expect(await owner.report(id)).to.deep.equal({
      reporter: chain.accounts.administrator.address,
      evidence: EVIDENCE,
      reasons: null,
    });
    await owner.appeal(id, "The chain stood still.");
    expect((await owner.report(id)).reasons).to.equal("The chain stood still.");
    expect((await owner.cases(address)).map(({ status }) => status)).to.deep.equal(["Appealed"]);
  });

  it("goes the way to a penalty, the harmed clients' shares and the provider's return", async () => {
    const id = await announce();
    const { client, owner: provider } = chain.accounts;
    const anybody = await connect(chain.accounts.stranger);
    await chain.advance(7 * DAY + 1);
    await anybody.execute(id);
    const { harmed } = await owner.case(id);
    const ath = connectToken(chain.provider, chain.deployment.ath);
    const before = await ath.balanceOf(client.address);
    await anybody.claim(id, client.address, sharesOf(chain.accounts));
    expect((await ath.balanceOf(client.address)) - before).to.equal(
      (harmed * (ALL_SHARES / 3n)) / ALL_SHARES,
    );

    const { suspended, suspendedUntil, removed, penalties } = await owner.standing(provider.address);
    expect([suspended, removed, penalties]).to.deep.equal([true, false, 1]);
    const early = await rejection(owner.reinstate());
    expect(early.code).to.equal("StillSuspended");
    expect(early.values).to.include({ provider: provider.address, suspendedUntil: BigInt(suspendedUntil!) });
    await chain.advance(7 * DAY);
    await owner.reinstate();
    expect((await owner.standing(provider.address)).suspended).to.equal(false);

    await chain.advance(366 * DAY);
    await anybody.sweep(id);
    expect((await owner.case(id)).unclaimed).to.equal(0n);
  });

  it("decides an appeal, or lets it lapse", async () => {
    const id = await announce();
    const { address } = chain.accounts.owner;
    await owner.appeal(id, "Not so.");
    await reporter.decide(id, false);
    expect((await owner.case(id)).status).to.equal("Dropped");
    const { nextCaseAt } = await owner.standing(address);
    await chain.advance(14 * DAY);
    const second = await announce();
    expect((await owner.case(second)).appealUntil).to.be.greaterThan(nextCaseAt);
    await owner.appeal(second, "Not so either.");
    await chain.advance(28 * DAY + 1);
    await owner.lapse(second);
    expect(await owner.standing(address)).to.include({ open: null, frozen: 0n, suspended: false, cases: 2 });
  });

  describe("refuses, in words and before anything is sent,", () => {
    it("a case that there never was", async () => {
      const id = `0x${"ab".repeat(32)}`;
      expect((await rejection(owner.case(id))).code).to.equal("UnknownCase");
      expect((await rejection(owner.report(id))).code).to.equal("UnknownCase");
      expect((await rejection(owner.execute(id))).code).to.equal("UnknownCase");
    });

    it("what a case's state does not allow, by the state's name", async () => {
      const id = await announce();
      const error = await rejection(owner.lapse(id));
      expect(error.code).to.equal("WrongCaseStatus");
      expect(error.shortMessage).to.contain("is Announced");
    });

    it("a penalty below a hundredth, with the bound as ATH", async () => {
      const provider = chain.accounts.owner.address;
      const error = await rejection(reporter.announce({ provider, amount: 1n, evidence: EVIDENCE }));
      expect(error.code).to.equal("PenaltyTooSmall");
      expect(error.shortMessage).to.contain(`${hardware / 100n / ONE}.0 ATH`);
    });

    it("shares that are not the report's, and clients that are not among them", async () => {
      const id = await announce();
      await chain.advance(7 * DAY + 1);
      await owner.execute(id);
      const { client, owner: provider } = chain.accounts;
      const all = [{ client: client.address, share: ALL_SHARES }];
      expect((await rejection(owner.claim(id, client.address, all))).code).to.equal("InvalidShareProof");
      expect((await rejection(owner.claim(id, provider.address, all))).code).to.equal("InvalidArgument");
    });

    it("ids and addresses that are none", async () => {
      expect((await rejection(owner.case("0x12"))).code).to.equal("InvalidArgument");
      expect((await rejection(owner.standing("me"))).code).to.equal("InvalidArgument");
    });
  });
});
