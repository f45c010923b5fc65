import { expect } from "chai";
import { BrowserProvider, type HDNodeWallet } from "ethers";
import { ProviderFailedError } from "../errors/provider-failed-error.ts";
import { connectContracts } from "../protocol/connect-contracts.ts";
import { tokenBytes } from "../protocol/tokens.ts";
import { answerTokens } from "../testing/byte-tokenizer.ts";
import {
  fundClient,
  mined,
  registerProvider,
  startLocalChain,
  type LocalChain,
} from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { startScriptedProvider } from "../testing/scripted-provider.ts";
import type { AthanorClient } from "./athanor-client.ts";
import type { ConnectOptions, InferRequest, Progress } from "./types.ts";

const ONE = 10n ** 18n;
const ANSWER = "still here";

describe("resilience", () => {
  let chain: LocalChain;
  let account: HDNodeWallet;
  let client: AthanorClient;

  const connect = (options: ConnectOptions = {}) => chain.connect({ signer: account, ...options });

  before(async () => {
    chain = await startLocalChain();
    await registerProvider(chain);
  });

  // Every test has an account of its own, with 1,000 ATH in its wallet.
  beforeEach(async () => {
    account = await chain.newWallet();
    await fundClient(chain, account.address);
    client = await connect();
  });

  after(() => chain.close());

  afterEach(() => {
    chain.hooks.intercept = undefined;
  });

  const request = (): InferRequest => ({
    model: chain.model,
    prompt: "To be",
    maxTokens: 20,
    maxPrice: 100n * ONE,
  });
  const serve = () => startScriptedProvider(chain, () => answerTokens(ANSWER));

  /** Runs infer until it reports a stage, then aborts, as if the program had stopped there. */
  async function stopAt(stage: Progress["stage"]): Promise<string | undefined> {
    const controller = new AbortController();
    let jobId: string | undefined;
    const error = await rejection(
      client.infer({
        ...request(),
        signal: controller.signal,
        onProgress: (progress) => {
          if (progress.stage === "created") jobId = progress.jobId;
          if (progress.stage === stage) controller.abort();
        },
      }),
    );
    expect(error.code).to.equal("Aborted");
    return jobId;
  }

  async function answer(jobId: string): Promise<void> {
    const { terms } = await client.job(jobId);
    const { jobEscrow } = connectContracts(chain.accounts.operator, chain.deployment);
    await mined(jobEscrow.submit(terms, tokenBytes(answerTokens(ANSWER))));
  }

  describe("an aborted or crashed client loses nothing", () => {
    it("before funding: nothing was sent", async () => {
      const before = await client.funds();
      await stopAt("quoted");
      expect(await client.funds()).to.deep.equal(before);
    });

    it("while funding: the deposit pays for the next request", async () => {
      await stopAt("funding");
      await waitFor(async () => (await client.funds()).available > 0n);
      const worker = serve();
      const next = await (await connect()).infer(request());
      await worker.stop();
      expect(next.receipt.steps.map(({ name }) => name)).to.deep.equal(["create", "submit"]);
    });

    it("while creating: a new client finds the job among the open ones and gets its answer", async () => {
      await stopAt("creating");
      const fresh = await connect();
      let open: string[] = [];
      await waitFor(async () => {
        open = (await fresh.jobs()).filter(({ status }) => status === "Created").map(({ id }) => id);
        return open.length > 0;
      });
      await answer(open[0]!);
      expect((await fresh.resume(open[0]!)).text).to.equal(ANSWER);
    });

    it("while waiting: it goes on where it was, before or after the answer, until the payment", async () => {
      const jobId = (await stopAt("waiting"))!;
      const fresh = await connect();
      const resumed = fresh.resume(jobId);
      await answer(jobId);
      expect((await resumed).text).to.equal(ANSWER);
      const again = await (await connect()).resume(jobId);
      expect(again.text).to.equal(ANSWER);

      const controller = new AbortController();
      const waiting = fresh.waitFinalized(jobId, { signal: controller.signal });
      controller.abort();
      expect((await rejection(waiting)).code).to.equal("Aborted");
      await chain.advance(Number(again.job.terms.challengeWindow) + 120);
      const final = await (await connect()).waitFinalized(jobId);
      expect(final.status).to.equal("Finalized");
      expect(final.receipt.steps.map(({ name }) => name)).to.deep.equal(["create", "submit", "finalize"]);
    });

    it("until after the deadline: resuming takes the escrow back, and so does refund", async () => {
      const [first, second] = [(await stopAt("waiting"))!, (await stopAt("waiting"))!];
      await chain.advance(400);
      const fresh = await connect();
      const error = await rejection(fresh.resume(first));
      expect(error).to.be.instanceOf(ProviderFailedError);
      expect(error.code).to.equal("ProviderDidNotAnswer");
      const { payment } = await fresh.refund(second);
      expect(payment.refund + payment.bounty).to.equal(payment.escrowed);
      expect((await fresh.job(second)).status).to.equal("Expired");
      expect((await client.funds()).escrowed).to.equal(0n);
    });
  });

  describe("a node that fails now and then", () => {
    const failures: [string, () => Error][] = [
      [
        "drops connections",
        () => Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:8545"), { code: "ECONNREFUSED" }),
      ],
      ["limits the rate", () => Object.assign(new Error("rate limit exceeded"), { code: -32005 })],
      ["answers 502", () => new Error("server response 502 Bad Gateway")],
    ];
    for (const [name, failure] of failures) {
      it(`and ${name}: every request is made again, no transaction twice`, async () => {
        const sentBefore = await chain.provider.getTransactionCount(client.account!);
        const worker = serve();
        // The first request of each kind fails, and the fifth again.
        const counts = new Map<string, number>();
        chain.hooks.intercept = async (method, _params, ask) => {
          const count = (counts.get(method) ?? 0) + 1;
          counts.set(method, count);
          if (count % 5 === 1 && method !== "eth_chainId") throw failure();
          return ask();
        };
        const fresh = await connect();
        const { text, receipt } = await fresh.infer(request());
        chain.hooks.intercept = undefined;
        await worker.stop();
        expect(text).to.equal(ANSWER);
        const sent = receipt.steps.filter(({ sender }) => sender === client.account).length;
        expect(await chain.provider.getTransactionCount(client.account!)).to.equal(sentBefore + sent);
        expect(counts.get("eth_sendRawTransaction")).to.be.greaterThan(sent);
      });
    }

    it("and loses the answer to a transaction that it has sent: the job is created once", async () => {
      await client.deposit({ amount: 10n * ONE });
      const jobsBefore = (await client.jobs()).length;
      let lost = 0;
      const worker = serve();
      chain.hooks.intercept = async (method, _params, ask) => {
        const result = await ask();
        if (method === "eth_sendRawTransaction" && lost++ === 0) throw new Error("socket hang up");
        return result;
      };
      const { text } = await (await connect()).infer(request());
      chain.hooks.intercept = undefined;
      await worker.stop();
      expect([text, lost > 0]).to.deep.equal([ANSWER, true]);
      expect((await client.jobs()).length).to.equal(jobsBefore + 1);
    });

    it("and loses what a wallet has sent: the job is found by its salt, random or chosen", async () => {
      let lose = false;
      const provider = new BrowserProvider({
        request: async ({ method, params }) => {
          const result = await chain.rpc(method, params as unknown[]);
          if (lose && method === "eth_sendTransaction") throw new Error("socket hang up");
          return result;
        },
      });
      const signer = await provider.getSigner(6);
      await fundClient(chain, signer.address);
      const wallet = await chain.connect({ signer });
      await wallet.deposit({ amount: 10n * ONE });
      const worker = serve();
      lose = true;
      for (const salt of [undefined, 7n]) {
        const { text, receipt, job } = await wallet.infer({ ...request(), salt });
        expect(text).to.equal(ANSWER);
        expect(receipt.steps.map(({ name }) => name)).to.deep.equal(["create", "submit"]);
        expect(job.terms.salt).to.equal(salt ?? job.terms.salt);
      }
      await worker.stop();
      provider.destroy();
    });

    it("and tells of a result before it has the result's event: it is asked again", async () => {
      const topic = chain.contracts.jobEscrow.interface.getEvent("ResultSubmitted").topicHash;
      await stopAt("created");
      const [job] = await client.jobs();
      await answer(job!.id);
      let withheld = 0;
      chain.hooks.intercept = async (method, _params, ask) => {
        const result = await ask();
        if (method !== "eth_getLogs" || withheld === 3) return result;
        const others = (result as { topics: string[] }[]).filter(({ topics }) => topics[0] !== topic);
        if (others.length < (result as unknown[]).length) withheld++;
        return others;
      };
      expect((await client.resume(job!.id)).text).to.equal(ANSWER);
      expect(withheld).to.equal(3);
    });

    it("and stays away: a typed error after a bounded number of attempts", async () => {
      let attempts = 0;
      chain.hooks.intercept = (method, _params, ask) => {
        if (method !== "eth_getBlockByNumber") return ask();
        attempts++;
        return Promise.reject(new Error("fetch failed"));
      };
      const error = await rejection((await connect()).infer(request()));
      expect(error.code).to.equal("RpcUnavailable");
      expect(attempts).to.equal(5);
    });

    it("and never answers: RpcTimeout", async () => {
      chain.hooks.intercept = (method, _params, ask) =>
        method === "eth_getCode" ? new Promise(() => undefined) : ask();
      const error = await rejection(connect({ requestTimeout: 50 }));
      expect([error.code, error.values["operation"]]).to.deep.equal(["RpcTimeout", "eth_getCode"]);
    });
  });

  describe("a node that lies", () => {
    const tampered = (event: "JobCreated" | "ResultSubmitted", change: (data: string) => string) => {
      const topic = chain.contracts.jobEscrow.interface.getEvent(event).topicHash;
      chain.hooks.intercept = async (method, _params, ask) => {
        const result = await ask();
        if (method !== "eth_getLogs") return result;
        return (result as { topics: string[]; data: string }[]).map((log) =>
          log.topics[0] === topic ? { ...log, data: change(log.data) } : log,
        );
      };
    };
    const flipLast = (data: string, word: string) => data.replaceAll(word.slice(2), `${word.slice(2, -1)}f`);

    it("about the answer is caught by the commitment: OutputRootMismatch", async () => {
      const worker = serve();
      const { job } = await client.infer(request());
      await worker.stop();
      tampered("ResultSubmitted", (data) => flipLast(data, tokenBytes(answerTokens(ANSWER))));
      const error = await rejection(client.resume(job.id));
      expect(error.code).to.equal("OutputRootMismatch");
      expect(error.values["id"]).to.equal(job.id);
      expect(error.values["found"]).not.to.equal(error.values["expected"]);
      chain.hooks.intercept = undefined;
      expect((await client.resume(job.id)).text).to.equal(ANSWER);
    });

    it("about the request is caught by the job's id: JobRecordInvalid", async () => {
      await stopAt("created");
      const [job] = await client.jobs();
      tampered("JobCreated", (data) => flipLast(data, tokenBytes(job!.promptTokens)));
      expect((await rejection(client.resume(job!.id))).code).to.equal("JobRecordInvalid");
      tampered("JobCreated", (data) => flipLast(data, job!.terms.modelRoot));
      expect((await rejection(client.resume(job!.id))).shortMessage).to.include(
        "the terms are not those of this id",
      );
    });
  });

  it("follows a job whose creation a reorganisation has moved to another block, under the same id", async () => {
    await client.deposit({ amount: 10n * ONE });
    const snapshot = await chain.rpc("evm_snapshot");
    let raw: unknown;
    let first: string | undefined;
    chain.hooks.intercept = (method, params, ask) => {
      if (method === "eth_sendRawTransaction") raw = params[0];
      return ask();
    };
    const result = client.infer({
      ...request(),
      onProgress: (progress) => {
        if (progress.stage !== "created") return;
        first = progress.jobId;
        chain.hooks.intercept = undefined;
        // The block is gone, another one comes instead, and the transaction is mined later than at first.
        void chain
          .rpc("evm_revert", [snapshot])
          .then(() => chain.advance(30))
          .then(() => chain.rpc("eth_sendRawTransaction", [raw]))
          .then(async () => {
            const [created] = (await client.jobs()).slice(-1);
            await answer(created!.id);
          });
      },
    });
    const { text, job } = await result;
    expect(text).to.equal(ANSWER);
    expect(job.id).to.equal(first);
  });

  it("waits for as many blocks as it was told to", async () => {
    const careful = await connect({ confirmations: 3 });
    await client.deposit({ amount: 10n * ONE });
    const mining = setInterval(() => void chain.rpc("evm_mine"), 50);
    const worker = serve();
    const { receipt } = await careful.infer(request());
    await worker.stop();
    clearInterval(mining);
    const submitted = receipt.steps.at(-1)!;
    expect(submitted.name).to.equal("submit");
    expect(await chain.provider.getBlockNumber()).to.be.at.least(submitted.block + 2);
  });

  it("gives up on a chain that has stopped, naming the job to resume: WaitTimeout", async () => {
    const jobId = (await stopAt("waiting"))!;
    const reader = await connect({
      signer: undefined,
      runner: chain.provider,
      transactionTimeout: 100,
    });
    // A client that cannot send cannot take the exit; the clock stands after the deadline.
    await chain.advance(400);
    const error = await rejection(reader.resume(jobId));
    expect([error.code, error.values]).to.deep.equal(["WaitTimeout", { id: jobId, awaited: "answered" }]);
    expect(error.remedy).to.include(`client.resume(${jobId})`);
  });
});

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
