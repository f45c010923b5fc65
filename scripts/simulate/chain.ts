import { network } from "hardhat";
import type {} from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { BrowserProvider, Interface, toQuantity, Wallet, type Log, type Result } from "ethers";
import localAthanor from "../../ignition/modules/LocalAthanor.ts";
import type { Lots } from "./lots.ts";
import { tokenOf, type TokenSymbol } from "./tokens.ts";

/** What each account has of the chain's coin, wei. */
export const COINS = 10n ** 22n;
const GAS = toQuantity(15_000_000);
/** Where the dispute game burns coin. */
const NOBODY = "0x000000000000000000000000000000000000dEaD";

/** Contracts of the day, by the names that messages use. */
const CONTRACTS = {
  ath: "ath",
  vault: "vault",
  currencies: "currencies",
  "provider registry": "providerRegistry",
  "model registry": "modelRegistry",
  "program registry": "programRegistry",
  "fee distributor": "feeDistributor",
  "job escrow": "jobEscrow",
  "channel escrow": "channelEscrow",
  "receipt results": "receiptResults",
  "dispute game": "disputeGame",
  "result sources": "resultSources",
  mUSD: "stablecoin",
} as const;
export type ContractName = keyof typeof CONTRACTS | "mBTC";

/** A transaction that is in a block. */
export interface Mined {
  readonly time: number;
  readonly hash: string;
}

/** A call that a contract refused. */
export class Refused extends Error {
  readonly error: string;
  constructor(call: string, error: string) {
    super(`${call} was refused: ${error}`);
    this.error = error;
  }
}

/** A local chain on which gas costs nothing and time passes only as the day says, with an account for everybody of it. */
export class DayChain {
  /** Seconds since 1970, of the last block. */
  time: number;
  transactions = 0;
  readonly provider: BrowserProvider;
  readonly #request: (method: string, params: readonly unknown[]) => Promise<unknown>;
  readonly #wallets: ReadonlyMap<string, Wallet>;
  readonly #contracts: ReadonlyMap<ContractName, { address: string; interface: Interface }>;
  readonly #close: () => Promise<void>;

  private constructor(options: {
    time: number;
    request: (method: string, params: readonly unknown[]) => Promise<unknown>;
    wallets: ReadonlyMap<string, Wallet>;
    contracts: ReadonlyMap<ContractName, { address: string; interface: Interface }>;
    close: () => Promise<void>;
  }) {
    this.time = options.time;
    this.#request = options.request;
    this.#wallets = options.wallets;
    this.#contracts = options.contracts;
    this.#close = options.close;
    const provider = {
      request: ({ method, params }: { method: string; params?: unknown[] | Record<string, unknown> }) =>
        options.request(method, (params ?? []) as unknown[]),
    };
    this.provider = new BrowserProvider(provider, undefined, { cacheTimeout: -1 });
  }

  /** Deploys everything; the first of the names is the administrator's. */
  static async start(names: readonly string[], lots: Lots, time: number): Promise<DayChain> {
    const wallets = new Map(names.map((name) => [name, new Wallet(lots.bytes32(`account of ${name}`))]));
    const accounts = [...wallets.values()].map(({ privateKey }) => ({ privateKey, balance: COINS }));
    const connection = await network.create({
      override: { accounts, initialBaseFeePerGas: 0n, initialDate: new Date(1_000 * time) } as never,
    });
    const deployed = await connection.ignition.deploy(localAthanor, {
      parameters: { Athanor: { athMicrocents: tokenOf("ATH").microcents } },
    });
    const contracts = new Map<ContractName, { address: string; interface: Interface }>();
    for (const [name, key] of Object.entries(CONTRACTS)) {
      const contract = deployed[key];
      contracts.set(name as ContractName, {
        address: await contract.getAddress(),
        interface: Interface.from(contract.interface.fragments),
      });
    }
    const third = await connection.ethers.deployContract("MockToken", ["Mock BTC", "mBTC", 8]);
    contracts.set("mBTC", {
      address: await third.getAddress(),
      interface: Interface.from(third.interface.fragments),
    });
    const block = await connection.ethers.provider.getBlock("latest");
    return new DayChain({
      time: block!.timestamp,
      request: (method, params) => connection.provider.request({ method, params: [...params] }),
      wallets,
      contracts,
      close: () => connection.close(),
    });
  }

  async close(): Promise<void> {
    this.provider.destroy();
    await this.#close();
  }

  /** Of a contract, an account, or "nobody". */
  addressOf(name: string): string {
    if (name === "nobody") return NOBODY;
    const address = this.#wallets.get(name)?.address ?? this.#contracts.get(name as ContractName)?.address;
    if (address === undefined) throw new RangeError(`nobody is called ${name}`);
    return address;
  }

  token(symbol: TokenSymbol): string {
    return this.addressOf(contractOf(symbol));
  }

  /** The key of an account, to sign with. */
  walletOf(name: string): Wallet {
    return this.#wallets.get(name)!.connect(this.provider);
  }

  interfaceOf(contract: ContractName): Interface {
    return this.#contracts.get(contract)!.interface;
  }

  encode(contract: ContractName, method: string, args: readonly unknown[]): string {
    return this.interfaceOf(contract).encodeFunctionData(method, args);
  }

  /**
   * Sends a transaction in a second of its own, not before `time`.
   *
   * @throws Refused with the name of the error
   */
  async send(
    from: string,
    contract: ContractName,
    method: string,
    args: readonly unknown[],
    { time = 0, value = 0n }: { time?: number; value?: bigint } = {},
  ): Promise<Mined> {
    this.time = Math.max(this.time + 1, time);
    await this.#request("evm_setNextBlockTimestamp", [toQuantity(this.time)]);
    const data = this.encode(contract, method, args);
    const transaction = {
      ...{ from: this.addressOf(from), to: this.addressOf(contract), data, value: toQuantity(value) },
      ...{ gas: GAS, gasPrice: "0x0" },
    };
    let hash: string;
    try {
      hash = (await this.#request("eth_sendTransaction", [transaction])) as string;
    } catch (error) {
      throw new Refused(`${contract}.${method} of ${from}`, this.#nameOf(error));
    }
    this.transactions++;
    return { time: this.time, hash };
  }

  /** The values of the first event of this name that a transaction left. */
  async eventOf({ hash }: Mined, contract: ContractName, name: string): Promise<Result> {
    const receipt = (await this.#request("eth_getTransactionReceipt", [hash])) as { logs: Log[] };
    const parsed = receipt.logs.map((log) => this.interfaceOf(contract).parseLog(log));
    return parsed.find((event) => event?.name === name)!.args;
  }

  async read(
    contract: ContractName,
    method: string,
    args: readonly unknown[] = [],
  ): Promise<readonly unknown[]> {
    const call = { to: this.addressOf(contract), data: this.encode(contract, method, args) };
    const result = (await this.#request("eth_call", [call, "latest"])) as string;
    const values: unknown[] = this.interfaceOf(contract).decodeFunctionResult(method, result).toArray();
    return values;
  }

  async block(): Promise<number> {
    return Number(await this.#request("eth_blockNumber", []));
  }

  /** Wei. */
  async coinOf(name: string): Promise<bigint> {
    return BigInt((await this.#request("eth_getBalance", [this.addressOf(name), "latest"])) as string);
  }

  #nameOf(error: unknown): string {
    const data = (error as { data?: unknown }).data;
    const bytes = typeof data === "string" ? data : (data as { data?: string } | undefined)?.data;
    for (const { interface: own } of bytes === undefined ? [] : this.#contracts.values()) {
      const found = own.parseError(bytes!);
      if (found && found.name !== "Error" && found.name !== "Panic") return found.name;
    }
    return error instanceof Error ? error.message : String(error);
  }
}

function contractOf(symbol: TokenSymbol): ContractName {
  return symbol === "ATH" ? "ath" : symbol;
}
