import { expect } from "chai";
import { BrowserProvider } from "ethers";
import { formatAmount } from "../amounts/format-amount.ts";
import { costOf, feeOf } from "../protocol/cost.ts";
import { readRate, tokenPricesOf } from "../protocol/rates.ts";
import type { InferenceReceipt } from "../protocol/receipt.ts";
import { answerTokens, byteTokens } from "../testing/byte-tokenizer.ts";
import {
  fundClient,
  holdings,
  OFFER,
  registerProvider,
  startLocalChain,
  type LocalChain,
} from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { startScriptedProvider } from "../testing/scripted-provider.ts";
import type { AthanorClient } from "./athanor-client.ts";
import type { Progress } from "./types.ts";

const ONE = 10n ** 18n;
const ANSWER = "or not to be";
const MAX_TOKENS = 20;

describe("infer", () => {
  let chain: LocalChain;
  let worker: { stop(): Promise<void> };
  let client: AthanorClient;

  before(async () => {
    chain = await startLocalChain();
    await registerProvider(chain);
    worker = startScriptedProvider(chain, () => answerTokens(ANSWER));
    client = await chain.connect();
  });

  after(async () => {
    await worker.stop();
    await chain.close();
  });

  const request = () => ({
    model: chain.model,
    prompt: "To be",
    maxTokens: MAX_TOKENS,
    maxPrice: 100n * ONE,
  });
  const names = (receipt: InferenceReceipt) => receipt.steps.map(({ name }) => name);

  const kinds = [
    { name: "ATH", token: () => chain.ath, feeBasisPoints: 100n, bounty: ONE / 10n },
    {
      name: "a stablecoin of 6 decimals",
      token: () => chain.stablecoin,
      feeBasisPoints: 300n,
      bounty: 10_000n,
    },
  ];

  it("gives the job the salt that it was asked for, and otherwise one by chance", async () => {
    const salt = 0xfedc_ba98_7654_3210n;
    const [given, first, second] = [
      await client.infer({ ...request(), salt }),
      await client.infer(request()),
      await client.infer(request()),
    ];
    expect(given.job.terms.salt).to.equal(salt);
    expect(first.job.terms.salt).to.not.equal(second.job.terms.salt);
  });

  for (const { name, token, feeBasisPoints, bounty } of kinds) {
    it(`answers and is paid in ${name}, balances adding up to the last unit`, async () => {
      const { client: payer, owner, stranger } = chain.accounts;
      const parties = [payer.address, owner.address, chain.deployment.jobEscrow, stranger.address];
      const balances = () => Promise.all(parties.map((party) => holdings(chain, token().address, party)));
      const before = await balances();

      const result = await client.infer({ ...request(), token: token().address });
      expect(result.text).to.equal(ANSWER);
      expect(result.tokens).to.deep.equal(answerTokens(ANSWER));
      expect(result.status).to.equal("Submitted");
      expect(result.job.terms.client).to.equal(payer.address);
      const expected = result.receipt.payment;
      expect(expected.settled).to.equal(false);

      await chain.advance(Number(result.job.terms.challengeWindow));
      const other = await chain.connect({ signer: stranger });
      const { payment, steps } = await other.finalize(result.job.id);
      expect(steps.map((step) => step.name)).to.deep.equal(["create", "submit", "finalize"]);
      expect(payment).to.deep.equal({ ...expected, bountyRecipient: stranger.address, settled: true });

      const { minimumCharge } = result.job.terms;
      const prices = {
        ...tokenPricesOf(OFFER, await readRate(chain.contracts, token().address)),
        minimumCharge,
      };
      const charged = costOf(prices, byteTokens("To be").length, result.tokens.length);
      const fee = feeOf(charged, feeBasisPoints);
      expect(payment).to.include({ charged, fee, earned: charged - fee, bounty });
      expect(payment.escrowed).to.equal(costOf(prices, 6, MAX_TOKENS) + bounty);
      expect(payment.escrowed).to.equal(payment.earned + payment.fee + payment.refund + payment.bounty);

      const after = await balances();
      const changes = after.map((amount, index) => amount - before[index]!);
      expect(changes, "client, provider, protocol, finaliser").to.deep.equal([
        -(charged + bounty),
        charged - fee,
        fee,
        bounty,
      ]);
    });
  }

  it("tells what happens as it happens, and gives a receipt of what did", async () => {
    const seen: Progress[] = [];
    const payer = await chain.newWallet();
    await fundClient(chain, payer.address);
    const fresh = await chain.connect({ signer: payer });
    const result = await fresh.infer({ ...request(), onProgress: (progress) => seen.push(progress) });

    const stages = seen.map(({ stage }) => stage).filter((stage) => stage !== "waiting");
    expect(stages).to.deep.equal(["quoted", "funding", "creating", "created", "submitted"]);
    expect(names(result.receipt)).to.deep.equal(["fund", "create", "submit"]);
    const senders = [payer.address, payer.address, chain.accounts.operator.address];
    expect(result.receipt.steps.map(({ sender }) => sender)).to.deep.equal(senders);
    for (const step of result.receipt.steps) {
      const mined = (await chain.provider.getTransactionReceipt(step.transactionHash))!;
      expect(step).to.include({
        block: mined.blockNumber,
        blockHash: mined.blockHash,
        gasUsed: mined.gasUsed,
      });
      expect(step.gasCost).to.equal(mined.gasUsed * mined.gasPrice);
      expect(step.timestamp).to.equal((await mined.getBlock()).timestamp);
    }
    expect(result.finalizableAt).to.equal(
      result.receipt.steps[2]!.timestamp + Number(result.job.terms.challengeWindow),
    );
    expect(await fresh.job(result.job.id)).to.deep.include({
      id: result.job.id,
      status: "Submitted",
      tokens: result.tokens,
      promptTokens: byteTokens("To be"),
      finalizableAt: result.finalizableAt,
    });
    expect((await fresh.jobs()).map(({ id, status }) => [id, status])).to.deep.equal([
      [result.job.id, "Submitted"],
    ]);
  });

  it("takes the tokens of those who tokenise themselves, and a seed", async () => {
    const { job } = await client.infer({
      ...request(),
      prompt: undefined,
      promptTokens: [1, 2, 3],
      seed: 2n ** 64n - 1n,
    });
    const { promptTokens, generation } = await client.job(job.id);
    expect([promptTokens, generation.seed]).to.deep.equal([[1, 2, 3], 2n ** 64n - 1n]);
  });

  it("carries every generation parameter through the chain, and cuts the text at a stop in infer and resume alike", async () => {
    const options = {
      ...{ minTokens: 2, temperature: 0.7, topK: 40, topP: 0.95, repetitionPenalty: 1.1 },
      stop: [" to", [7, 8]],
    };
    const result = await client.infer({ ...request(), ...options });
    const { seed, ...others } = result.generation;
    expect(others).to.deep.equal({
      ...{ maxTokens: request().maxTokens, minTokens: 2, temperature: 700, topK: 40, topP: 9_500 },
      ...{ repetitionPenalty: 1_100, stopSequences: [byteTokens(" to").slice(1), [7, 8]] },
    });
    expect(seed > 0n, "a seed drawn for this request").to.equal(true);
    expect(result.text).to.equal("or not");
    expect(result.tokens, "what was paid for").to.deep.equal(answerTokens("or not to be"));
    const fresh = await chain.connect();
    const resumed = await fresh.resume(result.job.id);
    expect([resumed.text, resumed.generation]).to.deep.equal([result.text, result.generation]);
    expect((await fresh.job(result.job.id)).generation).to.deep.equal(result.generation);
    const other = await client.infer({ ...request(), ...options });
    expect(other.generation.seed).to.not.equal(seed);
    const quote = await client.quote({ ...request(), ...options, seed });
    expect(quote.generation).to.deep.equal(result.generation);
  });

  it("needs one transaction when the vault account has enough, and funds only what is missing", async () => {
    const { escrow } = await client.quote(request());
    await client.deposit({ amount: 2n * escrow });
    expect(names((await client.infer(request())).receipt)).to.deep.equal(["create", "submit"]);

    const { available } = await client.funds();
    await client.withdraw({ amount: available });
    await client.deposit({ amount: escrow - 1n });
    const before = await client.funds();
    const { receipt } = await client.infer(request());
    expect(names(receipt)).to.deep.equal(["fund", "create", "submit"]);
    const after = await client.funds();
    expect(before.wallet - after.wallet).to.equal(1n);
    expect(after.available).to.equal(0n);
  });

  it("serves several requests of one account at once, one transaction after another", async () => {
    const results = await Promise.all([1, 2, 3].map(() => client.infer(request())));
    expect(new Set(results.map(({ job }) => job.id)).size).to.equal(3);
    expect(results.map(({ text }) => text)).to.deep.equal([ANSWER, ANSWER, ANSWER]);
  });

  it("lets no two clients of one account, each with a signer of its own, send at the same time", async () => {
    const { client: account } = chain.accounts;
    const clients = await Promise.all(
      [1, 2, 3].map(() => chain.connect({ signer: account.connect(account.provider) })),
    );
    const before = (await client.funds()).available;
    await Promise.all([client, ...clients].map((each) => each.deposit({ amount: 5n })));
    expect((await client.funds()).available - before).to.equal(20n);
  });

  it("resolves when the result is final if asked to, finalising it when nobody else does", async () => {
    const seen: string[] = [];
    const waiting = client.infer({
      ...request(),
      waitFor: "finalized",
      onProgress: ({ stage }) => {
        seen.push(stage);
        if (stage === "submitted") void chain.advance(3600 + 120);
      },
    });
    const { status, receipt } = await waiting;
    expect(status).to.equal("Finalized");
    expect(receipt.payment.bountyRecipient).to.equal(chain.accounts.client.address);
    expect(seen.slice(-3)).to.deep.equal(["submitted", "finalizing", "finalized"]);
  });

  it("works with a wallet that signs and sends by itself", async () => {
    const provider = new BrowserProvider({
      request: ({ method, params }) => chain.rpc(method, params as unknown[]),
    });
    const signer = await provider.getSigner(5);
    await fundClient(chain, signer.address);
    const result = await (await chain.connect({ signer })).infer(request());
    expect(result.text).to.equal(ANSWER);
    expect(names(result.receipt)).to.deep.equal(["fund", "create", "submit"]);
    provider.destroy();
  });

  it("lets a client without signer read, and refuses what needs one", async () => {
    const reader = await chain.connect({ signer: undefined, runner: chain.provider });
    const quote = await reader.quote(request());
    expect(formatAmount(quote.token, quote.cost)).to.equal("4.600014973816431421 ATH");
    const [job] = await reader.jobs({ client: chain.accounts.client.address });
    expect((await reader.resume(job!.id)).text).to.equal(ANSWER);
    const error = await rejection(reader.infer(request()));
    expect([error.code, error.values]).to.deep.equal(["SignerRequired", { action: "send a request" }]);
  });

  describe("choosing a provider", () => {
    let cheap: string;

    before(async () => {
      const owner = await chain.newWallet();
      const operator = await chain.newWallet();
      cheap = owner.address;
      const prices = {
        inputMicrocents: OFFER.inputMicrocents / 2n,
        outputMicrocents: OFFER.outputMicrocents / 2n,
      };
      await registerProvider(chain, { owner, operator: operator.address }, prices);
    });

    it("takes the cheapest, a pinned one, or none of those excluded", async () => {
      const dear = chain.accounts.owner.address;
      expect((await client.quote(request())).provider).to.equal(cheap);
      expect((await client.quote({ ...request(), provider: dear })).provider).to.equal(dear);
      expect(
        (await client.quote({ ...request(), excludeProviders: [cheap.toLowerCase()] })).provider,
      ).to.equal(dear);
      const none = await rejection(client.quote({ ...request(), excludeProviders: [cheap, dear] }));
      expect([none.code, none.values]).to.deep.equal([
        "NoOffer",
        { model: chain.model, token: chain.deployment.ath },
      ]);
    });

    it("lists what stands, with price and room", async () => {
      const offers = await client.offers({ model: chain.model });
      expect(offers.map(({ provider, available }) => [provider, available])).to.deep.equal([
        [chain.accounts.owner.address, true],
        [cheap, true],
      ]);
      expect(offers[0]).to.deep.include({
        ...OFFER,
        ...tokenPricesOf(OFFER, { microcentsPerToken: 2_500_003n, decimals: 18 }),
        token: chain.ath,
        contextLength: 64,
        vocabularySize: 258,
      });
    });
  });
});
