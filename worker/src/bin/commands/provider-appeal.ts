import { readFile } from "node:fs/promises";
import { WorkerError } from "../../errors.ts";
import { readKeystore } from "../../keys/keystore.ts";
import { planAppeal } from "../../register/appeal-plan.ts";
import { connectOnce, openSession, unlock, type ProviderOptions } from "../session.ts";
import { showAndExecute } from "./execute.ts";

type Options = ProviderOptions & { reasons?: string; reasonsFile?: string; yes?: true };

export async function runAppeal(options: Options): Promise<void> {
  const reasons = await readReasons(options);
  const session = await openSession(options);
  const { config, rpc } = session;
  try {
    const operator = await readKeystore(config.keys.operatorKeystore);
    const chain = await connectOnce(session);
    const head = await rpc.getBlock("latest");
    const plan = await planAppeal(chain, config.provider.owner, operator.address, reasons, head!.timestamp);
    await showAndExecute(
      rpc,
      plan,
      async () => (await unlock(operator, options)).wallet,
      options.yes === true,
    );
  } finally {
    rpc.destroy();
  }
}

async function readReasons({ reasons, reasonsFile }: Options): Promise<string> {
  if ((reasons === undefined) === (reasonsFile === undefined)) {
    throw new WorkerError("INVALID_ARGUMENT", "Either --reasons or --reasons-file says why.", {
      remedy: "Give one of them.",
    });
  }
  if (reasonsFile === undefined) return reasons!;
  try {
    return await readFile(reasonsFile, "utf8");
  } catch (cause) {
    throw new WorkerError("INVALID_ARGUMENT", `--reasons-file ${reasonsFile} cannot be read.`, {
      remedy: "Name a text file.",
      details: { file: reasonsFile },
      cause,
    });
  }
}
