import { loadModel } from "@athanor/engine/node";
import { referenceExecutor } from "@athanor/engine/trace";
import { connectContracts, readJobs, tokenBytes } from "@athanor/sdk/protocol";
import { expect } from "chai";
import { Wallet, ZeroHash } from "ethers";
import { writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { endAll, runAthanor, startAthanor } from "../testing/athanor.ts";
import { setUpWorld } from "../testing/world.ts";

const password = "correct horse battery staple";
const PROMPT = [5, 6, 7];
const MAX_TOKENS = 4;

type Program = "watchtower" | "challenger";

/** As their users run them: other processes, with configuration files, keystores and signals. */
describe("athanor watchtower and challenger", function () {
  this.timeout(120_000);
  const world = setUpWorld();
  const keys = {} as Record<Program, string>;

  before(async () => {
    for (const name of ["watchtower", "challenger", "operator"] as const) {
      const args = ["key", "create", "--out", `${name}.json`];
      const created = await runAthanor(args, { cwd: world.folder.path, password });
      expect(created.code, created.stderr).to.equal(0);
      if (name !== "operator") keys[name] = created.stdout.trim();
    }
  });
  beforeEach(async () => {
    const { chain, owner, operator } = world;
    for (const address of Object.values(keys)) await chain.fund(address, "1000");
    const own = connectContracts(owner.connect(chain.connection.ethers.provider), chain.contracts.deployment);
    await own.providerRegistry.update({
      operator: operator.address,
      watchtower: keys.watchtower,
      encryptionKey: ZeroHash,
      endpoint: "",
      hardware: [{ hardwareClass: 0, count: 1 }],
    });
  });
  afterEach(endAll);

  const chainText = () => `
chain:
  rpcUrl: ${world.chain.rpc.url}
  chainId: ${world.chain.chainId}
  pollInterval: 50ms
`;
  const texts: Record<Program, () => string> = {
    watchtower: () => `${chainText()}
keys:
  operatorKeystore: operator.json
  watchtowerKeystore: watchtower.json
provider: { owner: "${world.owner.address}" }
hardware: [{ class: cpu, count: 1 }]
models:
  - path: model
    offers: [{ token: ATH, inputCents: "2.5", outputCents: "5" }]
`,
    challenger: () => `${chainText()}
keys:
  challengerKeystore: challenger.json
models:
  - path: model
challenger: { maximumBond: 100 ETH }
`,
  };

  async function start(program: Program, change = (text: string) => text, secret = password) {
    const file = `${program}.yaml`;
    await writeFile(join(world.folder.path, file), change(texts[program]()));
    return startAthanor([program, "start", "--config", file], { cwd: world.folder.path, password: secret });
  }

  async function stop(running: Awaited<ReturnType<typeof start>>, signal: NodeJS.Signals): Promise<void> {
    running.process.kill(signal);
    const { code, stderr } = await running.ended;
    expect([code, stderr]).to.deep.equal([0, ""]);
    expect(running.events().at(-1)).to.include({ event: "stopped" });
  }

  const withMetrics = (port: number) => (text: string) => `${text}metrics: { port: ${port} }\n`;

  async function submitWrong(): Promise<string> {
    const { chain, operator, folder } = world;
    const model = await loadModel(join(folder.path, "model"));
    const { tokens } = await referenceExecutor(model, { prompt: PROMPT, maxTokens: MAX_TOKENS });
    const id = await chain.createJob(world.request({ prompt: PROMPT, maxTokens: MAX_TOKENS }));
    const { provider } = chain.connection.ethers;
    const [job] = await readJobs(chain.contracts, { id }, 0, await provider.getBlockNumber());
    const { jobEscrow } = connectContracts(operator.connect(provider), chain.contracts.deployment);
    await (
      await jobEscrow.submit(job!.terms, tokenBytes([tokens[0] === 5 ? 6 : 5, ...tokens.slice(1)]))
    ).wait();
    return id;
  }

  it("start, settle a wrong result, count what they did, and stop when asked to", async () => {
    const ports = [await freePort(), await freePort()] as const;
    const watchtower = await start("watchtower", withMetrics(ports[0]));
    expect(await watchtower.event("watching")).to.include({
      provider: world.owner.address,
      watchtower: keys.watchtower,
    });
    const challenger = await start("challenger", withMetrics(ports[1]));
    expect(await challenger.event("ready")).to.deep.include({
      challenger: keys.challenger,
      models: [world.modelRoot],
    });
    const id = await submitWrong();
    expect(await challenger.event("result.wrong")).to.include({ jobId: id, firstDifference: 0 });
    expect(await watchtower.event("dispute.seen")).to.include({ jobId: id });
    expect(await challenger.event("result.challenged")).to.include({ jobId: id, status: "won" });
    expect(await watchtower.event("dispute.convicted")).to.include({ jobId: id });

    const get = async (port: number, path: string) => fetch(`http://127.0.0.1:${port}/${path}`);
    const [defended, challenged] = await Promise.all(
      ports.map(async (port) => (await get(port, "metrics")).text()),
    );
    expect(challenged).to.contain('athanor_challenges_total{event="opened"} 1\n');
    expect(challenged).to.contain('athanor_challenges_total{event="won"} 1\n');
    expect(challenged).to.match(/athanor_dispute_gas_used_total [1-9]\d{5,}\n/);
    expect(defended).to.contain('athanor_challenges_total{event="convicted"} 1\n');
    expect(defended).to.contain('athanor_dispute_moves_total{kind="postTrace"} 1\n');
    for (const port of ports) expect((await get(port, "health")).status).to.equal(200);

    await stop(watchtower, "SIGTERM");
    await stop(challenger, "SIGINT");
    const everything = watchtower.output() + challenger.output();
    expect(everything).to.not.contain(password).and.not.contain(world.operator.privateKey.slice(2));
  });

  for (const program of ["watchtower", "challenger"] as const) {
    const ready = program === "watchtower" ? "watching" : "ready";

    it(`${program}: waits for an RPC service that is not there yet, and ends at once when asked to`, async () => {
      world.chain.rpc.fault = () => true;
      const waiting = await start(program);
      expect(await waiting.event("chain.unreachable")).to.include.keys("code", "message", "retryInSeconds");
      world.chain.rpc.fault = () => false;
      await waiting.event(ready);
      world.chain.rpc.fault = () => true;
      const other = await start(program);
      await other.event("chain.unreachable");
      await stop(other, "SIGTERM");
      world.chain.rpc.fault = () => false;
      await stop(waiting, "SIGINT");
    });

    const misconfigurations: Record<string, [change: (text: string) => string, code: string, said: string]> =
      {
        "a mistyped field": [(text) => text.replace("chainId", "chainid"), "CONFIG_INVALID", "chain.chainid"],
        "another chain": [
          (text) => text.replace(/chainId: \d+/, "chainId: 1"),
          "CHAIN_ID_MISMATCH",
          "on chain 31337",
        ],
        "a keystore that is not there": [
          (text) => text.replace(`${program}.json`, "nobody.json"),
          "KEYSTORE_MISSING",
          "nobody.json",
        ],
        "a key in the file": [
          (text) => `${text}privateKey: "${Wallet.createRandom().privateKey}"\n`,
          "CONFIG_PLAINTEXT_KEY",
          `${program}.yaml:`,
        ],
        ...(program === "watchtower"
          ? {
              "no watchtower's key": [
                (text: string) => text.replace("  watchtowerKeystore: watchtower.json\n", ""),
                "KEYSTORE_MISSING",
                "keys.watchtowerKeystore",
              ] as const,
            }
          : {
              "a bond without a unit": [
                (text: string) => text.replace("100 ETH", "100"),
                "CONFIG_INVALID",
                "challenger.maximumBond",
              ] as const,
              "more challenges at once than there may be": [
                (text: string) => text.replace("100 ETH", "100 ETH, maximumAtOnce: 65"),
                "CONFIG_INVALID",
                "challenger.maximumAtOnce",
              ] as const,
              "a model without its files": [
                (text: string) => text.replace("path: model", "path: ."),
                "CHECKPOINT_FILE_MISSING",
                "config.json",
              ] as const,
            }),
      };
    for (const [reason, [change, code, said]] of Object.entries(misconfigurations)) {
      it(`${program}: exits with 78 because of ${reason}`, async () => {
        const { code: exit, stderr } = await (await start(program, change)).ended;
        expect(exit, stderr).to.equal(78);
        expect(stderr).to.contain(`athanor: ${code}\n`).and.contain("\n→ ").and.contain(said);
      });
    }

    it(`${program}: exits with 78 because of a wrong password, and says nothing of it`, async () => {
      const { code, stderr } = await (await start(program, undefined, "not the right password")).ended;
      expect(code, stderr).to.equal(78);
      expect(stderr).to.contain("PASSWORD_WRONG").and.not.contain("not the right password");
    });

    it(`${program}: exits with 78 because its port is another program's`, async () => {
      const server = createServer();
      const port = await listen(server);
      const { code, stderr } = await (await start(program, withMetrics(port))).ended;
      server.close();
      expect(code, stderr).to.equal(78);
      expect(stderr).to.contain("METRICS_PORT_UNUSABLE").and.contain(String(port));
    });
  }
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
