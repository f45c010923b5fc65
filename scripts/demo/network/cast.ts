import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { Model } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { Checkers } from "@athanor/sdk/checkers";
import type { Wallet } from "ethers";
import type { EventLog } from "../../../worker/src/log/event-log.ts";
import { measureSpeed } from "../../../worker/src/model/measure-speed.ts";
import { openModelProcess } from "../../../worker/src/model/open-model-process.ts";
import type { ModelRunner } from "../../../worker/src/model/runner.ts";
import type { Balances } from "../balances.ts";
import { type LocalChain, startChain } from "../local-chain.ts";
import { BUNDLED_MODEL, type RunStep, short, type StageOptions, stepsOn } from "../stage.ts";
import { type Cheat, cheatingRunner, pacedRunner, slowRunner } from "./conduct.ts";
import { type HonestChecker, startHonestChecker } from "./honest.ts";
import { laziness, type Laziness } from "./lazy.ts";
import { NOTHING, readLedger } from "./outcome.ts";
import { type CheckerAccounts, CLIENT_FUNDS, fundChecker, fundedAccount, registerModel } from "./people.ts";
import { type ProviderAccounts, registerProvider, type RunningProvider, serve } from "./provider.ts";
import { ScriptChecker } from "./script-checker.ts";
import { openTimeMachine, type TimeMachine } from "./time.ts";
import { buyAnswers, type Market } from "./traffic.ts";

/** How a provider serves. */
export type Conduct = "honest" | "slow" | "cheating";

/** A provider, and its daemon while it runs. */
export interface Actor {
  readonly accounts: ProviderAccounts;
  readonly conduct: Conduct;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Resolves when its daemon, if it runs, has read the chain again. */
  readonly followed: () => Promise<void>;
}

/** Who takes part, on a chain of their own. */
export interface Cast {
  readonly step: RunStep;
  readonly chain: LocalChain;
  readonly time: TimeMachine;
  readonly market: Market;
  readonly model: Model;
  readonly modelName: string;
  readonly client: Wallet;
  readonly providers: readonly Actor[];
  readonly cheat: Cheat;
  readonly honest: readonly HonestChecker[];
  readonly lazy: ScriptChecker;
  readonly lazyPurse: Laziness;
  /** Of nobody: reads. */
  readonly checkers: Checkers;
  /** In which an answer counts as in time. */
  readonly answerSeconds: number;
  /** Has nobody recompute anything until this ends: on machines of their own, checkers would not slow each other's measurements either. */
  readonly undisturbed: (measure: () => Promise<void>) => Promise<void>;
  /** Accounts of everybody and everything that can have ATH, by name. */
  readonly people: Readonly<Record<string, readonly string[]>>;
  /** What they had when the contracts were deployed. */
  readonly before: Balances;
}

/** Short epochs, the smallest quorum; everybody who committed is drawn. */
export const RULES = {
  epochLength: 3_600,
  quorum: 3,
  expectedCheckers: 4,
  requests: 3,
  /** One machine plays everybody: what it measures spreads more than on machines of their own. */
  tolerance: 9_000,
};
const CONDUCTS: readonly Conduct[] = ["honest", "slow", "cheating"];
const HONEST = ["checker 1", "checker 2", "checker 3"];
const LAZY = "lazy checker";
/** An answer is late after so many times what a first one takes here, its channel included; seconds at least. */
const LATE = { times: 1.5, least: 3 };
const POLLING_INTERVAL = 100;

/** The source of a model's process, or its bundle. */
const MODEL_PROCESS = new URL("../../../worker/src/model/process.ts", import.meta.url);

/** Deploys, registers, stakes, joins and starts everybody. */
export async function assemble(
  { model: path, rpc, screen, signal }: StageOptions,
  cleanup: (() => Promise<void>)[],
): Promise<Cast> {
  const step = stepsOn(screen, signal);
  const modelFolder = resolve(path ?? BUNDLED_MODEL) + sep;
  const modelName = relative(process.cwd(), modelFolder);
  const folder = await mkdtemp(join(tmpdir(), "athanor-network-"));
  cleanup.push(() => rm(folder, { recursive: true, force: true }));
  const model = await step(
    "check the model against its committed root",
    () => loadModel(modelFolder),
    ({ commitment }) => `${modelName}, root ${short(commitment.modelRoot)}`,
  );
  const { modelRoot } = model.commitment;
  const chain = await step(
    "start a chain and deploy the contracts",
    async () => {
      const started = await startChain(rpc, { Checkers: RULES });
      cleanup.push(() => started.close());
      await registerModel(started, model, pathToFileURL(modelFolder).href);
      return started;
    },
    ({ url }) => `${url}, epochs of ${RULES.epochLength} seconds`,
  );
  const time = await openTimeMachine(chain);
  const market = { chain, clock: time.clock };
  const contracts = await peopleOfProtocol(chain);
  const before = await readLedger(chain, contracts);
  const runner = await openModelProcess(MODEL_PROCESS, modelFolder, { maxSequences: 4 });
  cleanup.push(() => runner.close());
  const cheat = cheatingRunner(runner, model);
  const { positionsPerSecond } = await measureSpeed(runner);

  let answerSeconds = LATE.least;
  const providers = await step(
    "register three providers, and start their daemons",
    async () => {
      const actors: Actor[] = [];
      for (const conduct of CONDUCTS) {
        const accounts = await registerProvider(chain, conduct, modelRoot);
        const own: Record<Conduct, ModelRunner> = {
          honest: pacedRunner(runner),
          slow: slowRunner(runner, () => 2_000 * answerSeconds),
          cheating: pacedRunner(cheat.runner),
        };
        const actor = actorOf({ accounts, conduct }, () =>
          serve({
            ...{ chain, clock: time.clock, accounts, folder, positionsPerSecond, log: silent },
            runner: own[conduct],
            ...(conduct === "cheating" && { defence: { model, executor: cheat.executor } }),
          }),
        );
        await actor.start();
        cleanup.push(() => actor.stop());
        actors.push(actor);
      }
      return actors;
    },
    () => "one honest, one slow, one that will cheat",
  );
  const client = await fundedAccount(chain, CLIENT_FUNDS);
  answerSeconds = await step(
    "buy a first answer",
    async () => {
      const begun = performance.now();
      const [{ accounts }] = providers as [Actor];
      await buyAnswers(market, client, accounts.owner.address, {
        model: modelRoot,
        requests: 1,
        maxTokens: 32,
      });
      return Math.max(LATE.least, Math.ceil((LATE.times * (performance.now() - begun)) / 1_000));
    },
    (seconds) => `whatever takes longer than ${seconds} s is late here`,
  );

  const { deployment } = chain;
  let measuring: Promise<void> = Promise.resolve();
  const team = await step(
    "have four checkers join",
    async () => {
      const honest: HonestChecker[] = [];
      for (const name of HONEST) {
        const accounts = await fundChecker(chain, name);
        await joinAs(accounts);
        const checker = await startHonestChecker({
          ...{ market, accounts, folder, answerSeconds, quiet: () => measuring },
          model: { path: modelFolder, root: modelRoot },
        });
        cleanup.push(() => checker.stop());
        honest.push(checker);
      }
      const accounts = await fundChecker(chain, LAZY);
      await joinAs(accounts);
      const checkers = await Checkers.connect({ signer: accounts.operator, deployment });
      const lazyPurse = laziness({ market, accounts, checkers, model: modelRoot, answerSeconds });
      const lazy = await ScriptChecker.connect(chain, accounts, lazyPurse.report);
      return { honest, lazy, lazyPurse, checkers };
    },
    () => "three run the daemon, one is lazy",
  );

  async function joinAs({ owner, operator }: CheckerAccounts): Promise<void> {
    const own = await Checkers.connect({ signer: owner, deployment, pollingInterval: POLLING_INTERVAL });
    await own.join({ operator: operator.address });
  }

  const checkerPeople = [...team.honest, team.lazy].map(({ accounts: { name, owner, operator, buyer } }) => [
    name,
    [owner, operator, buyer].map(({ address }) => address),
  ]);
  const providerPeople = providers.map(({ accounts: { name, owner, operator, watchtower } }) => [
    `${name} provider`,
    [owner, operator, watchtower].map(({ address }) => address),
  ]);
  const newcomers = Object.fromEntries([
    ["client", [client.address]],
    ...providerPeople,
    ...checkerPeople,
  ]) as Record<string, string[]>;
  const nobody = Object.keys(newcomers).map((name) => [name, { ATH: NOTHING }]);
  return {
    ...{ step, chain, time, market, model, modelName, client, providers, cheat, answerSeconds, ...team },
    undisturbed(measure) {
      const measured = measure();
      measuring = measured.catch(() => undefined);
      return measured;
    },
    people: { ...newcomers, ...contracts },
    before: { ...(Object.fromEntries(nobody) as Balances), ...before },
  };
}

async function peopleOfProtocol({ administrator, deployment, addresses }: LocalChain) {
  return {
    treasury: [await administrator.getAddress()],
    "escrow of jobs and channels": [deployment.jobEscrow, deployment.channelEscrow],
    "fee distributor": [addresses.feeDistributor],
    "checkers' pay": [addresses.checkerPay],
    "insurance fund": [addresses.insuranceFund],
    "registry and court": [
      deployment.providerRegistry,
      deployment.disputeGame,
      addresses.qualityCourt,
      addresses.checkers,
    ],
  };
}

function actorOf(about: Pick<Actor, "accounts" | "conduct">, begin: () => Promise<RunningProvider>): Actor {
  let running: RunningProvider | undefined;
  return {
    ...about,
    async start() {
      running ??= await begin();
    },
    async stop() {
      const ending = running;
      running = undefined;
      await ending?.stop();
    },
    followed: () => running?.followed() ?? Promise.resolve(),
  };
}

const silent: EventLog = { emit: () => undefined };
