import { planRest } from "../../register/rest-plan.ts";
import {
  accountFor,
  connectOnce,
  openSession,
  ownerKeystore,
  unlock,
  type ProviderOptions,
} from "../session.ts";
import { showAndExecute } from "./execute.ts";

export async function runRest(options: ProviderOptions & { end?: true; yes?: true }): Promise<void> {
  const session = await openSession(options);
  const { config, rpc } = session;
  try {
    const owner = await ownerKeystore(config);
    const chain = await connectOnce(session);
    await accountFor(chain, config, owner);
    const plan = await planRest(chain, config.provider.owner, options.end !== true);
    await showAndExecute(rpc, plan, async () => (await unlock(owner, options)).wallet, options.yes === true);
  } finally {
    rpc.destroy();
  }
}
