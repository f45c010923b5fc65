import { toAthanorError } from "@athanor/sdk/protocol";
import type { Provider, Wallet } from "ethers";
import { WorkerError } from "../errors.ts";
import type { Plan, PlanStep } from "./plan.ts";

/** Milliseconds that one transaction may take to be mined. */
const TIMEOUT = 300_000;

export interface StepResult {
  readonly title: string;
  readonly transactionHash: string;
  readonly gasUsed: bigint;
}

/**
 * Sends the steps of a plan one after another, each after the one before it was mined. Stops at the first that fails; plans are
 * made from what is on chain, so making and executing the plan again goes on where this one stopped.
 *
 * @throws AthanorError with the contract's error, WorkerError TRANSACTION_FAILED
 */
export async function executePlan(
  provider: Provider,
  wallet: Wallet,
  plan: Plan,
  report: (result: StepResult) => void,
): Promise<void> {
  const signer = wallet.connect(provider);
  for (const step of plan.steps) report(await sendStep(signer, step));
}

async function sendStep(signer: Wallet, { title, to, data }: PlanStep): Promise<StepResult> {
  try {
    const transaction = await signer.sendTransaction({ to, data });
    const receipt = await transaction.wait(1, TIMEOUT);
    return { title, transactionHash: transaction.hash, gasUsed: receipt!.gasUsed };
  } catch (cause) {
    const failure = toAthanorError(cause);
    throw new WorkerError("TRANSACTION_FAILED", `Could not ${title}: ${failure.shortMessage}`, {
      remedy: `${failure.remedy} What was done before stays; running the command again goes on from there.`,
      details: { code: failure.code, step: title },
      cause: failure,
    });
  }
}
