import { loadModel } from "@athanor/engine/node";
import { EncryptionKey } from "@athanor/sdk/private";
import { randomBytes, Wallet } from "ethers";
import { join } from "node:path";
import { openModelProcess } from "../model/open-model-process.ts";
import type { ModelRunner } from "../model/runner.ts";
import { startChain, type JobRequest, type TestChain } from "./chain.ts";
import { startDaemon, type TestDaemon, type TestDaemonOptions } from "./daemon.ts";
import { modelProcess, temporaryFolder, writeTinyModel, type TemporaryFolder } from "./model.ts";

/** A registered provider with a small model on a chain of its own; every test starts from the same block. */
export interface World {
  readonly chain: TestChain;
  readonly owner: Wallet;
  readonly operator: Wallet;
  readonly runner: ModelRunner;
  /** The provider's, registered. */
  readonly encryptionKey: EncryptionKey;
  readonly modelRoot: string;
  readonly folder: TemporaryFolder;
  /** A database file that no other test uses. */
  readonly database: () => string;
  /** A daemon that is stopped after the test. */
  readonly start: (options?: Partial<TestDaemonOptions>) => Promise<TestDaemon>;
  readonly request: (changes?: Partial<JobRequest>) => JobRequest;
}

/** Call it inside a `describe`: it registers the hooks, and fills the world before the first test. */
export function setUpWorld(): World {
  const world = {} as { -readonly [Name in keyof World]: World[Name] };
  const daemons: TestDaemon[] = [];
  let restore: () => Promise<void>;
  let databases = 0;

  before(async function () {
    this.timeout(120_000);
    world.folder = await temporaryFolder();
    const model = await writeTinyModel(join(world.folder.path, "model"));
    world.runner = await openModelProcess(modelProcess, model);
    world.modelRoot = world.runner.commitment.modelRoot;
    world.owner = new Wallet(Wallet.createRandom().privateKey);
    world.operator = new Wallet(Wallet.createRandom().privateKey);
    world.chain = await startChain();
    const { chain, owner, operator, modelRoot } = world;
    await chain.registerModel(await loadModel(model));
    world.encryptionKey = await EncryptionKey.fromSeed(randomBytes(32));
    await chain.registerProvider(
      owner,
      operator.address,
      [
        [modelRoot, chain.contracts.deployment.ath],
        [modelRoot, chain.stablecoin],
      ],
      1n,
      world.encryptionKey.publicKey,
    );
  });

  beforeEach(async () => {
    restore = await world.chain.snapshot();
  });

  afterEach(async () => {
    for (const daemon of daemons.splice(0)) await daemon.stop();
    world.chain.rpc.fault = () => false;
    await restore();
  });

  after(async () => {
    await world.runner.close();
    await world.chain.close();
    await world.folder.remove();
  });

  world.database = () => join(world.folder.path, `database-${++databases}.sqlite`);
  world.start = async (options = {}) => {
    const { chain, owner, operator, runner } = world;
    const encryptionKeys = [world.encryptionKey];
    const daemon = await startDaemon({
      ...{ chain, owner, operator, encryptionKeys, runners: [runner] },
      ...options,
    });
    daemons.push(daemon);
    return daemon;
  };
  world.request = (changes = {}) => ({
    provider: world.owner.address,
    modelRoot: world.modelRoot,
    prompt: [5, 6, 7],
    maxTokens: 12,
    ...changes,
  });
  return world;
}
