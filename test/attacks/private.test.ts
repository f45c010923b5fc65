// Attacks on private requests: prompts that are bought with a bond, delegations that are replayed.
// Longer than 400 lines: one cast plays all of them.
import { expect } from "chai";
import type { TypedDataDomain } from "ethers";
import type { Receipt } from "../../sdk/src/channels/types.ts";
import { CHANNEL_BIT, type OpenChannel, openChannel, receiptOf } from "../support/channels.ts";
import { CountingTrace, HONEST_TOKENS, type Lies } from "../support/counting.ts";
import {
  type Arena,
  challenge,
  commit,
  defend,
  freshArena,
  open,
  play,
  type Result,
  stateOf,
  step,
} from "../support/dispute.ts";
import { eventsOf } from "../support/expect.ts";
import {
  CIPHERTEXT,
  createPrivateJob,
  encrypted,
  hiddenRequest,
  privateRequest,
  submitPrivately,
} from "../support/private.ts";
import {
  ATH,
  createJob,
  ethers,
  fund,
  type Job,
  passWindow,
  requestTo,
  type Signer,
  submitResult,
  time,
} from "../support/system.ts";
import { packTokens, tokensRoot } from "../support/tokens.ts";

const LIE: Lies = { "1/2/5": `0x${"00".repeat(12)}deadbeef` };
const TYPES = {
  ChallengeDelegation: [
    { name: "work", type: "bytes32" },
    { name: "delegate", type: "address" },
    { name: "expiry", type: "uint40" },
  ],
};

interface Delegation {
  readonly work: string;
  readonly delegate: string;
  readonly expiry: bigint;
}

const domainOf = ({ addresses }: Arena): TypedDataDomain => ({
  name: "Athanor Disputes",
  version: "1",
  chainId: 31_337n,
  verifyingContract: addresses.sources,
});

async function delegationFor(work: string, delegate: Signer, seconds = 1_000n): Promise<Delegation> {
  return { work, delegate: delegate.address, expiry: BigInt(await time.latest()) + seconds };
}

/** Who delegates, who signs it, for which domain. */
interface Signing {
  readonly client?: string;
  readonly signer?: Signer;
  readonly domain?: TypedDataDomain;
}

/** Sends a delegation, signed by `signer` for this domain. */
async function delegate(
  arena: Arena,
  { work, delegate: to, expiry }: Delegation,
  { client = arena.client.address, signer = arena.client, domain = {} }: Signing = {},
) {
  const message = { work, delegate: to, expiry };
  const signature = await signer.signTypedData({ ...domainOf(arena), ...domain }, TYPES, message);
  return arena.sources.connect(arena.newcomer).delegateChallenge(client, work, to, expiry, signature);
}

/** A result of a private job; the machine that counts reads the tokens as they were posted. */
async function privateResult(arena: Arena, lies: Lies = {}): Promise<Result> {
  const job = await createPrivateJob(arena);
  const output = await submitResult(arena, job, HONEST_TOKENS);
  return { job, output, tokens: HONEST_TOKENS, trace: new CountingTrace(lies) };
}

async function arenaWithChannel(): Promise<{ arena: Arena; channel: OpenChannel }> {
  const arena = await freshArena();
  const { vault, provider, operator, channels } = arena;
  await vault.connect(provider).approveStakeModules(CHANNEL_BIT);
  await channels.connect(provider).addReceiptKey(operator);
  return { arena, channel: await openChannel(arena) };
}

/** Presents a receipt for a private request. */
async function presentPrivately(
  arena: Arena,
  channel: OpenChannel,
  by: Signer,
  { lies = {}, ...fields }: Partial<Receipt> & { lies?: Lies } = {},
): Promise<Result> {
  const request = privateRequest();
  const given = { tokens: HONEST_TOKENS, inputRoot: request.inputRoot, ...fields };
  const { message, signature } = await receiptOf(arena, channel, given);
  const sent = arena.receipts.connect(by).present(channel.terms, message, signature, request.bytes);
  const [event] = await eventsOf(arena.receipts, sent);
  const [id, , , terms] = event!.values as [string, string, string, unknown[]];
  const names = arena.receipts.interface
    .getFunction("jobIdOf")
    .inputs[0]!.components!.map(({ name }) => name);
  const job = Object.fromEntries(names.map((name, index) => [name, terms[index]])) as unknown as Job;
  const output = { count: HONEST_TOKENS.length, tokensRoot: tokensRoot(packTokens(HONEST_TOKENS)) };
  return { job: { id, job }, output, tokens: HONEST_TOKENS, trace: new CountingTrace(lies) };
}

const refusedTo = (arena: Arena, result: Result, challenger: Signer, work: string = result.job.id) =>
  commit(arena, result, challenger).then((dispute) =>
    expect(open(arena, dispute))
      .to.be.revertedWithCustomError(arena.sources, "NotClientOrDelegate")
      .withArgs(challenger.address, arena.client.address, work),
  );

describe("private jobs", () => {
  it("publish lengths, parameters and roots, and commit to them with the bit of private requests", async () => {
    const arena = await freshArena();
    const { escrow, client } = arena;
    const request = await requestTo(arena, { promptTokens: "0x" });
    const sent = escrow.connect(client).createPrivate(request, hiddenRequest());
    const event = (await eventsOf(escrow, sent)).find(({ name }) => name === "PrivateJobCreated")!;
    const [id, , , terms, seed, generation, stopsHash, promptRoot, ciphertext] = event.values as [
      string,
      string,
      string,
      unknown[],
      ...unknown[],
    ];
    const hidden = hiddenRequest();
    expect([seed, stopsHash, promptRoot, ciphertext]).to.deep.equal([
      7n,
      hidden.stopsHash,
      hidden.promptRoot,
      CIPHERTEXT,
    ]);
    expect(generation).to.equal(ethers.toBeHex((1n << 255n) | 20n, 32));
    expect(terms.slice(-5)).to.deep.equal([10n, 20n, 0n, arena.modelRoot, privateRequest().inputRoot]);
    expect(await escrow.jobState(id)).to.equal(1n);
  });

  it("take any encrypted tokens, and are paid by their number like public ones", async () => {
    const arena = await freshArena();
    const { escrow, vault, provider, addresses, stranger } = arena;
    const earned: bigint[] = [];
    for (const isPrivate of [false, true]) {
      const job = isPrivate ? await createPrivateJob(arena) : await createJob(arena);
      const output = isPrivate
        ? await submitPrivately(arena, job, [11, 12, 13])
        : await submitResult(arena, job, [11, 12, 13]);
      const before = (await vault.accountOf(addresses.ath, provider)).available;
      await passWindow(job);
      await escrow.finalize(job.job, output, stranger);
      earned.push((await vault.accountOf(addresses.ath, provider)).available - before);
    }
    expect(earned[0]).to.be.greaterThan(0n);
    expect(earned[1]).to.equal(earned[0]);
    // What was posted are no ids of the model.
    const first = Number.parseInt(encrypted([11]).slice(2, 10), 16);
    expect(first).to.be.greaterThan(1_000);
  });

  it("convict a provider whose answer is wrong, before a client that challenges it", async () => {
    const arena = await freshArena();
    const dispute = await challenge(arena, await privateResult(arena, LIE), arena.client);
    await play(arena, dispute);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(dispute.id);
  });

  it("acquit one whose answer is right", async () => {
    const arena = await freshArena();
    const result = await privateResult(arena);
    const dispute = await challenge(arena, result, arena.client, new CountingTrace(LIE));
    await play(arena, dispute);
    expect((await stateOf(arena, dispute.id)).status).to.equal("Lost");
  });
});

describe("attack: a private prompt bought with a bond", () => {
  it("nobody but the client opens a challenge: not a stranger, not the provider, not its keys, not another client", async () => {
    const arena = await freshArena();
    const { client, stranger, provider, operator, watchtower, otherClient } = arena;
    const result = await privateResult(arena);
    for (const buyer of [stranger, provider, operator, watchtower, otherClient]) {
      await refusedTo(arena, result, buyer);
    }
    await challenge(arena, result, client);
  });

  it("nor with terms that call the job public", async () => {
    const arena = await freshArena();
    const { job, ...result } = await privateResult(arena);
    const forged = { ...result, job: { ...job, job: { ...job.job, vocabularySize: 1_000n } } };
    const dispute = await commit(arena, { ...result, job }, arena.stranger);
    await expect(open(arena, { ...dispute, result: forged })).to.be.revertedWithCustomError(
      arena.game,
      "UnknownChallenge",
    );
    const other = await commit(
      arena,
      { ...forged, job: { ...forged.job, id: await arena.escrow.jobIdOf(forged.job.job) } },
      arena.stranger,
    );
    await expect(open(arena, { ...other, result: forged })).to.be.revertedWithCustomError(
      arena.escrow,
      "UnknownJob",
    );
  });

  it("nor a receipt: nobody else presents it, nor challenges it once the client has", async () => {
    const { arena, channel } = await arenaWithChannel();
    const { stranger, provider, operator, client, sources } = arena;
    for (const buyer of [stranger, provider, operator]) {
      await expect(presentPrivately(arena, channel, buyer))
        .to.be.revertedWithCustomError(sources, "NotClientOrDelegate")
        .withArgs(buyer.address, client.address, channel.id);
    }
    const result = await presentPrivately(arena, channel, client);
    for (const buyer of [stranger, provider]) await refusedTo(arena, result, buyer, channel.id);
  });

  it("while the client convicts and acquits over its receipts as over jobs", async () => {
    const { arena, channel } = await arenaWithChannel();
    const right = await presentPrivately(arena, channel, arena.client);
    const lost = await challenge(arena, right, arena.client, new CountingTrace(LIE));
    await play(arena, lost);
    expect((await stateOf(arena, lost.id)).status).to.equal("Lost");
    const wrong = await presentPrivately(arena, channel, arena.client, { lies: LIE, nonce: 2n });
    const won = await challenge(arena, wrong, arena.client);
    await play(arena, won);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(won.id);
  });
});

describe("attack: an un-openable commitment", () => {
  it("a private receipt whose root leads to no tokens convicts: nobody can show the token that the client names", async () => {
    const { arena, channel } = await arenaWithChannel();
    const { game, client, operator, provider, stranger } = arena;
    const junk = ethers.id("no tokens");
    const result = await presentPrivately(arena, channel, client, { outputTokensRoot: junk });
    const output = { ...result.output, tokensRoot: junk };
    const dispute = await challenge(arena, { ...result, output }, client);
    await defend(arena, dispute);
    await game.connect(client).disputeOutput(dispute.id, result.trace.root, 0);
    const { deadline } = await game.turnOf(dispute.id);
    await expect(step(arena, dispute, operator)).to.revert(ethers);
    await time.increaseTo(deadline + 1n);
    await game.connect(stranger).timeout(dispute.id);
    expect(await game.convictionOf(provider)).to.equal(dispute.id);
  });
});

describe("attack: delegations that were not given", () => {
  it("one that was given opens: for a job, and for what a channel holds", async () => {
    const { arena, channel } = await arenaWithChannel();
    const { stranger, client, sources } = arena;
    const result = await privateResult(arena);
    const given = await delegationFor(result.job.id, stranger);
    await expect(delegate(arena, given))
      .to.emit(sources, "ChallengeDelegated")
      .withArgs(client, given.work, stranger, given.expiry);
    await challenge(arena, result, stranger);

    await delegate(arena, await delegationFor(channel.id, stranger));
    await challenge(arena, await presentPrivately(arena, channel, stranger), stranger);
  });

  it("delegate of another job, or of a channel", async () => {
    const { arena, channel } = await arenaWithChannel();
    const { stranger, client, sources } = arena;
    const [first, second] = [await privateResult(arena), await privateResult(arena)];
    await delegate(arena, await delegationFor(first.job.id, stranger));
    await refusedTo(arena, second, stranger);
    await expect(presentPrivately(arena, channel, stranger))
      .to.be.revertedWithCustomError(sources, "NotClientOrDelegate")
      .withArgs(stranger.address, client.address, channel.id);
    await delegate(arena, await delegationFor(channel.id, stranger));
    await refusedTo(arena, second, stranger);
  });

  it("another delegate's, and one of a client that has nothing to do with the job", async () => {
    const arena = await freshArena();
    const { stranger, provider, otherClient } = arena;
    const result = await privateResult(arena);
    await delegate(arena, await delegationFor(result.job.id, stranger));
    await refusedTo(arena, result, provider);
    const own = { client: otherClient.address, signer: otherClient };
    await delegate(arena, await delegationFor(result.job.id, otherClient), own);
    await refusedTo(arena, result, otherClient);
  });

  it("an expired delegation", async () => {
    const arena = await freshArena();
    const { stranger, sources } = arena;
    const result = await privateResult(arena);
    const given = await delegationFor(result.job.id, stranger, 50n);
    await delegate(arena, given);
    const dispute = await commit(arena, result, stranger);
    await time.setNextBlockTimestamp(given.expiry + 1n);
    await expect(open(arena, dispute))
      .to.be.revertedWithCustomError(sources, "DelegationExpired")
      .withArgs(given.expiry, given.expiry + 1n);
    await time.setNextBlockTimestamp(given.expiry + 2n);
    await expect(delegate(arena, given))
      .to.be.revertedWithCustomError(sources, "DelegationExpired")
      .withArgs(given.expiry, given.expiry + 2n);
    // A new one helps, and an older one does not shorten it.
    const longer = await delegationFor(result.job.id, stranger);
    await delegate(arena, longer);
    await delegate(arena, { ...longer, expiry: longer.expiry - 100n });
    expect(await sources.delegatedUntil(arena.client, result.job.id, stranger)).to.equal(longer.expiry);
    await open(arena, dispute);
  });

  it("until its last second it counts", async () => {
    const arena = await freshArena();
    const result = await privateResult(arena);
    const given = await delegationFor(result.job.id, arena.stranger, 50n);
    await delegate(arena, given);
    const dispute = await commit(arena, result, arena.stranger);
    await time.setNextBlockTimestamp(given.expiry);
    await open(arena, dispute);
  });

  it("a delegation replayed on another chain, at another contract, under another name", async () => {
    const arena = await freshArena();
    const { sources, client, addresses, stranger } = arena;
    const { job } = await privateResult(arena);
    const given = await delegationFor(job.id, stranger);
    const digest = await sources.delegationDigest(given.work, given.delegate, given.expiry);
    for (const domain of [
      { chainId: 1n },
      { verifyingContract: addresses.game },
      { name: "Athanor Channels" },
      { version: "2" },
    ]) {
      await expect(delegate(arena, given, { domain }))
        .to.be.revertedWithCustomError(sources, "InvalidDelegation")
        .withArgs(client.address, digest);
    }
  });

  it("one that somebody else signed, or that was changed", async () => {
    const arena = await freshArena();
    const { sources, client, provider, stranger, newcomer } = arena;
    const { job } = await privateResult(arena);
    const given = await delegationFor(job.id, stranger);
    await expect(delegate(arena, given, { signer: provider })).to.be.revertedWithCustomError(
      sources,
      "InvalidDelegation",
    );
    const signature = await client.signTypedData(domainOf(arena), TYPES, given);
    const send = (to: string, expiry: bigint, by: string) =>
      sources.connect(newcomer).delegateChallenge(client, job.id, to, expiry, by);
    for (const [to, expiry, by] of [
      [provider.address, given.expiry, signature],
      [stranger.address, given.expiry + 1n, signature],
      [stranger.address, given.expiry, "0x"],
    ] as const) {
      await expect(send(to, expiry, by)).to.be.revertedWithCustomError(sources, "InvalidDelegation");
    }
    await send(stranger.address, given.expiry, signature);
  });

  it("the client itself needs no signature", async () => {
    const arena = await freshArena();
    const { sources, client, stranger } = arena;
    const result = await privateResult(arena);
    const { work, expiry } = await delegationFor(result.job.id, stranger);
    await sources.connect(client).delegateChallenge(client, work, stranger, expiry, "0x");
    await challenge(arena, result, stranger);
  });

  it("a client that is a contract is asked (ERC-1271)", async () => {
    const arena = await freshArena();
    const { escrow, sources, vault, addresses, newcomer, stranger, provider } = arena;
    const wallet = await ethers.deployContract("SigningWallet", [newcomer]);
    const address = await wallet.getAddress();
    await fund(arena, newcomer, 200n * ATH);
    await vault.connect(newcomer).withdraw(addresses.ath, 200n * ATH, newcomer);
    await arena.ath.connect(newcomer).approve(addresses.vault, 200n * ATH);
    await vault.connect(newcomer).deposit(addresses.ath, 200n * ATH, address);
    const request = await requestTo(arena, { promptTokens: "0x" });
    const sent = (await wallet.getFunction("execute")([
      {
        target: addresses.vault,
        data: vault.interface.encodeFunctionData("approveModules", [addresses.ath, 2n]),
      },
      {
        target: addresses.escrow,
        data: escrow.interface.encodeFunctionData("createPrivate", [request, hiddenRequest()]),
      },
    ])) as Awaited<ReturnType<typeof escrow.create>>;
    const event = (await eventsOf(escrow, sent)).find(({ name }) => name === "PrivateJobCreated")!;
    const [id, , , terms] = event.values as [string, string, string, unknown[]];
    const names = escrow.interface.getFunction("jobIdOf").inputs[0]!.components!.map(({ name }) => name);
    const job = {
      id,
      job: Object.fromEntries(names.map((name, at) => [name, terms[at]])) as unknown as Job,
    };
    const output = await submitResult(arena, job, HONEST_TOKENS);
    const result = { job, output, tokens: HONEST_TOKENS, trace: new CountingTrace() };
    const given = await delegationFor(id, stranger);
    await expect(delegate(arena, given, { client: address, signer: provider })).to.be.revertedWithCustomError(
      sources,
      "InvalidDelegation",
    );
    await delegate(arena, given, { client: address, signer: newcomer });
    await challenge(arena, result, stranger);
    const refused = await delegationFor(id, provider);
    await wallet.getFunction("refuse")();
    await expect(
      delegate(arena, refused, { client: address, signer: newcomer }),
    ).to.be.revertedWithCustomError(sources, "InvalidDelegation");
  });
});
