import { expect } from "chai";
import type { AthanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
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
import type { InferRequest } from "./types.ts";

const ONE = 10n ** 18n;
const stranger = "0x52908400098527886E0F7030069857D2E4169EE7";
const unknownRoot = `0x${"ab".repeat(32)}`;

describe("what the client refuses", () => {
  let chain: LocalChain;
  let client: AthanorClient;
  let latest: () => Promise<number>;

  before(async () => {
    chain = await startLocalChain();
    await registerProvider(chain);
    client = await chain.connect();
    latest = async () => (await chain.provider.getBlock("latest"))!.timestamp;
  });

  after(() => chain.close());

  const request = (): InferRequest => ({
    model: chain.model,
    prompt: "To be",
    maxTokens: 20,
    maxPrice: 100n * ONE,
  });

  /** Nothing was sent: neither a transaction nor a token. */
  async function refused(change: Partial<InferRequest>, by: AthanorClient = client): Promise<AthanorError> {
    const account = by.account!;
    const state = async () => [
      await chain.provider.getTransactionCount(account),
      await by.funds(),
      await chain.provider.getBalance(account),
    ];
    const before = await state();
    const error = await rejection(by.infer({ ...request(), ...change }));
    expect(await state()).to.deep.equal(before);
    expect(error.remedy).to.match(/\.$/);
    return error;
  }

  const invalid: [string, Partial<Record<keyof InferRequest, unknown>>, string][] = [
    [
      "a model that is no root",
      { model: "llama" },
      'model is "llama"; expected 0x and 64 hexadecimal digits.',
    ],
    ["no prompt", { prompt: undefined }, "prompt is missing; expected a text, or promptTokens instead."],
    ["two prompts", { promptTokens: [1] }, "prompt is given together with promptTokens;"],
    ["a prompt that is no text", { prompt: 5 }, "prompt is 5; expected a text."],
    [
      "tokens that are no list",
      { prompt: undefined, promptTokens: "abc" },
      'promptTokens is "abc"; expected a list of token ids.',
    ],
    [
      "a token that is no number",
      { prompt: undefined, promptTokens: [1, "2"] },
      'promptTokens[1] is "2"; expected a whole number',
    ],
    ["half a token", { maxTokens: 2.5 }, "maxTokens is 2.5; expected a whole number from 0 to 4294967295."],
    ["a price that is no bigint", { maxPrice: 5 }, "maxPrice is 5; expected a bigint"],
    ["a negative price", { maxPrice: -1n }, "maxPrice is -1n; expected a bigint"],
    ["a token that is no address", { token: "ATH" }, 'token is "ATH"; expected an address'],
    ["a provider that is no address", { provider: "0x12" }, 'provider is "0x12"; expected an address'],
    [
      "a salt beyond 64 bits",
      { salt: 2n ** 64n },
      `salt is ${2n ** 64n}n; expected a bigint from 0n to 2^64 - 1`,
    ],
    [
      "a seed beyond 64 bits",
      { seed: 2n ** 64n },
      `seed is ${2n ** 64n}n; expected a bigint from 0n to 2^64 - 1`,
    ],
    [
      "a wish for something else",
      { waitFor: "ever" },
      'waitFor is "ever"; expected "submitted" or "finalized".',
    ],
    [
      "seconds that are no number",
      { deadlineSeconds: "soon" },
      'deadlineSeconds is "soon"; expected a whole number',
    ],
  ];
  for (const [name, change, message] of invalid) {
    it(`${name}: InvalidArgument`, async () => {
      const error = await refused(change as Partial<InferRequest>);
      expect(error.code).to.equal("InvalidArgument");
      expect(error.shortMessage).to.include(message);
    });
  }

  it("an unknown model: UnknownModel", async () => {
    const error = await refused({ model: unknownRoot });
    expect([error.code, error.values]).to.deep.equal(["UnknownModel", { modelRoot: unknownRoot }]);
  });

  it("an empty list of tokens: EmptyPrompt", async () => {
    expect((await refused({ prompt: undefined, promptTokens: [] })).code).to.equal("EmptyPrompt");
  });

  it("no tokens asked for: NoTokensRequested", async () => {
    expect((await refused({ maxTokens: 0 })).code).to.equal("NoTokensRequested");
  });

  it("a prompt longer than the context: ContextExceeded", async () => {
    const error = await refused({ prompt: "x".repeat(50), maxTokens: 14 });
    const values = { promptTokens: 51n, maxTokens: 14n, contextLength: 64n };
    expect([error.code, error.values]).to.deep.equal(["ContextExceeded", values]);
    expect(error.shortMessage).to.equal(
      "51 prompt tokens and 14 generated ones exceed the model's context of 64.",
    );
  });

  it("a token id outside the vocabulary: TokenOutsideVocabulary", async () => {
    const error = await refused({ prompt: undefined, promptTokens: [0, 257, 258] });
    const values = { index: 2n, token: 258n, vocabularySize: 258n };
    expect([error.code, error.values]).to.deep.equal(["TokenOutsideVocabulary", values]);
  });

  it("a price above the limit: PriceAboveLimit, in readable amounts", async () => {
    const { escrow } = await client.quote(request());
    const error = await refused({ maxPrice: escrow - 1n });
    expect([error.code, error.values]).to.deep.equal([
      "PriceAboveLimit",
      { cost: escrow, maxCost: escrow - 1n },
    ]);
    expect(error.shortMessage).to.match(
      /^The request costs 4\.7\d* ATH with its bounty, more than the limit of 4\.7\d* ATH\.$/,
    );
  });

  it("a token that is not accepted: PaymentTokenNotAccepted", async () => {
    const error = await refused({ token: stranger });
    expect([error.code, error.values]).to.deep.equal(["PaymentTokenNotAccepted", { token: stranger }]);
  });

  it("a deadline in the past, too near or too far: DeadlineOutOfBounds", async () => {
    for (const deadlineSeconds of [-1_000, 0, 5, 100_000]) {
      const error = await refused({ deadlineSeconds });
      expect(error.code).to.equal("DeadlineOutOfBounds");
      const { submitDeadline, earliest, latest: last } = error.values as Record<string, bigint>;
      expect(submitDeadline! < earliest! || submitDeadline! > last!).to.equal(true);
      expect(error.shortMessage).to.match(/The deadline 20\d\d-.*Z \(\d+\) is not between 20/);
    }
  });

  it("a provider that does not offer it: NoSuchOffer", async () => {
    const error = await refused({ provider: stranger });
    const values = { provider: stranger, modelRoot: chain.model, token: chain.deployment.ath };
    expect([error.code, error.values]).to.deep.equal(["NoSuchOffer", values]);
  });

  it("too little money: InsufficientFunds with the exact shortage", async () => {
    const poor = await chain.newWallet();
    const by = await chain.connect({ signer: poor });
    const { escrow: required } = await by.quote(request());
    const error = await refused({}, by);
    const values = {
      token: chain.ath.address,
      owner: poor.address,
      wallet: 0n,
      vault: 0n,
      required,
      shortage: required,
    };
    expect([error.code, error.values]).to.deep.equal(["InsufficientFunds", values]);
    expect(error.shortMessage).to.match(
      /has 0 ATH free in the vault and 0 ATH in its wallet: 4\.7\d* ATH are missing\.$/,
    );
  });

  it("too little coin for gas: InsufficientGasFunds", async () => {
    const poor = await chain.newWallet();
    await fundClient(chain, poor.address);
    await chain.rpc("hardhat_setBalance", [poor.address, "0x1"]);
    const error = await refused({}, await chain.connect({ signer: poor }));
    expect(error.code).to.equal("InsufficientGasFunds");
    expect(error.values["address"]).to.equal(poor.address);
  });

  it("providers without stake for another job: InsufficientStake if pinned, otherwise NoProviderAvailable", async () => {
    const owner = chain.accounts.owner.address;
    const snapshot = await chain.rpc("evm_snapshot");
    const { vault } = connectContracts(chain.accounts.owner, chain.deployment);
    const { staked, locked } = await vault.stakeOf(owner);
    await mined(vault.unbond(staked - locked - 99n * ONE));

    const pinned = await refused({ provider: owner });
    const values = { owner, free: 99n * ONE, required: 100n * ONE };
    expect([pinned.code, pinned.values]).to.deep.equal(["InsufficientStake", values]);
    expect(pinned.shortMessage).to.include("has 99.0 ATH free, 100.0 ATH are needed");
    const any = await refused({});
    expect([any.code, any.values]).to.deep.equal([
      "NoProviderAvailable",
      { offers: 1, stakePerJob: 100n * ONE },
    ]);
    await chain.rpc("evm_revert", [snapshot]);
  });

  describe("once a job is there", () => {
    it("ends of it that are not due, by their errors, and no funds move", async () => {
      const worker = startScriptedProvider(chain, () => answerTokens("yes"));
      const { job } = await client.infer(request());
      await worker.stop();
      const funds = await client.funds();

      const early = await rejection(client.finalize(job.id));
      expect(early.code).to.equal("ChallengeWindowOpen");
      expect(early.values["id"]).to.equal(job.id);
      const refund = await rejection(client.refund(job.id));
      expect(refund.code).to.equal("JobNotOpen");
      expect(refund.shortMessage).to.include("is Submitted,");
      expect(await client.funds()).to.deep.equal(funds);
    });

    it("results that come late, twice, from somebody else, too long or with foreign ids", async () => {
      const silent = await chain.connect({ signer: chain.accounts.client });
      const created = new Promise<string>((resolve, reject) => {
        const stop = new AbortController();
        silent
          .infer({
            ...request(),
            signal: stop.signal,
            onProgress: (progress) => {
              if (progress.stage !== "created") return;
              resolve(progress.jobId);
              stop.abort();
            },
          })
          .catch((error: unknown) => {
            const failure = toAthanorError(error);
            if (failure.code !== "Aborted") reject(failure);
          });
      });
      const { id, terms } = await client.job(await created);
      const by = (signer: typeof chain.accounts.operator) =>
        connectContracts(signer, chain.deployment).jobEscrow;
      const submitted = (tokens: number[], signer = chain.accounts.operator) =>
        by(signer)
          .submit(terms, tokenBytes(tokens))
          .then(() => undefined, toAthanorError);

      const foreign = await submitted([1], chain.accounts.stranger);
      expect(foreign?.code).to.equal("NotOperator");
      expect(foreign?.values).to.deep.equal({
        caller: chain.accounts.stranger.address,
        operator: chain.accounts.operator.address,
      });
      const long = await submitted(new Array<number>(21).fill(1));
      expect([long?.code, long?.values]).to.deep.equal([
        "OutputLengthOutOfBounds",
        { count: 21n, maxTokens: 20n },
      ]);
      expect((await submitted([258]))?.code).to.equal("TokenOutsideVocabulary");

      const early = await rejection(client.refund(id));
      expect([early.code, early.values["submitDeadline"]]).to.deep.equal([
        "NotExpired",
        terms.submitDeadline,
      ]);

      const snapshot = await chain.rpc("evm_snapshot");
      await chain.advance(Number(terms.submitDeadline) - (await latest()) + 1);
      const late = await submitted([1]);
      expect([late?.code, late?.values["submitDeadline"]]).to.deep.equal([
        "SubmissionTooLate",
        terms.submitDeadline,
      ]);
      await chain.rpc("evm_revert", [snapshot]);

      expect(await submitted([1])).to.equal(undefined);
      const second = await submitted([2]);
      expect(second?.code).to.equal("JobNotOpen");
      const fresh = await chain.connect({ signer: undefined, runner: chain.provider });
      expect((await fresh.job(id)).tokens).to.deep.equal([1]);
    });

    it("a job that is not there: JobNotFound", async () => {
      const error = await rejection(client.resume(unknownRoot));
      expect([error.code, error.values["id"]]).to.deep.equal(["JobNotFound", unknownRoot]);
      expect((await rejection(client.job("0x12"))).code).to.equal("InvalidArgument");
    });
  });

  it("withdrawing more than is free: InsufficientBalance", async () => {
    const { available } = await client.funds();
    const error = await rejection(client.withdraw({ amount: available + 1n }));
    expect(error.code).to.equal("InsufficientBalance");
    expect(error.values).to.include({ available, required: available + 1n });
    expect(error.shortMessage).to.include("ATH free");
  });
});
