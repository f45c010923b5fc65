import { expect } from "chai";
import { Wallet } from "ethers";
import { openModelThread } from "../model/open-model-thread.ts";
import type { ModelRunner } from "../model/runner.ts";
import { startChain, type TestChain } from "../testing/chain.ts";
import { startDaemon, type TestDaemon, type TestDaemonOptions } from "../testing/daemon.ts";
import { eventually } from "../testing/eventually.ts";
import { modelThread, temporaryFolder, writeTinyModel, type TemporaryFolder } from "../testing/model.ts";

describe("runProvider", () => {
  const owner = Wallet.createRandom();
  const operator = Wallet.createRandom();
  let folder: TemporaryFolder;
  let chain: TestChain;
  let runner: ModelRunner;
  let modelRoot: string;
  let restore: () => Promise<void>;
  const daemons: TestDaemon[] = [];

  before(async () => {
    folder = await temporaryFolder();
    runner = await openModelThread(modelThread, await writeTinyModel(folder.path));
    modelRoot = runner.commitment.modelRoot;
    chain = await startChain();
    await chain.registerModel(runner.commitment);
    await chain.registerProvider(owner as never, operator.address, [
      [modelRoot, chain.contracts.deployment.ath],
      [modelRoot, chain.stablecoin],
    ]);
  });

  beforeEach(async () => {
    restore = await chain.snapshot();
  });

  afterEach(async () => {
    for (const daemon of daemons.splice(0)) await daemon.stop();
    chain.rpc.fault = () => false;
    await restore();
  });

  after(async () => {
    await runner.close();
    await chain.close();
    await folder.remove();
  });

  async function start(options: Partial<TestDaemonOptions> = {}): Promise<TestDaemon> {
    const daemon = await startDaemon({
      chain,
      owner: owner as never,
      operator: operator as never,
      runners: [runner],
      ...options,
    });
    daemons.push(daemon);
    return daemon;
  }

  const request = () => ({ provider: owner.address, modelRoot, prompt: [5, 6, 7], maxTokens: 12 });

  it("takes a job from its creation to its payment", async () => {
    const { log } = await start();
    const id = await chain.createJob(request());
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    expect(await chain.status(id)).to.equal("Submitted");
    await chain.pass(4_000);
    await eventually(() => log.of("job.collected", id).length === 1, "collected");
    expect(await chain.status(id)).to.equal("Finalized");
  });
});
