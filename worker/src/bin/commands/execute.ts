import type { Provider, Wallet } from "ethers";
import type { Chain } from "../../chain/chain.ts";
import { WorkerError } from "../../errors.ts";
import { executePlan } from "../../register/execute-plan.ts";
import type { OwnerAccount } from "../../register/owner-account.ts";
import type { Plan } from "../../register/plan.ts";
import {
  accountFor,
  connectOnce,
  openSession,
  ownerKeystore,
  print,
  unlock,
  type ProviderOptions,
  type Session,
} from "../session.ts";
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

/** What a command of the owner plans with. */
export interface OwnerContext extends Session {
  readonly chain: Chain;
  readonly account: OwnerAccount;
}

/** Plans something that the owner's key sends, or a pool's manager's, and shows and executes it. */
export async function executeAsOwner(
  options: ProviderOptions & { yes?: true },
  planOf: (context: OwnerContext) => Promise<Plan>,
): Promise<void> {
  const session = await openSession(options);
  try {
    const keystore = await ownerKeystore(session.config);
    const chain = await connectOnce(session);
    const account = await accountFor(chain, session.config, keystore);
    const plan = await planOf({ ...session, chain, account });
    const unlockOwner = async () => (await unlock(keystore, options)).wallet;
    await showAndExecute(session.rpc, plan, unlockOwner, options.yes === true);
  } finally {
    session.rpc.destroy();
  }
}
