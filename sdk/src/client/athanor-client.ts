import type { TokenInfo } from "../amounts/token-info.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { mapLimited } from "../internal/map-limited.ts";
import type { AthanorContracts } from "../protocol/connect-contracts.ts";
import type { SealedDelegation } from "../private/delegation.ts";
import {
  readHardware,
  readHardwareClasses,
  type HardwareClass,
  type ProviderHardware,
} from "../protocol/hardware.ts";
import type { JobRecord } from "../protocol/job.ts";
import type { InferenceReceipt } from "../protocol/receipt.ts";
import { readJobs } from "../protocol/read-jobs.ts";
import { answerOf } from "../protocol/read-outcome.ts";
import { fund, readFunds, shortageOf, type Funds } from "../transactions/fund.ts";
import { sendTransaction } from "../transactions/send.ts";
import { invalid, validateAddress, validateAmount, validateHash, validateWhole } from "./arguments.ts";
import { buildReceipt } from "./build-receipt.ts";
import { createContext, sendOptions, tokenInfo, type ClientContext } from "./context.ts";
import { findOffers } from "./find-offers.ts";
import { finalizeJob, followJob, refundJob } from "./follow-job.ts";
import { infer } from "./infer.ts";
import { findJob, findOutcome, readState, withStoredRequest } from "./job-records.ts";
import { prepare } from "./quote.ts";
import type {
  ConnectOptions,
  FollowOptions,
  InferenceResult,
  InferRequest,
  JobsFilter,
  JobSummary,
  JobView,
  Offer,
  Quote,
  QuoteRequest,
} from "./types.ts";
import { validateInferRequest, validateQuoteRequest } from "./validate.ts";

/** Requests to the node under way at a time. */
const PARALLEL_READS = 8;

/**
 * Buys inference: one client for one account on one chain. Every method rejects with an `AthanorError`.
 *
 * @example
 * const client = await AthanorClient.connect({ signer });
 * const { text } = await client.infer({ model, prompt: "To be", maxTokens: 64, maxPrice: 10n ** 18n });
 */
export class AthanorClient {
  readonly #context: ClientContext;

  private constructor(context: ClientContext) {
    this.#context = context;
  }

  /**
   * Finds the contracts on the signer's chain and checks that they are there and belong together.
   *
   * @throws AthanorError `ChainUnknown`, `ContractsMissing`, `DeploymentInconsistent`, `InvalidArgument`
   */
  static async connect(options: ConnectOptions): Promise<AthanorClient> {
    return guard(undefined, async () => new AthanorClient(await createContext(options)));
  }

  /** The signer's account; undefined for a client that only reads. */
  get account(): string | undefined {
    return this.#context.account;
  }

  get chainId(): bigint {
    return this.#context.chainId;
  }

  /** The contracts, connected for reading. */
  get contracts(): AthanorContracts {
    return this.#context.contracts;
  }

  /** Symbol and decimals of a token; without an address, of ATH. */
  async token(address: string = this.contracts.deployment.ath): Promise<TokenInfo> {
    return this.#guarded(async (context) => {
      validateAddress("address", address);
      return tokenInfo(context, address);
    });
  }

  /** The standing offers of a model in one token (default ATH). */
  async offers(request: { model: string; token?: string; signal?: AbortSignal }): Promise<Offer[]> {
    return this.#guarded(async (context) => {
      validateHash("model", request.model);
      const token = request.token ?? context.contracts.deployment.ath;
      validateAddress("token", token);
      await context.contracts.modelRegistry.modelOf(request.model);
      return findOffers(context, request.model, token, request.signal);
    });
  }

  /** The classes of hardware that there are, closed ones too: what a GPU of each locks, and what it delivers at least. */
  async hardwareClasses(): Promise<HardwareClass[]> {
    return this.#guarded(({ contracts }) => readHardwareClasses(contracts));
  }

  /** What a provider registered, and what it locks for that. Nobody has measured it. */
  async hardware(provider: string): Promise<ProviderHardware> {
    return this.#guarded(({ contracts }) => {
      validateAddress("provider", provider);
      return readHardware(contracts, provider);
    });
  }

  /** What a request would cost, and where. Sends nothing; refuses what the escrow would refuse. */
  async quote(request: QuoteRequest): Promise<Quote> {
    return this.#guarded(async (context) => {
      validateQuoteRequest(request);
      return (await prepare(context, request)).quote;
    });
  }

  /**
   * Sends a request to the cheapest provider and returns its answer. Tokenises, funds the vault account with what is missing (one
   * transaction where the token takes permits), escrows the price, follows the chain until the result is there, checks it against
   * its commitment and decodes it. Nothing is sent unless the whole request is in order and within `maxPrice`.
   *
   * Rejects with a `ProviderFailedError` when the provider fails, after the escrow was refunded to the vault account. When the call is
   * aborted or the program stops, the job goes on; `resume` follows it again.
   */
  async infer(request: InferRequest): Promise<InferenceResult> {
    return this.#guarded((context) => {
      validateInferRequest(request);
      return infer(context, request);
    });
  }

  /** Follows a job that was sent earlier, from chain events alone. */
  async resume(
    jobId: string,
    options: FollowOptions & { fromBlock?: number } = {},
  ): Promise<InferenceResult> {
    return this.#guarded(async (context) => {
      validateHash("jobId", jobId);
      return followJob(context, await findJob(context, jobId, options), options);
    });
  }

  /** Waits until a job is final and paid; finalises it if nobody else does within a minute. */
  async waitFinalized(jobId: string, options: Omit<FollowOptions, "waitFor"> = {}): Promise<InferenceResult> {
    return this.resume(jobId, { ...options, waitFor: "finalized" });
  }

  /** Finalises a result whose window is over, and takes the bounty. */
  async finalize(jobId: string, options: { signal?: AbortSignal } = {}): Promise<InferenceReceipt> {
    return this.#endJob(jobId, options.signal, finalizeJob);
  }

  /** Takes back the escrow of a job that was not answered in time, or whose provider was convicted of a wrong result. */
  async refund(jobId: string, options: { signal?: AbortSignal } = {}): Promise<InferenceReceipt> {
    return this.#endJob(jobId, options.signal, refundJob);
  }

  /**
   * Signs that somebody else may challenge the result of one of this account's private jobs. With the delegate's encryption key the
   * request goes along, sealed: without it the delegate cannot recompute anything. A delegation cannot be taken back.
   *
   * @param request.expiresAt last second in which a challenge may be opened, since 1970
   */
  async delegateChallenge(request: {
    jobId: string;
    delegate: string;
    expiresAt: number;
    encryptionKey: string;
    signal?: AbortSignal;
  }): Promise<SealedDelegation> {
    return this.#guarded(async (context) => {
      const { jobId, delegate, expiresAt: expiry, encryptionKey, signal } = request;
      validateHash("jobId", jobId);
      validateAddress("delegate", delegate);
      validateHash("encryptionKey", encryptionKey);
      validateWhole("expiresAt", expiry, 0, 2 ** 40 - 1);
      const { signer } = sendOptions(context, "delegate a challenge");
      const job = await withStoredRequest(context, await findJob(context, jobId, { signal }));
      if (!job.secret) {
        throw invalid("jobId", "that of a public job", "that of a private job of this account");
      }
      const { sealDelegation, signDelegation } = await import("../private/delegation.ts");
      const { resultSources } = context.contracts.deployment;
      const place = { chainId: context.chainId, resultSources };
      const delegation = await signDelegation(signer, place, { work: jobId, delegate, expiry });
      const { promptTokens: prompt, generation, secret } = job;
      return sealDelegation(delegation, { prompt, generation, secret }, place, encryptionKey);
    });
  }

  /** Everything the chain knows of a job. */
  async job(jobId: string, options: { fromBlock?: number; signal?: AbortSignal } = {}): Promise<JobView> {
    return this.#guarded(async (context) => {
      validateHash("jobId", jobId);
      return viewOf(context, await findJob(context, jobId, options));
    });
  }

  /** The jobs of the signer's account, or of any client or provider, oldest first. */
  async jobs(filter: JobsFilter = {}): Promise<JobSummary[]> {
    return this.#guarded(async (context) => {
      const { contracts, reader } = context;
      const client = filter.client === undefined ? context.account : (filter.client ?? undefined);
      if (client !== undefined) validateAddress("client", client);
      if (filter.provider !== undefined) validateAddress("provider", filter.provider);
      const toBlock = await reader.blockNumber(filter.signal);
      const fromBlock = filter.fromBlock ?? contracts.deployment.startBlock ?? 0;
      const { provider, signal } = filter;
      const records = await readJobs(contracts, { client, provider }, fromBlock, toBlock, { signal });
      return mapLimited(records, PARALLEL_READS, async (record) => {
        const { status } = await readState(context, record.id, toBlock);
        return { ...record, status };
      });
    });
  }

  /** What an account has of a token (default: the signer's account, ATH), in the wallet and in the vault. */
  async funds(query: { token?: string; owner?: string } = {}): Promise<Funds> {
    return this.#guarded(async (context) => {
      const owner = query.owner ?? context.account;
      validateAddress("owner", owner);
      const token = await this.token(query.token);
      return readFunds(context.contracts, context.moduleBit, token, owner);
    });
  }

  /** Puts tokens into the signer's vault account, ahead of requests. */
  async deposit(request: { amount: bigint; token?: string; signal?: AbortSignal }): Promise<void> {
    await this.#guarded(async (context) => {
      validateAmount("amount", request.amount, 112n);
      const options = { ...sendOptions(context, "deposit"), signal: request.signal };
      await context.sending.run(async () => {
        const funds = await this.funds(request.token === undefined ? {} : { token: request.token });
        shortageOf({ ...funds, available: 0n }, request.amount);
        await fund(context.contracts, context.moduleBit, funds, request.amount, options);
      });
    });
  }

  /** Takes free tokens out of the signer's vault account, to the signer or to `recipient`. */
  async withdraw(request: {
    amount: bigint;
    token?: string;
    recipient?: string;
    signal?: AbortSignal;
  }): Promise<void> {
    await this.#guarded(async (context) => {
      validateAmount("amount", request.amount, 112n);
      const options = { ...sendOptions(context, "withdraw"), signal: request.signal };
      const token = await this.token(request.token);
      const recipient = request.recipient ?? context.account!;
      validateAddress("recipient", recipient);
      const { vault, deployment } = context.contracts;
      const data = vault.interface.encodeFunctionData("withdraw", [token.address, request.amount, recipient]);
      await context.sending.run(() => sendTransaction({ to: deployment.vault, data }, options));
    });
  }

  async #endJob(
    jobId: string,
    signal: AbortSignal | undefined,
    end: (
      context: ClientContext,
      record: JobRecord,
      options: { signal?: AbortSignal | undefined },
    ) => Promise<void>,
  ): Promise<InferenceReceipt> {
    return this.#guarded(async (context) => {
      validateHash("jobId", jobId);
      const record = await findJob(context, jobId, { signal });
      await tokenInfo(context, record.terms.token);
      await end(context, record, { signal });
      return (await viewOf(context, record)).receipt;
    });
  }

  #guarded<T>(verb: (context: ClientContext) => Promise<T>): Promise<T> {
    return guard(this.#context, () => verb(this.#context));
  }
}

async function viewOf(context: ClientContext, record: JobRecord): Promise<JobView> {
  const block = await context.reader.blockNumber();
  const [{ status }, outcome] = await Promise.all([
    readState(context, record.id, block),
    findOutcome(context, record, block),
  ]);
  if (status === "None") throw athanorError("JobReorganized", { id: record.id });
  const { finalizableAt } = outcome.submitted ?? {};
  const opened = await ifKnown(withStoredRequest(context, record), record);
  const tokens =
    outcome.submitted && (!opened.hidden || opened.secret) && answerOf(opened, outcome.submitted);
  const receipt = await buildReceipt(context, record, outcome);
  return { ...opened, status, tokens: tokens || undefined, finalizableAt, receipt };
}

/** Private jobs of others are shown as far as the chain knows them. */
async function ifKnown(opening: Promise<JobRecord>, closed: JobRecord): Promise<JobRecord> {
  try {
    return await opening;
  } catch (error) {
    if (toAthanorError(error).code !== "RequestUnknown") throw error;
    return closed;
  }
}

/** Whatever goes wrong inside comes out as an AthanorError. */
async function guard<T>(context: ClientContext | undefined, verb: () => Promise<T>): Promise<T> {
  try {
    return await verb();
  } catch (error) {
    throw toAthanorError(error, { tokens: context?.tokens.values() });
  }
}
