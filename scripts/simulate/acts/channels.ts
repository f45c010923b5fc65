import { Wallet } from "ethers";
import { openingData, signAcceptance, signVoucher, topUpData } from "../../../sdk/src/channels/typed-data.ts";
import type { Course } from "../agenda.ts";
import { ChannelLife, costOfBursts, type ChannelPlan } from "./channel-life.ts";
import type { Day, ProviderState } from "./day.ts";
import { replaceReceiptKey } from "./keys.ts";

const MINUTE = 60;
const UNLIMITED = 2n ** 40n - 1n;

/** Opens a channel, talks, settles, and ends as planned, unless its provider is convicted meanwhile. */
export async function* liveChannel(day: Day, plan: ChannelPlan, lives: ChannelLife[]): Course {
  const { chain, model } = day;
  if (model.stakes.of(plan.provider.name).jailed) plan = { ...plan, provider: anotherProvider(day, plan) };
  const life = new ChannelLife(day, plan);
  await openChannel(day, life);
  lives.push(life);
  const { bursts } = life;
  for (const [index, burst] of bursts.entries()) {
    const isLast = index === bursts.length - 1;
    if (index > 0 && plan.topsUp) await topUp(day, life, costOfBursts(bursts.slice(1)));
    if (index > 0 && plan.rotatesKey) await rotateKey(day, life);
    const { ends, settled } = await life.talk(burst, { settlesUp: isLast && plan.ending === "both close" });
    yield ends;
    await settled();
    if (!life.isOpen()) return yield* leave(day, life, lives);
    if (isLast) break;
    if (!plan.rotatesKey && life.lots.percent(50)) await life.settle(life.lots.percent(60));
    yield chain.time + life.lots.between(5, 30) * MINUTE;
    if (!life.isOpen()) return yield* leave(day, life, lives);
  }
  yield* endChannel(day, life, lives);
}

export async function openChannel(day: Day, life: ChannelLife): Promise<void> {
  const { model } = day;
  const { plan, terms, contract } = life;
  const accepted = { minimumDeposit: life.model.deposit, validUntil: UNLIMITED };
  const acceptance = await signAcceptance(new Wallet(life.receiptKey), contract, life.model.id, accepted);
  const method = plan.from === "wallet" ? "entrust" : "entrustBalance";
  const args = [contract.escrow, terms.token, life.model.deposit, openingData(terms, acceptance)];
  const kind = plan.from === "wallet" ? "channel opened from the wallet" : "channel opened from the vault";
  await day.act(kind, plan.client, ["vault", method, args], () => model.channels.open(life.model, plan.from));
}

async function topUp(day: Day, life: ChannelLife, amount: bigint): Promise<void> {
  const { terms, plan, contract } = life;
  const method = plan.from === "wallet" ? "entrust" : "entrustBalance";
  const args = [contract.escrow, terms.token, amount, topUpData(terms)];
  await day.act("channel topped up", plan.client, ["vault", method, args], () =>
    day.model.channels.topUp(life.model, amount, plan.from),
  );
}

/** The client changes its key; what the one before promised is settled within the notice. */
async function rotateKey(day: Day, life: ChannelLife): Promise<void> {
  const { terms, plan } = life;
  const next = life.lots.bytes32(`voucher key ${life.voucherKeys.length + 1}`);
  const call = ["channel escrow", "rotateVoucherKey", [terms, new Wallet(next).address]] as const;
  await day.act("voucher key rotated", plan.client, call, () => undefined);
  if (life.due.promised > life.model.paid) {
    await life.settle(false);
    day.count("voucher of the previous key settled");
  }
  life.voucherKeys.push(next);
}

/** A provider settles all its channels at once. */
export async function settleAll(
  day: Day,
  provider: ProviderState,
  lives: readonly ChannelLife[],
): Promise<void> {
  const { chain, model } = day;
  const due = lives.filter((life) => {
    const { plan, model: own, terms } = life;
    const isClosing = BigInt(own.closesAt) !== terms.expiresAt || own.closesAt <= chain.time + 1;
    return plan.provider === provider && life.isOpen() && !isClosing && life.due.promised > own.paid;
  });
  if (due.length === 0) return;
  const claims = due.map(({ terms, settlement }) => ({
    channel: terms,
    voucher: settlement!.voucher.message,
    signature: settlement!.voucher.signature,
  }));
  await day.act(
    "vouchers settled in a batch",
    provider.operator,
    ["channel escrow", "settleBatch", [claims]],
    () => {
      for (const life of due) model.channels.settle(life.model, life.due.promised);
    },
  );
}

async function* endChannel(day: Day, life: ChannelLife, lives: ChannelLife[]): Course {
  const { chain, model } = day;
  const { plan, terms } = life;
  const pause = () => chain.time + life.lots.between(1, 20) * MINUTE;
  switch (plan.ending) {
    case "both close":
      yield pause();
      if (!life.isOpen()) return yield* leave(day, life, lives);
      await life.closeAsProvider("channel closed by both", false);
      break;
    case "client vanishes":
    case "answered late":
    case "key removed":
      yield pause();
      if (!life.isOpen()) return yield* leave(day, life, lives);
      await refuseOverspent(day, life);
      if (plan.ending === "key removed") await replaceReceiptKey(day, plan.provider);
      await life.closeAsProvider("channel closed by its provider", true);
      break;
    case "provider vanishes":
    case "client closes": {
      const call = ["channel escrow", "startClosing", [terms]] as const;
      await day.act("channel closed by its client", plan.client, call, (time) =>
        model.channels.startClosing(life.model, time),
      );
      yield pause();
      if (!life.isOpen()) return yield* leave(day, life, lives);
      if (plan.ending === "client closes") await life.settle(true);
      yield life.model.closesAt + 1;
      if (!life.isOpen()) return yield* leave(day, life, lives);
      await refuseAfterEnd(day, life);
      await life.finish("channel finished after the notice");
      break;
    }
    case "expires":
      await life.settle(true);
      yield life.model.closesAt + life.lots.between(1, 600);
      if (!life.isOpen()) return yield* leave(day, life, lives);
      await life.finish("channel finished after its expiry");
      break;
    case "released alone":
      await life.settle(life.lots.percent(50));
      yield day.model.channels.releasableAt(life.model);
      if (!life.isOpen()) return yield* leave(day, life, lives);
      await life.release("channel released without having been finished");
      return;
    case "left open":
      await life.settle(true);
      return;
  }
  yield model.channels.releasableAt(life.model);
  await life.release(day.isJailed(life.model) ? lateKind(day, life) : "channel released");
}

function lateKind({ chain, model }: Day, { model: channel }: ChannelLife) {
  const isLate = chain.time + 1 > model.channels.releasableAt(channel) + 600 - 1;
  return isLate
    ? ("channel released late after a conviction" as const)
    : ("channel released after a conviction" as const);
}

/** The provider was convicted: nothing is paid any more, the client takes what is left, and goes on with another provider. */
export async function* leave(day: Day, life: ChannelLife, lives: ChannelLife[]): Course {
  const { chain, model, begins } = day;
  const { plan, settlement, terms } = life;
  if (life.model.status === "Open") {
    if (settlement && life.due.promised > life.model.paid && chain.time < life.model.closesAt) {
      const { message, signature } = settlement.voucher;
      const call = ["channel escrow", "settle", [terms, message, signature]] as const;
      await day.refusal(
        "settlement after a conviction refused",
        "ProviderJailed",
        plan.provider.operator,
        call,
      );
    }
    await life.finish("channel finished after a conviction");
  }
  const rest = plan.requests - life.asked;
  if (rest > 0) {
    day.count("client moved to another provider");
    const next: ChannelPlan = {
      ...plan,
      provider: anotherProvider(day, plan),
      requests: rest,
      ending: "both close",
      topsUp: false,
      rotatesKey: false,
    };
    day.agenda.add(Math.max(chain.time, begins) + 60, liveChannel(day, next, lives));
  }
  if (life.model.status !== "Closed") return;
  if (day.isNextEarly()) {
    await life.release("channel released after a conviction", plan.client);
  } else {
    yield model.channels.releasableAt(life.model) + 600;
    await life.release("channel released late after a conviction");
  }
}

/** A client that signs more than its deposit: no contract pays it. */
async function refuseOverspent(day: Day, life: ChannelLife): Promise<void> {
  const { terms, contract, plan, settlement } = life;
  if (!settlement) return;
  const promise = { ...settlement.voucher.message, amount: life.model.deposit };
  const { message, signature } = await signVoucher(
    new Wallet(life.voucherKeys.at(-1)!),
    contract,
    life.model.id,
    promise,
  );
  const call = ["channel escrow", "settle", [terms, message, signature]] as const;
  await day.refusal("overspent channel refused on chain", "Overspent", plan.provider.operator, call);
}

async function refuseAfterEnd(day: Day, life: ChannelLife): Promise<void> {
  const { settlement, terms, plan } = life;
  if (!settlement) return;
  const { message, signature } = settlement.voucher;
  const call = ["channel escrow", "settle", [terms, message, signature]] as const;
  await day.refusal("voucher after the end refused", "SettlementOver", plan.provider.operator, call);
}

export function anotherProvider(
  day: Day,
  { client, token }: Pick<ChannelPlan, "client" | "token">,
): ProviderState {
  const honest = day.providers.filter(({ isLiar }) => !isLiar);
  return day.lots.of(`another provider for ${client} in ${token} at ${day.chain.time}`).pick(honest);
}
