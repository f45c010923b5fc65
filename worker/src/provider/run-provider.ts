import { Keeper } from "../contents/keeper.ts";
import type { Outbox } from "../outbox/advance.ts";
import { describeError, isNodeTrouble } from "../errors.ts";
import { readServing } from "../serve/follow-channels.ts";
import { settleChannels } from "../serve/settle.ts";
import { advanceJobs } from "./advance-jobs.ts";
import type { ProviderContext } from "./context.ts";
import { follow, type Doubt } from "./follow.ts";
import { settleTransactions } from "./settle-transactions.ts";

export interface RunOptions {
  /** Milliseconds between rounds. */
  readonly pollInterval: number;
  /** Milliseconds for which prompts and answers stay after their job ended. */
  readonly keepAfterEnd: number;
  /** Ends the daemon: no new work, generations are stopped and stored. */
  readonly signal: AbortSignal;
  /** Resolves when something happened that the next round should not wait for. */
  readonly awaited: (milliseconds: number) => Promise<void>;
}

const DAY = 86_400_000;
/** Milliseconds for which jobs that ended stay in the database. */
const KEEP_ENDED = 30 * DAY;
const HOUSEKEEPING_INTERVAL = 3_600_000;
const FIRST_BACKOFF = 500;
const LONGEST_BACKOFF = 60_000;

/**
 * The daemon: round after round reads the chain, looks after transactions, advances jobs. Everything but the generations
 * themselves happens here, one thing after another. Nothing but the signal ends it.
 */
export async function runProvider(context: ProviderContext, options: RunOptions): Promise<void> {
  const { clock, log, storage } = context;
  const memory: Memory = { outbox: new Map(), doubt: { recheck: true } };
  const keeper = new Keeper(context, options.keepAfterEnd);
  let isReady = false;
  let failures = 0;
  let housekeepingAt = clock.now();
  // A method, because TypeScript would take a property for constant.
  const isStopped = () => options.signal.aborted;
  while (!isStopped()) {
    let pause = options.pollInterval;
    try {
      const head = await round(context, memory, isStopped);
      if (failures > 0) log.emit("info", "chain.reachable", { block: head });
      if (!isReady) log.emit("info", "ready", { ...describe(context), block: head });
      [isReady, failures] = [true, 0];
    } catch (error) {
      failures++;
      pause = backoff(failures);
      const event = isNodeTrouble(error) ? "chain.unreachable" : "warning";
      log.emit("warn", event, { ...describeError(error), retryInSeconds: Math.round(pause / 100) / 10 });
    }
    storage.setLastAlive(clock.now());
    keeper.tick();
    if (clock.now() >= housekeepingAt) {
      storage.prune(clock.now() - KEEP_ENDED);
      storage.pruneChannels(clock.now() - KEEP_ENDED);
      housekeepingAt = clock.now() + HOUSEKEEPING_INTERVAL;
    }
    if (!isStopped()) await options.awaited(pause);
  }
  await stopGenerations(context);
  await keeper.idle();
}

/** What the daemon remembers from round to round without storing it. */
interface Memory {
  readonly outbox: Outbox;
  readonly doubt: Doubt;
}

/** One look at everything. Returns the newest block. */
async function round(
  context: ProviderContext,
  { outbox, doubt }: Memory,
  isStopped: () => boolean,
): Promise<number> {
  const head = await follow(context, doubt);
  await settleTransactions(context, outbox);
  await settleChannels(context);
  if (!isStopped()) await advanceJobs(context);
  // Last: a price that cannot be read must hold nothing up.
  try {
    await readServing(context);
  } catch (error) {
    if (isNodeTrouble(error)) throw error;
    context.log.emit("warn", "warning", { ...describeError(error) });
  }
  context.desk?.noteRound();
  return head.number;
}

async function stopGenerations({ clock, running, desk }: ProviderContext): Promise<void> {
  await desk?.stop();
  for (const controller of running.values()) controller.abort();
  // The model's process notices between two tokens.
  for (let waited = 0; running.size > 0 && waited < 10_000; waited += 20) await clock.sleep(20);
}

function describe({ owner, operator, models, limits }: ProviderContext) {
  return {
    provider: owner,
    operator: operator.address,
    models: [...models.keys()],
    maxConcurrentJobs: limits.maxConcurrentJobs,
  };
}

/** Doubles with every failure, up to a minute; half of it by chance, so that many workers do not return at once. */
function backoff(failures: number): number {
  const longest = Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** Math.min(failures, 10));
  return longest / 2 + (Math.random() * longest) / 2;
}
