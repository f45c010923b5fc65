import { Checkers } from "@athanor/sdk/checkers";
import type { Command } from "commander";
import type { JsonRpcProvider } from "ethers";
import { existsSync } from "node:fs";
import type { Chain } from "../../chain/chain.ts";
import { openRpc } from "../../chain/rpc.ts";
import { planJoining, planResigning } from "../../checker/plans.ts";
import { readCheckerStatus, type CheckerStatus } from "../../checker/status.ts";
import { openCheckerStorage } from "../../checker/storage.ts";
import { loadCheckerConfig } from "../../config/load.ts";
import type { CheckerConfig } from "../../config/schema.ts";
import { WorkerError } from "../../errors.ts";
import { readKeystore } from "../../keys/keystore.ts";
import type { Plan } from "../../register/plan.ts";
import { connectOnce, ownerKeystore, print, printJson, unlock, type ProviderOptions } from "../session.ts";
import { formatRows } from "../table.ts";
import { runCheckerStart } from "./checker-start.ts";
import { showAndExecute } from "./execute.ts";
import { withConfig } from "./provider.ts";

type Options = ProviderOptions & { yes?: true };

export function addCheckerCommands(program: Command): void {
  const checker = program
    .command("checker")
    .description("Measure providers and recompute results for pay (docs/checkers-guide.md).");

  withConfig(checker.command("join"))
    .description(
      "Stake, lock and name the operator key, as far as that is missing. Needs the owner's key. Safe to repeat.",
    )
    .option("--yes", "do not ask for confirmation")
    .action((options: Options) =>
      executeAsChecker(options, async ({ chain, checkers, config }) => {
        const { address } = await readKeystore(config.keys.operatorKeystore);
        return planJoining(chain, checkers, config.checker.owner, address);
      }),
    );

  withConfig(checker.command("start"))
    .description("Check until stopped. Prints one event a line: JSON, or prose on a terminal.")
    .action((options: ProviderOptions) => runCheckerStart(options));

  withConfig(checker.command("status"))
    .description("Stake, keys, what was done in the last epochs, pay, and what is wrong.")
    .option("--json", "print one JSON document")
    .action((options: ProviderOptions & { json?: true }) => runStatus(options));

  withConfig(checker.command("leave"))
    .description("Resign and unbond the stake, as far as the chain allows now. Needs the owner's key.")
    .option("--yes", "do not ask for confirmation")
    .action((options: Options) =>
      executeAsChecker(options, async ({ chain, checkers, config, rpc }) => {
        const head = await rpc.getBlock("latest");
        return planResigning(chain, checkers, config.checker.owner, head!.timestamp);
      }),
    );
}

interface CheckerSession {
  readonly config: CheckerConfig;
  readonly rpc: JsonRpcProvider;
  readonly chain: Chain;
  /** Connected for reading. */
  readonly checkers: Checkers;
}

async function withSession<T>(
  options: ProviderOptions,
  work: (session: CheckerSession) => Promise<T>,
): Promise<T> {
  const config = await loadCheckerConfig(options.config);
  const rpc = openRpc(config.chain.rpcUrl, config.chain.chainId);
  try {
    const chain = await connectOnce({ config, rpc });
    const { deployment } = chain.contracts;
    return await work({ config, rpc, chain, checkers: await Checkers.connect({ runner: rpc, deployment }) });
  } finally {
    rpc.destroy();
  }
}

/** Plans something that the owner's key sends, and shows and executes it. */
function executeAsChecker(
  options: Options,
  planOf: (session: CheckerSession) => Promise<Plan>,
): Promise<void> {
  return withSession(options, async (session) => {
    const { config, rpc } = session;
    const keystore = await ownerKeystore(config);
    const { owner } = config.checker;
    if (keystore.address !== owner) {
      const found = `${keystore.file} holds the key of ${keystore.address}, checker.owner is ${owner}.`;
      throw new WorkerError("KEY_MISMATCH", found, {
        remedy: "Name the owner's keystore, or correct checker.owner.",
        details: { keystore: keystore.address, owner },
      });
    }
    const plan = await planOf(session);
    const unlockOwner = async () => (await unlock(keystore, options)).wallet;
    await showAndExecute(rpc, plan, unlockOwner, options.yes === true);
  });
}

function runStatus(options: ProviderOptions & { json?: true }): Promise<void> {
  return withSession(options, async ({ chain, checkers, config }) => {
    const { address } = await readKeystore(config.keys.operatorKeystore);
    // Looking must not create a database.
    const storage = existsSync(config.storage) ? openCheckerStorage(config.storage) : null;
    try {
      const status = await readCheckerStatus(chain, checkers, config, address, storage, Date.now());
      if (options.json) printJson(status);
      else showStatus(status);
    } finally {
      storage?.close();
    }
  });
}

function showStatus(status: CheckerStatus): void {
  const { epochs, hints } = status;
  print(
    formatRows([
      ["checker", `${status.checker}${status.joined ? "" : " (has not joined)"}`],
      ["operator", `${status.operator}, ${status.operatorCoin} of the chain's coin`],
      ["stake", `${status.locked} locked, ${status.stakeInForce} in force`],
      ["daemon", status.daemonAlive ? "alive" : "not alive"],
      ["attestations", `${status.openAttestations} open`],
      ...epochs.map(({ epoch, endsAt, secret, drawn, measured, reports, shares, pay }) => [
        `epoch ${epoch}`,
        `until ${endsAt}: secret ${secret === "none" ? "not committed to" : secret}, ${drawn ? "drawn" : "no seed"}, ` +
          `${measured} measured, reports ${reports === "none" ? "not committed to" : reports}, ${shares} shares${
            pay.length === 0 ? "" : `, pays ${pay.join(", ")}`
          }`,
      ]),
    ]),
  );
  print("");
  for (const hint of hints) print(`→ ${hint}`);
}
