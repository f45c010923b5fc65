import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect } from "chai";
import { connectPool, connectPools } from "./delegation/contracts.ts";
import { EncryptionKey } from "./private/encryption-key.ts";
import { answerTokens, byteTokenizerJson } from "./testing/byte-tokenizer.ts";
import { connectContracts } from "./protocol/connect-contracts.ts";
import { connectChecker, joinCheckers, playEpoch, toEpoch } from "./testing/checker-world.ts";
import { mined, registerProvider, startLocalChain, type LocalChain } from "./testing/local-chain.ts";
import { serveChannels } from "./testing/scripted-channels.ts";
import { serveRpc } from "./testing/rpc-server.ts";
import { startScriptedProvider, type Script } from "./testing/scripted-provider.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = await readFile(join(root, "docs/developers.md"), "utf8");
/** Each example and what the page says it prints. */
const examples = [
  ...page.matchAll(/```ts example=(\S+)\n(.*?)```\n(?:\nIt prints\n)?\n```text\n(.*?)```/gs),
].map(([, name, code, output]) => ({ name: name!, code: code!, output: output! }));

describe("docs/developers.md", () => {
  let chain: LocalChain;
  let server: { url: string; close(): Promise<void> };
  let worker: { stop(): Promise<void> };
  let channels: { close(): Promise<void> };
  let folder: string;
  let checker: string;

  before(async () => {
    await mkdir(join(root, ".athanor"), { recursive: true });
    folder = await mkdtemp(join(root, ".athanor/examples-"));
    await writeFile(join(folder, "tokenizer.json"), byteTokenizerJson());
    chain = await startLocalChain({
      modelUri: pathToFileURL(folder).href,
      athMicrocents: 2_500_000n,
      checkers: { epochLength: 3_600, quorum: 3, requests: 1 },
    });
    const microcents = 250_000_000_000n;
    // What that is in ATH: both sides of a channel convert it themselves.
    const price = 100_000n * 10n ** 18n;
    const key = await EncryptionKey.fromSeed(randomBytes(32));
    const prices = { inputPrice: price, outputPrice: 2n * price };
    const offer = { inputMicrocents: microcents, outputMicrocents: 2n * microcents };
    await registerProvider(chain, undefined, offer, key.publicKey);
    const whole = answerTokens("or not to be");
    channels = await serveChannels(chain, prices, whole);
    const script: Script = ({ generation }) =>
      generation.stopSequences.length > 0 ? whole.slice(0, "or not to".length) : whole;
    worker = startScriptedProvider(chain, script, undefined, { encryptionKeys: [key] });
    await makePool(chain);
    checker = await scoreProvider(chain);
    server = await serveRpc(chain);
  });

  after(async () => {
    await server.close();
    await channels.close();
    await worker.stop();
    await chain.close();
    await rm(folder, { recursive: true });
  });

  it("has only examples that this test runs", () => {
    expect(examples).to.have.length.greaterThan(9);
    expect(page.match(/```(ts|js)/g)).to.have.length(examples.length);
  });

  for (const { name, code, output } of examples) {
    it(`example ${name} prints what the page says`, async () => {
      const file = join(folder, `${name}.ts`);
      await writeFile(file, prelude(server.url) + ofSources(code));
      expect(await run(file)).to.equal(output);
    });
  }

  async function run(file: string): Promise<string> {
    const environment = {
      ...process.env,
      RPC_URL: server.url,
      PRIVATE_KEY: chain.accounts.client.privateKey,
      MODEL: chain.model,
      FOLDER: folder,
      STABLECOIN: chain.stablecoin.address,
      CHECKER: checker,
      PROVIDER: chain.accounts.owner.address,
      CHANNELS: join(folder, "channels"),
    };
    const child = spawn(process.execPath, [file], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code, errors).to.equal(0);
    return output;
  }
});

/** A pool that others can delegate to. */
async function makePool({ accounts, deployment }: LocalChain): Promise<void> {
  const { administrator } = accounts;
  const own = 20_000n * 10n ** 18n;
  const pools = connectPools(administrator, deployment);
  await mined(pools.create("hearth", 1_000));
  const pool = await pools.poolOf("hearth");
  await mined(connectContracts(administrator, deployment).ath.approve(pool, own));
  await mined(connectPool(administrator, pool).contribute(own));
}

/** Three checkers measure the provider, and fees come in; returns the owner of one. The clock is where their pay can be claimed. */
async function scoreProvider(chain: LocalChain): Promise<string> {
  const { owner, administrator } = chain.accounts;
  const members = await joinCheckers(chain, 3);
  const checkers = await connectChecker(chain, administrator);
  await checkers.enroll(owner.address);
  const measured = [310, 320, 330].map((latency) => ({ latency, throughput: 5_000, uptime: 9_990 }));
  const epoch = await playEpoch(chain, members, measured, async () => {
    const { ath } = connectContracts(administrator, chain.deployment);
    await mined(ath.transfer(await checkers.contracts.checkerPay.fees(), 300n * 10n ** 18n));
    await checkers.collect(chain.ath.address);
  });
  await toEpoch(chain, checkers, epoch + 3);
  return members[0]!.owner.address;
}

/** The examples run against the sources, not against what was built last. */
function ofSources(code: string): string {
  return code.replaceAll(/"@athanor\/sdk(?:\/(\w+))?"/g, (_, entry?: string) => {
    const url = new URL(`./${entry ?? "index"}.ts`, import.meta.url);
    return JSON.stringify(url.href);
  });
}

/** What browsers have: a wallet that passes requests on. */
function prelude(url: string): string {
  return `
(globalThis as Record<string, unknown>)["ethereum"] = {
  request: async ({ method, params = [] }: { method: string; params?: unknown[] }) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const { result, error } = await (await fetch(${JSON.stringify(url)}, { method: "POST", body })).json();
    if (error) throw error;
    return result;
  },
};
`;
}
