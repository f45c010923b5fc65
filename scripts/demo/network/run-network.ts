import type { TokenInfo } from "@athanor/sdk";
import { connectContracts } from "@athanor/sdk/protocol";
import type { Balances } from "../balances.ts";
import { mined, type StageOptions } from "../stage.ts";
import { type Actor, assemble, type Cast, type Conduct, RULES } from "./cast.ts";
import { type Chronicle, readChronicle } from "./chronicle.ts";
import {
  boughtBy,
  type FrozenStake,
  frozenStakeOf,
  readLedger,
  type Standing,
  standingOf,
  type Verdict,
  verdictOf,
} from "./outcome.ts";
import { PAID_AFTER } from "./script-checker.ts";
import { buyAnswers, type Purchase } from "./traffic.ts";

export interface NetworkOptions extends StageOptions {
  /** Epochs that are measured and paid; 3 at least, for a provider is announced after three. Default 4. */
  readonly epochs?: number;
}

export interface ProviderOutcome {
  readonly name: string;
  readonly address: string;
  readonly conduct: Conduct;
  /** Weighted means; undefined if it was never scored. */
  readonly score:
    { readonly uptime: number; readonly latency: number; readonly throughput: number } | undefined;
  readonly standing: Standing;
}

export interface CheckerAccount {
  readonly name: string;
  readonly address: string;
  readonly strategy: "honest" | "lazy";
  /** ATH units that its requests cost. */
  readonly spent: bigint;
  readonly requests: number;
  /** ATH units. */
  readonly stakeLost: bigint;
}

/** What somebody did in an epoch, to explain what the checkers found. */
export interface ConductNote {
  readonly provider: string;
  readonly epoch: number;
  readonly text: string;
}

export interface NetworkResult {
  readonly model: string;
  readonly modelRoot: string;
  readonly rules: typeof RULES & { readonly answerSeconds: number };
  /** Below it an epoch is bad, basis points. */
  readonly floor: number;
  /** Those that were measured and paid. */
  readonly epochs: readonly number[];
  readonly providers: readonly ProviderOutcome[];
  readonly checkers: readonly CheckerAccount[];
  readonly conducts: readonly ConductNote[];
  readonly chronicle: Chronicle;
  readonly frozen: FrozenStake | undefined;
  readonly conviction: Verdict | undefined;
  readonly traffic: Purchase;
  /** Of all channels that were settled, ATH units. */
  readonly fees: bigint;
  /** ATH units that no longer exist. */
  readonly burned: bigint;
  readonly ath: TokenInfo;
  readonly balances: { readonly before: Balances; readonly after: Balances };
}

const EPOCHS = 4;
/** The honest provider is off in this one, and the cheat begins in it. */
const TROUBLE = 2;
/**
 * Parts of an epoch at which everybody looks what is to be done: reveals and a new seed, measurements and reports, scores, and what fees came in. Receipts are dated a minute
 * back, so that nobody asks before `measure`.
 */
const MOMENTS = { reveal: 0.005, measure: 0.05, score: 0.52, collect: 0.91 };
const TRAFFIC = { requests: 4, maxTokens: 64 };

/** Milliseconds between two looks at what others do. */
const LOOK = 100;

/** Plays some epochs of a small network, and counts at the end. Cleans up after itself. */
export async function runNetwork(options: NetworkOptions): Promise<NetworkResult> {
  const cleanup: (() => Promise<void>)[] = [];
  try {
    return await play(options, await assemble(options, cleanup));
  } finally {
    for (const undo of cleanup.reverse()) await undo();
  }
}

async function play(
  { epochs: measured = EPOCHS, screen }: NetworkOptions,
  cast: Cast,
): Promise<NetworkResult> {
  const { step, checkers, time, providers, honest, lazy, lazyPurse, cheat } = cast;
  const [steady, slow, cheating] = providers as [Actor, Actor, Actor];
  const conducts: ConductNote[] = [];
  const purchases: Purchase[] = [];
  const epochs = Array.from({ length: measured }, (_, index) => index + 1);

  async function moment(epoch: number, part: number): Promise<void> {
    await time.moveTo(Math.ceil(checkers.startOf(epoch) + part * checkers.epochLength));
    await Promise.all(providers.map((provider) => provider.followed()));
    await Promise.all([
      ...honest.map((checker) => checker.advance()),
      lazy.advance({ isServing: epoch < measured, mayAsk: part >= MOMENTS.measure }),
    ]);
  }

  for (let epoch = 0; epoch <= measured + PAID_AFTER; epoch++) {
    const isMeasured = epochs.includes(epoch);
    await step(titleOf(epoch, measured), async () => {
      if (epoch === TROUBLE) {
        await steady.stop();
        cheat.start();
      }
      if (epoch === TROUBLE + 1) await steady.start();
      if (epoch === measured) for (const checker of honest) checker.leave();
      await moment(epoch, MOMENTS.reveal);
      // In a round after: reports are revealed after the secret, and a seed is fixed in a later block than it is asked for.
      if (epoch <= measured + 1) await moment(epoch, 2 * MOMENTS.reveal);
      if (isMeasured) {
        screen.update("clients buy, checkers ask and measure");
        const bought = { model: cast.model.commitment.modelRoot, ...TRAFFIC };
        const [purchase] = await Promise.all([
          epoch === TROUBLE
            ? undefined
            : buyAnswers(cast.market, cast.client, steady.accounts.owner.address, bought),
          cast.undisturbed(() => moment(epoch, MOMENTS.measure)),
        ]);
        if (purchase) purchases.push(purchase);
        screen.update("checkers recompute what they bought");
        await judged(cast);
      }
      if (epoch <= measured + 2) await moment(epoch, MOMENTS.score);
      await lazyPurse.close();
      await collectFees(cast);
      if (isMeasured) await moment(epoch, MOMENTS.collect);
    });
    if (!isMeasured) continue;
    const note = ({ accounts }: Actor, text: string) =>
      conducts.push({ provider: accounts.owner.address, epoch, text });
    note(steady, epoch === TROUBLE ? "was switched off" : "answered");
    note(slow, `answered nothing within ${cast.answerSeconds} s`);
    note(cheating, epoch < TROUBLE ? "answered" : "lied in some answers");
  }
  return step("read off the chain what became of everybody", () =>
    result(cast, { epochs, conducts, traffic: sumOf(purchases) }),
  );
}

/** Has answers recomputed, and waits for the verdict if one was wrong. */
async function judged({ honest, checkers, providers, time }: Cast): Promise<void> {
  await Promise.all(honest.map((checker) => checker.advance()));
  if (honest.every((checker) => checker.count("result.wrong") === 0)) return;
  const cheating = providers.find(({ conduct }) => conduct === "cheating")!;
  const { vault } = checkers.contracts;
  while (!(await vault.stakeOf(cheating.accounts.owner.address)).jailed) await time.clock.sleep(LOOK);
}

function titleOf(epoch: number, measured: number): string {
  if (epoch === 0) return "epoch 0: providers are enrolled, checkers commit";
  if (epoch === TROUBLE) return `epoch ${epoch}: the honest provider is off, the cheat begins`;
  if (epoch <= measured) return `epoch ${epoch}: checkers measure`;
  return `epoch ${epoch}: reports are ${epoch === measured + 1 ? "revealed" : epoch === measured + 2 ? "scored" : "paid"}`;
}

/** As anybody may. */
async function collectFees({ chain, client }: Cast): Promise<void> {
  const { vault, channelEscrow, deployment } = connectContracts(client, chain.deployment);
  const { available } = await vault.accountOf(deployment.ath, deployment.channelEscrow);
  if (available > 0n) await mined(channelEscrow.collectFees(deployment.ath));
}

async function result(
  cast: Cast,
  parts: Pick<NetworkResult, "epochs" | "conducts" | "traffic">,
): Promise<NetworkResult> {
  const { checkers, chain, providers, honest, lazy, lazyPurse, people, before, client } = cast;
  const { contracts } = checkers;
  const chronicle = await readChronicle(checkers);
  const names = new Map(
    Object.entries(people).flatMap(([name, addresses]) =>
      addresses.map((address) => [address, name] as const),
    ),
  );
  const nameOf = (address: string) => names.get(address) ?? address;
  const [announced] = chronicle.announcements;
  const [convicted] = chronicle.convictions;
  const team = [...honest, lazy].map(({ accounts }) => accounts);
  const purchases = await Promise.all(
    [client.address, ...team.map(({ buyer }) => buyer.address)].map((buyer) => boughtBy(contracts, buyer)),
  );
  const after = await readLedger(chain, people);
  const all = (balances: Balances) =>
    Object.values(balances).flatMap(({ ATH: holding }) => Object.values(holding!) as bigint[]);
  const total = (balances: Balances) => all(balances).reduce((sum, units) => sum + units, 0n);
  return {
    ...parts,
    ...{ model: cast.modelName, modelRoot: cast.model.commitment.modelRoot, chronicle },
    rules: { ...RULES, answerSeconds: cast.answerSeconds },
    floor: (await checkers.rulesOf(await checkers.currentEpoch())).uptimeFloor,
    providers: await Promise.all(
      providers.map(async ({ accounts: { name, owner }, conduct }) => {
        const score = await checkers.scoreOf(owner.address);
        return {
          ...{ name, address: owner.address, conduct },
          score: score && { uptime: score.uptime, latency: score.latency, throughput: score.throughput },
          standing: await standingOf(contracts, owner.address),
        };
      }),
    ),
    checkers: await Promise.all(
      team.map(async ({ name, owner }, index) => ({
        ...{ name, address: owner.address, spent: purchases[index + 1]!.paid },
        strategy: owner === lazy.accounts.owner ? ("lazy" as const) : ("honest" as const),
        requests: honest[index]?.count("measure.answered", "measure.unanswered") ?? lazyPurse.requests(),
        stakeLost: (await standingOf(contracts, owner.address)).lost,
      })),
    ),
    frozen: announced && (await frozenStakeOf(contracts, announced)),
    conviction:
      convicted &&
      (await verdictOf({ contracts, epochAt: (seconds) => checkers.epochAt(seconds) }, convicted, nameOf)),
    fees: purchases.reduce((sum, { fees }) => sum + fees, 0n),
    burned: total(before) - (await contracts.ath.totalSupply()),
    ath: { address: chain.deployment.ath, symbol: "ATH", decimals: 18 },
    balances: { before, after },
  };
}

function sumOf(purchases: readonly Purchase[]): Purchase {
  return {
    answers: purchases.reduce((sum, { answers }) => sum + answers, 0),
    tokens: purchases.reduce((sum, { tokens }) => sum + tokens, 0),
    paid: purchases.reduce((sum, { paid }) => sum + paid, 0n),
  };
}
