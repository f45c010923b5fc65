import { loadModel } from "@athanor/engine/node";
import { Checkers, type CheckerContracts } from "@athanor/sdk/checkers";
import { Wallet } from "ethers";
import { join } from "node:path";
import type { CheckerContext } from "../checker/context.ts";
import { faultsDuty } from "../checker/duties/faults.ts";
import { measurementsDuty, type Measure } from "../checker/duties/measurements.ts";
import { payDuty } from "../checker/duties/pay.ts";
import { reportsDuty } from "../checker/duties/reports.ts";
import { scoresDuty } from "../checker/duties/scores.ts";
import { secretsDuty } from "../checker/duties/secrets.ts";
import type { Duty } from "../checker/duty.ts";
import { startChain, type TestChain } from "./chain.ts";
import {
  checkersOf,
  joinAsChecker,
  scriptedChecker,
  startChecker,
  toEpoch,
  type Member,
  type ScriptedChecker,
  type TestChecker,
  type TestCheckerOptions,
} from "./checker.ts";
import { temporaryFolder, writeTinyModel, type TemporaryFolder } from "./model.ts";

/** What a checker finds of providers of which no daemon runs. */
export const nobodyAnswers: Measure = () =>
  Promise.resolve({ latency: 0, throughput: 0, uptime: 0, evidence: "0x" });

/** What the daemon does, but for audits and exams. */
export function dutiesWith(measure: Measure): (context: CheckerContext) => readonly Duty[] {
  return (context) => [
    secretsDuty(context),
    measurementsDuty(context, measure),
    reportsDuty(context),
    scoresDuty(context),
    faultsDuty(context),
    payDuty(context),
  ];
}

/**
 * A chain with three checkers, whose reports suffice for a score from epoch 2 on, and with providers that never answer; every test starts in epoch 1, in which nobody
 * has committed to anything.
 */
export interface CheckerWorld {
  readonly chain: TestChain;
  readonly contracts: CheckerContracts;
  /** The one that tests start. */
  readonly member: Member;
  readonly others: readonly ScriptedChecker[];
  readonly otherOwners: readonly string[];
  /** Enrolled, ascending. */
  readonly providers: readonly string[];
  /** The owners' keys of the providers. */
  readonly providerKeys: ReadonlyMap<string, Wallet>;
  readonly folder: TemporaryFolder;
  readonly modelRoot: string;
  readonly database: () => string;
  /** A checker that is stopped after the test. */
  readonly start: (options?: Partial<TestCheckerOptions>) => Promise<TestChecker>;
}

/** Call it inside a `describe`: it registers the hooks, and fills the world before the first test. */
export function setUpCheckerWorld(providers: number): CheckerWorld {
  const world = {} as { -readonly [Name in keyof CheckerWorld]: CheckerWorld[Name] };
  const started: TestChecker[] = [];
  let restore: () => Promise<void>;
  let databases = 0;

  before(async function () {
    this.timeout(240_000);
    world.folder = await temporaryFolder();
    const model = await loadModel(await writeTinyModel(join(world.folder.path, "model")));
    const chain = (world.chain = await startChain());
    world.contracts = await checkersOf(chain);
    world.modelRoot = model.commitment.modelRoot;
    await chain.registerModel(model);
    const members: Member[] = [];
    for (let i = 0; i < 3; i++) members.push(await joinAsChecker(chain));
    world.member = members[0]!;
    world.others = await Promise.all(members.slice(1).map((member) => scriptedChecker(chain, member)));
    world.otherOwners = members.slice(1).map(({ owner }) => owner.address);
    const { checkers, qualityReports } = world.contracts;
    const { deployment, vault } = chain.contracts;
    const reader = await Checkers.connect({ runner: vault.runner as never, deployment });
    await checkers.setParameters({ ...(await reader.rulesOf(0)), quorum: 3 });
    const keys = new Map<string, Wallet>();
    for (let i = 0; i < providers; i++) {
      const owner = new Wallet(Wallet.createRandom().privateKey);
      keys.set(owner.address, owner);
      const operator = Wallet.createRandom().address;
      await chain.registerProvider(owner, operator, [[world.modelRoot, chain.contracts.deployment.ath]]);
      await qualityReports.enroll(owner.address);
    }
    world.providerKeys = keys;
    world.providers = [...keys.keys()].sort((left, right) => (BigInt(left) < BigInt(right) ? -1 : 1));
    await toEpoch(chain, 1);
  });

  beforeEach(async () => {
    restore = await world.chain.snapshot();
  });

  afterEach(async () => {
    for (const checker of started.splice(0)) checker.stop();
    world.chain.rpc.fault = () => false;
    await restore();
  });

  after(async () => {
    await world.chain.close();
    await world.folder.remove();
  });

  world.database = () => join(world.folder.path, `checker-${++databases}.sqlite`);
  world.start = async (options = {}) => {
    const { chain, member } = world;
    const checker = await startChecker({ chain, member, duties: dutiesWith(nobodyAnswers), ...options });
    started.push(checker);
    return checker;
  };
  return world;
}
