// The commands of docs/staking.md, as a provider follows them.
import { connectPools } from "@athanor/sdk/delegation";
import { expect } from "chai";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChain, type TestChain } from "../testing/chain.ts";
import { runAthanor, type Finished } from "../testing/athanor.ts";
import { temporaryFolder, writeTinyModel, type TemporaryFolder } from "../testing/model.ts";

const page = await readFile(fileURLToPath(new URL("../../../docs/staking.md", import.meta.url)), "utf8");
const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
  .flatMap(([, text]) => text!.trim().split("\n"))
  .map((line) => line.replace(/^athanor /, "").split(" "));
const password = "correct horse battery staple";
const managerKey = "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba";

describe("docs/staking.md", function () {
  this.timeout(120_000);
  let folder: TemporaryFolder;
  let chain: TestChain;
  let manager: string;

  const athanor = (...args: string[]): Promise<Finished> => runAthanor(args, { cwd: folder.path, password });

  before(async () => {
    folder = await temporaryFolder();
    chain = await startChain();
    await writeTinyModel(join(folder.path, "model"));
    const descriptors = [`${managerKey}\n`, `${password}\n`];
    const imported = await runAthanor(
      ["key", "import", "--out", "owner.json", "--key-fd", "3", "--password-fd", "4"],
      { cwd: folder.path, descriptors },
    );
    manager = imported.stdout.trim();
    expect((await athanor("key", "create", "--out", "operator.json")).code).to.equal(0);
    await chain.fund(manager);
    await chain.ath(manager, 20_000);
  });
  after(async () => {
    await chain.close();
    await folder.remove();
  });

  async function configure(owner: string): Promise<void> {
    const text = `
chain: { rpcUrl: "${chain.rpc.url}", chainId: ${chain.chainId}, pollInterval: 100ms }
keys: { operatorKeystore: operator.json, ownerKeystore: owner.json }
provider: { owner: "${owner}" }
hardware: [{ class: cpu, count: 1 }]
models: [{ path: model, uri: "https://models.example/tiny/", offers: [{ token: ATH, inputCents: "1.25", outputCents: "5" }] }]
limits: { maxOpenJobs: 3 }
storage: provider.sqlite
`;
    await writeFile(join(folder.path, "provider.yaml"), text);
  }

  it("can be followed command by command", async () => {
    await configure(manager);
    expect(commands.map(([group, verb]) => `${group} ${verb}`)).to.deep.equal([
      "pool create",
      "provider register",
      "pool contribute",
      "pool status",
      "pool harvest",
      "pool commission",
    ]);
    const pool = await connectPools(chain.contracts.ath.runner, chain.contracts.deployment).addressOf(
      manager,
      "hearth",
    );
    const said: string[] = [];
    for (const command of commands) {
      const { code, stdout, stderr } = await athanor(...command);
      expect(code, `${command.join(" ")}: ${stderr}`).to.equal(0);
      said.push(stdout);
      if (command[1] === "create") {
        expect(stdout).to.contain(`Set provider.owner to ${pool}`);
        await configure(pool);
      }
      if (command[1] === "contribute") await chain.contracts.ath.transfer(pool, 10n ** 20n);
    }
    const text = said.join("");
    expect(text).to.contain("✓ contribute 6300 ATH to the own part (6000 ATH for hardware and fraud deposit");
    expect(text).to.contain("✓ contribute 5000 ATH to the own part");
    expect(text).to.match(/own part +11300 ATH; 0 ATH cover what is delegated/);
    expect(text).to.match(/price of a share +1 ATH/);
    expect(text).to.contain("✓ lower the commission from 10 % to 7.5 %");
    const again = await athanor(...commands[1]!);
    expect(again.stdout).to.contain("Nothing to do.");
    const status = await athanor("pool", "status", "--config", "provider.yaml", "--json");
    expect(JSON.parse(status.stdout)).to.deep.include({
      address: pool,
      manager,
      label: "hearth",
      resting: false,
    });
    const paid = await athanor("provider", "withdraw", "--config", "provider.yaml", "--yes");
    expect(paid.code, paid.stderr).to.equal(0);
    const left = await athanor("provider", "leave", "--config", "provider.yaml", "--yes");
    expect(left.stdout).to.contain("✓ retire the pool, for good").and.contain("✓ ask for the own part");
  });

  it("refuses a key that is not the pool's manager's, an owner that is no pool, and no percentage", async () => {
    await configure(manager);
    const none = await athanor("pool", "status", "--config", "provider.yaml");
    expect([none.code, none.stderr]).to.deep.equal([
      78,
      `athanor: POOL_UNKNOWN\nprovider.owner, ${manager}, is no delegation pool.\n→ Make one with athanor pool create, and set provider.owner to its address.\n`,
    ]);
    const pools = connectPools(chain.client, chain.contracts.deployment);
    await (await pools.create("other", 0)).wait();
    await configure(await pools.poolOf("other"));
    const wrong = await athanor("pool", "harvest", "--config", "provider.yaml", "--yes");
    expect(wrong.stderr)
      .to.contain("KEY_MISMATCH")
      .and.contain(await chain.client.getAddress());
    const percent = await athanor("pool", "commission", "--config", "provider.yaml", "--set", "101");
    expect([percent.code, percent.stderr.includes("A percentage from 0 to 100")]).to.deep.equal([2, true]);
  });
});
