import { loadModel } from "@athanor/engine/node";
import { referenceExecutor, type Executor } from "@athanor/engine/trace";
import { Disputes, type DisputesOptions } from "@athanor/sdk/disputes";
import {
  attestationCommitment,
  Checkers,
  connectCheckers,
  type CheckerContracts,
} from "@athanor/sdk/checkers";
import { connectContracts, readJobs, tokenBytes, type JobTerms } from "@athanor/sdk/protocol";
import { parseEther, Wallet } from "ethers";
import { join } from "node:path";
import { Registry } from "prom-client";
import type { ICheckers } from "../../../sdk/src/generated/contracts/Checkers.ts";
import { faultyExecutor } from "../../../engine/src/testing/faulty-executor.ts";
import { connectChain } from "../chain/connect.ts";
import { openRpc, type RpcProvider } from "../chain/rpc.ts";
import { Audits } from "../checker/audits/audits.ts";
import { AuditMetrics } from "../checker/audits/metrics.ts";
import { openAuditStorage, type AuditStorage } from "../checker/audits/storage.ts";
import { CheckerMetrics } from "../checker/checker-metrics.ts";
import type { CheckerContext } from "../checker/context.ts";
import { secretsDuty } from "../checker/duties/secrets.ts";
import { Rounds } from "../checker/run-checker.ts";
import { secretsOf } from "../checker/secrets.ts";
import { openCheckerStorage } from "../checker/storage.ts";
import { systemClock } from "../clock.ts";
import { DisputeMetrics } from "../disputes/dispute-metrics.ts";
import { LazyModels } from "../disputes/models.ts";
import type { TestChain } from "./chain.ts";
import { eventually } from "./eventually.ts";
import { recordingLog, type RecordingLog } from "./recording-log.ts";
import { setUpWorld, type World } from "./world.ts";

const PROMPT = [5, 6, 7];
const MAX_TOKENS = 4;
/** The epoch in which tests begin: its seed is drawn, and every public result of it is audited by all three. */
export const EPOCH = 3;

/** A checker's accounts. */
export interface Member {
  readonly owner: Wallet;
  readonly operator: Wallet;
}

/** An auditor with everything real but the process around it; rounds are made when the test says so. */
export interface Auditor {
  readonly context: CheckerContext;
  readonly log: RecordingLog;
  readonly rounds: Rounds;
  stop(): Promise<void>;
  /** Rounds until nothing is sent any more; a block goes by between them. */
  settle(): Promise<void>;
  readonly audits: AuditStorage;
  /** Its metrics as they are served. */
  metrics(): Promise<string>;
  /** Rounds until nothing is left to be recomputed or sent. */
  rest(): Promise<void>;
  /** Rounds until a condition holds. */
  until(condition: () => boolean | Promise<boolean>, name: string): Promise<void>;
}

export interface AuditorOptions {
  readonly executor?: Executor;
  readonly database?: string;
  readonly kill?: DeadAfterOne;
  readonly maximumBond?: bigint;
  /** Default: the provider's model. */
  readonly models?: ReadonlySet<string>;
}

/** A world with three checkers that committed to the epoch. */
export interface AuditWorld extends World {
  readonly contracts: CheckerContracts;
  readonly members: readonly Member[];
  /** What the model answers. */
  readonly answer: readonly number[];
  /** What a computation with `fault` answers. */
  readonly wrongAnswer: readonly number[];
  /** Another first token, and everything before it right. */
  readonly faulty: Executor;
  /** A request that the provider answered with these tokens; its terms. */
  submit(tokens: readonly number[]): Promise<{ readonly id: string; readonly terms: JobTerms }>;
  /** The provider answers a request with these bytes. */
  answerWith(id: string, bytes: string | Uint8Array): Promise<JobTerms>;
  /** A checker attests to a root without having computed it, to a result that the latest round decided. */
  attestBlindly(
    member: Member,
    id: string,
    positionsRoot: string,
  ): Promise<{ readonly round: bigint; reveal(terms: JobTerms): Promise<void> }>;
  auditor(member: Member, options?: AuditorOptions): Promise<Auditor>;
  /** A party of disputes. */
  party(key: Wallet, changes?: Partial<DisputesOptions>): Promise<Disputes>;
  /** Goes on into an epoch, with one round of each of these. */
  toEpoch(epoch: number, ...auditors: readonly Auditor[]): Promise<void>;
}

class Killed extends Error {
  readonly code = "KILLED";
}

/**
 * Makes an auditor die like a killed process does, with the first thing that it does: computes a verdict, ends an audit, or sends a transaction. From that instant on it
 * can neither write nor reach the chain.
 */
export class DeadAfterOne {
  /** What it did: the name of a write, or "send". */
  effect: string | undefined;

  storage(real: AuditStorage): AuditStorage {
    return this.#dying(real, (name) => /^(setVerdict|end|forget)$/.test(name));
  }

  provider(real: RpcProvider): RpcProvider {
    return this.#dying(real, (name) => name === "broadcastTransaction");
  }

  #dying<Target extends object>(real: Target, isEffect: (name: string) => boolean): Target {
    return new Proxy(real, {
      get: (target, name: string) => {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== "function") return value;
        const method = value.bind(target) as (...values: unknown[]) => unknown;
        return (...values: unknown[]) => {
          if (this.effect !== undefined) throw new Killed();
          const result = method(...values);
          if (!isEffect(name)) return result;
          const die = () => (this.effect = name === "broadcastTransaction" ? "send" : name);
          if (result instanceof Promise) return result.finally(die);
          die();
          return result;
        };
      },
    });
  }
}

/** Call it inside a `describe`: it registers the hooks, and fills the world before the first test. */
export function setUpAuditWorld(): AuditWorld {
  const world = setUpWorld() as { -readonly [Name in keyof AuditWorld]: AuditWorld[Name] };
  const running: Auditor[] = [];

  before(async function () {
    this.timeout(120_000);
    const { chain } = world;
    world.contracts = await connectCheckers(chain.contracts.vault.runner!, chain.contracts.deployment);
    const { checkers } = world.contracts;
    const rules = (await checkers.parametersAt(0)) as unknown as { toObject(): ICheckers.ParametersStruct };
    await checkers.setParameters({ ...rules.toObject(), auditRate: 10_000, expectedAuditors: 16 });
    world.members = [await becomeChecker(chain), await becomeChecker(chain), await becomeChecker(chain)];
    const model = await loadModel(join(world.folder.path, "model"));
    const request = { prompt: PROMPT, maxTokens: MAX_TOKENS };
    world.answer = (await referenceExecutor(model, request)).tokens;
    const operator = model.program.operators.findIndex(({ kind }) => kind === "sample");
    const first = world.answer[0]!;
    world.faulty = faultyExecutor(
      {
        ...{ position: PROMPT.length - 1, operator, section: "output", element: 0 },
        change: () => (first === 5 ? 6 : 5),
      },
      referenceExecutor,
    );
    world.wrongAnswer = (await world.faulty(model, request)).tokens;
    await world.toEpoch(EPOCH - 1);
    const auditors: Auditor[] = [];
    for (const member of world.members) auditors.push(await world.auditor(member));
    for (const auditor of auditors) await auditor.settle();
    await world.toEpoch(EPOCH, ...auditors);
    for (const auditor of running.splice(0)) await auditor.stop();
  });

  afterEach(async () => {
    for (const auditor of running.splice(0)) await auditor.stop();
  });

  const models = () => new LazyModels([{ path: join(world.folder.path, "model"), root: world.modelRoot }]);

  world.party = (key, changes = {}) =>
    Disputes.connect({
      signer: key.connect(openRpc(world.chain.rpc.url, world.chain.chainId)),
      deployment: world.chain.contracts.deployment,
      model: models().get,
      pollingInterval: 20,
      ...changes,
    });

  world.answerWith = async (id, bytes) => {
    const { chain, operator } = world;
    const { provider } = chain.connection.ethers;
    const [job] = await readJobs(chain.contracts, { id }, 0, await provider.getBlockNumber());
    const { jobEscrow } = connectContracts(operator.connect(provider), chain.contracts.deployment);
    await (await jobEscrow.submit(job!.terms, bytes)).wait();
    return job!.terms;
  };

  world.submit = async (tokens) => {
    const id = await world.chain.createJob(
      world.request({ prompt: PROMPT, maxTokens: MAX_TOKENS, generation: { seed: 7n } }),
    );
    return { id, terms: await world.answerWith(id, tokenBytes(tokens)) };
  };

  world.attestBlindly = async ({ owner, operator }, id, positionsRoot) => {
    const { checkers, drawBeacon, resultAudits } = world.contracts;
    const checker = owner.address;
    const round = await drawBeacon.latest();
    const { value, requestedAt } = await drawBeacon.roundOf(round);
    const secret = secretsOf(operator)("secret", {
      ...{ chainId: BigInt(world.chain.chainId), contract: await checkers.getAddress(), checker },
      epoch: Number(await checkers.epochAt(requestedAt)),
    });
    const own = resultAudits.connect(operator.connect(world.chain.connection.ethers.provider));
    await own.attest(attestationCommitment({ value, jobId: id, checker, positionsRoot, secret }));
    return {
      round,
      reveal: async (terms) => {
        await own.revealAttestation(terms, round, checker, positionsRoot);
      },
    };
  };

  world.auditor = async ({ owner, operator }, options = {}) => {
    const { chain, modelRoot } = world;
    const { executor, database = ":memory:", kill, maximumBond = 10n ** 21n } = options;
    const { deployment } = chain.contracts;
    const rpc = openRpc(chain.rpc.url, chain.chainId);
    const provider = uncached(kill?.provider(rpc) ?? rpc);
    const config = { rpcUrl: chain.rpc.url, chainId: chain.chainId, confirmations: 1, pollInterval: 20 };
    const signer = new Wallet(operator.signingKey, provider);
    const stored = openCheckerStorage(database);
    const registry = new Registry();
    const controller = new AbortController();
    const log = recordingLog();
    const context: CheckerContext = {
      chain: await connectChain(provider, config),
      checkers: await Checkers.connect({ signer, deployment, pollingInterval: 20 }),
      operator: { address: operator.address, derive: secretsOf(operator) },
      checker: owner.address,
      settings: {
        ...{ owner: owner.address, tokens: ["ATH"], budgetPerEpoch: [], prompts: [], measuredAtOnce: 4 },
        ...{ commitBefore: null, faults: "always", coinInAth: null, maximumBond, leaving: false },
      },
      tokens: [deployment.ath],
      storage: stored,
      log,
      metrics: new CheckerMetrics(registry),
      clock: systemClock,
      signal: controller.signal,
      models: models(),
    };
    const opened = openAuditStorage(stored.database);
    const storage = kill?.storage(opened) ?? opened;
    const audits = new Audits(context, {
      disputes: await Disputes.connect({
        ...{ signer, deployment, model: models().get, pollingInterval: 20 },
        ...(executor && { executor }),
      }),
      ...{ metrics: new AuditMetrics(registry), disputeMetrics: new DisputeMetrics(registry), storage },
      models: options.models ?? new Set([modelRoot]),
    });
    const rounds = new Rounds(context, [secretsDuty(context), audits]);
    const sent = () => log.of("checker.move").length;
    const settle = async () => {
      for (let before = -1; before !== sent();) {
        before = sent();
        await rounds.advance();
        await chain.mine(1);
      }
    };
    const auditor: Auditor = {
      ...{ context, log, rounds, audits: storage, settle },
      metrics: () => registry.metrics(),
      rest: () => {
        let before = -1;
        return eventually(async () => {
          if (kill?.effect !== undefined) return true;
          await settle();
          const isIdle = (await registry.metrics()).includes("athanor_audits_waiting 0\n");
          const isAtRest = isIdle && before === sent();
          before = isIdle ? sent() : -1;
          return isAtRest;
        }, "nothing is left to do");
      },
      until: (condition, name) =>
        eventually(async () => {
          await rounds.advance();
          await chain.mine(1);
          return condition();
        }, name),
      async stop() {
        if (controller.signal.aborted) return;
        controller.abort();
        await rounds.idle();
        await audits.ended();
        stored.close();
        rpc.destroy();
      },
    };
    running.push(auditor);
    return auditor;
  };

  world.toEpoch = async (epoch, ...auditors) => {
    const at = Number(await world.contracts.checkers.startOf(epoch)) + 10;
    const now = await world.chain.now();
    if (now < at) await world.chain.pass(at - now);
    for (const auditor of auditors) await auditor.settle();
  };
  return world;
}

/** An account that has staked and joined. */
async function becomeChecker(chain: TestChain): Promise<Member> {
  const { deployment } = chain.contracts;
  const { provider } = chain.connection.ethers;
  const [owner, operator] = [0, 1].map(() => new Wallet(Wallet.createRandom().privateKey)) as [
    Wallet,
    Wallet,
  ];
  for (const { address } of [owner, operator]) await chain.fund(address);
  await chain.ath(owner.address, 10_000);
  const signer = owner.connect(provider);
  const own = connectContracts(signer, deployment);
  const { checkers } = await connectCheckers(signer, deployment);
  const stake = parseEther("10000");
  await own.ath.approve(deployment.vault, stake);
  await own.vault.deposit(deployment.ath, stake, owner.address);
  await own.vault.stake(stake);
  await own.vault.approveStakeModules(await own.vault.moduleBit(checkers));
  await checkers.join(operator.address);
  return { owner, operator };
}

/** The SDK waits after each transaction for ethers' providers to forget their last answers; the worker's forget at once. */
function uncached(real: RpcProvider): RpcProvider {
  return new Proxy({} as RpcProvider, {
    get(_, name: keyof RpcProvider) {
      const value = Reflect.get(real, name) as unknown;
      return typeof value === "function" ? (value.bind(real) as unknown) : value;
    },
  });
}
