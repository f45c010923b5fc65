import type { Course } from "../agenda.ts";
import { available } from "../model/ledger.ts";
import { tokenOf } from "../tokens.ts";
import type { Day, ProviderState } from "./day.ts";
import { replaceReceiptKey } from "./keys.ts";
import { movedOffer, offer, symbols } from "./offers.ts";
import { HARDWARE_STAKES } from "./rules.ts";
import { requestOf, type JobPlan } from "./jobs.ts";
import { ADMINISTRATOR, COLLECTOR, profileOf } from "./setup.ts";

/** Until when a price counts that nobody has to renew. */
const FOR_EVER = 2 ** 32 - 1;

/** A provider asks another price from now on; open jobs and channels keep theirs. */
export async function* changePrice(day: Day, provider: ProviderState, at: number): Course {
  yield at;
  if (day.model.stakes.of(provider.name).jailed) return;
  const lots = day.lots.of(`price of ${provider.name} at ${at}`);
  const symbol = lots.pick(symbols);
  provider.offers[symbol] = movedOffer(symbol, lots.between(-30, 60));
  await offer(day, provider, symbol);
  day.count("offer changed");
}

/** Another key signs receipts from now on; what the one before signed and nobody acknowledged earns nothing. */
export async function* changeReceiptKey(day: Day, provider: ProviderState, at: number): Course {
  yield at;
  if (day.model.stakes.of(provider.name).jailed) return;
  await replaceReceiptKey(day, provider);
}

/** A graphics card beside the processor, later the card alone. */
export async function* changeHardware(day: Day, provider: ProviderState, at: number): Course {
  for (const [seconds, cards] of [
    [0, [1, 1]],
    [20_000, [0, 1]],
  ] as const) {
    yield at + seconds;
    if (day.model.stakes.of(provider.name).jailed) return;
    const call = ["provider registry", "update", [profileOf(day, provider, cards)]] as const;
    await day.act("hardware changed", provider.name, call, () =>
      day.model.stakes.changeHardware(
        provider.name,
        cards.reduce((sum, count, index) => sum + BigInt(count) * HARDWARE_STAKES[index]!, 0n),
      ),
    );
  }
}

/** A provider takes out some of what backs nothing, and none of what backs something. */
export async function* takeStakeOut(day: Day, provider: ProviderState, at: number): Course {
  yield at;
  const { model } = day;
  const free = model.stakes.freeOf(provider.name);
  const call = (amount: bigint) => ["vault", "unbond", [amount]] as const;
  await day.refusal("locked stake refused to leave", "InsufficientStake", provider.name, call(free + 1n));
  const amount = free / 20n;
  if (amount > 0n) {
    await day.act("stake unbonded", provider.name, call(amount), () =>
      model.stakes.unbond(provider.name, amount),
    );
  }
}

/** Governance changes the fee of what begins afterwards. */
export async function* changeFees(day: Day, at: number): Course {
  yield at;
  const { chain, terms } = day;
  for (const symbol of symbols) {
    const { jobs, channels } = tokenOf(symbol);
    const [jobFee, channelFee] = [jobs.feeBasisPoints + 17n, channels.feeBasisPoints + 29n];
    const changes = [
      ["job escrow", { accepted: true, ...jobs, feeBasisPoints: jobFee }],
      ["channel escrow", { accepted: true, ...channels, feeBasisPoints: channelFee }],
    ] as const;
    for (const [contract, next] of changes) {
      const call = [contract, "setTokenTerms", [chain.token(symbol), next]] as const;
      await day.act("fee changed", ADMINISTRATOR, call, () => undefined);
    }
    terms.jobFees[symbol] = jobFee;
    terms.channelFees[symbol] = channelFee;
  }
}

/**
 * What a token costs changes, as far as governance may move it at once. A client that had asked before pays no more than it was told, and nobody opens a job while there is
 * no price.
 */
export async function* changeRate(
  day: Day,
  plan: Omit<JobPlan, "fate">,
  at: number,
  percent: number,
): Course {
  yield at;
  const { chain, terms } = day;
  const { token, client } = plan;
  const quoted = requestOf(day, plan, day.salt(), at + 3_600);
  const { input, output } = day.pricesOf(plan.provider, token);
  const next = (terms.rates[token] * BigInt(100 + percent)) / 100n;
  const set = (rate: bigint, validUntil: number) =>
    ["currencies", "setReference", [chain.token(token), rate, validUntil]] as const;
  const nothing = () => undefined;
  await day.act("price of a token changed", ADMINISTRATOR, set(next, FOR_EVER), nothing);
  terms.rates[token] = next;
  const again = set(next + 1n, FOR_EVER);
  await day.refusal("price changed again too soon refused", "ChangeTooSoon", ADMINISTRATOR, again);
  if (percent < 0) {
    const call = [
      "job escrow",
      "create",
      [{ ...quoted, maxInputPrice: input, maxOutputPrice: output }],
    ] as const;
    await day.refusal("job at another price than quoted refused", "OfferPriceAboveLimit", client, call);
  }
  await day.chain.send(ADMINISTRATOR, ...set(next, chain.time + 2));
  chain.time += 2;
  const unpriced = ["job escrow", "create", [requestOf(day, plan, day.salt(), chain.time + 3_600)]] as const;
  await day.refusal("job without a price refused", "ReferenceExpired", client, unpriced);
  await day.chain.send(ADMINISTRATOR, ...set(next, FOR_EVER));
}

/** Somebody has the fees distributed that came together so far. */
export async function collectFees(day: Day): Promise<void> {
  const { chain, model } = day;
  for (const symbol of symbols) {
    for (const escrow of ["job escrow", "channel escrow"] as const) {
      const amount = model.ledger.at(available(symbol, escrow));
      if (amount === 0n) continue;
      await day.act("fees collected", COLLECTOR, [escrow, "collectFees", [chain.token(symbol)]], () =>
        model.collectFees(symbol, escrow, amount),
      );
    }
  }
}
