import { formatAmount, type TokenInfo } from "@athanor/sdk";
import { connectPools } from "@athanor/sdk/delegation";
import { toAthanorError } from "@athanor/sdk/protocol";
import type { Chain } from "../chain/chain.ts";
import { WorkerError } from "../errors.ts";
import { readToken } from "../market/tokens.ts";
import type { OwnerAccount, Pool } from "./owner-account.ts";
import type { Plan, PlanStep } from "./plan.ts";

/**
 * Makes the pool with a label, of this manager; plans nothing when it is there.
 *
 * @param commission ten-thousandths of the delegators' earnings
 * @throws AthanorError with the contract's error when it would refuse label or commission
 */
export async function planPool(
  chain: Chain,
  manager: string,
  label: string,
  commission: number,
): Promise<{ readonly plan: Plan; readonly pool: string }> {
  const { deployment } = chain.contracts;
  const pools = connectPools(chain.provider, deployment);
  const pool = await pools.addressOf(manager, label);
  if (await pools.isPool(pool)) {
    return { pool, plan: { sender: manager, done: [`the pool ${label} is ${pool}`], steps: [] } };
  }
  await refuseEarly(pools.create.staticCall(label, commission, { from: manager }));
  const step = {
    title: `make the pool ${label} at ${pool}, with a commission of ${commission / 100} %`,
    to: deployment.delegationPools!,
    data: pools.interface.encodeFunctionData("create", [label, commission]),
  };
  return { pool, plan: { sender: manager, done: [], steps: [step] } };
}

/** Adds to the own part from the manager's wallet. @throws WorkerError TRANSACTION_FAILED when it has too little */
export async function contributionSteps(
  { contracts, provider }: Chain,
  { address, sender, pool }: OwnerAccount,
  amount: bigint,
  why?: string,
): Promise<PlanStep[]> {
  if (amount === 0n || pool === null) return [];
  const { ath, deployment } = contracts;
  const token = await readToken(provider, deployment.ath);
  const [wallet, allowance] = await Promise.all([ath.balanceOf(sender), ath.allowance(sender, address)]);
  if (wallet < amount) {
    const reason = why === undefined ? "" : ` (${why})`;
    throw new WorkerError(
      "TRANSACTION_FAILED",
      `${formatAmount(token, amount)} must be contributed to the pool${reason}; ${sender} has ${formatAmount(token, wallet)} in its wallet.`,
      {
        remedy: `Send it ${formatAmount(token, amount - wallet)}, or lower limits.maxOpenJobs, channels.maxOpen or hardware[].count.`,
        details: { missing: amount, wallet },
      },
    );
  }
  const steps: PlanStep[] = [];
  if (allowance < amount) {
    steps.push({
      title: `let the pool take ${formatAmount(token, amount)}`,
      to: deployment.ath,
      data: ath.interface.encodeFunctionData("approve", [address, amount]),
    });
  }
  steps.push({
    title: `contribute ${formatAmount(token, amount)} to the own part${why === undefined ? "" : ` (${why})`}`,
    to: address,
    data: pool.interface.encodeFunctionData("contribute", [amount]),
  });
  return steps;
}

/** What the own part lacks, ATH units, for a registration with this fraud deposit: while anything is delegated, it covers the deposit twice. */
export async function missingOwnPart({ pool }: OwnerAccount, deposit: bigint): Promise<bigint> {
  if (pool === null) return 0n;
  const { own, backing } = await pool.book();
  if (backing === 0n) return 0n;
  const today = await pool.requiredOwn(backing);
  const required = today > 2n * deposit ? today : 2n * deposit;
  return required > own ? required - own : 0n;
}

/**
 * Sets a lower commission, announces a higher one, or applies what was announced when its time has come.
 *
 * @param now chain seconds
 * @throws AthanorError `CommissionOutOfBounds`
 */
export async function planCommission(
  { address, sender }: OwnerAccount,
  pool: Pool,
  commission: number,
  now: number,
): Promise<Plan> {
  const { current, next, nextAt } = await pool.commission();
  const percent = (points: bigint | number) => `${Number(points) / 100} %`;
  const plan = (title: string, data: string): Plan => ({
    sender,
    done: [],
    steps: [{ title, to: address, data }],
  });
  const nothing = (line: string): Plan => ({ sender, done: [line], steps: [] });
  if (Number(current) === commission && nextAt === 0n) {
    return nothing(`the commission is ${percent(current)}`);
  }
  if (nextAt !== 0n && Number(next) === commission) {
    const when = new Date(Number(nextAt) * 1_000).toISOString();
    if (now < Number(nextAt)) return nothing(`a rise to ${percent(next)} can be applied from ${when} on`);
    return plan(
      `raise the commission to ${percent(next)}`,
      pool.interface.encodeFunctionData("applyCommission"),
    );
  }
  await refuseEarly(pool.setCommission.staticCall(commission, { from: sender }));
  const days = Math.ceil(Number(await pool.longestExit()) / 86_400);
  const title =
    commission > Number(current)
      ? `announce a rise of the commission from ${percent(current)} to ${percent(commission)}, in ${days} days`
      : `lower the commission from ${percent(current)} to ${percent(commission)}`;
  return plan(title, pool.interface.encodeFunctionData("setCommission", [commission]));
}

/** Splits what came in, token by token. Anybody may; tokens that the pool does not know are listed. */
export async function planHarvest(
  { contracts }: Chain,
  { address, sender }: OwnerAccount,
  pool: Pool,
  tokens: readonly TokenInfo[],
): Promise<Plan> {
  const steps: PlanStep[] = [];
  const done: string[] = [];
  for (const token of tokens) {
    const { available } = await contracts.vault.accountOf(token.address, address);
    const income = available - (await pool.streamOf(token.address)).booked;
    if (income === 0n) {
      done.push(`no ${token.symbol} came in since the last harvest`);
      continue;
    }
    steps.push({
      title: `harvest ${formatAmount(token, income)}`,
      to: address,
      data: pool.interface.encodeFunctionData("harvest", [token.address]),
    });
  }
  return { sender, done, steps };
}

/** Harvests, and pays out the manager's part: the own part's earnings, the commission, and what of the own part has left. */
export async function planPoolWithdrawal(
  chain: Chain,
  account: OwnerAccount,
  pool: Pool,
  recipient: string,
  tokens: readonly TokenInfo[],
): Promise<Plan> {
  const harvest = await planHarvest(chain, account, pool, tokens);
  const { own } = await pool.book();
  const { current } = await pool.commission();
  const hasPart = own > 0n || current > 0n || (await pool.totalSupply()) === 0n;
  const harvested = new Set(harvest.steps.map(({ data }) => data));
  const steps = [...harvest.steps];
  const done: string[] = [];
  for (const token of tokens) {
    const earned = await pool.earned(token.address, account.sender);
    const comes = hasPart && harvested.has(pool.interface.encodeFunctionData("harvest", [token.address]));
    if (earned === 0n && !comes) {
      done.push(`no ${token.symbol} of ${account.sender} is free in the pool`);
      continue;
    }
    steps.push({
      title: `pay ${formatAmount(token, earned)} of ${account.sender} out to ${recipient}${comes ? ", and its part of the harvest" : ""}`,
      to: account.address,
      data: pool.interface.encodeFunctionData("claim", [token.address, recipient]),
    });
  }
  return { sender: account.sender, done, steps };
}

/** What the contract would refuse is said before anything is shown or sent. */
async function refuseEarly(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (cause) {
    throw toAthanorError(cause);
  }
}
