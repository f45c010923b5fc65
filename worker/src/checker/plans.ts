import { formatAmount, type TokenInfo } from "@athanor/sdk";
import type { Checkers } from "@athanor/sdk/checkers";
import { getAddress } from "ethers";
import type { Chain } from "../chain/chain.ts";
import { WorkerError } from "../errors.ts";
import { readToken } from "../market/tokens.ts";
import type { Plan, PlanStep } from "../register/plan.ts";
import { stakeMore } from "../register/stake-more.ts";

/** Epochs after the last that a checker committed to, from which on it is free of it. */
const EPOCH_LIFE = 4;

/**
 * The transactions that make an account a checker with this operator key and the stake in force, and nothing else: run again, it plans what is missing since.
 *
 * @throws WorkerError KEY_MISMATCH when the operator key belongs to another checker, TRANSACTION_FAILED (too little ATH)
 */
export async function planJoining(
  chain: Chain,
  checkers: Checkers,
  owner: string,
  operator: string,
): Promise<Plan> {
  const { contracts } = checkers;
  const { checkers: core } = contracts;
  const to = await core.getAddress();
  const ath = await readToken(chain.provider, contracts.deployment.ath);
  const current = await checkers.currentEpoch();
  const { stake } = await checkers.rulesOf(current + 1);
  const [found, belongsTo] = await Promise.all([checkers.readChecker(owner), checkers.ownerOf(operator)]);
  if (operator === owner || (belongsTo !== undefined && getAddress(belongsTo) !== owner)) {
    const whose = operator === owner ? "the owner's own" : `that of the checker ${belongsTo}`;
    throw new WorkerError("KEY_MISMATCH", `The operator key ${operator} is ${whose}.`, {
      remedy: "Make this checker an operator key of its own: athanor key create --out operator.json",
      details: { operator, owner, belongsTo },
    });
  }
  const done: string[] = [];
  const steps: PlanStep[] = [];
  const locked = found?.locked ?? 0n;
  const toLock = stake > locked ? stake - locked : 0n;
  if (toLock === 0n) done.push(`${formatAmount(ath, locked)} are locked`);
  else steps.push(...(await stakeSteps(chain, owner, ath, to, toLock)));
  if (found === undefined) {
    steps.push({
      title: `join as a checker: lock ${formatAmount(ath, stake)}, with the operator ${operator}`,
      to,
      data: core.interface.encodeFunctionData("join", [operator]),
    });
    return { sender: owner, done, steps };
  }
  if (toLock > 0n) {
    steps.push({
      title: `lock ${formatAmount(ath, toLock)} more, up to the stake in force`,
      to,
      data: core.interface.encodeFunctionData("topUp"),
    });
  }
  if (getAddress(found.operator) === operator) {
    done.push(`${owner} is a checker with the operator ${operator}`);
  } else {
    // Anyone may reveal a secret, but only the key that it was derived from knows it.
    const owes = found.lastEpoch + 1 >= current && found.lastEpoch > 0;
    const caution = owes
      ? ` (what ${found.operator} committed to, only it can reveal: keep its daemon running until epoch ${found.lastEpoch + 1} is over)`
      : "";
    steps.push({
      title: `replace the operator ${found.operator} by ${operator}${caution}`,
      to,
      data: core.interface.encodeFunctionData("setOperator", [operator]),
    });
  }
  return { sender: owner, done, steps };
}

async function stakeSteps(
  chain: Chain,
  owner: string,
  ath: TokenInfo,
  module: string,
  toLock: bigint,
): Promise<PlanStep[]> {
  const { ath: token, vault, deployment } = chain.contracts;
  const [{ staked, locked, modules }, { available }, wallet, bit] = await Promise.all([
    vault.stakeOf(owner),
    vault.accountOf(deployment.ath, owner),
    token.balanceOf(owner),
    vault.moduleBit(module),
  ]);
  const free = staked - locked;
  const missing = toLock > free ? toLock - free : 0n;
  const why = `${formatAmount(ath, toLock)} to lock, ${formatAmount(ath, free)} staked and free`;
  const { approvals, calls, parts } = await stakeMore(chain, owner, { available, wallet }, ath, {
    missing,
    why,
  });
  const all = [...calls];
  const said = [...parts];
  if ((modules & bit) === 0n) {
    all.push(vault.interface.encodeFunctionData("approveStakeModules", [modules | bit]));
    said.push("let the checkers' contract lock stake");
  }
  if (all.length === 0) return [];
  const data = vault.interface.encodeFunctionData("multicall", [all]);
  return [...approvals, { title: said.join("; "), to: deployment.vault, data }];
}

/**
 * What can be done now to stop being a checker and get the stake back. It takes several runs: each does all that the chain allows by then, and says what the next one
 * waits for.
 *
 * @param now chain seconds
 */
export async function planResigning(
  chain: Chain,
  checkers: Checkers,
  owner: string,
  now: number,
): Promise<Plan> {
  const { vault, providerRegistry, deployment } = chain.contracts;
  const { checkers: core } = checkers.contracts;
  const ath = await readToken(chain.provider, deployment.ath);
  const [found, stake, unbonding, provider] = await Promise.all([
    checkers.readChecker(owner),
    vault.stakeOf(owner),
    vault.unbondingOf(owner),
    providerRegistry.providerOf(owner),
  ]);
  const done: string[] = [];
  const steps: PlanStep[] = [];
  if (found !== undefined) {
    const free = found.lastEpoch === 0 ? 0 : found.lastEpoch + EPOCH_LIFE;
    if (checkers.epochAt(now) < free || found.held > 0) {
      const until = new Date(checkers.startOf(free) * 1_000).toISOString();
      done.push(
        `${owner} committed to epoch ${found.lastEpoch} and answers for it until ${until}${
          found.held > 0 ? `, and for ${found.held} attestations until their results are final` : ""
        }`,
        "set checker.leaving to true, so that the daemon commits to no other epoch, keep it running until then, and run this again",
      );
      return { sender: owner, done, steps };
    }
    steps.push({
      title: `resign as a checker: free ${formatAmount(ath, found.locked)}`,
      to: await core.getAddress(),
      data: core.interface.encodeFunctionData("resign"),
    });
  }
  if (unbonding.amount > 0n && Number(unbonding.releaseAt) <= now) {
    steps.push({
      title: `move ${formatAmount(ath, unbonding.amount)} of unbonded stake into the vault account`,
      to: deployment.vault,
      data: vault.interface.encodeFunctionData("claimUnbonded", [owner]),
    });
  }
  const free = stake.staked - stake.locked + (found?.locked ?? 0n);
  if (provider.registered) done.push("the stake stays where it is: the account is a provider, too");
  else if (free > 0n) {
    steps.push({
      title: `start to unbond ${formatAmount(ath, free)}`,
      to: deployment.vault,
      data: vault.interface.encodeFunctionData("unbond", [free]),
    });
  }
  if (unbonding.amount > 0n && Number(unbonding.releaseAt) > now) {
    const when = new Date(Number(unbonding.releaseAt) * 1_000).toISOString();
    done.push(
      `${formatAmount(ath, unbonding.amount)} are unbonding until ${when}; run this again afterwards`,
    );
  }
  if (steps.length === 0 && done.length === 0) {
    done.push(`${owner} is no checker, and nothing is staked or unbonding`);
  }
  return { sender: owner, done, steps };
}
