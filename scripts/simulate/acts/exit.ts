import { available, credit, staked, unbonding } from "../model/ledger.ts";
import { TOKENS } from "../tokens.ts";
import type { ChannelLife } from "./channel-life.ts";
import type { Day } from "./day.ts";
import { collectFees } from "./changes.ts";
import { symbols } from "./offers.ts";

const UNBONDING_PERIOD = 14 * 86_400;

/** Everything that is still open is ended, and everybody leaves with all that is theirs. */
export async function everybodyLeaves(day: Day, lives: readonly ChannelLife[]): Promise<void> {
  for (const life of lives) if (life.model.status === "Open") await end(day, life);
  await day.agenda.runUntil(Infinity);
  for (const life of lives.toSorted((a, b) => a.model.closesAt - b.model.closesAt)) {
    if (life.model.status === "Released") continue;
    day.agenda.add(day.model.channels.releasableAt(life.model), releaseOf(life));
  }
  await day.agenda.runUntil(Infinity);
  await providersLeave(day);
  await collectFees(day);
  for (const owner of day.people) {
    for (const { symbol } of TOKENS) await withdrawAll(day, owner, symbol);
  }
  requireEmpty(day);
}

async function end(day: Day, life: ChannelLife): Promise<void> {
  if (day.isJailed(life.model)) return life.finish("channel finished after a conviction");
  if (day.chain.time < life.model.closesAt) {
    return life.closeAsProvider("channel closed by its provider", false);
  }
  return life.finish("channel finished after its expiry");
}

async function* releaseOf(life: ChannelLife) {
  yield 0;
  await life.release("channel released");
}

async function providersLeave(day: Day): Promise<void> {
  const { chain, model, computed } = day;
  const { modelRoot } = computed.commitment;
  for (const { name } of day.providers) {
    if (!model.stakes.of(name).jailed) {
      for (const symbol of symbols) {
        const call = ["provider registry", "removeOffer", [modelRoot, chain.token(symbol)]] as const;
        await day.act("offer removed", name, call, () => undefined);
      }
    }
    await day.act("provider deregistered", name, ["provider registry", "deregister", []], () =>
      model.stakes.deregister(name),
    );
    const amount = model.ledger.at(staked(name));
    await day.act("stake unbonded", name, ["vault", "unbond", [amount]], () =>
      model.stakes.unbond(name, amount),
    );
    if (model.ledger.at(credit(name)) > 0n) {
      const call = ["dispute game", "withdraw", [chain.addressOf(name)]] as const;
      await day.act("credit of lost challenges withdrawn", name, call, () =>
        model.disputes.withdraw(name, name),
      );
    }
  }
  chain.time += UNBONDING_PERIOD;
  for (const { name } of day.providers) {
    if (model.ledger.at(unbonding(name)) === 0n) continue;
    const call = ["vault", "claimUnbonded", [chain.addressOf(name)]] as const;
    await day.act("unbonded stake claimed", name, call, () => model.stakes.claim(name));
  }
}

async function withdrawAll(day: Day, owner: string, symbol: (typeof symbols)[number]): Promise<void> {
  const { chain, model } = day;
  const amount = model.ledger.at(available(symbol, owner));
  if (amount === 0n) return;
  const call = ["vault", "withdraw", [chain.token(symbol), amount, chain.addressOf(owner)]] as const;
  await day.act("balance withdrawn", owner, call, () => model.withdraw(symbol, owner, amount));
}

/** Nobody has anything in the vault or the dispute game any more; the comparison that follows says so of the chain. */
function requireEmpty({ model }: Day): void {
  const left = TOKENS.map(({ symbol }) => model.inVault(symbol)).concat(model.coinOfGame());
  if (left.some((amount) => amount !== 0n)) throw new RangeError(`something is left: ${String(left)}`);
}
