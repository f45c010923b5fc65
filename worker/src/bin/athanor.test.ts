import { expect } from "chai";
import { generate } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readKeystore, unlockKeystore } from "../keys/keystore.ts";
import { startChain, type TestChain } from "../testing/chain.ts";
import { eventually } from "../testing/eventually.ts";
import { endAll, runAthanor, startAthanor, type Finished } from "../testing/athanor.ts";
import { temporaryFolder, writeTinyModel, type TemporaryFolder } from "../testing/model.ts";

const password = "correct horse battery staple";
const rpcKey = "rpc-key-0123456789";
const privateKey = "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba";
/** Another account than any of the tests'. */
const stranger = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65";

describe("athanor", function () {
  this.timeout(120_000);
  let folder: TemporaryFolder;
  let chain: TestChain;
  let owner: string;
  let operator: string;
  let everything = "";

  const config = () => join(folder.path, "provider.yaml");

  async function athanor(...args: string[]): Promise<Finished> {
    const finished = await runAthanor(args, { cwd: folder.path, password });
    everything += finished.stdout + finished.stderr;
    return finished;
  }

  before(async () => {
    folder = await temporaryFolder();
    chain = await startChain(`/v1/${rpcKey}`);
    // Large enough for a generation to last a while.
    const sizes = { hidden: 192, feedForward: 768, layers: 6, heads: 4, headSize: 48, context: 512 };
    await writeTinyModel(join(folder.path, "model"), sizes);
  });

  afterEach(async () => {
    chain.rpc.fault = () => false;
    await endAll();
  });

  after(async () => {
    await chain.close();
    await folder.remove();
  });

  it("makes keys that only their owner can read", async () => {
    const created = await athanor("key", "create", "--out", "operator.json");
    operator = created.stdout.trim();
    expect(created.code, created.stderr).to.equal(0);
    const imported = await runAthanor(
      ["key", "import", "--out", "owner.json", "--key-fd", "3", "--password-fd", "4"],
      {
        cwd: folder.path,
        descriptors: [`${privateKey}\n`, `${password}\n`],
      },
    );
    owner = imported.stdout.trim();
    expect(imported.code, imported.stderr).to.equal(0);
    expect(owner).to.equal("0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc");
    const address = await athanor("key", "address", "owner.json");
    expect(address.stdout.trim(), address.stderr).to.equal(owner);
    expect((await athanor("key", "create", "--out", "owner.json")).stderr).to.contain("KEYSTORE_EXISTS");
    const sealing = await athanor("key", "create-encryption", "--out", "encryption.json");
    expect(sealing.stdout.trim(), sealing.stderr).to.match(/^0x[0-9a-f]{64}$/);
    const again = await athanor("key", "create-encryption", "--out", "encryption.json");
    expect(again.stderr).to.contain("KEYSTORE_EXISTS");
  });

  it("checks, registers, serves a job, and leaves no secret in anything it prints", async () => {
    await writeFile(config(), configText(chain, owner));
    const before = await athanor("provider", "check", "--config", "provider.yaml");
    expect(before.code).to.equal(1);
    expect(before.stdout).to.contain("is not registered");

    await chain.fund(owner);
    await chain.fund(operator);
    await chain.ath(owner, 20_000);
    const registered = await athanor("provider", "register", "--config", "provider.yaml", "--yes");
    expect(registered.code, registered.stderr).to.equal(0);
    const again = await athanor("provider", "register", "--config", "provider.yaml", "--yes");
    expect(again.stdout).to.contain("Nothing to do.");

    const check = await athanor("provider", "check", "--config", "provider.yaml", "--json");
    expect(check.code, check.stdout).to.equal(0);
    const { checks } = JSON.parse(check.stdout) as {
      checks: { name: string; status: string; detail: string }[];
    };
    expect(checks.filter(({ status }) => status === "failed")).to.deep.equal([]);
    expect(checks.find(({ name }) => name === "speed")!.detail).to.match(/[\d.]+ tokens\/s/);

    const daemon = startAthanor(["provider", "start", "--config", "provider.yaml"], {
      cwd: folder.path,
      password,
    });
    const ready = await daemon.event("ready");
    const [modelRoot] = ready["models"] as [string];
    const id = await chain.createJob({ provider: owner, modelRoot, prompt: [5, 6, 7], maxTokens: 12 });
    const submitted = await daemon.event("job.submitted");
    expect(submitted).to.include({ jobId: id, level: "info" });
    expect(Number(submitted["gasUsed"])).to.be.greaterThan(21_000);
    const second = startAthanor(["provider", "start", "--config", "provider.yaml"], {
      cwd: folder.path,
      password,
    });
    const refused = await second.ended;
    expect(refused.code).to.equal(78);
    expect(refused.stderr).to.contain("STORAGE_IN_USE");
    await chain.pass(4_000);
    const collected = await daemon.event("job.collected");
    expect(collected).to.include({ jobId: id });
    expect(collected["earned"]).to.match(/^0\.\d+ ATH$/);

    const status = await athanor("provider", "status", "--config", "provider.yaml", "--json");
    expect(JSON.parse(status.stdout)).to.deep.include({
      openJobs: 0,
      jobs: { collected: 1 },
      daemonAlive: true,
    });
    daemon.process.kill("SIGTERM");
    const ended = await daemon.ended;
    expect(ended.code, ended.stderr).to.equal(0);
    expect(ended.stderr).to.equal("");
    expect(daemon.events().at(-1)).to.include({ event: "stopped" });
    everything += daemon.output() + second.output();

    const withdrawn = await athanor("provider", "withdraw", "--config", "provider.yaml", "--yes");
    expect(withdrawn.code, withdrawn.stderr).to.equal(0);
    // The operator's own key, too: it was made by the first command and never shown.
    const keystore = await readKeystore(join(folder.path, "operator.json"));
    const { privateKey: operatorKey } = await unlockKeystore(keystore, password);
    for (const secret of [password, privateKey.slice(2), operatorKey.slice(2), rpcKey]) {
      expect(everything.toLowerCase()).to.not.contain(secret);
    }
  });

  const start = (file = "provider.yaml", secret = password) =>
    startAthanor(["provider", "start", "--config", file], { cwd: folder.path, password: secret });

  it("survives kill -9 in the middle of a generation and submits the same output once", async () => {
    const daemon = start();
    const { models } = (await daemon.event("ready")) as unknown as { models: [string] };
    const request = { provider: owner, modelRoot: models[0], prompt: [5, 6, 7], maxTokens: 400 };
    const id = await chain.createJob(request);
    await daemon.event("job.progress");
    daemon.process.kill("SIGKILL");
    expect((await daemon.ended).code).to.equal(null);

    const again = start();
    await eventually(async () => (await chain.status(id)) === "Submitted", "submitted");
    expect(await chain.count("ResultSubmitted", id)).to.equal(1);
    const { tokens } = await generate(await loadModel(join(folder.path, "model")), request);
    expect(await chain.outputOf(id)).to.deep.equal(tokens);
    again.process.kill("SIGINT");
    expect((await again.ended).code).to.equal(0);
  });

  it("waits for an RPC service that is not there yet, and ends at once when asked to", async () => {
    chain.rpc.fault = () => true;
    const daemon = start();
    expect(await daemon.event("chain.unreachable")).to.include.keys("code", "message", "retryInSeconds");
    chain.rpc.fault = () => false;
    await daemon.event("ready");
    daemon.process.kill("SIGTERM");
    expect((await daemon.ended).code).to.equal(0);
    chain.rpc.fault = () => true;
    const other = start();
    await other.event("chain.unreachable");
    other.process.kill("SIGTERM");
    expect((await other.ended).code).to.equal(0);
    expect(other.events().at(-1)).to.include({ event: "stopped" });
    chain.rpc.fault = () => false;
  });

  const misconfigurations: readonly [
    name: string,
    change: (text: string) => string,
    code: string,
    ...said: string[],
  ][] = [
    [
      "a mistyped field",
      (text) => text.replace("chainId", "chainid"),
      "CONFIG_INVALID",
      "wrong.yaml:4:3: chain.chainid",
      "chainId",
    ],
    [
      "another chain",
      (text) => text.replace("chainId: 31337", "chainId: 1"),
      "CHAIN_ID_MISMATCH",
      "on chain 31337",
    ],
    [
      "an owner who is no provider",
      (text) => text.replace(/owner: "0x\w+"/, `owner: "${stranger}"`),
      "NOT_REGISTERED",
      stranger,
    ],
    [
      "a keystore that is not there",
      (text) => text.replace("operator.json", "nobody.json"),
      "KEYSTORE_MISSING",
      "nobody.json",
    ],
    [
      "a keystore that others can read",
      (text) => text.replace("operator.json", "open.json"),
      "KEYSTORE_PERMISSIONS",
      "chmod 600",
    ],
    [
      "another operator's keystore",
      (text) => text.replace("operatorKeystore: operator.json", "operatorKeystore: owner.json"),
      "KEY_MISMATCH",
    ],
    [
      "another model",
      (text) => text.replace("- path: model", `- path: model\n    root: "0x${"12".repeat(32)}"`),
      "MODEL_ROOT_MISMATCH",
      "0x1212",
    ],
    [
      "a model without weights",
      (text) => text.replace("- path: model", "- path: ."),
      "CHECKPOINT_FILE_MISSING",
    ],
    [
      "a key in the file",
      (text) => `${text}privateKey: "${privateKey}"\n`,
      "CONFIG_PLAINTEXT_KEY",
      "wrong.yaml:",
    ],
  ];
  for (const [name, change, code, ...said] of misconfigurations) {
    it(`exits with 78, once and for all, because of ${name}`, async () => {
      const text = change(configText(chain, owner)).replace("provider.sqlite", "wrong.sqlite");
      await writeFile(join(folder.path, "wrong.yaml"), text);
      const operatorKey = await readFile(join(folder.path, "operator.json"));
      await writeFile(join(folder.path, "open.json"), operatorKey);
      await chmod(join(folder.path, "open.json"), 0o644);
      const finished = await start("wrong.yaml").ended;
      expect(finished.code, finished.stderr).to.equal(78);
      expect(finished.stderr).to.contain(`athanor: ${code}\n`).and.contain("\n→ ");
      for (const part of said) expect(finished.stderr).to.contain(part);
      for (const secret of [password, privateKey.slice(2)]) {
        expect(finished.stdout + finished.stderr).to.not.contain(secret);
      }
      await rm(join(folder.path, "wrong.sqlite"), { force: true });
    });
  }

  it("exits with 78 because of a wrong password, and says nothing of it", async () => {
    const finished = await start("provider.yaml", "not the right password").ended;
    expect(finished.code).to.equal(78);
    expect(finished.stderr).to.contain("PASSWORD_WRONG").and.not.contain("not the right password");
  });

  it("exits with 2 and help for wrong arguments", async () => {
    for (const args of [
      ["provider", "start"],
      ["provider", "strat"],
      ["key", "create", "--out", "x", "--password-fd", "abc"],
    ]) {
      const finished = await athanor(...args);
      expect(finished.code, args.join(" ")).to.equal(2);
      expect(finished.stderr).to.contain("error: ");
    }
  });

  it("hashes and verifies models", async () => {
    const hashed = await athanor("model", "hash", "model", "--json");
    const { modelRoot } = JSON.parse(hashed.stdout) as { modelRoot: string };
    expect((await athanor("model", "verify", "model", "--root", modelRoot)).code).to.equal(0);
    const other = await athanor("model", "verify", "model", "--root", `0x${"00".repeat(32)}`);
    expect(other.code).to.equal(1);
    expect(other.stdout).to.contain(modelRoot);
  });
});

function configText(chain: TestChain, owner: string): string {
  return `
chain:
  rpcUrl: ${chain.rpc.url}
  chainId: ${chain.chainId}
  pollInterval: 100ms
keys:
  operatorKeystore: operator.json
  ownerKeystore: owner.json
provider:
  owner: "${owner}"
hardware:
  - class: cpu
    count: 1
models:
  - path: model
    uri: https://models.example/tiny/
    offers:
      - token: ATH
        inputCents: "1.25"
        outputCents: "5"
limits:
  maxOpenJobs: 3
storage: provider.sqlite
`;
}
