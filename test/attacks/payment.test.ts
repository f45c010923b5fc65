// Attacks on who pays what to whom.
import { expect } from "chai";
import { network } from "hardhat";
import { expectRefusal } from "../support/expect.ts";
import { accountOf, wealthOf } from "../support/ledger.ts";
import {
  ATH,
  ATH_BOUNTY,
  ATH_OFFER,
  ATH_PRICES,
  athOf,
  ESCROW_BIT,
  USD,
  createJob,
  ethers,
  freshSystem,
  fund,
  jobsCreatedBy,
  passWindow,
  requestTo,
  submitResult,
  time,
} from "../support/system.ts";
import { packTokens, tokensRoot } from "../support/tokens.ts";

describe("attack: fee credited but not funded", () => {
  for (const name of ["ath", "stablecoin"] as const) {
    it(`everybody, the protocol's fees included, withdraws everything in ${name} and the vault is empty`, async () => {
      const system = await freshSystem();
      const { vault, escrow, client, otherClient, provider, stranger, newcomer, addresses } = system;
      const token = addresses[name];
      for (const payer of [client, otherClient]) {
        const opened = await createJob(system, { token }, payer);
        const output = await submitResult(system, opened);
        await passWindow(opened);
        await escrow.connect(stranger).finalize(opened.job, output, stranger);
      }
      const fees = (await vault.accountOf(token, addresses.escrow)).available;
      expect(fees > 0n, "there are fees").to.equal(true);
      await escrow.connect(newcomer).collectFees(token);
      for (const owner of [client, otherClient, provider, stranger]) {
        const { available } = await vault.accountOf(token, owner);
        await vault.connect(owner).withdraw(token, available, owner);
      }
      const erc20 = name === "ath" ? system.ath : system.stablecoin;
      const staked = name === "ath" ? 10_000n * ATH : 0n;
      expect(await erc20.balanceOf(addresses.vault)).to.equal(staked);
      expect((await vault.tokenState(token)).ledger).to.equal(staked);
    });
  }
});

describe("attack: rounding in the payer's favour", () => {
  it("no split of a request into smaller ones is cheaper", async () => {
    const { escrow } = await freshSystem();
    for (const [input, output] of [
      [1n, 1n],
      [333_333n, 666_667n],
      [999_999n, 1_000_001n],
    ] as const) {
      const whole = await escrow.costOf(12, 30, input, output);
      for (const parts of [2n, 3n, 6n]) {
        const part = await escrow.costOf(12n / parts, 30n / parts, input, output);
        expect(part * parts >= whole, `${parts} parts at ${input} and ${output}`).to.equal(true);
      }
    }
  });

  it("a charge of one unit pays one unit, and its fee is not rounded away", async () => {
    const system = await freshSystem();
    const { escrow, providers, vault, provider, stranger, modelRoot, addresses } = system;
    const token = addresses.stablecoin;
    await escrow.setTokenTerms(token, { accepted: true, feeBasisPoints: 1, exitBounty: 0, minimumCharge: 0 });
    await providers.connect(provider).setOffer(modelRoot, token, 1, 1);
    const opened = await createJob(system, { token });
    const output = await submitResult(system, opened);
    await passWindow(opened);
    await escrow.finalize(opened.job, output, stranger);
    expect((await vault.accountOf(token, addresses.escrow)).available).to.equal(1n);
    expect((await accountOf(system, token, system.client.address)).available).to.equal(1_000n * USD - 1n);
  });
});

describe("attack: finalising with another output", () => {
  it("no other count or root is accepted, and the true one still is", async () => {
    const system = await freshSystem();
    const { escrow, stranger } = system;
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    await passWindow(opened);
    for (const forged of [
      { ...output, count: 20 },
      { ...output, count: 0 },
      { count: 2, tokensRoot: tokensRoot(packTokens([11, 12])) },
      { ...output, tokensRoot: tokensRoot(packTokens([11, 12, 13, 1])) },
      { count: 0, tokensRoot: ethers.ZeroHash },
    ]) {
      const values = [
        opened.id,
        ethers.solidityPackedKeccak256(
          ["uint8", "uint32", "bool", "bytes32"],
          [3, forged.count, true, forged.tokensRoot],
        ),
      ];
      const call = () => escrow.finalize(opened.job, forged, stranger);
      await expectRefusal("OutputMismatch", { call, by: escrow, values });
      expect(await escrow.finalizeBatch.staticCall([opened.job], [forged], stranger)).to.equal(0n);
    }
    await escrow.finalize(opened.job, output, stranger);
  });
});

describe("attack: batch spoiled by finalising one first", () => {
  it("the rest of the batch is paid, and the spoiler gets one bounty", async () => {
    const system = await freshSystem();
    const { escrow, vault, stranger, newcomer, addresses } = system;
    const jobs = [];
    for (let i = 0; i < 3; i += 1) jobs.push(await createJob(system));
    const outputs = [];
    for (const job of jobs) outputs.push(await submitResult(system, job));
    await passWindow(jobs[2]!);
    await escrow.connect(stranger).finalize(jobs[1]!.job, outputs[1]!, stranger);
    const terms = jobs.map(({ job }) => job);
    await escrow.connect(newcomer).finalizeBatch(terms, outputs, newcomer);
    expect((await vault.accountOf(addresses.ath, newcomer)).available).to.equal(2n * ATH_BOUNTY);
    expect((await vault.accountOf(addresses.ath, stranger)).available).to.equal(ATH_BOUNTY);
    expect((await vault.stakeOf(system.provider)).openWork).to.equal(0n);
  });
});

describe("attack: wash trading", () => {
  it("a provider that pays itself in every role only loses the fee", async () => {
    const system = await freshSystem();
    const { escrow, vault, provider, operator, addresses } = system;
    await fund(system, provider, 100n * ATH);
    await vault.connect(provider).approveModules(addresses.ath, ESCROW_BIT);
    const itself = [provider.address, operator.address];
    const before = await wealthOf(system, addresses.ath, itself);
    const opened = await createJob(system, {}, provider);
    const output = await submitResult(system, opened);
    await passWindow(opened);
    await escrow.connect(operator).finalize(opened.job, output, operator);
    const fee = (await vault.accountOf(addresses.ath, addresses.escrow)).available;
    expect(fee > 0n).to.equal(true);
    expect(await wealthOf(system, addresses.ath, itself)).to.equal(before - fee);
  });

  it("a provider that never answers gains no bounty by expiring at once", async () => {
    const system = await freshSystem();
    const { escrow, client, provider, addresses } = system;
    const opened = await createJob(system);
    await time.setNextBlockTimestamp(BigInt(opened.job.submitDeadline) + 1n);
    await escrow.connect(provider).expire(opened.job, provider);
    expect((await accountOf(system, addresses.ath, provider.address)).available).to.equal(0n);
    expect((await accountOf(system, addresses.ath, client.address)).available).to.equal(1_000n * ATH);
  });
});

describe("attack: parameters changed during a job", () => {
  it("the job keeps its price, fee, bounty, window and lock, whatever governance and provider change", async () => {
    const system = await freshSystem();
    const { escrow, vault, providers, provider, client, stranger, addresses, modelRoot } = system;
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    const end = BigInt(await time.latest()) + BigInt(opened.job.challengeWindow);
    await escrow.setParameters({
      stakePerJob: ATH,
      challengeWindow: 86_400,
      minimumResponseTime: 10,
      maximumResponseTime: 10,
      workPerSecond: 1,
    });
    await escrow.setTokenTerms(addresses.ath, {
      accepted: false,
      feeBasisPoints: 2_000,
      exitBounty: 50n * ATH,
      minimumCharge: 50n * ATH,
    });
    await vault.setTokenAccepted(addresses.ath, false);
    await providers.setHardwareClass(0, {
      name: "cpu",
      minimumStakePerGpu: 10_000_000n * ATH,
      minimumThroughput: 10n ** 18n,
      open: false,
    });
    await providers.setFraudDeposit(10_000_000n * ATH);
    await providers.connect(provider).setOffer(modelRoot, addresses.stablecoin, 1, 1);
    await providers.connect(provider).removeOffer(modelRoot, addresses.ath);

    await time.setNextBlockTimestamp(end);
    await escrow.finalize(opened.job, output, stranger);
    const charge = (10n * ATH_PRICES.input + 3n * ATH_PRICES.output + 999_999n) / 1_000_000n;
    expect((await accountOf(system, addresses.ath, client.address)).available).to.equal(
      1_000n * ATH - charge - ATH_BOUNTY,
    );
    expect((await vault.accountOf(addresses.ath, addresses.escrow)).available).to.equal(
      (charge + 99n) / 100n,
    );
    expect((await vault.stakeOf(provider)).locked).to.equal(6_000n * ATH);
  });

  it("terms raised in front of a request do not pass the client's limits", async () => {
    const system = await freshSystem();
    const { escrow, providers, provider, client, modelRoot, addresses } = system;
    const { input, output } = ATH_PRICES;
    const maxCost = (await escrow.costOf(10, 20, input, output)) + ATH_BOUNTY;
    const request = await requestTo(system, { maxInputPrice: input, maxOutputPrice: output, maxCost });
    await escrow.setTokenTerms(addresses.ath, {
      accepted: true,
      feeBasisPoints: 100,
      exitBounty: 300n * ATH,
      minimumCharge: 0,
    });
    const call = () => escrow.connect(client).create(request);
    const raised = maxCost - ATH_BOUNTY + 300n * ATH;
    await expectRefusal("PriceAboveLimit", { call, by: escrow, values: [raised, maxCost] });
    // The same total, moved to where nothing is refunded.
    const moved = ATH_OFFER.input + 2n * ATH_OFFER.output;
    await providers.connect(provider).setOffer(modelRoot, addresses.ath, moved, 0);
    const values = [athOf(moved), input, 0n, output];
    await expectRefusal("OfferPriceAboveLimit", { call, by: escrow, values });
  });
});

describe("attack: result from somebody else, late or second", () => {
  it("none of them is taken, and no money has moved", async () => {
    const system = await freshSystem();
    const { escrow, stranger, provider, operator, addresses } = system;
    const before = await wealthOf(system, addresses.ath, [provider.address, stranger.address]);
    const opened = await createJob(system);
    for (const sender of [stranger, provider]) {
      await expectRefusal("NotOperator", {
        call: () => escrow.connect(sender).submit(opened.job, packTokens([1])),
        by: escrow,
        values: [sender.address, operator.address],
      });
    }
    await submitResult(system, opened, [1]);
    const state = await escrow.jobState(opened.id);
    await expectRefusal("JobNotOpen", {
      call: () => escrow.connect(operator).submit(opened.job, packTokens([2, 3])),
      by: escrow,
      values: [opened.id, state],
    });
    expect(await escrow.jobState(opened.id)).to.equal(state);
    expect(await wealthOf(system, addresses.ath, [provider.address, stranger.address])).to.equal(before);
  });
});

describe("attack: a job replayed on another contract or chain", () => {
  it("another escrow does not know the job", async () => {
    const system = await freshSystem();
    const { escrow, manager, operator, addresses } = system;
    const other = await ethers.deployContract("JobEscrow", [
      manager,
      addresses.vault,
      addresses.providers,
      addresses.currencies,
      addresses.fees,
      ethers.ZeroAddress,
      [...(await escrow.parameters())],
    ]);
    const { id, job } = await createJob(system);
    const replayedId = (await other.getFunction("jobIdOf")(job)) as string;
    expect(replayedId).not.to.equal(id);
    await expectRefusal("UnknownJob", {
      call: () => other.connect(operator).getFunction("submit")(job, packTokens([1])) as Promise<unknown>,
      by: other,
      values: [replayedId],
    });
  });

  it("the same contract at the same address of another chain gives another id", async () => {
    const system = await freshSystem();
    const { escrow, addresses } = system;
    const { id, job } = await createJob(system);
    const elsewhere = await network.create({ override: { chainId: 4_242 } });
    try {
      const code = await ethers.provider.getCode(addresses.escrow);
      await elsewhere.networkHelpers.setCode(addresses.escrow, code);
      const call = { to: addresses.escrow, data: escrow.interface.encodeFunctionData("jobIdOf", [job]) };
      const there = await elsewhere.ethers.provider.call(call);
      expect(there)
        .to.match(/^0x[0-9a-f]{64}$/)
        .and.not.to.equal(id);
    } finally {
      await elsewhere.close();
    }
  });
});

describe("contract wallets as clients", () => {
  it("a contract that takes no coins is a client like any other: pays, is refunded, withdraws", async () => {
    const system = await freshSystem();
    const { escrow, vault, ath, administrator, stranger, newcomer, addresses } = system;
    const wallet = await ethers.deployContract("ContractWallet");
    const execute = wallet.getFunction("execute");
    await ath.connect(administrator).transfer(wallet, 100n * ATH);
    const call = (target: string, data: string) => ({ target, data });
    const inVault = (verb: "deposit" | "approveModules" | "withdraw", values: unknown[]) =>
      call(addresses.vault, vault.interface.encodeFunctionData(verb as "deposit", values as never));
    const owner = await wallet.getAddress();
    const created = (await execute([
      call(addresses.ath, ath.interface.encodeFunctionData("approve", [addresses.vault, 100n * ATH])),
      inVault("deposit", [addresses.ath, 100n * ATH, owner]),
      inVault("approveModules", [addresses.ath, ESCROW_BIT]),
      call(addresses.escrow, escrow.interface.encodeFunctionData("create", [await requestTo(system)])),
    ])) as Parameters<typeof jobsCreatedBy>[1];
    const [opened] = await jobsCreatedBy(system, created);
    expect(opened!.job.client).to.equal(owner);
    const output = await submitResult(system, opened!);
    await passWindow(opened!);
    await escrow.finalize(opened!.job, output, stranger);
    const { available, escrowed } = await vault.accountOf(addresses.ath, owner);
    expect(escrowed).to.equal(0n);
    await execute([inVault("withdraw", [addresses.ath, available, newcomer.address])]);
    expect(await ath.balanceOf(newcomer)).to.equal(available);
  });
});

describe("attack: malicious module added by governance", () => {
  it("reaches nobody's balance, escrow or stake without that owner's approval", async () => {
    const system = await freshSystem();
    const { vault, client, provider, stranger, addresses } = system;
    await createJob(system);
    const module = await ethers.deployContract("ContractWallet");
    const address = await module.getAddress();
    await vault.addModule(address);
    const tell = (verb: string, values: unknown[]) => () => {
      const data = vault.interface.encodeFunctionData(verb as "settle", values as never);
      return module.getFunction("execute")([{ target: addresses.vault, data }]) as Promise<unknown>;
    };
    const settlement = [
      client.address,
      addresses.ath,
      1n,
      provider.address,
      0n,
      1n,
      stranger.address,
      0n,
      0n,
    ];
    const ofAccount = [addresses.ath, client.address, address];
    const ofStake = [provider.address, address];
    for (const [call, error, values] of [
      [
        tell("openWork", [client.address, addresses.ath, 1n, provider.address, 0n]),
        "ModuleNotApproved",
        ofAccount,
      ],
      [tell("settle", [settlement]), "ModuleNotApproved", ofAccount],
      [tell("lockStake", [provider.address, 1n]), "StakeModuleNotApproved", ofStake],
      [tell("unlockStake", [provider.address, 1n]), "StakeModuleNotApproved", ofStake],
    ] as const) {
      await expectRefusal(error, { call, by: vault, values });
    }
    // An approval of all modules that there were says nothing about one that came later.
    expect((await vault.accountOf(addresses.ath, client)).modules).to.equal(ESCROW_BIT);
    await expectRefusal("UnknownModules", {
      call: () => vault.connect(client).approveModules(addresses.ath, 32),
      by: vault,
      values: [32, 5],
    });
  });
});
