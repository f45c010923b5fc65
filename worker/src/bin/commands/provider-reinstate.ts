import { planReinstatement } from "../../register/reinstate-plan.ts";
import {
  accountFor,
  connectOnce,
  openSession,
  ownerKeystore,
  unlock,
  type ProviderOptions,
} from "../session.ts";
import { showAndExecute } from "./execute.ts";

export async function runReinstate(options: ProviderOptions & { yes?: true }): Promise<void> {
  const session = await openSession(options);
  const { config, rpc } = session;
  try {
    const owner = await ownerKeystore(config);
    const chain = await connectOnce(session);
    await accountFor(chain, config, owner);
    const head = await rpc.getBlock("latest");
    const plan = await planReinstatement(chain, config.provider.owner, head!.timestamp);
    await showAndExecute(rpc, plan, async () => (await unlock(owner, options)).wallet, options.yes === true);
  } finally {
    rpc.destroy();
  }
}
