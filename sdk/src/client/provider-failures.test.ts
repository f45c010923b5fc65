import { expect } from "chai";
import { ProviderFailedError } from "../errors/provider-failed-error.ts";
import type { JobTerms } from "../protocol/job.ts";
import { answerTokens } from "../testing/byte-tokenizer.ts";
import { convictProvider } from "../testing/convict.ts";
import { mined, registerProvider, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { startScriptedProvider, type Script } from "../testing/scripted-provider.ts";
import type { AthanorClient } from "./athanor-client.ts";
import type { InferRequest, Progress } from "./types.ts";

const ONE = 10n ** 18n;

describe("when the provider fails", () => {
  let chain: LocalChain;
  let client: AthanorClient;
  let worker: { stop(): Promise<void> };
  let script: Script;

  before(async () => {
    chain = await startLocalChain();
    await registerProvider(chain);
    worker = startScriptedProvider(chain, (job) => script(job));
    client = await chain.connect();
  });

  after(async () => {
    await worker.stop();
    await chain.close();
  });

  const request = (): InferRequest => ({
    model: chain.model,
    prompt: "To be",
    maxTokens: 20,
    maxPrice: 100n * ONE,
    deadlineSeconds: 60,
  });

  const failure = async (change: Partial<InferRequest>): Promise<ProviderFailedError> => {
    const error = await rejection(client.infer({ ...request(), ...change }));
    if (!(error instanceof ProviderFailedError)) throw error;
    return error;
  };

  it("and never answers, the client takes escrow and bounty back by itself and says so", async () => {
    script = () => "silence";
    const total = async () => {
      const { wallet, available, escrowed } = await client.funds();
      return { held: wallet + available, escrowed };
    };
    const before = await total();
    const seen: Progress[] = [];
    const error = await failure({
      onProgress: (progress) => {
        seen.push(progress);
        if (progress.stage === "waiting") {
          void chain.advance(progress.submitDeadline - progress.chainTime + 1);
        }
      },
    });

    expect(error.code).to.equal("ProviderDidNotAnswer");
    expect(error.shortMessage).to.match(
      /did not answer until 20.*; 4\.7\d* ATH are back in your vault account/,
    );
    const { payment, steps } = error.receipt;
    expect(steps.map(({ name }) => name)).to.deep.equal(["fund", "create", "expire"]);
    expect(payment).to.include({ charged: 0n, fee: 0n, earned: 0n, settled: true });
    expect(payment.bountyRecipient).to.equal(client.account);
    expect(payment.refund + payment.bounty).to.equal(payment.escrowed);
    expect(await total()).to.deep.equal(before);
    expect(seen.map(({ stage }) => stage).slice(-2)).to.deep.equal(["waiting", "refunding"]);
    expect((await client.job(error.job.id)).status).to.equal("Expired");
  });

  it("and somebody else expires the job a moment earlier, the refund is found all the same", async () => {
    script = () => "silence";
    const { stranger } = chain.accounts;
    const { interface: escrow } = chain.contracts.jobEscrow;
    const expire = escrow.getFunction("expire").selector;
    let overtaken = false;
    chain.hooks.intercept = async (method, [transaction], ask) => {
      const { data } = (transaction ?? {}) as { data?: string };
      if (method === "eth_estimateGas" && data?.startsWith(expire) && !overtaken) {
        overtaken = true;
        const [terms] = escrow.decodeFunctionData("expire", data) as unknown as [JobTerms];
        const theirs = escrow.encodeFunctionData("expire", [terms, stranger.address]);
        await mined(stranger.sendTransaction({ to: chain.deployment.jobEscrow, data: theirs }));
      }
      return ask();
    };
    const error = await failure({
      onProgress: (progress) => {
        if (progress.stage === "waiting") {
          void chain.advance(progress.submitDeadline - progress.chainTime + 1);
        }
      },
    });
    chain.hooks.intercept = undefined;
    const { payment } = error.receipt;
    expect(error.code).to.equal("ProviderDidNotAnswer");
    expect(payment.bountyRecipient).to.equal(stranger.address);
    expect(payment.refund).to.equal(payment.escrowed - payment.bounty);
    expect(error.values["returned"]).to.equal(payment.refund);
  });

  it("and declines, everything comes back at once, without a bounty", async () => {
    script = () => "decline";
    const error = await failure({});
    expect(error.code).to.equal("ProviderDeclined");
    const { payment, steps } = error.receipt;
    expect(steps.at(-1)).to.include({ name: "decline", sender: chain.accounts.operator.address });
    expect(payment).to.include({ refund: payment.escrowed, bounty: 0n, charged: 0n, settled: true });
    expect(error.remedy).to.include("excludeProviders");
  });

  it("the funds that came back pay for the next request without another deposit", async () => {
    script = () => answerTokens("at last");
    const result = await client.infer(request());
    expect(result.text).to.equal("at last");
    expect(result.receipt.steps.map(({ name }) => name)).to.deep.equal(["create", "submit"]);
  });
});

describe("when the provider is convicted of a wrong result", () => {
  let chain: LocalChain;
  let client: AthanorClient;
  let worker: { stop(): Promise<void> };

  before(async () => {
    chain = await startLocalChain();
    await registerProvider(chain);
    worker = startScriptedProvider(chain, ({ terms }) =>
      terms.maxTokens === 9n ? "silence" : answerTokens("wrong"),
    );
    client = await chain.connect();
  });

  after(async () => {
    await worker.stop();
    await chain.close();
  });

  const request = (maxTokens: number): InferRequest => ({
    model: chain.model,
    prompt: "To be",
    maxTokens,
    maxPrice: 100n * ONE,
    deadlineSeconds: 600,
  });

  it("answered and open jobs are refunded, whatever they were waiting for, and it is offered no more", async () => {
    const before = await client.funds();
    const answered = await client.infer(request(20));
    const waited = await client.infer(request(20));
    const created = new Promise<string>((resolve) => {
      void client
        .infer({
          ...request(9),
          onProgress: (progress) => {
            if (progress.stage === "waiting") resolve(progress.jobId);
          },
        })
        .catch(() => undefined);
    });
    const open = await created;
    await convictProvider(chain);

    const receipt = await client.refund(open);
    expect(receipt.steps.at(-1)!.name).to.equal("refund");
    expect((await client.job(open)).status).to.equal("Refunded");
    await client.refund(answered.job.id);
    const resumed = await rejection(client.resume(answered.job.id));
    expect(resumed).to.include({ code: "ProviderConvicted" });

    await chain.advance(Number(waited.job.terms.challengeWindow) + 120);
    const error = await rejection(client.waitFinalized(waited.job.id));
    if (!(error instanceof ProviderFailedError)) throw error;
    expect(error.code).to.equal("ProviderConvicted");
    expect(error.receipt.payment).to.include({ charged: 0n, earned: 0n, fee: 0n, settled: true });
    expect(error.receipt.steps.map(({ name }) => name)).to.deep.equal(["create", "submit", "refund"]);
    const after = await client.funds();
    expect(after.wallet + after.available).to.equal(before.wallet + before.available);
    expect(after.escrowed).to.equal(0n);

    const values = { provider: chain.accounts.owner.address };
    const pinned = await rejection(client.quote({ ...request(20), ...values }));
    expect([pinned.code, pinned.values]).to.deep.equal(["ProviderJailed", values]);
    expect(await client.offers({ model: chain.model })).to.deep.equal([]);
  });
});
