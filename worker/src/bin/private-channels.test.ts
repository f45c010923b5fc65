// Longer than 400 lines: one provider, started once, is asked, searched, killed, robbed and challenged by all of these.
import {
  ChannelClient,
  Channels,
  encodeRequest,
  tokensRoot,
  type ChannelAnswer,
  type ChannelSession,
} from "@athanor/sdk/channels";
import { encodeTokens, outputTokensRoot } from "@athanor/engine/commitments";
import { generate, type Model } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { connectContracts, type JobTerms } from "@athanor/sdk/protocol";
import { fileRequestStore, fileStore, nodeModelSource } from "@athanor/sdk/node";
import { expect } from "chai";
import { JsonRpcProvider, parseEther, randomBytes, Wallet } from "ethers";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { connect as connectSocket, createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { endAll, runAthanor, startAthanor, type RunningAthanor } from "../testing/athanor.ts";
import { startChain, type TestChain } from "../testing/chain.ts";
import { eventually } from "../testing/eventually.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/model.ts";

const password = "correct horse battery staple";
const bard = fileURLToPath(new URL("../../../models/bard/", import.meta.url));
const DEPOSIT = parseEther("20");
const PROMPT = "PROSPERO:\nTell nobody what I have hidden on the island";

/** Of what is sent in plain, and stands in the database then. */
const PLAIN_PROMPT = "MIRANDA:\nO brave new world, that has such people in it";

describe("private requests in channels, with a worker of its own process", function () {
  this.timeout(240_000);
  let folder: TemporaryFolder;
  let chain: TestChain;
  let model: Model;
  let owner: string;
  let worker: RunningAthanor;
  let proxy: Recorder;
  let provider: JsonRpcProvider;
  let wallet: Wallet;
  const key = randomBytes(32);
  const outputs: RunningAthanor[] = [];
  let stores = 0;

  const athanor = async (...args: string[]) => {
    const finished = await runAthanor(args, { cwd: folder.path, password });
    expect(finished.code, finished.stderr).to.equal(0);
    return finished.stdout.trim();
  };
  const startWorker = async () => {
    worker = startAthanor(["provider", "start", "--config", "provider.yaml"], { cwd: folder.path, password });
    outputs.push(worker);
    await worker.event("ready");
  };
  const configure = async (port: number, encryption: string) => {
    const text = configText(chain, { owner, port, endpoint: proxy.url, encryption });
    await writeFile(join(folder.path, "provider.yaml"), text);
    await athanor("provider", "register", "--config", "provider.yaml", "--yes");
    await startWorker();
  };

  const connect = async (
    store = join(folder.path, `store-${++stores}`),
    options: { fetch?: typeof fetch; requestStore?: undefined } = {},
  ) =>
    ChannelClient.connect({
      requestStore: await fileRequestStore({ folder: join(store, "requests"), key }),
      ...options,
      allowInsecureEndpoints: true,
      signer: wallet,
      deployment: chain.contracts.deployment,
      modelSource: nodeModelSource(),
      pollingInterval: 50,
      store: fileStore(store),
    });
  const ask = (prompt = PROMPT, maxTokens = 24) => ({
    model: model.commitment.modelRoot,
    prompt,
    maxTokens,
    temperature: 0.8,
    seed: 7n,
  });
  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => expect.fail("nothing was refused"),
      (error: unknown) => error as Error & { code: string },
    );

  async function recompute({ request, tokens }: ChannelAnswer) {
    expect(tokens).to.deep.equal((await generate(model, request)).tokens);
  }

  before(async () => {
    folder = await temporaryFolder();
    [chain, model] = await Promise.all([startChain(), loadModel(bard)]);
    owner = await athanor("key", "create", "--out", "owner.json");
    const operator = await athanor("key", "create", "--out", "operator.json");
    const watchtower = await athanor("key", "create", "--out", "watchtower.json");
    for (const address of [owner, operator, watchtower]) await chain.fund(address);
    await chain.ath(owner, 30_000);
    provider = new JsonRpcProvider(chain.rpc.url, undefined, { cacheTimeout: -1, pollingInterval: 50 });
    wallet = new Wallet(Wallet.createRandom().privateKey, provider);
    await chain.fund(wallet.address);
    await chain.ath(wallet.address, 1_000);
    const port = await freePort();
    proxy = await record(port);
    await configure(port, "");
  });

  after(async () => {
    await endAll();
    provider.destroy();
    await proxy.close();
    await chain.close();
    await folder.remove();
  });

  it("are refused before anything is sent, or sent plain if the caller does not mind, while the provider has no key", async () => {
    const client = await connect();
    const channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
    proxy.clear();
    const error = await refusal(channel.infer({ ...ask(), private: true }));
    expect(error.code).to.equal("EncryptionKeyUnusable");
    expect(await channel.privacy(ask())).to.include({ private: false });
    expect(proxy.text()).to.not.contain("/requests");
    const plain = await channel.infer(ask(PLAIN_PROMPT));
    expect(plain.private).to.equal(false);
    // The searches below find what travels in plain.
    expect(findings(plain, PLAIN_PROMPT, [proxy.bytes()])).to.include.members([
      "prompt tokens",
      "answer tokens",
    ]);
    await channel.close();
  });

  describe("to a provider that has a key,", () => {
    before(async () => {
      worker.process.kill("SIGTERM");
      await worker.ended;
      await athanor("key", "create-encryption", "--out", "encryption.json");
      await configure(proxy.port, "  encryptionKeystore: encryption.json");
    });

    it("are sealed by default: neither the wire, the worker's logs and database, nor the client's book shows prompt or answer", async () => {
      const store = join(folder.path, "searched");
      const client = await connect(store);
      const channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
      proxy.clear();
      const { private: isPrivate, disclosures } = await channel.privacy(ask());
      expect(isPrivate).to.equal(true);
      expect(new Set(disclosures.map(({ moment }) => moment))).to.include("step");
      expect(proxy.text()).to.not.contain("/requests");

      const whole = await channel.infer(ask());
      const stream = channel.stream({ ...ask(PROMPT, 40), minTokens: 40, stepTokens: 9 });
      let next = await stream.next();
      while (!next.done) next = await stream.next();
      const stepped = next.value;
      expect(stepped.receipts).to.have.length(5);
      for (const answer of [whole, stepped]) {
        expect(answer.private).to.equal(true);
        await recompute(answer);
        const { secret } = answer.request;
        const { message } = answer.receipts.at(-1)!;
        expect(message.outputTokensRoot).to.equal(outputTokensRoot(answer.tokens, secret));
        expect(message.outputTokensRoot).to.not.equal(tokensRoot(answer.tokens));
        expect(new Set(answer.receipts.map((receipt) => receipt.message.inputRoot)).size).to.equal(1);
      }
      expect(Buffer.from(whole.request.secret!)).to.not.deep.equal(Buffer.from(stepped.request.secret!));

      const wire = proxy.bytes();
      expect(wire.includes('"encoding":"sealed"')).to.equal(true);
      const places = [wire, ...outputs.map((one) => Buffer.from(one.output()))];
      for (const name of ["provider.sqlite", "provider.sqlite-wal"]) {
        places.push(await readFile(join(folder.path, name)).catch(() => Buffer.alloc(0)));
      }
      for (const name of await readdir(store, { recursive: true })) {
        places.push(await readFile(join(store, name)).catch(() => Buffer.alloc(0)));
      }
      for (const answer of [whole, stepped]) expect(findings(answer, PROMPT, places)).to.deep.equal([]);

      // What was asked can be presented by the client, and by nobody who got hold of it.
      const { deployment } = chain.contracts;
      const thief = new Wallet(Wallet.createRandom().privateKey, provider);
      await chain.fund(thief.address);
      const stranger = await Channels.connect({ signer: thief, deployment, pollingInterval: 50 });
      const bytes = encodeRequest(stepped.request);
      const error = await refusal(stranger.present(channel.terms, stepped.receipts.at(-1)!, bytes));
      expect(error.code).to.equal("NotClientOrDelegate");
      const { events } = await client.channels.present(channel.terms, stepped.receipts.at(-1)!, bytes);
      expect(events.map(({ name }) => name)).to.include("ReceiptPresented");
      await channel.close();
    });

    it("go on in the middle of a stream after kill -9 of the worker, with the same secret", async () => {
      const client = await connect();
      const channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
      const stream = channel.stream({ ...ask(PROMPT, 60), minTokens: 60, stepTokens: 10 });
      expect((await stream.next()).done).to.equal(false);
      worker.process.kill("SIGKILL");
      await worker.ended;
      const restarted = startWorker();
      let next = await stream.next();
      while (!next.done) next = await stream.next();
      await restarted;
      await recompute(next.value);
      expect(next.value.receipts).to.have.length(6);
      expect(new Set(next.value.receipts.map(({ message }) => message.inputRoot)).size).to.equal(1);
      await channel.close();
    });

    it("are fetched again, sealed, by a client that was killed, with its store of requests and not without", async () => {
      const store = join(folder.path, "killed");
      const channel = await (await connect(store)).openChannel({ provider: owner, deposit: DEPOSIT });
      for await (const { tokens } of channel.stream({ ...ask(PROMPT, 200), stepTokens: 200 })) {
        if (tokens.length > 0) break;
      }
      const blind = await (await connect(store, { requestStore: undefined })).resumeChannel(channel.id);
      expect((await refusal(blind.recover())).code).to.equal("RequestUnknown");
      proxy.clear();
      const resumed = await (await connect(store)).resumeChannel(channel.id);
      const answer = (await resumed.recover())!;
      expect(answer.private).to.equal(true);
      expect(answer.tokens.length).to.be.greaterThan(0).and.lessThan(200);
      const { tokens } = await generate(model, { ...answer.request, maxTokens: answer.tokens.length });
      expect(answer.tokens).to.deep.equal(tokens);
      expect(findings(answer, PROMPT, [proxy.bytes()])).to.deep.equal([]);
      expect((await resumed.close()).paid).to.equal(answer.price);
    });

    it("are refused without a store of requests, unless the caller wants them plain", async () => {
      const client = await connect(undefined, { requestStore: undefined });
      const channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
      expect((await refusal(channel.infer(ask()))).code).to.equal("RequestStoreMissing");
      expect((await channel.infer({ ...ask(PLAIN_PROMPT, 2), private: false })).private).to.equal(false);
      await channel.close();
    });

    it("with a token outside the vocabulary are refused here, where nobody reads which", async () => {
      const channel = await (await connect()).openChannel({ provider: owner, deposit: DEPOSIT });
      proxy.clear();
      const { prompt: _, ...rest } = ask();
      const error = await refusal(channel.infer({ ...rest, promptTokens: [1, 4_000_000] }));
      expect(error.code).to.equal("InvalidArgument");
      expect(proxy.text()).to.not.contain("/requests");
      await channel.close();
    });

    describe("a hostile provider, or whoever is on the way,", () => {
      let channel: ChannelSession;
      let store: string;

      before(async () => {
        store = join(folder.path, "hostile");
        channel = await (await connect(store)).openChannel({ provider: owner, deposit: DEPOSIT });
      });

      // Each answer has two chunks at least: tokens, and the end.
      const cases: readonly [name: string, change: (chunks: Chunk[]) => Chunk[]][] = [
        ["that cuts off the last chunk", (chunks) => chunks.slice(0, -1)],
        ["that leaves out the first chunk", (chunks) => chunks.slice(1)],
        ["that repeats a chunk", (chunks) => [...chunks, chunks.at(-1)!]],
        [
          "that swaps chunks",
          (chunks) => {
            const [last, before] = [chunks.at(-1)!, chunks.at(-2)!];
            return [
              ...chunks.slice(0, -2),
              { ...before, chunk: last.chunk },
              { ...last, chunk: before.chunk },
            ];
          },
        ],
        [
          "that changes a chunk",
          (chunks) => {
            const bytes = Buffer.from(chunks[0]!.chunk, "base64");
            bytes[bytes.length - 1]! ^= 1;
            return [{ ...chunks[0]!, chunk: bytes.toString("base64") }, ...chunks.slice(1)];
          },
        ],
      ];
      for (const [name, change] of cases) {
        it(`${name} gets nothing acknowledged`, async () => {
          const { spent } = await channel.balance();
          const tampering: typeof fetch = async (input, init) => {
            const response = await fetch(input, init);
            if (!urlOf(input).endsWith("/requests") || !response.ok) return response;
            const lines = (await response.text()).trim().split("\n");
            const parsed = lines.map((line) => JSON.parse(line) as Chunk);
            const chunks = change(parsed.filter(({ type }) => type === "tokens"));
            const rest = parsed.filter(({ type }) => type === "receipt");
            return new Response(
              [...chunks, ...rest].map((line) => `${JSON.stringify(line)}\n`).join(""),
              response,
            );
          };
          const cheated = await (await connect(store, { fetch: tampering })).resumeChannel(channel.id);
          const error = await refusal(cheated.infer({ ...ask(PROMPT, 12), minTokens: 12 }));
          expect(error.code).to.equal("SealedAnswerRefused");
          expect((await channel.balance()).spent).to.equal(spent);
          // What the worker really signed is fetched, and paid.
          channel = await (await connect(store)).resumeChannel(channel.id);
          expect((await channel.recover())!.tokens).to.have.length(12);
        });
      }

      it("that says it takes no sealed requests gets none from who wants privacy", async () => {
        const stripping: typeof fetch = async (input, init) => {
          const response = await fetch(input, init);
          if (!urlOf(input).endsWith("/v1")) return response;
          return new Response((await response.text()).replace('"sealed",', ""), response);
        };
        const cheated = await (await connect(store, { fetch: stripping })).resumeChannel(channel.id);
        proxy.clear();
        const error = await refusal(cheated.infer({ ...ask(), private: true }));
        expect(error.code).to.equal("SealedRequestsNotTaken");
        expect(proxy.text()).to.not.contain("/requests");
      });
    });

    it("sealed for one voucher are refused at another nonce, in another channel, and when changed", async () => {
      const sent: { url: string; body: string }[] = [];
      const recording: typeof fetch = (input, init) => {
        if (urlOf(input).endsWith("/requests")) sent.push({ url: urlOf(input), body: init!.body as string });
        return fetch(input, init);
      };
      const client = await connect(undefined, { fetch: recording });
      const channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
      const other = await client.openChannel({ provider: owner, deposit: DEPOSIT });
      await channel.infer(ask(PROMPT, 4));
      const { url, body } = sent[0]!;
      const post = async (to: string, change: (message: Sent) => void = () => undefined) => {
        const message = JSON.parse(body) as Sent;
        change(message);
        const response = await fetch(to, { method: "POST", body: JSON.stringify(message) });
        return `${response.status} ${await response.text()}`;
      };
      expect(await post(url)).to.match(/^200 [^]*"receipt"/);
      // The voucher is looked at first: its signature names nonce and channel.
      const refused = /^4(09|22) [^]*(VoucherRefused|RequestRefused)/;
      expect(await post(url, ({ voucher }) => (voucher.message["nonce"] = "2"))).to.match(refused);
      expect(await post(url.replace(channel.id, other.id))).to.match(refused);
      for (const at of [31, 63, 67, 68, 100, 200]) {
        const changed = await post(url, (message) => {
          const bytes = Buffer.from(message.request, "base64");
          bytes[at]! ^= 1;
          message.request = bytes.toString("base64");
        });
        expect(changed, `byte ${at}`).to.match(/^4(22|04) /);
      }
      for (const { id } of [channel, other]) await (await client.resumeChannel(id)).close();
    });

    // The last one: it moves the chain's clock far ahead of the machine's.
    describe("challenged by their client,", () => {
      it("have their receipts defended by the watchtower, which opens what was sealed", async () => {
        const client = await connect();
        const channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
        const { receipts, request, tokens } = await channel.infer({ ...ask(PROMPT, 4), minTokens: 4 });
        const { deployment } = chain.contracts;
        const { events } = await client.channels.present(channel.terms, receipts[0]!, encodeRequest(request));
        const presented = events.find(({ name }) => name === "ReceiptPresented")!;
        const { id, job } = presented.values as { id: string; job: JobTerms };
        expect(job.vocabularySize).to.equal(0n);
        const { disputeGame } = connectContracts(wallet, deployment);
        const salt = `0x${"07".repeat(32)}`;
        await chain.fund(wallet.address, "1000");
        const challenge = await disputeGame.challengeIdOf(wallet.address, id, salt);
        await (await disputeGame.commit(challenge, { value: await disputeGame.bondOf(job) })).wait();
        await chain.mine(5);
        const { outputTokensRoot: root } = receipts[0]!.message;
        await (await disputeGame.open(job, { count: tokens.length, tokensRoot: root }, salt)).wait();
        await eventually(async () => (await disputeGame.resultOf(id)).tracedAt > 0n, "the trace is posted");
        await chain.pass(30 * 86_400);
        const repelled = await worker.event("dispute.repelled");
        expect(repelled["challengeIds"]).to.deep.equal([challenge]);
        expect(await chain.contracts.vault.isJailed(owner)).to.equal(false);
      });
    });
  });
});

interface Chunk {
  readonly type: string;
  readonly first: number;
  readonly chunk: string;
}

interface Sent {
  voucher: { message: Record<string, string> };
  request: string;
}

/** What of a request stands in one of these places: as text, as packed tokens, or as these in base64 or hexadecimal digits. */
function findings(
  { request, tokens, text }: ChannelAnswer,
  prompt: string,
  places: readonly Buffer[],
): string[] {
  // Long enough that chance finds nothing.
  const part = (list: readonly number[]) => Buffer.from(encodeTokens(list.slice(0, 6)));
  const sought: [string, Buffer][] = [
    ["prompt text", Buffer.from(prompt.slice(0, 20))],
    ["answer text", Buffer.from(text.slice(0, 20))],
    ["prompt tokens", part(request.prompt)],
    ["answer tokens", part(tokens)],
    ["prompt list", Buffer.from(request.prompt.slice(0, 6).join(","))],
    ["answer list", Buffer.from(tokens.slice(0, 6).join(","))],
  ];
  if (request.secret) sought.push(["secret", Buffer.from(request.secret)]);
  const searched = places.flatMap((place) => {
    const text = place.toString("latin1");
    // Chunks of one stream belong together, wherever they were cut.
    const chunks = [...text.matchAll(/"chunk":"([^"]*)"/g)].map(([, chunk]) => chunk!);
    const others = text.match(/[A-Za-z0-9+/]{24,}={0,2}/g) ?? [];
    const decoded = [chunks, others].map((parts) =>
      Buffer.concat(parts.map((part) => Buffer.from(part, "base64"))),
    );
    return [place, ...decoded, hexOf(place)];
  });
  return sought.filter(([, bytes]) => searched.some((place) => place.includes(bytes))).map(([name]) => name);
}

function hexOf(place: Buffer): Buffer {
  const runs = place.toString("latin1").match(/[0-9a-f]{32,}/g) ?? [];
  return Buffer.concat(runs.map((run) => Buffer.from(run.length % 2 ? run.slice(1) : run, "hex")));
}

interface Recorder {
  readonly url: string;
  /** Where it passes everything on to. */
  readonly port: number;
  /** All that passed in either direction since `clear`. */
  bytes(): Buffer;
  text(): string;
  clear(): void;
  close(): Promise<void>;
}

/** Stands between client and worker and keeps all that passes. */
async function record(port: number): Promise<Recorder> {
  let passed: Buffer[] = [];
  const server: Server = createServer((client) => {
    const target = connectSocket(port, "127.0.0.1");
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      from.on("data", (bytes: Buffer) => {
        passed.push(bytes);
        to.write(bytes);
      });
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    port,
    bytes: () => Buffer.concat(passed),
    text: () => Buffer.concat(passed).toString("latin1"),
    clear: () => (passed = []),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const urlOf = (input: Parameters<typeof fetch>[0]) =>
  input instanceof Request ? input.url : input.toString();

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function configText(
  chain: TestChain,
  parts: { owner: string; port: number; endpoint: string; encryption: string },
): string {
  const { owner, port, endpoint, encryption } = parts;
  return `
chain:
  rpcUrl: ${chain.rpc.url}
  chainId: ${chain.chainId}
  pollInterval: 100ms
keys:
  operatorKeystore: operator.json
  ownerKeystore: owner.json
  watchtowerKeystore: watchtower.json
${encryption}
provider:
  owner: "${owner}"
  endpoint: ${endpoint}
hardware:
  - class: cpu
    count: 1
models:
  - path: ${JSON.stringify(bard)}
    uri: ${pathToFileURL(bard).href}
    offers:
      - token: ATH
        inputCents: "5000"
        outputCents: "20000"
limits:
  maxOpenJobs: 1
channels:
  port: ${port}
storage: provider.sqlite
logLevel: debug
`;
}
