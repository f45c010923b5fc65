import { nodeModelSource } from "@athanor/sdk/node";
import { connectContracts } from "@athanor/sdk/protocol";
import { loadModel } from "@athanor/engine/node";
import { Hono } from "hono";
import { id, Wallet, type JsonRpcProvider } from "ethers";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openRpc } from "../chain/rpc.ts";
import { Buyer } from "../checker/measure/buyer.ts";
import type { BuyerOptions, Target } from "../checker/measure/options.ts";
import { SqliteMeasureStore } from "../checker/measure/sqlite-store.ts";
import { openModelProcess } from "../model/open-model-process.ts";
import type { ModelRunner } from "../model/runner.ts";
import { routes } from "../serve/routes.ts";
import { listen } from "../serve/server.ts";
import { startChain, type TestChain } from "./chain.ts";
import { startDaemon, type TestDaemon, type TestDaemonOptions } from "./daemon.ts";
import { modelProcess, temporaryFolder, type TemporaryFolder } from "./model.ts";
import { recordingLog, type RecordingLog } from "./recording-log.ts";

const bard = fileURLToPath(new URL("../../../models/bard/", import.meta.url));

/** What stands between a provider's endpoint and its clients: undefined lets a request through. */
export type Tamper = (request: Request, honest: () => Promise<Response>) => Promise<Response> | undefined;

/** A buyer and all that it stands on; another one on the same database is the same buyer after a restart. */
export interface TestBuyer {
  readonly buyer: Buyer;
  readonly log: RecordingLog;
  readonly store: SqliteMeasureStore;
  /** Ends it as a killed process ends: nothing is waited for. */
  stop(): void;
}

/** A registered provider that serves the model `bard`, and accounts that buy. */
export interface Market {
  readonly chain: TestChain;
  readonly owner: Wallet;
  readonly operator: Wallet;
  readonly runner: ModelRunner;
  readonly accounts: readonly Wallet[];
  /** Owner account of the checker for which is measured. */
  readonly checker: string;
  readonly folder: TemporaryFolder;
  /** Starts the provider, with an endpoint if `channels` are given. Stopped after the test. */
  serve(options?: Partial<TestDaemonOptions>): Promise<TestDaemon>;
  tamper: Tamper;
  /** Ends the endpoint; the provider's loop goes on. */
  closeEndpoint(): Promise<void>;
  buyer(options?: Partial<BuyerOptions>, database?: string): Promise<TestBuyer>;
  /** A day of an epoch that began a quarter of an hour ago. */
  target(changes?: Partial<Target>): Promise<Target>;
  available(account: string): Promise<bigint>;
  wallet(account: string): Promise<bigint>;
}

const ATH = 10n ** 18n;

/** Call it inside a `describe`: it registers the hooks, and fills the market before the first test. */
export function setUpMarket(): Market {
  const market = { tamper: () => undefined } as unknown as { -readonly [Name in keyof Market]: Market[Name] };
  const ending: (() => Promise<void> | void)[] = [];
  let provider: JsonRpcProvider;
  let restore: () => Promise<void>;
  let epoch = 10;

  before(async function () {
    this.timeout(180_000);
    market.folder = await temporaryFolder();
    [market.chain, market.runner] = await Promise.all([startChain(), openModelProcess(modelProcess, bard)]);
    const { chain } = market;
    const { deployment } = chain.contracts;
    market.owner = new Wallet(id("provider of the market"));
    market.operator = new Wallet(id("its operator"));
    market.accounts = ["first buyer", "second buyer"].map((name) => new Wallet(id(name)));
    market.checker = new Wallet(id("checker")).address;
    await chain.registerModel(await loadModel(bard), pathToFileURL(bard).href);
    await chain.registerProvider(market.owner, market.operator.address, [
      [market.runner.commitment.modelRoot, deployment.ath],
    ]);
    for (const { address } of market.accounts) {
      await chain.fund(address);
      await chain.ath(address, 1_000);
    }
    provider = openRpc(chain.rpc.url, chain.chainId);
    const own = connectContracts(market.owner.connect(provider), deployment);
    await (await own.channelEscrow.addReceiptKey(market.operator.address)).wait();
    const bits = (await own.vault.moduleBit(deployment.channelEscrow)) | 3n;
    await (await own.vault.approveStakeModules(bits)).wait();
  });

  beforeEach(async () => {
    restore = await market.chain.snapshot();
    market.tamper = () => undefined;
    epoch++;
  });

  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
    market.chain.rpc.fault = () => false;
    await restore();
  });

  after(async () => {
    provider.destroy();
    await market.runner.close();
    await market.chain.close();
    await market.folder.remove();
  });

  market.serve = async (options = {}) => {
    const { chain, owner, operator, runner } = market;
    const daemon = await startDaemon({ chain, owner, operator, runners: [runner], ...options });
    ending.push(() => daemon.stop());
    const { desk, clock } = daemon.context;
    if (desk === null) return daemon;
    const app = routes({ desk, clock, storage: daemon.storage, log: daemon.log, isHealthy: () => true });
    const outer = new Hono();
    outer.all("*", (context) => {
      const honest = async () => app.fetch(context.req.raw, context.env);
      return market.tamper(context.req.raw, honest) ?? honest();
    });
    const place = { host: "127.0.0.1", port: 0, certificate: null, key: null };
    const { url, close } = await listen(outer, place);
    market.closeEndpoint = close;
    ending.push(close);
    const own = connectContracts(owner.connect(provider), chain.contracts.deployment);
    const { profile } = await own.providerRegistry.providerOf(owner.address);
    const { operator: key, watchtower, hardware } = profile;
    const encryptionKey = options.encryptionKeys?.[0]?.publicKey ?? profile.encryptionKey;
    const update = own.providerRegistry.update({
      ...{ operator: key, watchtower, encryptionKey, endpoint: url },
      hardware: hardware.map(({ hardwareClass, count }) => ({ hardwareClass, count })),
    });
    await (await update).wait();
    return daemon;
  };

  market.buyer = async (options = {}, database = ":memory:") => {
    const { chain, accounts, checker } = market;
    const { deployment } = chain.contracts;
    const log = recordingLog();
    const connection = new DatabaseSync(database);
    const controller = new AbortController();
    const store = new SqliteMeasureStore(connection);
    const node = openRpc(chain.rpc.url, chain.chainId);
    const buyer = await Buyer.connect({
      ...{ provider: node, deployment, accounts, store, log, notBuyers: [checker] },
      ...{ modelSource: nodeModelSource(), allowInsecureEndpoints: true, pollingInterval: 20 },
      ...{ budgets: new Map([[deployment.ath, 50n * ATH]]), signal: controller.signal },
      ...options,
    });
    let isStopped = false;
    const stop = () => {
      if (isStopped) return;
      isStopped = true;
      controller.abort();
      node.destroy();
    };
    ending.push(stop);
    return { buyer, log, store, stop };
  };

  market.target = async (changes = {}) => {
    const now = await market.chain.now();
    const startsAt = now - 900;
    return {
      ...{ provider: market.owner.address, epoch, startsAt, endsAt: startsAt + 86_400 },
      ...{ checker: market.checker, blinding: id(`blinding ${epoch}`), requests: 4 },
      deadline: startsAt + 80_000,
      ...changes,
    };
  };

  market.available = async (account) =>
    (await market.chain.contracts.vault.accountOf(market.chain.contracts.deployment.ath, account)).available;
  market.wallet = (account) => market.chain.contracts.ath.balanceOf(account);
  return market;
}

/** Whether a request asks for an answer. */
export const isQuestion = (request: Request): boolean => new URL(request.url).pathname.endsWith("/requests");
