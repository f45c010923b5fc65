import { getAddress, isAddress } from "ethers";
import { WorkerError } from "../../errors.ts";
import { configuredTokens } from "../../market/tokens.ts";
import { planWithdrawal } from "../../register/withdraw-plan.ts";
import {
  accountFor,
  connectOnce,
  openSession,
  ownerKeystore,
  unlock,
  type ProviderOptions,
} from "../session.ts";
import { showAndExecute } from "./execute.ts";

type Options = ProviderOptions & { to?: string; yes?: true };

export async function runWithdraw(options: Options): Promise<void> {
  const session = await openSession(options);
  const { config, rpc } = session;
  try {
    const isRecipient: boolean = options.to === undefined || isAddress(options.to);
    if (!isRecipient) {
      throw new WorkerError("INVALID_ARGUMENT", `--to is "${options.to}", not an address.`, {
        remedy: "Pass an address of 0x and 40 hexadecimal digits.",
        details: { to: options.to },
      });
    }
    const keystore = await ownerKeystore(config);
    const chain = await connectOnce(session);
    const account = await accountFor(chain, config, keystore);
    const recipient = getAddress(options.to ?? account.sender);
    const tokens = await configuredTokens(chain, config);
    const plan = await planWithdrawal(chain, account, recipient, tokens);
    await showAndExecute(
      rpc,
      plan,
      async () => (await unlock(keystore, options)).wallet,
      options.yes === true,
    );
  } finally {
    rpc.destroy();
  }
}
