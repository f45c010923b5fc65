import { id, Wallet } from "ethers";
import { ClientChannel } from "../../sdk/src/channels/client-channel.ts";
import { RECEIPT_KEY_IN_USE } from "../../sdk/src/channels/liable-keys.ts";
import { ProviderChannel, type Answer, type Settlement } from "../../sdk/src/channels/provider-channel.ts";
import { memoryStore, type ChannelStore } from "../../sdk/src/channels/store.ts";
import { signVoucher } from "../../sdk/src/channels/typed-data.ts";
import type { ChannelContract, ChannelTerms, Signed, Voucher } from "../../sdk/src/channels/types.ts";
import { AthanorError } from "../../sdk/src/errors/athanor-error.ts";
import type { ScriptedRequest } from "./script.ts";

/** Some requests of a channel, one after another. */
export interface Burst {
  readonly channel: string;
  readonly terms: ChannelTerms;
  readonly contract: ChannelContract;
  /** What is on chain, token units. */
  readonly deposit: bigint;
  readonly requests: readonly ScriptedRequest[];
  /** Whether the client signs a last voucher that asks for nothing. */
  readonly settlesUp: boolean;
  /** Seconds since 1970, and between requests. */
  readonly begins: number;
  readonly interval: number;
  readonly modelRoot: string;
  /** Private keys. */
  readonly voucherKey: string;
  readonly receiptKey: string;
  /** The answer of the last request, if it is to be disputed; roots of undisputed ones are made up. */
  readonly lastAnswer?: Pick<Answer, "inputRoot" | "outputTokensRoot" | "outputCount"> | undefined;
}

/** What the provider has in the end, and how often each side refused the other. */
export interface Conversation {
  readonly settlement: Settlement | undefined;
  readonly refused: Readonly<Record<string, number>>;
}

interface Books {
  readonly client: ChannelStore;
  readonly provider: ChannelStore;
}

/** Both sides of many channels, with the SDK's own books and real signatures. */
export class Conversations {
  readonly #books = new Map<string, Books>();

  async play(burst: Burst): Promise<Conversation> {
    let books = this.#books.get(burst.channel);
    if (!books) this.#books.set(burst.channel, (books = { client: memoryStore(), provider: memoryStore() }));
    return playBurst(burst, books);
  }
}

async function playBurst(burst: Burst, books: Books): Promise<Conversation> {
  const { terms, contract, deposit, begins, interval } = burst;
  const [voucherKey, receiptKey] = [new Wallet(burst.voucherKey), new Wallet(burst.receiptKey)];
  let time = begins;
  let delay = 0;
  const shared = { terms, contract };
  const client = new ClientChannel({
    ...shared,
    store: books.client,
    signer: voucherKey,
    receiptKeyUntil: (key) => Promise.resolve(key === receiptKey.address ? RECEIPT_KEY_IN_USE : 0n),
    now: () => time + delay,
  });
  const signer = { signer: receiptKey, voucherKey: voucherKey.address };
  const provider = new ProviderChannel({ ...shared, ...signer, store: books.provider, now: () => time });
  await client.noteDeposit(deposit);
  await provider.noteDeposit(deposit);

  const refused: Record<string, number> = {};
  /** Holds a side to refusing. */
  const refuses = async (code: string, attempt: Promise<unknown>) => {
    const failure = await attempt.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof AthanorError) || failure.code !== code) {
      throw new Error(`${code} was expected in ${burst.channel}`, { cause: failure });
    }
    refused[code] = (refused[code] ?? 0) + 1;
  };
  /** A voucher that the client's own book would not sign. */
  const hostileVoucher = async (changes: Partial<Voucher>): Promise<Signed<Voucher>> => {
    const { message } = (await client.lastVoucher())!;
    return signVoucher(voucherKey, contract, provider.id, { ...message, ...changes });
  };

  for (const [index, request] of burst.requests.entries()) {
    const { kind, price, partPrice, limit, outputCount, partCount } = request;
    const nonce = (await client.state()).nonce + 1;
    const isLast = index === burst.requests.length - 1;
    const madeUp = {
      inputRoot: id(`${burst.channel} asks ${nonce}`),
      outputTokensRoot: id(`${burst.channel} answers ${nonce}`),
    };
    const { modelRoot } = burst;
    const whole: Answer = {
      modelRoot,
      ...madeUp,
      outputCount,
      complete: true,
      price,
      ...(isLast ? burst.lastAnswer : {}),
    };
    const part: Answer = {
      ...whole,
      outputTokensRoot: id(`${burst.channel} begins ${nonce}`),
      outputCount: partCount,
      complete: false,
      price: partPrice,
    };
    const asked = { modelRoot, inputRoot: whole.inputRoot, limit };

    if (kind === "over-promised") {
      await refuses("ChannelOverspent", client.request({ ...asked, limit: deposit }));
    }
    let voucher = await client.request(asked);
    if (kind === "provider vanishes") break;
    if (kind === "over-promised") {
      await refuses("VoucherRefused", provider.take(await hostileVoucher({ limit: deposit })));
    }
    if (kind === "underpaid voucher" && voucher.message.amount > 0n) {
      await refuses(
        "VoucherRefused",
        provider.take(await hostileVoucher({ amount: voucher.message.amount - 1n })),
      );
    }
    // A late one is sent again as it was stored; in the place of a lost one there is another.
    if (kind === "voucher late") voucher = (await client.lastVoucher())!;
    if (kind === "voucher lost") voucher = await client.request(asked);
    await provider.take(voucher);
    if (kind === "voucher repeated") await refuses("VoucherRefused", provider.take(voucher));
    time += interval;
    if (kind === "declined") continue;
    if (kind === "aborted") {
      await client.acknowledge(await provider.sign(part), part);
      continue;
    }
    if (kind === "streamed") await provider.sign(part);
    if (kind === "overpriced receipt") {
      await refuses("AnswerRefused", provider.sign({ ...whole, price: limit + 1n }));
    }
    const receipt = await provider.sign(whole);
    if (kind === "client vanishes") break;
    if (kind === "overpriced receipt") {
      await refuses("ReceiptRefused", client.acknowledge(receipt, { ...whole, price: price - 1n }));
    }
    if (kind === "answered late") {
      delay = Number(terms.receiptLife) + 1;
      await refuses("ReceiptRefused", client.acknowledge(receipt, whole));
      break;
    }
    // A voucher that overtakes a receipt does not pay it, and is refused; the client takes the receipt all the same.
    if (kind === "receipt late") await refuses("VoucherRefused", provider.take(await client.request(asked)));
    // A lost receipt is given again, the same.
    await client.acknowledge(kind === "receipt lost" ? await provider.sign(whole) : receipt, whole);
  }
  if (burst.settlesUp) await provider.take(await client.settleUp());
  return { settlement: await provider.settlement(), refused };
}
