import { formatAmount } from "@athanor/sdk";
import { formatEther } from "ethers";
import type { CheckerContext } from "../context.ts";
import { inTurn, type Duty, type RoundView } from "../duty.ts";
import { lastMoment, makeMove, noteMissed } from "../moves.ts";
import { measuredProviders, ownSecret, standingIn } from "../own.ts";

/** Gas of an epoch without its reports: commit, draw, reveal, commit to reports, claim. */
const GAS_OF_EPOCH = 600_000n;
/** Gas of a report with evidence, of its score, and of what is due to a provider otherwise. */
const GAS_OF_REPORT = 600_000n;
/** Epochs for which the operator's coin must suffice, or a warning says so. */
const EPOCHS_AHEAD = 10n;

/**
 * Commits to the secret of the next epoch, has the seed of the current one drawn, reveals the secret of the one before.
 *
 * @param hindrance why the checker could not serve an epoch now: then it does not commit to one
 */
export function secretsDuty(
  context: CheckerContext,
  hindrance: () => Promise<string | undefined> = () => Promise.resolve(undefined),
): Duty {
  return {
    name: "secrets",
    advance: (view) =>
      inTurn(
        () => draw(context, view),
        () => reveal(context, view),
        () => commit(context, view, hindrance),
      ),
  };
}

async function draw(context: CheckerContext, view: RoundView): Promise<void> {
  const { checkers, log, storage } = context;
  const { epoch, startOf } = view;
  const { seed } = await view.readEpoch(epoch);
  if (seed !== undefined || (await standingIn(context, epoch)) === "none") return;
  if (view.now >= startOf(epoch) + checkers.epochLength / 2) {
    if (storage.note(`void ${epoch}`, epoch)) log.emit("warn", "checker.void", { epoch });
    return;
  }
  let round = await checkers.readRound();
  if (round !== undefined && round.value === undefined) {
    // The chain forgets hashes of blocks after a while: then the round gets another block.
    if (view.block > round.blockNumber + READABLE_BLOCKS) return request(context, epoch);
    // It can be fixed in any block after the named one.
    if (view.block < round.blockNumber) return;
    await makeMove(context, "fixRound", { epoch, round: round.round }, () => checkers.fixRound());
    round = await checkers.readRound(round.round);
  }
  if (round === undefined || round.requestedAt < startOf(epoch)) return request(context, epoch);
  const first = await checkers.firstRoundSince(startOf(epoch));
  if (first?.value === undefined) return;
  await makeMove(context, "draw", { epoch, round: first.round }, () => checkers.draw(first.round));
}

/** Blocks after which the hash of one can no longer be read; a few fewer than 256, for the transaction takes some. */
const READABLE_BLOCKS = 250;

async function request(context: CheckerContext, epoch: number): Promise<void> {
  await makeMove(context, "requestRound", { epoch }, () => context.checkers.requestRound());
}

async function reveal(context: CheckerContext, { settledEpoch, readEpoch }: RoundView): Promise<void> {
  const { checkers, checker } = context;
  // Whoever learns a secret while its epoch goes on can take stake for it: the end must not be undone by a reorganisation.
  const epoch = settledEpoch - 1;
  if (epoch < 1) return;
  const standing = await standingIn(context, epoch);
  if (standing === "none" || standing === "penalised") return;
  // Nothing is owed for an epoch without a seed.
  if ((await readEpoch(epoch)).seed === undefined) return;
  if (BigInt(await checkers.contracts.checkers.secretOf(epoch, checker)) !== 0n) return;
  if (standing === "foreign") {
    return noteMissed(context, epoch, "secret", {
      message: "the secret of this epoch was derived from another operator key; it cannot be revealed here",
      remedy: `Start a checker with the operator key that committed to it before epoch ${epoch + 2} begins.`,
    });
  }
  const { secret } = await ownSecret(context, epoch);
  await makeMove(context, "revealSecret", { epoch }, () => checkers.revealSecret(checker, secret));
}

async function commit(
  context: CheckerContext,
  view: RoundView,
  hindrance: () => Promise<string | undefined>,
): Promise<void> {
  const { checkers, settings } = context;
  const epoch = view.epoch + 1;
  if (settings.leaving || (await standingIn(context, epoch)) !== "none") return;
  // What is mined after the end of this epoch is refused, and its gas lost.
  if (view.now >= view.startOf(epoch) - lastMoment(context)) {
    return warnOnce(context, epoch, "late", {
      message: "it is too late in this epoch to commit to the next one",
      remedy: "Nothing is lost but the next epoch's pay: the one after it is committed to in time.",
    });
  }
  if (!(await hasStake(context, view, epoch)) || !(await hasGas(context, view, epoch))) return;
  const reason = await hindrance();
  if (reason !== undefined) {
    return warnOnce(context, epoch, "hindrance", {
      message: `no commitment to the next epoch: ${reason}`,
      remedy: "Correct it before this epoch ends.",
    });
  }
  const { commitment } = await ownSecret(context, epoch);
  await makeMove(context, "commitSecret", { epoch }, () => checkers.commitSecret(commitment, { epoch }));
}

async function hasStake(context: CheckerContext, view: RoundView, epoch: number): Promise<boolean> {
  const { checkers, checker } = context;
  const { stake } = await view.rulesOf(epoch);
  const locked = (await checkers.readChecker(checker))?.locked ?? 0n;
  if (locked >= stake) return true;
  const ath = (amount: bigint) => formatAmount({ address: "", symbol: "ATH", decimals: 18 }, amount);
  warnOnce(context, epoch, "stake", {
    message: `no commitment to the next epoch: ${ath(locked)} are locked, ${ath(stake)} are in force`,
    remedy: "Run athanor checker join --config FILE again: it stakes and locks the difference.",
  });
  return false;
}

async function hasGas(context: CheckerContext, view: RoundView, epoch: number): Promise<boolean> {
  const { chain, operator } = context;
  const [balance, fees, providers] = await Promise.all([
    chain.provider.getBalance(operator.address),
    chain.provider.getFeeData(),
    measuredProviders(view, epoch),
  ]);
  const gas = GAS_OF_EPOCH + GAS_OF_REPORT * BigInt(providers.length);
  const each = gas * (fees.maxFeePerGas ?? fees.gasPrice ?? 0n);
  if (balance >= each * EPOCHS_AHEAD) return true;
  const suffices = balance >= each;
  warnOnce(context, epoch, suffices ? "little gas" : "no gas", {
    message:
      `${suffices ? "" : "no commitment to the next epoch: "}the operator has ${formatEther(balance)} of the chain's coin; ` +
      `an epoch may take ${formatEther(each)}`,
    remedy: `Send coin to ${operator.address}.`,
  });
  return suffices;
}

function warnOnce(
  { storage, log }: CheckerContext,
  epoch: number,
  about: string,
  warning: { readonly message: string; readonly remedy: string },
): void {
  if (storage.note(`warned ${epoch} ${about}`, epoch)) log.emit("warn", "warning", { epoch, ...warning });
}
