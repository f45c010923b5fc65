import { expect } from "chai";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readKeystore, unlockKeystore } from "../keys/keystore.ts";
import { startChain, type TestChain } from "../testing/chain.ts";
import { runAthanor, startAthanor, type Finished } from "../testing/athanor.ts";
import { temporaryFolder, writeTinyModel, type TemporaryFolder } from "../testing/model.ts";

const password = "correct horse battery staple";
const rpcKey = "rpc-key-0123456789";
const privateKey = "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba";

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
    await writeTinyModel(join(folder.path, "model"), { context: 128 });
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
    expect((await athanor("key", "address", "owner.json")).stdout.trim()).to.equal(owner);
    expect((await athanor("key", "create", "--out", "owner.json")).stderr).to.contain("KEYSTORE_EXISTS");
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
    expect(collected["earned"]).to.match(/^0\.0000\d+ ATH$/);

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
  class: any
  count: 1
models:
  - path: model
    uri: https://models.example/tiny/
    offers:
      - token: ATH
        inputPrice: 0.5 ATH
        outputPrice: 2 ATH
limits:
  maxOpenJobs: 3
storage: provider.sqlite
`;
}
