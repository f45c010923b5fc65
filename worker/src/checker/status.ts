import { formatAmount, type TokenInfo } from "@athanor/sdk";
import type { Checkers } from "@athanor/sdk/checkers";
import { formatEther, getAddress, ZeroHash } from "ethers";
import type { Chain } from "../chain/chain.ts";
import type { CheckerConfig } from "../config/schema.ts";
import { readToken, resolveToken } from "../market/tokens.ts";
import type { CheckerStorage } from "./storage.ts";

/** What a checker did in an epoch, by what the chain and its database say. */
export interface EpochStatus {
  readonly epoch: number;
  /** ISO 8601. */
  readonly startsAt: string;
  readonly endsAt: string;
  /** none: it has not committed; penalised: it lost stake for its secret. */
  readonly secret: "none" | "committed" | "revealed" | "penalised";
  /** false in an epoch that is void, or not drawn yet. */
  readonly drawn: boolean;
  /** Reports in the database. */
  readonly measured: number;
  /** Of reports: nothing was committed to; it is not, or not all of it, revealed; all is. */
  readonly reports: "none" | "committed" | "revealed";
  readonly shares: number;
  /** What it pays, as text with its unit; empty while nothing is earned. */
  readonly pay: readonly string[];
}

/** How a checker stands. Amounts are text with their unit. */
export interface CheckerStatus {
  readonly checker: string;
  readonly joined: boolean;
  readonly operator: string;
  readonly operatorCoin: string;
  readonly locked: string;
  /** What the next epoch asks for. */
  readonly stakeInForce: string;
  readonly openAttestations: number;
  readonly lastEpoch: number;
  /** The next one, the current one and those before that can still be acted on, newest first. */
  readonly epochs: readonly EpochStatus[];
  /** Whether a daemon was alive within the last minute. */
  readonly daemonAlive: boolean;
  /** What is wrong, each with its remedy. */
  readonly hints: readonly string[];
}

const ALIVE_WITHIN = 60_000;
/** Epochs after which nothing about one is decided any more. */
const EPOCHS_SHOWN = 4;

/** @param now milliseconds since 1970, local clock */
export async function readCheckerStatus(
  chain: Chain,
  checkers: Checkers,
  config: CheckerConfig,
  operator: string,
  storage: CheckerStorage | null,
  now: number,
): Promise<CheckerStatus> {
  const { owner } = config.checker;
  const ath = await readToken(chain.provider, chain.contracts.deployment.ath);
  const tokens = await Promise.all(config.checker.tokens.map((name) => resolveToken(chain, name)));
  const current = await checkers.currentEpoch();
  const [found, rules, coin] = await Promise.all([
    checkers.readChecker(owner),
    checkers.rulesOf(current + 1),
    chain.provider.getBalance(operator),
  ]);
  const epochs: EpochStatus[] = [];
  for (let epoch = current + 1; epoch >= Math.max(1, current - EPOCHS_SHOWN); epoch--) {
    epochs.push(await epochStatus(checkers, owner, tokens, storage, epoch));
  }
  const lastAlive = storage?.lastAlive() ?? null;
  const daemonAlive = lastAlive !== null && now - lastAlive < ALIVE_WITHIN;
  const hints: string[] = [];
  if (found === undefined) hints.push(`${owner} is no checker: run athanor checker join --config FILE`);
  else {
    if (getAddress(found.operator) !== operator) {
      hints.push(
        `Its operator on chain is ${found.operator}: run athanor checker join --config FILE to replace it`,
      );
    }
    if (found.locked < rules.stake) {
      hints.push(
        "Less than the stake in force is locked: run athanor checker join --config FILE to lock the rest",
      );
    }
    if (!daemonAlive) hints.push("No daemon is alive: run athanor checker start --config FILE");
    if (coin === 0n) hints.push(`The operator cannot pay gas: send coin to ${operator}`);
  }
  for (const { epoch, secret } of epochs) {
    if (secret === "penalised") {
      hints.push(`Stake was taken for the secret of epoch ${epoch}: it was not revealed, or leaked`);
    }
  }
  return {
    checker: owner,
    joined: found !== undefined,
    operator,
    operatorCoin: formatEther(coin),
    locked: formatAmount(ath, found?.locked ?? 0n),
    stakeInForce: formatAmount(ath, rules.stake),
    openAttestations: found?.held ?? 0,
    lastEpoch: found?.lastEpoch ?? 0,
    epochs,
    daemonAlive,
    hints,
  };
}

async function epochStatus(
  checkers: Checkers,
  owner: string,
  tokens: readonly TokenInfo[],
  storage: CheckerStorage | null,
  epoch: number,
): Promise<EpochStatus> {
  const { checkers: core, qualityReports, checkerPay } = checkers.contracts;
  const [view, committed, secret, tip, shares] = await Promise.all([
    checkers.readEpoch(epoch),
    core.committedTo(epoch, owner),
    core.secretOf(epoch, owner),
    qualityReports.tipOf(epoch, owner),
    checkerPay.sharesOf(epoch, owner),
  ]);
  const pays = await Promise.all(
    tokens.map(async (token) => {
      const { amount } = await checkers.payOf({ epoch, token: token.address, checker: owner });
      return amount > 0n ? [formatAmount(token, amount)] : [];
    }),
  );
  const isCommitted = BigInt(committed) > 1n;
  const isRevealed = secret !== ZeroHash;
  const hasCommitted = (storage?.commitmentsOf(epoch).length ?? 0) > 0;
  return {
    epoch,
    startsAt: new Date(view.startsAt * 1_000).toISOString(),
    endsAt: new Date(view.endsAt * 1_000).toISOString(),
    secret:
      BigInt(committed) === 1n ? "penalised" : isRevealed ? "revealed" : isCommitted ? "committed" : "none",
    drawn: view.seed !== undefined,
    measured: storage?.reportsOf(epoch).length ?? 0,
    reports: tip !== ZeroHash ? "committed" : hasCommitted && isRevealed ? "revealed" : "none",
    shares: Number(shares),
    pay: pays.flat(),
  };
}
