// Longer than 400 lines: one provider, started once, is asked, robbed, killed and settled by all of these.
import {
  ChannelClient,
  Channels,
  encodeRequest,
  tokensRoot,
  type ChannelSession,
  type StreamPart,
} from "@athanor/sdk/channels";
import { connectContracts, type JobTerms } from "@athanor/sdk/protocol";
import { fileStore, nodeModelSource } from "@athanor/sdk/node";
import { generate, type Model } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { expect } from "chai";
import { JsonRpcProvider, parseEther, Wallet } from "ethers";
import { writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { connect as connectSocket, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { endAll, runAthanor, startAthanor, type RunningAthanor } from "../testing/athanor.ts";
import { startChain, type TestChain } from "../testing/chain.ts";
import { eventually } from "../testing/eventually.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/model.ts";

const password = "correct horse battery staple";
const bard = fileURLToPath(new URL("../../../models/bard/", import.meta.url));
const DEPOSIT = parseEther("20");

describe("channels over HTTP, with a worker of its own process", function () {
  this.timeout(180_000);
  let folder: TemporaryFolder;
  let chain: TestChain;
  let model: Model;
  let owner: string;
  let port: number;
  let worker: RunningAthanor;
  let provider: JsonRpcProvider;
  let wallet: Wallet;
  let stores = 0;

  const athanor = async (...args: string[]) => {
    const finished = await runAthanor(args, { cwd: folder.path, password });
    expect(finished.code, finished.stderr).to.equal(0);
    return finished.stdout.trim();
  };
  const startWorker = async () => {
    worker = startAthanor(["provider", "start", "--config", "provider.yaml"], { cwd: folder.path, password });
    await worker.event("ready");
  };

  before(async () => {
    folder = await temporaryFolder();
    [chain, model, port] = await Promise.all([startChain(), loadModel(bard), freePort()]);
    owner = await athanor("key", "create", "--out", "owner.json");
    const operator = await athanor("key", "create", "--out", "operator.json");
    const watchtower = await athanor("key", "create", "--out", "watchtower.json");
    await writeFile(join(folder.path, "provider.yaml"), configText(chain, owner, port));
    for (const address of [owner, operator, watchtower]) await chain.fund(address);
    await chain.ath(owner, 30_000);
    await athanor("provider", "register", "--config", "provider.yaml", "--yes");
    provider = new JsonRpcProvider(chain.rpc.url, undefined, { cacheTimeout: -1, pollingInterval: 50 });
    wallet = new Wallet(Wallet.createRandom().privateKey, provider);
    await chain.fund(wallet.address);
    await chain.ath(wallet.address, 1_000);
    await startWorker();
  });

  after(async () => {
    await endAll();
    provider.destroy();
    await chain.close();
    await folder.remove();
  });

  const connect = (
    store = join(folder.path, `store-${++stores}`),
    options: { fetch?: typeof fetch; silence?: number } = {},
  ) =>
    ChannelClient.connect({
      ...options,
      allowInsecureEndpoints: true,
      signer: wallet,
      deployment: chain.contracts.deployment,
      modelSource: nodeModelSource(),
      pollingInterval: 50,
      store: fileStore(store),
    });
  const ask = (prompt = "ROMEO:\n", maxTokens = 24) => ({
    model: model.commitment.modelRoot,
    prompt,
    maxTokens,
    temperature: 0.8,
    seed: 7n,
  });
  const available = async (account: string) =>
    (await chain.contracts.vault.accountOf(chain.contracts.deployment.ath, account)).available;

  async function recompute(answer: Awaited<ReturnType<ChannelSession["infer"]>>) {
    const { tokens } = await generate(model, answer.request);
    expect(answer.tokens).to.deep.equal(tokens);
  }

  it("answers many requests, whole and in steps, and settles them with one transaction, to the last unit", async () => {
    const client = await connect();
    const channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
    const before = { provider: await available(owner), client: await available(wallet.address) };
    let spent = 0n;
    for (const prompt of ["ROMEO:\n", "JULIET:\n"]) {
      const answer = await channel.infer(ask(prompt));
      await recompute(answer);
      expect(answer.receipts).to.have.length(1);
      spent += answer.price;
    }
    const parts: StreamPart[] = [];
    const stream = channel.stream({ ...ask("FRIAR LAURENCE:\n", 30), stepTokens: 8 });
    let next = await stream.next();
    for (; !next.done; next = await stream.next()) parts.push(next.value);
    const answer = next.value;
    await recompute(answer);
    expect(parts.map(({ text }) => text).join("")).to.equal(answer.text);
    expect(parts.flatMap(({ tokens }) => tokens)).to.deep.equal(answer.tokens);
    expect(answer.receipts).to.have.length(Math.ceil(answer.tokens.length / 8));
    // The steps cost together what the answer costs at once.
    const again = await channel.infer(ask("FRIAR LAURENCE:\n", 30));
    expect(again.price).to.equal(answer.price);
    spent += answer.price + again.price;
    expect((await channel.balance()).spent).to.equal(spent);
    expect((await channel.onChain()).paid).to.equal(0n);

    const view = await channel.close();
    expect(view.status).to.equal("Closed");
    expect(view.paid).to.equal(spent);
    const fee = (spent * channel.terms.feeBasisPoints + 9_999n) / 10_000n;
    expect((await available(owner)) - before.provider).to.equal(spent - fee);
    expect((await available(wallet.address)) - before.client).to.equal(
      DEPOSIT - spent - channel.terms.exitBounty,
    );
    await eventually(() => worker.events().some(({ event }) => event === "channel.closed"), "closed");
    const sent = worker.events().filter(({ event }) => event === "transaction.mined");
    expect(sent.length).to.be.lessThan(2);
  });

  it("goes on in the middle of a stream after kill -9 of the worker, with the same tokens and one receipt more", async () => {
    const client = await connect();
    const channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
    const stream = channel.stream({ ...ask("HAMLET:\n", 60), stepTokens: 10 });
    const first = await stream.next();
    expect(first.done).to.equal(false);
    worker.process.kill("SIGKILL");
    await worker.ended;
    const restarted = startWorker();
    let next = await stream.next();
    while (!next.done) next = await stream.next();
    await restarted;
    await recompute(next.value);
    await channel.close();
  });

  it("pays an answer that its client aborted for what arrived, and a client that was killed takes it when it is back", async () => {
    const store = join(folder.path, "killed");
    const client = await connect(store);
    const channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
    for await (const { tokens } of channel.stream({ ...ask("KING LEAR:\n", 200), stepTokens: 200 })) {
      if (tokens.length > 0) break;
    }
    // Another program, with what the first one left on disk.
    const resumed = await (await connect(store)).resumeChannel(channel.id);
    const answer = await resumed.recover();
    expect(answer!.complete).to.equal(false);
    expect(answer!.tokens.length).to.be.greaterThan(0).and.lessThan(200);
    const { tokens } = await generate(model, { ...answer!.request, maxTokens: answer!.tokens.length });
    expect(answer!.tokens).to.deep.equal(tokens);
    expect(await resumed.recover()).to.equal(undefined);
    const whole = await resumed.infer(ask("KING LEAR:\n", 12));
    await recompute(whole);
    const view = await resumed.close();
    expect(view).to.include({ status: "Closed", paid: answer!.price + whole.price });
  });

  describe("a hostile provider", () => {
    /** Changes the lines of answers on their way. */
    const tampering =
      (change: (lines: string[]) => string[] | ReadableStream<Uint8Array>): typeof fetch =>
      async (input, init) => {
        const response = await fetch(input, init);
        if (!urlOf(input).endsWith("/requests") || !response.ok) return response;
        const lines = (await response.text()).split("\n").slice(0, -1);
        const changed = change(lines);
        return new Response(
          Array.isArray(changed) ? changed.map((line) => `${line}\n`).join("") : changed,
          response,
        );
      };
    const changeLine = (type: string, change: (line: Line) => void) => (lines: string[]) =>
      lines.map((text) => {
        const line = JSON.parse(text) as Line;
        if (line.type === type) change(line);
        return JSON.stringify(line);
      });
    const endless = (text: string) =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new TextEncoder().encode(text)),
      });

    interface Line {
      type: string;
      first: number;
      chunk: string;
      receipt: { message: Record<string, unknown>; signature: string };
    }

    const cases: readonly [
      name: string,
      change: (lines: string[]) => string[] | ReadableStream<Uint8Array>,
      code: string,
      said: string,
    ][] = [
      [
        "that signs a receipt of another price",
        changeLine("receipt", ({ receipt }) => (receipt.message["price"] = "1")),
        "ReceiptRefused",
        "price",
      ],
      [
        "that changes a token on its way",
        changeLine("tokens", (line) => (line.chunk = otherToken(line.chunk))),
        "ReceiptRefused",
        "outputTokensRoot",
      ],
      [
        "that sends tokens outside the vocabulary",
        changeLine("tokens", (line) => (line.chunk = "/////w==")),
        "ProviderMisbehaved",
        "4294967295",
      ],
      [
        "that leaves tokens out",
        changeLine("tokens", (line) => (line.first += 1)),
        "ProviderMisbehaved",
        "tokens from 1 on",
      ],
      [
        "that sends tokens without end",
        (lines) => [
          ...Array.from({ length: 99 }, (_, first) =>
            JSON.stringify({ type: "tokens", first, chunk: "AAAAAQ==" }),
          ),
          ...lines,
        ],
        "ProviderMisbehaved",
        "at most 12",
      ],
      ["that sends a line without end", () => endless("a".repeat(10_000)), "ProviderMisbehaved", "65536"],
      ["that sends no JSON", () => ["<html>"], "ProviderMisbehaved", "no JSON"],
      [
        "that signs with another key",
        changeLine("receipt", ({ receipt }) => (receipt.signature = `0x${"11".repeat(64)}1b`)),
        "ReceiptRefused",
        "receipt key",
      ],
      [
        "that withholds the end of an answer",
        changeLine("receipt", ({ receipt }) => (receipt.message["complete"] = false)),
        "ProviderMisbehaved",
        "a part of an answer",
      ],
    ];
    let channel: ChannelSession;
    let store: string;

    before(async () => {
      store = join(folder.path, "hostile");
      const client = await connect(store);
      channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
    });

    for (const [name, change, code, said] of cases) {
      it(`${name} gets nothing acknowledged`, async () => {
        const { spent } = await channel.balance();
        const cheated = await (await connect(store, { fetch: tampering(change) })).resumeChannel(channel.id);
        const error: unknown = await cheated
          .infer({ ...ask("IAGO:\n", 12), minTokens: 12 })
          .catch((thrown: unknown) => thrown);
        expect(error).to.have.property("code", code);
        expect((error as Error).message).to.contain(said);
        expect((await channel.balance()).spent).to.equal(spent);
        // What the worker really signed is fetched, and paid.
        channel = await (await connect(store)).resumeChannel(channel.id);
        expect((await channel.recover())!.tokens).to.have.length(12);
      });
    }

    describe("that is slow to say what became of an answer", () => {
      type Report = Record<string, unknown>;
      /** A client whose provider changes its reports, and one whose last answer is broken on its way; what went over the line. */
      const reporting =
        (change: (report: Report) => void): typeof fetch =>
        async (input, init) => {
          const response = await fetch(input, init);
          if (!/\/channels\/0x[0-9a-f]{64}$/.test(urlOf(input)) || !response.ok) return response;
          const report = (await response.json()) as Report;
          change(report);
          return new Response(JSON.stringify(report), response);
        };
      const without = (report: Report) => {
        delete report["receipt"];
        delete report["answer"];
      };
      let lines: string[];
      let voucher: { message: Record<string, string>; signature: string };

      beforeEach(async () => {
        const broken = tampering((all) => ((lines = all), ["{}"]));
        const noting: typeof fetch = (input, init) => {
          if (urlOf(input).endsWith("/requests")) {
            ({ voucher } = JSON.parse(init!.body as string) as { voucher: typeof voucher });
          }
          return broken(input, init);
        };
        const client = await (await connect(store, { fetch: noting })).resumeChannel(channel.id);
        const error: unknown = await client.infer(ask("IAGO:\n", 6)).catch((thrown: unknown) => thrown);
        expect(error).to.have.property("code", "ProviderMisbehaved");
      });

      it("for long still computes it: the answer is taken when it is there", async () => {
        let asked = 0;
        const slow = reporting((report) => {
          if (++asked > 12) return;
          without(report);
          report["running"] = true;
        });
        const client = await (await connect(store, { fetch: slow })).resumeChannel(channel.id);
        await recompute((await client.recover())!);
      });

      it("had nothing and has it later: its refusal of the next voucher is no end", async () => {
        let asked = 0;
        const late = reporting((report) => {
          if (++asked === 1) without(report);
        });
        const client = await (await connect(store, { fetch: late })).resumeChannel(channel.id);
        const { answers } = await client.balance();
        await recompute(await client.infer(ask("EMILIA:\n", 6)));
        expect((await client.balance()).answers).to.equal(answers + 2);
      });

      it("never shows it, and settles it: the chain shows it, and the next answer comes", async () => {
        const { receipt } = JSON.parse(lines.at(-1)!) as Line;
        const numbers = (message: Record<string, unknown>) =>
          Object.fromEntries(
            Object.entries(message).map(([name, value]) => [
              name,
              typeof value === "string" && /^\d+$/.test(value) ? BigInt(value) : value,
            ]),
          ) as never;
        const { channels } = await connect();
        await channels.settle(channel.terms, {
          voucher: { message: numbers(voucher.message), signature: voucher.signature },
          receipt: { message: numbers(receipt.message), signature: receipt.signature },
        });
        const mute = await (await connect(store, { fetch: reporting(without) })).resumeChannel(channel.id);
        const { answers } = await mute.balance();
        await recompute(await mute.infer(ask("EMILIA:\n", 6)));
        expect((await mute.balance()).answers).to.equal(answers + 2);
      });
    });

    // In a block of its own, so that it comes last: it closes the channel.
    describe("that says nothing any more", () => {
      it("is left in the end, and its client closes on chain", async () => {
        const silent: typeof fetch = (input, init) =>
          urlOf(input).includes("/channels/") && init?.method === "POST"
            ? new Promise((_, reject) =>
                init.signal!.addEventListener("abort", () => reject(new Error("aborted"))),
              )
            : fetch(input, init);
        const left = await (await connect(store, { fetch: silent, silence: 200 })).resumeChannel(channel.id);
        const view = await left.close();
        expect(view.status).to.equal("Open");
        expect(view.closesAt).to.be.lessThan(Number(channel.terms.expiresAt));
        // The worker settles what it is owed as soon as it sees that.
        await eventually(
          async () => (await channel.onChain()).paid === (await channel.balance()).spent,
          "settled",
        );
      });
    });
  });

  describe("a hostile client", () => {
    let base: string;
    let channel: ChannelSession;
    let sent: { url: string; body: string }[];

    const post = async (url: string, body: string) => {
      const response = await fetch(url, { method: "POST", body });
      const text = await response.text();
      return { status: response.status, text, code: /"code":"(\w+)"/.exec(text)?.[1] };
    };

    before(async () => {
      base = `http://127.0.0.1:${port}/athanor/v1`;
      sent = [];
      const recording: typeof fetch = (input, init) => {
        if (urlOf(input).endsWith("/requests")) {
          sent.push({ url: urlOf(input), body: init!.body as string });
        }
        return fetch(input, init);
      };
      const client = await connect(undefined, { fetch: recording });
      channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
      await channel.infer(ask("OTHELLO:\n", 6));
      await channel.infer(ask("OTHELLO:\n", 8));
    });

    it("that replays a voucher gets refused, or its own answer again", async () => {
      const [first, last] = sent as [(typeof sent)[0], (typeof sent)[0]];
      expect(await post(first.url, first.body)).to.include({ status: 409, code: "VoucherRefused" });
      const again = await post(last.url, last.body);
      expect(again.status).to.equal(200);
      expect(again.text).to.contain('"type":"receipt"');
      expect((await channel.balance()).answers).to.equal(2);
    });

    const changes: readonly [name: string, change: (body: Body) => void, status: number, code: string][] = [
      [
        "asks for another request than its voucher pays",
        (body) => (body.request = otherSeed(body.request)),
        422,
        "RequestRefused",
      ],
      ["changes the voucher's limit", (body) => (body.voucher.message["limit"] = "1"), 409, "VoucherRefused"],
      [
        "skips a receipt",
        (body) => Object.assign(body.voucher.message, { nonce: "9", receiptCount: "1" }),
        409,
        "VoucherRefused",
      ],
      [
        "signs with another key",
        (body) => Object.assign(body.voucher.message, { nonce: "3" }),
        409,
        "VoucherRefused",
      ],
      ["sends half a request", (body) => (body.request = "AAAA"), 422, "RequestRefused"],
      ["sends no voucher", (body) => Reflect.deleteProperty(body, "voucher"), 400, "BadRequest"],
      ["names another encoding", (body) => (body.encoding = "rot13"), 422, "RequestRefused"],
    ];

    interface Body {
      voucher: { message: Record<string, string> };
      request: string;
      encoding: string;
    }

    function otherSeed(request: string): string {
      const bytes = Buffer.from(request, "base64");
      bytes[71]! ^= 1;
      return bytes.toString("base64");
    }

    for (const [name, change, status, code] of changes) {
      it(`that ${name} is refused: ${code}`, async () => {
        const { url, body } = sent.at(-1)!;
        const changed = JSON.parse(body) as Body;
        change(changed);
        expect(await post(url, JSON.stringify(changed))).to.include({ status, code });
      });
    }

    it("that sends what is no message, too much, or to nobody is refused", async () => {
      const { url } = sent[0]!;
      expect(await post(url, "{")).to.include({ status: 400, code: "BadRequest" });
      const large = `POST ${new URL(url).pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n`;
      expect(await rawAnswer(port, large)).to.match(/^HTTP\/1.1 413 [^]*BodyTooLarge/);
      expect(await post(`${base}/channels/0x12/requests`, "{}")).to.include({ status: 400 });
      const nobody = url.replace(channel.id, `0x${"12".repeat(32)}`);
      expect(await post(nobody, sent[0]!.body)).to.include({ status: 404, code: "ChannelUnknown" });
      expect(await post(`${base}/nothing`, "{}")).to.include({ status: 404, code: "NotFound" });
    });

    it("that proposes other terms than the offer's, or somebody else's provider, is refused by the field", async () => {
      const text = (value: object) =>
        JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? part.toString() : part));
      for (const change of [
        { notice: 1n },
        { stakeLock: 1n },
        { provider: wallet.address },
        { token: wallet.address },
        { expiresAt: 1n },
        { voucherKey: `0x${"00".repeat(20)}` },
      ]) {
        const refused = await post(`${base}/channels`, text({ terms: { ...channel.terms, ...change } }));
        expect(refused, text(change)).to.include({ status: 422, code: "TermsRefused" });
        expect(refused.text).to.contain(Object.keys(change)[0]);
      }
    });

    it("that may not read an answer does not get it", async () => {
      const url = `${base}/channels/${channel.id}`;
      const stranger = `Athanor ${Math.floor(Date.now() / 1_000) + 60} 0x${"11".repeat(64)}1b`;
      for (const authorization of ["", "Bearer x", stranger]) {
        const response = await fetch(url, { headers: { authorization } });
        expect(response.status).to.equal(401);
        expect(await response.text()).to.not.contain("chunk");
      }
    });

    it("that sends its headers slowly is hung up on, while others are served", async () => {
      const socket = connectSocket(port, "127.0.0.1");
      socket.on("error", () => undefined).resume();
      const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
      socket.write("POST /athanor/v1/channels HTTP/1.1\r\nHost: x\r\n");
      expect((await fetch(base)).status).to.equal(200);
      expect((await fetch(`${base}/health`)).status).to.equal(200);
      await closed;
    });

    it("that stops reading and leaves holds nothing: the next answer comes", async () => {
      const { body, url } = sent.at(-1)!;
      const controller = new AbortController();
      await fetch(url, { method: "POST", body, signal: controller.signal });
      controller.abort();
      await recompute(await channel.infer(ask("OTHELLO:\n", 10)));
    });
  });

  // The last one: it moves the chain's clock far ahead of the machine's.
  describe("a griefer", () => {
    it("that challenges a right receipt loses its bond to the watchtower", async () => {
      const client = await connect();
      const channel = await client.openChannel({ provider: owner, deposit: DEPOSIT });
      const { receipts, request, tokens } = await channel.infer({ ...ask("HORATIO:\n", 4), minTokens: 4 });
      // Later answers move this one out of the database.
      for (let later = 0; later < 3; later++) await channel.infer(ask("HORATIO:\n", 1));
      const stored = () => {
        const database = new DatabaseSync(join(folder.path, "provider.sqlite"), { readOnly: true });
        const row = database.prepare("SELECT count(*) AS n FROM answers WHERE channel = ?").get(channel.id);
        database.close();
        return row!["n"] as number;
      };
      await eventually(() => stored() <= 2, "moved to the contents");
      const griefer = new Wallet(Wallet.createRandom().privateKey, provider);
      await chain.fund(griefer.address, "1000");
      const { deployment } = chain.contracts;
      const channels = await Channels.connect({ signer: griefer, deployment, pollingInterval: 50 });
      const { events } = await channels.present(channel.terms, receipts[0]!, encodeRequest(request));
      const presented = events.find(({ name }) => name === "ReceiptPresented")!;
      const { id, job } = presented.values as { id: string; job: JobTerms };
      const { disputeGame } = connectContracts(griefer, deployment);
      const salt = `0x${"07".repeat(32)}`;
      const challenge = await disputeGame.challengeIdOf(griefer.address, id, salt);
      await (await disputeGame.commit(challenge, { value: await disputeGame.bondOf(job) })).wait();
      await chain.mine(5);
      const output = { count: tokens.length, tokensRoot: tokensRoot(tokens) };
      await (await disputeGame.open(job, output, salt)).wait();
      await eventually(async () => (await disputeGame.resultOf(id)).tracedAt > 0n, "the trace is posted");
      // The griefer says nothing more, and its clock runs out.
      await chain.pass(30 * 86_400);
      const repelled = await worker.event("dispute.repelled");
      expect(repelled["challengeIds"]).to.deep.equal([challenge]);
      expect(await chain.contracts.vault.isJailed(owner)).to.equal(false);
    });
  });
});

/** What comes back for these bytes, until it names an error. */
function rawAnswer(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connectSocket(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (part: Buffer) => {
      text += part.toString();
      if (text.includes('"error"')) socket.destroy();
    });
    socket.on("close", () => resolve(text));
  });
}

/** The chunk with another first token. */
function otherToken(chunk: string): string {
  const bytes = Buffer.from(chunk, "base64");
  bytes[3]! ^= 1;
  return bytes.toString("base64");
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

function configText(chain: TestChain, owner: string, port: number): string {
  return `
chain:
  rpcUrl: ${chain.rpc.url}
  chainId: ${chain.chainId}
  pollInterval: 100ms
keys:
  operatorKeystore: operator.json
  ownerKeystore: owner.json
  watchtowerKeystore: watchtower.json
provider:
  owner: "${owner}"
  endpoint: http://127.0.0.1:${port}
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
