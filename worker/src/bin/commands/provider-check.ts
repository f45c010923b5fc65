import { cpus, freemem } from "node:os";
import type { Chain } from "../../chain/chain.ts";
import { failed, ok, skipped, type CheckResult } from "../../check/check.ts";
import { checkCases } from "../../check/cases.ts";
import { checkChannels } from "../../check/channels.ts";
import { checkContents } from "../../check/contents.ts";
import { checkExams } from "../../check/exams.ts";
import { checkMachine } from "../../check/machine.ts";
import { checkClock, checkCoin, checkNewWork, checkOffers, checkRegistration } from "../../check/market.ts";
import { checkModels } from "../../check/models.ts";
import { checkThroughput } from "../../check/throughput.ts";
import { describeError } from "../../errors.ts";
import { readKeystore } from "../../keys/keystore.ts";
import {
  connectOnce,
  openModel,
  openSession,
  print,
  printJson,
  unlock,
  type ProviderOptions,
} from "../session.ts";
import { formatRows } from "../table.ts";

/** Runs every check that can be run, whatever the others find. Returns the exit code. */
export async function runCheck(options: ProviderOptions & { json?: true }): Promise<number> {
  const session = await openSession(options);
  const { config, rpc } = session;
  const results: CheckResult[] = [ok("configuration", options.config)];
  const guarded = async (name: string, check: () => Promise<CheckResult | readonly CheckResult[]>) => {
    try {
      results.push(...[await check()].flat());
    } catch (error) {
      const { message, remedy = "" } = describeError(error);
      results.push(failed(name, message, remedy));
    }
  };
  try {
    await guarded("machine", () =>
      checkMachine(config, {
        nodeVersion: process.versions.node,
        processors: cpus().length,
        freeMemory: freemem(),
      }),
    );
    let chain: Chain | undefined;
    await guarded("chain", async () => {
      chain = await connectOnce(session);
      const head = await rpc.getBlockNumber();
      return ok(
        "chain",
        `${new URL(config.chain.rpcUrl).host} is on chain ${chain.chainId}, block ${head}; the contracts are there`,
      );
    });
    let operator: string | undefined;
    await guarded("keystore", async () => {
      const keystore = await readKeystore(config.keys.operatorKeystore);
      operator = keystore.address;
      await unlock(keystore, options);
      return ok("keystore", `${keystore.file} unlocks ${keystore.address}`);
    });
    const connected = chain;
    const models = await checkModels(config, connected, (folder) => openModel(config, folder));
    if (connected === undefined) {
      const channels = config.channels === null ? [] : ["channels"];
      for (const name of [
        "clock",
        "provider",
        "new work",
        "cases",
        "throughput",
        "offers",
        "gas",
        ...channels,
      ]) {
        results.push(skipped(name, "the chain is not reachable"));
      }
    } else {
      await guarded("clock", () => checkClock(connected, Date.now()));
      await guarded("provider", () => checkRegistration(connected, config, operator));
      await guarded("new work", () => checkNewWork(connected, config));
      await guarded("cases", () => checkCases(connected, config));
      const measured = models.models.map((model) => model.measured);
      await guarded("throughput", () => checkThroughput(connected, config, measured));
      await guarded("exams", () => checkExams(connected, config));
      await guarded("offers", () => checkOffers(connected, config, models.models));
      await guarded("channels", () => checkChannels(connected, config, operator));
      const payer = operator;
      if (payer !== undefined) await guarded("gas", () => checkCoin(connected, payer));
    }
    results.push(...models.results);
    await guarded("contents", () => checkContents(config, process.env));
  } finally {
    rpc.destroy();
  }
  const isFine = results.every(({ status }) => status !== "failed");
  if (options.json) printJson({ ok: isFine, checks: results });
  else showResults(results);
  return isFine ? 0 : 1;
}

const signs = { ok: "✓", warning: "!", failed: "✗", skipped: "-" } as const;

function showResults(results: readonly CheckResult[]): void {
  print(formatRows(results.map(({ name, status, detail }) => [signs[status], name, detail])));
  const remedies = results.filter(({ remedy }) => remedy !== "");
  if (remedies.length === 0) return;
  print("");
  for (const { name, status, remedy } of remedies) print(`${signs[status]} ${name}: ${remedy}`);
}
