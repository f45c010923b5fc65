import type { Provider, Wallet } from "ethers";
import { WorkerError } from "../../errors.ts";
import { executePlan } from "../../register/execute-plan.ts";
import type { Plan } from "../../register/plan.ts";
import { print } from "../session.ts";
import { formatRows } from "../table.ts";
import { confirm, isInteractive } from "../terminal.ts";

/** Shows a plan, asks, then unlocks and sends. Says so, and does nothing, when there is nothing to do. */
export async function showAndExecute(
  provider: Provider,
  plan: Plan,
  unlockSender: () => Promise<Wallet>,
  yes: boolean,
): Promise<void> {
  for (const line of plan.done) print(`✓ ${line}`);
  if (plan.steps.length === 0) return print("Nothing to do.");
  if (plan.table !== undefined) print(`${formatRows(plan.table)}\n`);
  print(`From ${plan.sender}:`);
  plan.steps.forEach(({ title }, index) => print(`${index + 1}. ${title}`));
  if (!yes) {
    const confirmed = isInteractive() && (await confirm("Send these transactions?"));
    if (!confirmed) {
      throw new WorkerError("NOT_CONFIRMED", "Nothing was sent.", {
        remedy: "Answer y at the terminal, or pass --yes where there is none.",
      });
    }
  }
  const wallet = await unlockSender();
  await executePlan(provider, wallet, plan, ({ title, transactionHash, gasUsed }) =>
    print(`✓ ${title} (${gasUsed} gas, ${transactionHash})`),
  );
}
