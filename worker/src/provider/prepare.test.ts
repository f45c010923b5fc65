import { expect } from "chai";
import { EXIT_MISCONFIGURED, WorkerError } from "../errors.ts";
import { movableClock } from "../testing/clock.ts";
import { expectError } from "../testing/expect-error.ts";
import { recordingLog } from "../testing/recording-log.ts";
import { setUpWorld } from "../testing/world.ts";
import { claimStorage, loadModels, requireRegistered, untilReachable } from "./prepare.ts";

describe("what a daemon requires before it starts", function () {
  this.timeout(120_000);
  const world = setUpWorld();

  it("is a database of this chain and this provider", async () => {
    const { owner, operator, start } = world;
    const { context, storage } = await start();
    claimStorage(storage, context.chain, owner.address, "/db");
    claimStorage(storage, context.chain, owner.address, "/db");
    const error = await expectError(
      () => claimStorage(storage, context.chain, operator.address, "/db"),
      "STORAGE_FOREIGN",
      `its provider is ${owner.address}, not ${operator.address}`,
    );
    expect(error.exitCode).to.equal(EXIT_MISCONFIGURED);
    const anew = { ...context.chain, genesis: `0x${"ab".repeat(32)}` };
    await expectError(
      () => claimStorage(storage, anew, owner.address, "/db"),
      "STORAGE_FOREIGN",
      "its genesis is",
    );
  });

  it("is a registered provider with this operator", async () => {
    const { owner, operator, start } = world;
    const { context } = await start();
    await requireRegistered(context.chain, owner.address, operator.address);
    await expectError(
      () => requireRegistered(context.chain, owner.address, owner.address),
      "KEY_MISMATCH",
      `registered with the operator ${operator.address}; the keystore holds the key of ${owner.address}`,
    );
    await expectError(
      () => requireRegistered(context.chain, operator.address, operator.address),
      "NOT_REGISTERED",
      operator.address,
    );
  });

  it("is models whose roots are the configured ones; those already loaded are closed again", async () => {
    const { runner, folder } = world;
    let closed = 0;
    const close = () => {
      closed++;
      return Promise.resolve();
    };
    const open = () => Promise.resolve({ ...runner, close });
    const model = { path: folder.path, root: null, uri: null, offers: [] };
    const wrong = { ...model, root: `0x${"12".repeat(32)}` };
    const log = recordingLog();
    await expectError(
      () => loadModels([model, wrong], open, log),
      "MODEL_ROOT_MISMATCH",
      runner.commitment.modelRoot,
    );
    expect(closed).to.equal(2);
    expect(log.of("model.loaded")[0]).to.include.keys("model", "path", "loadMilliseconds", "tokensPerSecond");
  });

  it("is a chain that answers, which may take a while", async () => {
    const log = recordingLog();
    // Time flies: every sleep is over at once.
    const clock = { ...movableClock(), sleep: () => Promise.resolve() };
    const options = { clock, log, signal: new AbortController().signal };
    let attempts = 0;
    const result = await untilReachable(() => {
      if (++attempts < 20) {
        return Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
      }
      return Promise.resolve("there");
    }, options);
    expect(result).to.equal("there");
    const pauses = log.of("chain.unreachable").map(({ retryInSeconds }) => retryInSeconds as number);
    expect(pauses).to.have.length(19);
    expect(Math.max(...pauses)).to.be.at.most(30);
    expect(pauses[18]).to.be.at.least(15);
    const fatal = new WorkerError("CHAIN_ID_MISMATCH", "another chain", { remedy: "Correct it." });
    await expectError(() => untilReachable(() => Promise.reject(fatal), options), "CHAIN_ID_MISMATCH");
  });
});
