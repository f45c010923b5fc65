import { formatAmount, parseAmount } from "@athanor/sdk";
import { Delegation, type PoolView } from "@athanor/sdk/delegation";
import { InvalidArgumentError, type Command } from "commander";
import { WorkerError } from "../../errors.ts";
import { configuredTokens } from "../../market/tokens.ts";
import { readOwnerAccount, type OwnerAccount, type Pool } from "../../register/owner-account.ts";
import { contributionSteps, planCommission, planHarvest, planPool } from "../../register/pool-plans.ts";
import {
  connectOnce,
  openSession,
  ownerKeystore,
  print,
  printJson,
  unlock,
  type ProviderOptions,
} from "../session.ts";
import { formatRows } from "../table.ts";
import { executeAsOwner, showAndExecute } from "./execute.ts";
import { withConfig } from "./provider.ts";

type Options = ProviderOptions & { yes?: true };

export function addPoolCommands(program: Command): void {
  const pool = program
    .command("pool")
    .description(
      "A delegation pool as the provider's owner account: others add to its stake (docs/staking.md).",
    );

  withConfig(pool.command("create"))
    .description("Make the pool whose manager is the owner's key, and print its address for provider.owner.")
    .requiredOption("--label <text>", "its name: 3 to 24 small letters, digits, and hyphens between them")
    .requiredOption("--commission <percent>", "of the delegators' earnings, such as 7.5", basisPoints)
    .option("--yes", "do not ask for confirmation")
    .action((options: Options & { label: string; commission: number }) => runCreate(options));

  withConfig(pool.command("contribute"))
    .description("Add ATH to the pool's own part. Needs the manager's key.")
    .requiredOption("--amount <ath>", 'whole ATH and decimals, such as "10000"')
    .option("--yes", "do not ask for confirmation")
    .action((options: Options & { amount: string }) =>
      executeAsOwner(options, async ({ chain, account }) => {
        poolOf(account);
        const amount = parseAmount(ATH, options.amount);
        return { sender: account.sender, done: [], steps: await contributionSteps(chain, account, amount) };
      }),
    );

  withConfig(pool.command("commission"))
    .description(
      "Lower the commission, announce a rise, or apply one whose notice is over. Needs the manager's key.",
    )
    .requiredOption("--set <percent>", "of the delegators' earnings, such as 7.5", basisPoints)
    .option("--yes", "do not ask for confirmation")
    .action((options: Options & { set: number }) =>
      executeAsOwner(options, async ({ chain, account }) => {
        const pool = poolOf(account);
        const head = await chain.provider.getBlock("latest");
        return planCommission(account, pool, options.set, head!.timestamp);
      }),
    );

  withConfig(pool.command("harvest"))
    .description(
      "Split what came in between manager and delegators. Anybody may; here the manager pays the gas.",
    )
    .option("--yes", "do not ask for confirmation")
    .action((options: Options) =>
      executeAsOwner(options, async ({ chain, account, config }) =>
        planHarvest(chain, account, poolOf(account), await configuredTokens(chain, config)),
      ),
    );

  withConfig(pool.command("status"))
    .description("Own part, delegations, price, commission, earnings, exits on their way.")
    .option("--json", "print one JSON document")
    .action((options: ProviderOptions & { json?: true }) => runStatus(options));
}

/** Amounts are shown and read without its address. */
const ATH = { address: "", symbol: "ATH", decimals: 18 };

/** Ten-thousandths of a percentage with at most two decimals. */
export function basisPoints(text: string): number {
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(text) || Number(text) > 100) {
    throw new InvalidArgumentError('A percentage from 0 to 100 with at most two decimals, such as "7.5".');
  }
  return Math.round(Number(text) * 100);
}

async function runCreate(options: Options & { label: string; commission: number }): Promise<void> {
  const session = await openSession(options);
  const { config, rpc } = session;
  try {
    const keystore = await ownerKeystore(config);
    const chain = await connectOnce(session);
    const { plan, pool } = await planPool(chain, keystore.address, options.label, options.commission);
    await showAndExecute(
      rpc,
      plan,
      async () => (await unlock(keystore, options)).wallet,
      options.yes === true,
    );
    print(`Set provider.owner to ${pool}`);
  } finally {
    rpc.destroy();
  }
}

function poolOf({ address, pool }: OwnerAccount): Pool {
  if (pool !== null) return pool;
  throw new WorkerError("POOL_UNKNOWN", `provider.owner, ${address}, is no delegation pool.`, {
    remedy: "Make one with athanor pool create, and set provider.owner to its address.",
    details: { owner: address },
  });
}

async function runStatus(options: ProviderOptions & { json?: true }): Promise<void> {
  const session = await openSession(options);
  const { config, rpc } = session;
  try {
    const chain = await connectOnce(session);
    poolOf(await readOwnerAccount(chain, config.provider.owner));
    const { deployment } = chain.contracts;
    const delegation = await Delegation.connect({ runner: rpc, deployment });
    const view = await delegation.read(config.provider.owner);
    if (options.json) printJson(view);
    else print(formatRows(rowsOf(view)));
  } finally {
    rpc.destroy();
  }
}

function rowsOf(view: PoolView): string[][] {
  const { own, requiredOwn, delegated, leaving, room, commission, earnings } = view;
  const ath = (amount: bigint) => formatAmount(ATH, amount);
  const when = (seconds: number) => new Date(seconds * 1_000).toISOString();
  const { next } = commission;
  return [
    ["pool", `${view.label}, ${view.address}`],
    ["manager", view.manager],
    ["own part", `${ath(own)}; ${ath(requiredOwn)} cover what is delegated`],
    ["delegated", `${ath(delegated)}; ${ath(leaving)} leave; room for ${ath(room)}`],
    ["price of a share", ath(view.price / 10n ** 9n)],
    [
      "commission",
      `${commission.current / 100} %${next ? `; ${next.commission / 100} % from ${when(next.applicableAt)}` : ""}`,
    ],
    ...earnings.map(({ token, unharvested, unreleased }) => [
      `earnings in ${token.symbol}`,
      `${formatAmount(token, unharvested)} to harvest, ${formatAmount(token, unreleased)} to be released`,
    ]),
    ["score", scoreOf(view)],
    ["new work", newWork(view)],
  ];
}

function scoreOf({ score }: PoolView): string {
  if (score === undefined) return "none yet";
  const { uptime, latency, throughput, epoch } = score;
  const speed = `first token after ${latency} ms, ${throughput} million multiply-adds a second`;
  return `${uptime / 100} % of requests answered, ${speed}, up to epoch ${epoch}`;
}

function newWork({ jailed, retiredAt, resting, own, requiredOwn }: PoolView): string {
  if (jailed) return "none: the provider was convicted";
  if (retiredAt !== undefined) return `none: retired at ${new Date(retiredAt * 1_000).toISOString()}`;
  if (own < requiredOwn) return "none until the own part covers what is delegated: athanor pool contribute";
  return resting ? "none: it rests (athanor provider rest --end)" : "taken";
}
