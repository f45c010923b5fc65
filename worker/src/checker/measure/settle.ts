import { type AthanorClient } from "@athanor/sdk";
import type { ChannelClient, ChannelSession } from "@athanor/sdk/channels";
import { connectToken, toAthanorError, type AthanorContracts } from "@athanor/sdk/protocol";
import type { Clients } from "./clients.ts";
import type { BuyerOptions } from "./options.ts";
import type { OpenJob, Plan } from "./store.ts";

/** Seconds that others get to end a job before the buyer does it. */
const OTHERS_FIRST = 600;
/** Seconds after an epoch in which a transaction that opens a channel of it may still be mined. */
const OPENING_MAY_COME = 3_600;
/** Milliseconds for which a provider is waited for that was asked to close. */
const CLOSING_PATIENCE = 20_000;

export interface Settling {
  readonly options: BuyerOptions;
  readonly clients: Clients;
  readonly contracts: AthanorContracts;
  readonly plan: Plan;
  /** Seconds since 1970 by the chain's clock. */
  readonly now: number;
}

/**
 * Does what is possible now to get back what a plan's epoch left in channels and jobs; at the end what is free in the vault goes back to the account's wallet, and nothing
 * stays approved.
 *
 * @returns whether all of it is back
 */
export async function settlePlan(settling: Settling): Promise<boolean> {
  const { options, clients, plan } = settling;
  if (plan.by === "nothing") return true;
  let isOver = true;
  for (const { id, state } of options.store.channels(plan)) {
    if (state === "sent") isOver = (await endChannel(settling, id)) && isOver;
  }
  const client = await clients.ofAccount(plan.account);
  for (const job of options.store.openJobs(plan)) isOver = (await endJob(settling, client, job)) && isOver;
  if (isOver) await returnFunds(settling, client);
  return isOver;
}

/** Closes it, or takes the next step of closing it without the provider. @returns whether it is over */
async function endChannel(settling: Settling, id: string): Promise<boolean> {
  const { options, clients, plan, now, contracts } = settling;
  const { store, signal, log } = options;
  const session = await resumed(await clients.ofPlan(plan), id);
  if (session === undefined) {
    if (now < plan.endsAt + OPENING_MAY_COME) return false;
    store.setChannelState(id, "never");
    return true;
  }
  let view = await session.onChain();
  if (view.status === "Open") {
    const isAnnounced = BigInt(view.closesAt) < session.terms.expiresAt;
    const isFinishable = now > view.closesAt || (await contracts.vault.isJailed(plan.provider));
    if (isFinishable) view = await session.finish({ ...(signal && { signal }) });
    else if (!isAnnounced) {
      view = await session.close({ patience: CLOSING_PATIENCE, ...(signal && { signal }) });
    }
  }
  if (view.status === "Open") return false;
  store.setChannelState(id, "closed");
  const { epoch, provider, account } = plan;
  log.emit("info", "buyer.closed", {
    epoch,
    provider,
    account,
    channel: id,
    paid: view.paid,
    deposit: view.deposit,
  });
  return true;
}

async function resumed(client: ChannelClient, id: string): Promise<ChannelSession | undefined> {
  try {
    return await client.resumeChannel(id);
  } catch (error) {
    if (toAthanorError(error).code === "UnknownChannel") return undefined;
    throw error;
  }
}

/** @returns whether its escrow is paid out or back */
async function endJob({ options, now }: Settling, client: AthanorClient, job: OpenJob): Promise<boolean> {
  const { store } = options;
  try {
    const view = await client.job(job.jobId);
    if (view.status === "Created") {
      if (now <= Number(view.terms.submitDeadline)) return false;
      await client.refund(job.jobId);
    } else if (view.status === "Submitted") {
      if (now <= (view.finalizableAt ?? Infinity) + OTHERS_FIRST) return false;
      await client.finalize(job.jobId);
    }
  } catch (error) {
    // A reorganisation took it away: then nothing is escrowed.
    const { code } = toAthanorError(error);
    if (code !== "JobNotFound" && code !== "JobReorganized") throw error;
  }
  store.setJobEnded(job);
  return true;
}

async function returnFunds({ options, plan, contracts }: Settling, client: AthanorClient): Promise<void> {
  const { store, provider, accounts, log } = options;
  const { account, token, epoch } = plan;
  // Another plan of the account still needs it.
  const others = store
    .unsettledPlans(Number.MAX_SAFE_INTEGER)
    .filter((other) => other.account === account && other.token === token);
  if (others.some((other) => other.epoch !== epoch || other.provider !== plan.provider)) return;
  const { available } = await contracts.vault.accountOf(token, account);
  if (available > 0n) {
    await client.withdraw({ token, amount: available });
    log.emit("info", "buyer.returned", { account, token, amount: available });
  }
  const { vault } = contracts.deployment;
  const wallet = accounts.find(({ address }) => address === account)!.connect(provider);
  const erc20 = connectToken(wallet, token);
  if ((await erc20.allowance(account, vault)) > 0n) await (await erc20.approve(vault, 0n)).wait();
}
