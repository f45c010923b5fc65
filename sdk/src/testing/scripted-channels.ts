import { encodeTokens, tokensRoot } from "@athanor/engine/commitments";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Channels } from "../channels/channels.ts";
import { ProviderChannel } from "../channels/provider-channel.ts";
import { memoryStore } from "../channels/store.ts";
import { channelIdOf, signAcceptance } from "../channels/typed-data.ts";
import type { ChannelTerms } from "../channels/types.ts";
import {
  acceptRequestSchema,
  BASE_PATH,
  closeRequestSchema,
  inferenceRequestSchema,
  parseMessage,
  PROTOCOL,
  STREAM_TYPE,
  toJson,
  type InferenceRequest,
  type Prices,
  type ProviderOffer,
} from "../native/messages.ts";
import { stepCost, tokensWithin } from "../native/price.ts";
import { decodeRequestBytes, inputRootOf } from "../native/request-bytes.ts";
import { connectContracts } from "../protocol/connect-contracts.ts";
import { BYTE_VOCABULARY } from "./byte-tokenizer.ts";
import { CONTEXT_LENGTH, mined, type LocalChain } from "./local-chain.ts";

const DAY = 86_400;

/**
 * Serves channels of the chain's provider over HTTP with one answer to everything, and puts its address into the provider's profile.
 *
 * @param now seconds since 1970, by which it signs; the computer's clock by default
 */
export async function serveChannels(
  chain: LocalChain,
  prices: Prices,
  answer: readonly number[],
  now: () => number = () => Date.now() / 1_000,
): Promise<{ close(): Promise<void> }> {
  const { accounts, deployment, provider, model } = chain;
  const channels = await connect(chain);
  const { contract } = channels;
  const open = new Map<string, { terms: ChannelTerms; book: ProviderChannel }>();
  const store = memoryStore();
  const { receiptLife, notice, workPerSecond, stakePerChannel } =
    await chain.contracts.channelEscrow.parameters();
  const { feeBasisPoints, exitBounty } = await chain.contracts.channelEscrow.tokenTermsOf(deployment.ath);

  const offer = (): ProviderOffer => ({
    ...{ protocol: PROTOCOL, chainId: contract.chainId, escrow: contract.escrow },
    ...{ provider: accounts.owner.address, receiptKey: accounts.operator.address },
    time: Math.floor(now()),
    terms: { notice, receiptLife, workPerSecond, stakeLock: stakePerChannel, longestLife: 30 * DAY },
    tokens: [{ token: deployment.ath, feeBasisPoints, exitBounty, minimumDeposit: exitBounty + 1n }],
    models: [
      {
        ...{ modelRoot: model, contextLength: CONTEXT_LENGTH, vocabularySize: BYTE_VOCABULARY },
        ...{ maxTokens: CONTEXT_LENGTH, prices: [{ token: deployment.ath, ...prices }] },
      },
    ],
    encodings: ["plain"],
    limits: { bodyBytes: 1_048_576, keepSeconds: 60 },
  });

  const respond = async (path: string, body: unknown): Promise<string> => {
    if (path === "") return toJson(offer());
    if (path === "/channels") {
      const { terms } = read(acceptRequestSchema, body);
      const channel = channelIdOf(terms, contract);
      const acceptance = { minimumDeposit: exitBounty + 1n, validUntil: 2n ** 40n - 1n };
      open.set(channel, {
        terms,
        book: new ProviderChannel({ terms, contract, store, signer: accounts.operator, now }),
      });
      const signed = await signAcceptance(accounts.operator, contract, channel, acceptance);
      return toJson({ channel, acceptance: signed });
    }
    const [, , id, verb] = path.split("/");
    const { terms, book } = open.get(id!)!;
    if (verb === "deposit") {
      const { deposit } = await channels.read(terms);
      await book.noteDeposit(deposit);
      return toJson({ channel: id, deposit });
    }
    if (verb === "requests") return lines(book, read(inferenceRequestSchema, body));
    const { voucher } = read(closeRequestSchema, body);
    await book.take(voucher);
    await channels.close(terms, await book.settlement());
    return toJson({ channel: id, amount: voucher.message.amount });
  };

  /** As many tokens of the answer as the voucher pays for, and their receipt. */
  const lines = async (book: ProviderChannel, asked: InferenceRequest): Promise<string> => {
    const { voucher, paidTokens, from } = asked;
    const request = decodeRequestBytes(Buffer.from(asked.request, "base64"));
    const whole = answer.slice(0, request.maxTokens);
    const { length } = request.prompt;
    const count = tokensWithin(prices, length, paidTokens, voucher.message.limit, whole.length);
    const tokens = whole.slice(0, count);
    await book.take(voucher);
    const receipt = await book.sign({
      ...{ modelRoot: request.modelRoot, inputRoot: inputRootOf(request) },
      ...{ outputTokensRoot: tokensRoot(tokens), outputCount: count, complete: count === whole.length },
      price: stepCost(prices, length, paidTokens, count),
    });
    const chunk = Buffer.from(encodeTokens(tokens.slice(from))).toString("base64");
    return `${toJson({ type: "tokens", first: from, chunk })}\n${toJson({ type: "receipt", receipt })}\n`;
  };

  const server = createServer((request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname.slice(BASE_PATH.length);
    bodyOf(request)
      .then((body) => respond(path, body))
      .then(
        (text) => {
          response.setHeader("content-type", path.endsWith("/requests") ? STREAM_TYPE : "application/json");
          response.end(text);
        },
        (error: unknown) => {
          response.statusCode = 500;
          response.end(toJson({ error: { code: "ProviderFailed", message: String(error), remedy: "" } }));
        },
      );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const registry = connectContracts(accounts.owner.connect(provider), deployment).providerRegistry;
  const { profile } = await registry.providerOf(accounts.owner);
  const { operator, watchtower, encryptionKey } = profile;
  const hardware = [{ hardwareClass: 0, count: 1 }];
  await mined(registry.update({ operator, watchtower, encryptionKey, endpoint, hardware }));
  return {
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The operator's key signs receipts, for a provider that lets the escrow bind its stake. */
async function connect({ accounts, deployment, provider }: LocalChain): Promise<Channels> {
  const { vault, channelEscrow } = connectContracts(accounts.owner.connect(provider), deployment);
  await mined(vault.approveStakeModules(await vault.moduleBit(deployment.channelEscrow)));
  await mined(channelEscrow.addReceiptKey(accounts.operator));
  return Channels.connect({ signer: accounts.operator, deployment, pollingInterval: 20 });
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}

function read<Schema extends Parameters<typeof parseMessage>[0]>(schema: Schema, body: unknown) {
  const parsed = parseMessage<Schema>(schema, body);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed.message;
}
