import { encodeRequest, inputRoot, tokensRoot } from "@athanor/engine/commitments";
import { expect } from "chai";
import { hexlify, Wallet, type HDNodeWallet } from "ethers";
import { athTokenAbi } from "../generated/abi.ts";
import { connectContracts, connectToken, interfaceOf } from "../protocol/connect-contracts.ts";
import {
  fundClient,
  mined,
  registerProvider,
  startLocalChain,
  type LocalChain,
} from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { Channels } from "./channels.ts";
import { ClientChannel } from "./client-channel.ts";
import type { ChannelEvent } from "./events.ts";
import { ProviderChannel } from "./provider-channel.ts";
import { memoryStore, type ChannelStore } from "./store.ts";
import { channelIdOf, signAcceptance, signReceipt } from "./typed-data.ts";
import type { ChannelTerms } from "./types.ts";

const ONE = 10n ** 18n;
const TOKENS = [1, 2, 3];
const REQUEST = { prompt: [5, 6, 7], maxTokens: 8, seed: 3n };

describe("channels on chain", () => {
  let chain: LocalChain;
  let account: HDNodeWallet;
  let mine: Channels;
  let theirs: Channels;
  let owner: Channels;
  const stores = new Map<string, ChannelStore>();

  before(async () => {
    chain = await startLocalChain();
    const { accounts, deployment, provider } = chain;
    await registerProvider(chain);
    // For every test a channel or two.
    const stake = 20_000n * ONE;
    const { vault, ath } = connectContracts(accounts.owner.connect(provider), deployment);
    await mined(connectContracts(accounts.administrator, deployment).ath.transfer(accounts.owner, stake));
    await mined(ath.approve(deployment.vault, stake));
    await mined(vault.deposit(deployment.ath, stake, accounts.owner));
    await mined(vault.stake(stake));
    await mined(vault.approveStakeModules(await vault.moduleBit(deployment.channelEscrow)));
    owner = await connect(accounts.owner);
    theirs = await connect(accounts.operator);
    await owner.addReceiptKey(accounts.operator.address);
  });

  after(() => chain.close());

  beforeEach(async () => {
    account = await chain.newWallet();
    await fundClient(chain, account.address);
    mine = await connect(account);
  });

  afterEach(() => {
    chain.hooks.intercept = undefined;
  });

  const connect = (signer: HDNodeWallet) =>
    Channels.connect({ signer, deployment: chain.deployment, pollingInterval: 20 });

  async function accept(terms: ChannelTerms, minimumDeposit = 0n) {
    const id = channelIdOf(terms, mine.contract);
    const acceptance = { minimumDeposit, validUntil: 2n ** 40n - 1n };
    return signAcceptance(chain.accounts.operator, mine.contract, id, acceptance);
  }

  const quote = (request: { token?: string } = {}) =>
    mine.quote({ provider: chain.accounts.owner.address, ...request });

  async function open() {
    const terms = await quote();
    await mine.open({ terms, amount: 20n * ONE }, await accept(terms));
    const time = (await chain.provider.getBlock("latest"))!.timestamp;
    const shared = { terms, contract: mine.contract, now: () => time };
    const store = memoryStore();
    const client = new ClientChannel({
      ...shared,
      store,
      signer: account,
      receiptKeyUntil: (key) => mine.receiptKeyUntil(terms.provider, key),
    });
    const provider = new ProviderChannel({
      ...shared,
      store: memoryStore(),
      signer: chain.accounts.operator,
    });
    for (const side of [client, provider]) await side.noteDeposit(20n * ONE);
    stores.set(client.id, store);
    return { terms, client, provider };
  }

  const request = () => ({ modelRoot: chain.model, inputRoot: inputRoot(REQUEST) as string });
  const answer = () => ({
    ...request(),
    outputTokensRoot: tokensRoot(TOKENS) as string,
    outputCount: TOKENS.length,
    complete: true,
    price: ONE,
  });

  /** One request, acknowledged. */
  async function exchange({ client, provider }: Awaited<ReturnType<typeof open>>) {
    await provider.take(await client.request({ ...request(), limit: 2n * ONE }));
    await client.acknowledge(await provider.sign(answer()), answer());
  }

  for (const token of ["ath", "stablecoin"] as const) {
    it(`open from a wallet in one transaction with a permit (${token}), and leave no allowance behind`, async () => {
      const terms = await quote({ token: chain[token].address });
      const amount = token === "ath" ? 20n * ONE : 20_000_000n;
      const opened = await mine.open({ terms, amount }, await accept(terms));
      expect(opened.events.map(({ name }) => name)).to.deep.equal(["ChannelOpened"]);
      expect(await chain.provider.getTransactionCount(account.address)).to.equal(1);
      const token20 = connectToken(chain.provider, terms.token);
      expect(await token20.allowance(account.address, chain.deployment.vault)).to.equal(0n);
      const view = await mine.read(terms);
      expect(view).to.deep.include({
        status: "Open",
        deposit: amount,
        paid: 0n,
        left: amount - terms.exitBounty,
        closesAt: Number(terms.expiresAt),
        voucherKey: account.address,
        previousKey: undefined,
        liveChallenges: 0,
      });
      expect(await mine.find(view.id)).to.deep.include({ id: view.id, terms, block: opened.block });
    });
  }

  it("open and are topped up from the vault's balance, and from a wallet whose token takes no permits", async () => {
    const { vault, ath } = connectContracts(account, chain.deployment);
    await mined(ath.approve(chain.deployment.vault, 30n * ONE));
    await mined(vault.deposit(chain.deployment.ath, 30n * ONE, account.address));
    const terms = await quote();
    await mine.open({ terms, amount: 20n * ONE, from: "vault" }, await accept(terms));
    expect((await mine.topUp({ terms, amount: 5n * ONE, from: "vault" })).events).to.have.length(1);
    expect((await vault.accountOf(terms.token, account.address)).available).to.equal(5n * ONE);

    const separator = interfaceOf(athTokenAbi).getFunction("DOMAIN_SEPARATOR")!.selector;
    chain.hooks.intercept = (method, params, ask) => {
      const [call] = params as [{ data?: string }];
      if (method === "eth_call" && call.data === separator) {
        return Promise.reject(Object.assign(new Error("execution reverted"), { code: 3, data: "0x" }));
      }
      return ask();
    };
    const [event] = (await mine.topUp({ terms, amount: 7n * ONE })).events;
    expect(event).to.deep.include({ name: "ChannelToppedUp" });
    expect((await mine.read(terms)).deposit).to.equal(32n * ONE);
    expect(await ath.allowance(account.address, chain.deployment.vault)).to.equal(0n);
  });

  it("say before anything is sent what is missing in the wallet", async () => {
    const terms = await quote();
    const error = await rejection(mine.open({ terms, amount: 1_001n * ONE }, await accept(terms)));
    expect([error.code, error.values["shortage"]]).to.deep.equal(["InsufficientFunds", ONE]);
    expect(await chain.provider.getTransactionCount(account.address)).to.equal(0);
  });

  it("refuse by name what the contract refuses, before it is sent", async () => {
    const terms = await quote();
    const refusals = async (sending: Promise<unknown>) => (await rejection(sending)).code;
    const acceptance = await accept(terms);
    const small = await accept(terms, 21n * ONE);
    expect(await refusals(mine.open({ terms, amount: 20n * ONE }, small))).to.equal("DepositTooSmall");
    const forged = await signAcceptance(
      account,
      mine.contract,
      channelIdOf(terms, mine.contract),
      acceptance,
    );
    expect(await refusals(mine.open({ terms, amount: 20n * ONE }, forged))).to.equal("InvalidSigner");
    expect(await refusals(mine.read(terms))).to.equal("UnknownChannel");
    expect(await refusals(mine.find(channelIdOf(terms, mine.contract)))).to.equal("UnknownChannel");
    await mine.open({ terms, amount: 20n * ONE }, acceptance);
    expect(await refusals(mine.open({ terms, amount: 20n * ONE }, acceptance))).to.equal("ChannelExists");
    expect(await refusals(mine.close(terms, undefined))).to.equal("NotProvider");
    expect(await refusals(theirs.startClosing(terms))).to.equal("NotClient");
    expect(await refusals(mine.finish(terms))).to.equal("SettlementOpen");
    expect(await refusals(mine.release(terms))).to.equal("ReceiptsAlive");
    expect(await refusals(mine.quote({ provider: account.address, token: account.address }))).to.equal(
      "ChannelTokenNotAccepted",
    );
    const reader = await Channels.connect({ runner: chain.provider, deployment: chain.deployment });
    expect(await refusals(reader.finish(terms))).to.equal("SignerRequired");
  });

  it("settle a voucher, then one with the receipt that answers it; the second time nothing is due", async () => {
    const channel = await open();
    const { terms, client, provider } = channel;
    await exchange(channel);
    await provider.take(await client.settleUp());
    const settled = await theirs.settle(terms, (await provider.settlement())!);
    expect(settled.events[0]!.values).to.deep.include({ paid: ONE, nonce: 2n, receiptCount: 1n });
    await provider.take(await client.request({ ...request(), limit: 2n * ONE }));
    await provider.sign(answer());
    const last = (await provider.settlement())!;
    await theirs.settle(terms, last);
    expect(await mine.read(terms)).to.deep.include({ paid: 2n * ONE, left: 17n * ONE });
    const again = await rejection(theirs.settle(terms, last));
    expect([again.code, again.values["paid"]]).to.deep.equal(["VoucherOutdated", 2n * ONE]);
  });

  it("settle in a batch, and skip what cannot be settled", async () => {
    const [first, second] = [await open(), await open()];
    const entries = [];
    for (const channel of [first, second]) {
      await exchange(channel);
      await channel.provider.take(await channel.client.settleUp());
      entries.push({ terms: channel.terms, settlement: (await channel.provider.settlement())! });
    }
    await theirs.settle(first.terms, entries[0]!.settlement);
    const { events } = await theirs.settleBatch(entries);
    expect(events.map(({ name, channel }) => [name, channel])).to.deep.equal([
      ["ChannelSettled", second.client.id],
    ]);
  });

  it("close with the last settlement in one transaction, and release the stake when receipts have expired", async () => {
    const channel = await open();
    await exchange(channel);
    await channel.provider.take(await channel.client.settleUp());
    const closed = await theirs.close(channel.terms, await channel.provider.settlement());
    expect(closed.events.map(({ name }) => name)).to.deep.equal(["ChannelSettled", "ChannelClosed"]);
    expect((closed.events[1]!.values as { refund: bigint }).refund).to.equal(18n * ONE);
    const view = await mine.read(channel.terms);
    expect(view.status).to.equal("Closed");
    await chain.rpc("evm_setNextBlockTimestamp", [view.releasableAt]);
    const released = await mine.release(channel.terms);
    expect(released.events[0]!.values).to.deep.include({
      bounty: channel.terms.exitBounty,
      bountyRecipient: account.address,
    });
    expect((await mine.read(channel.terms)).status).to.equal("Released");
  });

  it("close by the client: announced, watched by the provider, finished after the notice", async () => {
    const { terms, client } = await open();
    const seen: ChannelEvent[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const event of theirs.follow(new Set([client.id]), { signal: stop.signal })) {
        seen.push(event);
        if (event.name === "ChannelClosing") stop.abort();
      }
    })();
    await mine.startClosing(terms);
    await watching;
    expect(seen.map(({ name }) => name)).to.deep.equal(["ChannelOpened", "ChannelClosing"]);
    const { closesAt } = seen[1]!.values as { closesAt: bigint };
    expect((await mine.read(terms)).closesAt).to.equal(Number(closesAt));
    await chain.rpc("evm_setNextBlockTimestamp", [Number(closesAt) + 1]);
    const finished = await (await connect(chain.accounts.stranger)).finish(terms);
    expect(finished.events[0]!.values).to.deep.include({ client: account.address, refund: 19n * ONE });
  });

  it("rotate the voucher key: the one before counts for a notice", async () => {
    const { terms } = await open();
    const key = chain.accounts.stranger.address;
    const rotated = await mine.rotateVoucherKey(terms, key);
    const { previousUntil } = rotated.events[0]!.values as { previousUntil: bigint };
    expect(await mine.read(terms)).to.deep.include({
      voucherKey: key,
      previousKey: { key: account.address, until: Number(previousUntil) },
    });
    const soon = await rejection(mine.rotateVoucherKey(terms, account.address));
    expect([soon.code, soon.values["previousUntil"]]).to.deep.equal(["RotationUnderWay", previousUntil]);
  });

  it("add and remove receipt keys: a removed one never comes back", async () => {
    const key = account.address;
    const provider = chain.accounts.owner.address;
    await owner.addReceiptKey(key);
    expect(await mine.isReceiptKey(provider, key)).to.equal(true);
    await owner.removeReceiptKey(key);
    expect(await mine.isReceiptKey(provider, key)).to.equal(false);
    expect((await rejection(owner.addReceiptKey(key))).code).to.equal("InvalidKey");
  });

  it("a receipt of a key that was removed is not acknowledged: nobody could present it any more", async () => {
    const removed = Wallet.createRandom();
    await owner.addReceiptKey(removed.address);
    const { terms, client, provider } = await open();
    await owner.removeReceiptKey(removed.address);
    await chain.provider.send("evm_increaseTime", [3 * 86_400]);
    await chain.provider.send("evm_mine", []);
    const { timestamp } = (await chain.provider.getBlock("latest"))!;
    await provider.take(await client.request({ ...request(), limit: 2n * ONE }));
    const { message } = await provider.sign(answer());
    const expiry = BigInt(timestamp) + terms.receiptLife;
    const junk = await signReceipt(removed, mine.contract, { ...message, expiry });
    const late = new ClientChannel({
      ...{ terms, contract: mine.contract, signer: account, store: stores.get(client.id)! },
      ...{ now: () => timestamp, receiptKeyUntil: (key) => mine.receiptKeyUntil(terms.provider, key) },
    });
    const refused = await rejection(late.acknowledge(junk, answer()));
    expect([refused.code, refused.values["field"]]).to.deep.equal([
      "ReceiptRefused",
      "signature of a receipt key that the provider answers for until it expires",
    ]);
    const unprovable = await rejection(mine.present(terms, junk, encodeRequest(REQUEST)));
    expect(unprovable.code).to.equal("InvalidSigner");
    const renewed = await signReceipt(chain.accounts.operator, mine.contract, junk.message);
    await late.acknowledge(renewed, answer());
    await mine.present(terms, renewed, encodeRequest(REQUEST));
  });

  it("present a receipt: a result with the receipt's output; not twice, and not with another request", async () => {
    const { terms, client, provider } = await open();
    await provider.take(await client.request({ ...request(), limit: 2n * ONE }));
    const receipt = await provider.sign(answer());
    const other = hexlify(encodeRequest({ ...REQUEST, seed: 4n }));
    expect((await rejection(mine.present(terms, receipt, other))).code).to.equal("RequestMismatch");
    const bytes = encodeRequest(REQUEST);
    const [event] = (await mine.present(terms, receipt, bytes)).events;
    expect(event).to.deep.include({ name: "ReceiptPresented", channel: client.id });
    expect(event!.values).to.deep.include({
      outputCount: 3n,
      outputTokensRoot: tokensRoot(TOKENS),
      request: hexlify(bytes),
    });
    const result = (event!.values as { id: string }).id;
    const again = await rejection(mine.present(terms, receipt, bytes));
    expect([again.code, again.values["id"]]).to.deep.equal(["AlreadyPresented", result]);
    expect(await mine.contracts.resultSources.jobState(result)).to.not.equal(0n);
  });

  it("are listed by client and by provider", async () => {
    const opened = [await open(), await open()].map(({ client }) => client.id);
    expect((await mine.list({ client: account.address })).map(({ id }) => id)).to.deep.equal(opened);
    const provider = chain.accounts.owner.address;
    expect((await mine.list({ provider })).map(({ id }) => id)).to.include.members(opened);
  });

  it("convict a provider that signed two answers to one request; this provider is gone afterwards", async () => {
    const { terms, client, provider } = await open();
    await provider.take(await client.request({ ...request(), limit: 2n * ONE }));
    const first = await provider.sign(answer());
    const lie = { ...first.message, outputTokensRoot: tokensRoot([9, 9, 9]) as string };
    const second = await signReceipt(chain.accounts.operator, mine.contract, lie);
    expect((await rejection(mine.reportEquivocation(terms, first, first))).code).to.equal("NoEquivocation");
    const forged = await signReceipt(chain.accounts.stranger, mine.contract, lie);
    expect((await rejection(mine.reportEquivocation(terms, first, forged))).code).to.equal("InvalidSigner");
    // What the node is shown of the contract of receipts: the commitment is mined before it sees the evidence.
    const shown: string[] = [];
    const { receiptResults } = mine.contracts;
    const commitment = receiptResults.interface.getFunction("commitReport").selector.slice(2);
    const evidence = receiptResults.interface.getFunction("reportEquivocation").selector.slice(2);
    chain.hooks.intercept = (_, params, ask) => {
      const text = JSON.stringify(params);
      if (text.includes(evidence)) shown.push("evidence");
      else if (text.includes(commitment)) shown.push("commitment");
      return ask();
    };
    const reported = await mine.reportEquivocation(terms, first, second);
    expect(shown[0]).to.equal("commitment");
    expect(shown).to.include("evidence");
    expect(reported.events.map(({ name }) => name)).to.deep.equal(["EquivocationProven"]);
    const unpaid = await rejection(theirs.settle(terms, (await provider.settlement())!));
    expect([unpaid.code, unpaid.values["provider"]]).to.deep.equal(["ProviderJailed", terms.provider]);
    const finished = await mine.finish(terms);
    expect(finished.events[0]!.values).to.deep.include({ refund: 19n * ONE });
  });
});
