import { programParts } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { readEncryptionKeystore } from "../../keys/encryption-keystore.ts";
import { readKeystore } from "../../keys/keystore.ts";
import { requireRoot } from "../../model/require-root.ts";
import { planRegistration } from "../../register/register-plan.ts";
import {
  accountFor,
  connectOnce,
  openSession,
  ownerKeystore,
  unlock,
  type ProviderOptions,
} from "../session.ts";
import { showAndExecute } from "./execute.ts";

export async function runRegister(options: ProviderOptions & { yes?: true }): Promise<void> {
  const session = await openSession(options);
  const { config, rpc } = session;
  try {
    const owner = await ownerKeystore(config);
    const operator = await readKeystore(config.keys.operatorKeystore);
    const { watchtowerKeystore, receiptKeystore, encryptionKeystore } = config.keys;
    const watchtower = watchtowerKeystore === null ? undefined : await readKeystore(watchtowerKeystore);
    const receipts = receiptKeystore === null ? undefined : await readKeystore(receiptKeystore);
    const encryption =
      encryptionKeystore === null ? undefined : await readEncryptionKeystore(encryptionKeystore);
    const chain = await connectOnce(session);
    await accountFor(chain, config, owner);
    const models = [];
    for (const model of config.models) {
      const { commitment, program } = await loadModel(model.path);
      requireRoot(model, commitment);
      models.push({ commitment, programParts: programParts(program), uri: model.uri, offers: model.offers });
    }
    const keys = {
      operator: operator.address,
      watchtower: watchtower?.address,
      receipts: receipts?.address,
      encryptionKey: encryption?.publicKey,
    };
    const plan = await planRegistration(chain, config, keys, models);
    await showAndExecute(rpc, plan, async () => (await unlock(owner, options)).wallet, options.yes === true);
  } finally {
    rpc.destroy();
  }
}
