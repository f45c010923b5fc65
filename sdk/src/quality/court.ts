import type { TransactionReceipt } from "ethers";
import { invalid, show, validateAddress, validateHash } from "../client/arguments.ts";
import { createContext, sendOptions, type ClientContext } from "../client/context.ts";
import type { ConnectOptions } from "../client/types.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import type { QualityCourt } from "../generated/contracts/QualityCourt.ts";
import { sendTransaction } from "../transactions/send.ts";
import { harmedTree, type HarmedShare } from "./harmed-tree.ts";
import {
  courtOf,
  readCase,
  readCases,
  readReport,
  readStanding,
  type CaseReport,
  type CaseView,
  type CourtStanding,
} from "./read-cases.ts";

type CallName = "announce" | "appeal" | "claim" | "decide" | "execute" | "lapse" | "reinstate" | "sweep";

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A case that a reporter announces. */
export interface CaseAnnouncement {
  readonly provider: string;
  /** ATH units: 1 % of the stake of the provider's hardware at least; of more than 10 %, 10 % are frozen. */
  readonly amount: bigint;
  /** The harmed clients and their shares; none by default. */
  readonly shares?: readonly HarmedShare[] | undefined;
  /** What was measured, or where it is published and its hash: 4,096 bytes at most. Publish the shares, too, or nobody can claim. */
  readonly evidence: string;
}

/**
 * The quality court's transactions, for one account on one chain, and what the chain says of its cases (docs/quality.md). Every method rejects with an
 * `AthanorError`; what would fail is refused before it is sent.
 *
 * @example
 * const court = await Court.connect({ signer: owner });
 * const { open } = await court.standing(owner.address);
 * if (open?.status === "Announced") await court.appeal(open.id, "The measurements were made during an outage of the chain.");
 */
export class Court {
  readonly #context: ClientContext;
  readonly #court: QualityCourt;

  private constructor(context: ClientContext, court: QualityCourt) {
    this.#context = context;
    this.#court = court;
  }

  /** @throws AthanorError as `AthanorClient.connect` */
  static async connect(options: Omit<ConnectOptions, "modelSource">): Promise<Court> {
    return guard(async () => {
      const context = await createContext(options);
      return new Court(context, await courtOf(context.contracts));
    });
  }

  // ------------------------------------------------------------------------------------------------ reading

  /** How a provider stands: its open case, what is frozen, its suspension. */
  standing(provider: string): Promise<CourtStanding> {
    return guard(() => {
      validateAddress("provider", provider);
      return readStanding(this.#context.contracts, provider);
    });
  }

  /** All cases that there ever were against a provider, oldest first. */
  cases(provider: string): Promise<CaseView[]> {
    return guard(() => {
      validateAddress("provider", provider);
      return readCases(this.#court, provider);
    });
  }

  /** A case. @throws AthanorError `UnknownCase` */
  case(id: string): Promise<CaseView> {
    return guard(() => {
      validateHash("id", id);
      return readCase(this.#court, id);
    });
  }

  /** The evidence of a case, and the reasons of an appeal, from their events. @throws AthanorError `UnknownCase` */
  report(id: string, options: CallOptions & { readonly fromBlock?: number } = {}): Promise<CaseReport> {
    return guard(async () => {
      validateHash("id", id);
      const { contracts, reader } = this.#context;
      const fromBlock = options.fromBlock ?? contracts.deployment.startBlock ?? 0;
      const toBlock = await reader.read("eth_blockNumber", () => reader.provider.getBlockNumber());
      return readReport(this.#court, id, { fromBlock, toBlock }, { signal: options.signal });
    });
  }

  // ------------------------------------------------------------------------------------------------ sending

  /** Announces a penalty and freezes it, as a reporter. @returns the case's id */
  announce(announcement: CaseAnnouncement, options: CallOptions = {}): Promise<string> {
    return guard(async () => {
      const { provider, amount, shares = [], evidence } = announcement;
      validateAddress("provider", provider);
      const { cases } = await this.#court.standingOf(provider);
      const id = await this.#court.caseIdOf(provider, cases + 1n);
      const root = shares.length === 0 ? `0x${"00".repeat(32)}` : harmedTree(id, shares).root;
      await this.#call("announce", [provider, amount, root, evidence], options);
      return id;
    });
  }

  /** Appeals, as the accused provider or its operator key. Costs nothing now; if the appeal is lost, the discount. */
  appeal(id: string, reasons: string, options: CallOptions = {}): Promise<TransactionReceipt> {
    return this.#ofCase("appeal", id, [reasons], options);
  }

  /** Takes the penalty of a case that nobody appealed in time. */
  execute(id: string, options: CallOptions = {}): Promise<TransactionReceipt> {
    return this.#ofCase("execute", id, [], options);
  }

  /** Drops an appealed case that nobody decided in time. */
  lapse(id: string, options: CallOptions = {}): Promise<TransactionReceipt> {
    return this.#ofCase("lapse", id, [], options);
  }

  /** Decides an appeal, as governance where one account governs; elsewhere a proposal does. */
  decide(id: string, uphold: boolean, options: CallOptions = {}): Promise<TransactionReceipt> {
    return this.#ofCase("decide", id, [uphold], options);
  }

  /**
   * Sends a harmed client its share, whoever asks.
   *
   * @param shares all of the case, as its report published them
   * @throws AthanorError `InvalidShareProof` where they are not those that the report committed to
   */
  claim(
    id: string,
    client: string,
    shares: readonly HarmedShare[],
    options: CallOptions = {},
  ): Promise<TransactionReceipt> {
    return guard(() => {
      validateAddress("client", client);
      const index = shares.findIndex((share) => share.client.toLowerCase() === client.toLowerCase());
      if (index < 0) throw invalid("client", show(client), "one of the clients in shares");
      const { share } = shares[index]!;
      const path = harmedTree(id, shares).pathOf(index);
      return this.#ofCase("claim", id, [client, share, index, path], options);
    });
  }

  /** Sends what nobody claimed within a year to the insurance. */
  sweep(id: string, options: CallOptions = {}): Promise<TransactionReceipt> {
    return this.#ofCase("sweep", id, [], options);
  }

  /** Ends the signer's own suspension, when its time is over: locks what the hardware requires today. */
  reinstate(options: CallOptions = {}): Promise<TransactionReceipt> {
    return guard(() => this.#call("reinstate", [], options));
  }

  #ofCase(
    name: CallName,
    id: string,
    args: readonly unknown[],
    options: CallOptions,
  ): Promise<TransactionReceipt> {
    return guard(() => {
      validateHash("id", id);
      return this.#call(name, [id, ...args], options);
    });
  }

  async #call(
    name: CallName,
    args: readonly unknown[],
    { signal }: CallOptions,
  ): Promise<TransactionReceipt> {
    const options = { ...sendOptions(this.#context, name), signal };
    const data = this.#court.interface.encodeFunctionData(name as never, args as never);
    const to = await this.#court.getAddress();
    return this.#context.sending.run(() => sendTransaction({ to, data }, options));
  }
}

/** Arguments are checked, and failures translated, wherever they come from. */
async function guard<Result>(action: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw toAthanorError(error);
  }
}
