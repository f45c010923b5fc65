import {
  Channels,
  ClientChannel,
  encodeRequestBytes,
  inputRootOf,
  memoryStore,
  readChannel,
  toJson,
  type ChannelTerms,
  type InferenceRequest,
} from "@athanor/sdk/channels";
import { connectContracts, type AthanorContracts } from "@athanor/sdk/protocol";
import { encodeBase64, parseEther, Wallet } from "ethers";
import { answerStream } from "../serve/answer-stream.ts";
import type { TestDaemon } from "./daemon.ts";
import { eventually } from "./eventually.ts";
import type { World } from "./world.ts";

/** A client's channel with a daemon whose desk it asks directly, without HTTP. */
export interface TestChannel {
  readonly id: string;
  readonly terms: ChannelTerms;
  readonly voucherKey: Wallet;
  readonly client: ClientChannel;
  readonly channels: Channels;
  /** A request with its voucher, to be given to a desk. */
  ask(maxTokens?: number): Promise<InferenceRequest>;
  /** Token units that the chain has paid. */
  paid(): Promise<bigint>;
}

/** The contracts, connected to the provider's owner account. */
export function asOwner({ chain, owner }: World): AthanorContracts {
  const { vault, deployment } = chain.contracts;
  return connectContracts(owner.connect(vault.runner!.provider), deployment);
}

/** Lets the operator's key sign receipts, and channels lock the provider's stake. */
export async function prepareChannels(world: World): Promise<void> {
  const { channelEscrow, vault, deployment } = asOwner(world);
  await (await channelEscrow.addReceiptKey(world.operator.address)).wait();
  const bits = (await vault.moduleBit(deployment.channelEscrow)) | 3n;
  await (await vault.approveStakeModules(bits)).wait();
}

/** Opens a channel of 20 ATH, and waits until the daemon serves it. */
export async function openChannel(
  { chain, owner, modelRoot }: World,
  { context, storage }: TestDaemon,
): Promise<TestChannel> {
  const { deployment } = chain.contracts;
  const desk = context.desk!;
  const voucherKey = new Wallet(Wallet.createRandom().privateKey);
  const channels = await Channels.connect({ signer: chain.client, deployment, pollingInterval: 20 });
  const terms = await channels.quote({ provider: owner.address, voucherKey: voucherKey.address });
  await eventually(() => desk.conditions !== undefined, "conditions");
  const { channel: id, acceptance } = await desk.accept(terms);
  const amount = parseEther("20");
  await channels.open({ terms, amount, from: "vault" }, acceptance);
  await eventually(() => storage.channel(id)?.book?.deposit === String(amount), "the deposit is seen");
  const client = new ClientChannel({
    ...{ terms, contract: channels.contract, store: memoryStore(), signer: voucherKey },
    receiptKeyUntil: (key) => channels.receiptKeyUntil(owner.address, key),
    now: () => context.time.now(),
  });
  await client.noteDeposit(amount);
  return {
    ...{ id, terms, voucherKey, client, channels },
    async ask(maxTokens = 4) {
      const request = { modelRoot, prompt: [5, 6, 7], maxTokens, seed: 7n };
      const commitment = { modelRoot, inputRoot: inputRootOf(request) };
      return {
        voucher: await client.request({ ...commitment, limit: parseEther("1") }),
        encoding: "plain",
        request: encodeBase64(encodeRequestBytes(request)),
        prices: { inputPrice: 10n ** 18n, outputPrice: 2n * 10n ** 18n },
        paidTokens: 0,
        from: 0,
      };
    },
    paid: async () => (await readChannel(chain.contracts, terms, BigInt(chain.chainId))).paid,
  };
}

/** Reads a whole answer. @returns the price of its receipt, token units */
export async function readAnswer(
  { context }: TestDaemon,
  id: string,
  request: InferenceRequest,
): Promise<bigint> {
  const text = await new Response(answerStream(await context.desk!.request(id, request))).text();
  const last = JSON.parse(text.trim().split("\n").at(-1)!) as {
    type: string;
    receipt?: { message: { price: string } };
  };
  if (last.type !== "receipt") throw new Error(`no receipt: ${toJson(last)}`);
  return BigInt(last.receipt!.message.price);
}
