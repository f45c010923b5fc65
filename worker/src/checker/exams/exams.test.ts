// Exams of hardware on a real chain: checkers examine a real provider daemon over HTTP, and the chain judges what they report.
import { loadModel } from "@athanor/engine/node";
import type { QualityReport } from "@athanor/sdk/checkers";
import { expect } from "chai";
import { id, parseEther } from "ethers";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../clock.ts";
import { LazyModels } from "../../disputes/models.ts";
import { openModelProcess } from "../../model/open-model-process.ts";
import type { ModelRunner } from "../../model/runner.ts";
import { ExamDesk } from "../../serve/exam-desk.ts";
import { ExamRules } from "../../serve/exam-rules.ts";
import { routes } from "../../serve/routes.ts";
import { listen } from "../../serve/server.ts";
import { asOwner, prepareChannels } from "../../testing/channel.ts";
import { gatherCrowd, type Crowd, type Member } from "../../testing/checkers.ts";
import { startChecker } from "../../testing/checker.ts";
import { eventually } from "../../testing/eventually.ts";
import { examLies, type Line } from "../../testing/exam-lies.ts";
import { modelProcess } from "../../testing/model.ts";
import type { RecordingLog } from "../../testing/recording-log.ts";
import { setUpWorld } from "../../testing/world.ts";
import type { CheckerContext } from "../context.ts";
import { measurementsDuty, type Measure, type Measured } from "../duties/measurements.ts";
import { reportsDuty } from "../duties/reports.ts";
import { scoresDuty } from "../duties/scores.ts";
import { secretsDuty } from "../duties/secrets.ts";
import { readRound } from "../round.ts";
import { examsDuty } from "./exams-duty.ts";
import { measureWithExams, type MeasureExamOptions } from "./measure-exam.ts";

const bard = fileURLToPath(new URL("../../../../models/bard/", import.meta.url));

type Fetch = NonNullable<MeasureExamOptions["fetch"]>;
const addressOf = (input: Parameters<Fetch>[0]) => (input instanceof Request ? input.url : String(input));

/** What of an epoch must have gone by for every checker to have had its turn. */
const LATE = 0.6;
/** Multiply-adds a second that any machine delivers, and that none does. */
const MODEST = 10n ** 6n;
const BOASTED = 10n ** 14n;

const noOrdinary: Measure = () => Promise.reject(new Error("it is no exam"));
const optionsOf = ({ operator }: Member): MeasureExamOptions => ({
  ...{ signer: operator, allowInsecureEndpoints: true, burstSeconds: 1 },
});

describe("exams of hardware", function () {
  this.timeout(240_000);
  const world = setUpWorld();
  const closers: (() => unknown)[] = [];
  let crowd: Crowd;
  /** Of a model whose work is more than what is around it. */
  let runner: ModelRunner;
  let modest: number;
  let url: string;
  let stop: () => Promise<void>;

  before(async function () {
    this.timeout(240_000);
    await prepareChannels(world);
    crowd = await gatherCrowd(world.chain, 21);
    runner = await openModelProcess(modelProcess, bard);
    await world.chain.registerModel(await loadModel(bard));
    const { providerRegistry, deployment } = world.chain.contracts;
    const own = asOwner(world).providerRegistry;
    await (await own.setOffer(runner.commitment.modelRoot, deployment.ath, 2_500_000n, 5_000_000n)).wait();
    modest = Number(await providerRegistry.hardwareClassCount());
    for (const [index, minimumThroughput] of [MODEST, BOASTED].entries()) {
      await providerRegistry.setHardwareClass(modest + index, {
        ...{ name: `class ${index}`, open: true, minimumThroughput },
        minimumStakePerGpu: parseEther("1"),
      });
    }
    await crowd.toEpoch(2);
    await crowd.nextEpoch();
  });

  after(() => runner.close());
  beforeEach(() => serve());
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  /**
   * A provider daemon behind HTTP, whose profile says where.
   *
   * @param longestBurst milliseconds; by default longer than any test
   */
  async function serve(served = runner, longestBurst = 120_000, hardwareClass = modest): Promise<void> {
    const daemon = await world.start({ channels: {}, runners: [world.runner, served] });
    const { context, storage, log } = daemon;
    stop = () => daemon.stop();
    const desk = context.desk!;
    await eventually(() => desk.seesChain && desk.conditions !== undefined, "it serves");
    const rules = (await ExamRules.connect(context.chain, context.owner, systemClock))!;
    const exams = new ExamDesk({ context, desk, signer: context.operator, rules, longestBurst });
    const app = routes({ desk, exams, storage, log, clock: systemClock, isHealthy: () => true });
    const server = await listen(app, { ...desk.settings, port: 0 });
    url = server.url;
    closers.push(server.close, () => exams.stop());
    await register(hardwareClass, url);
  }

  async function register(hardwareClass: number, endpoint = url): Promise<void> {
    const { providerRegistry } = asOwner(world);
    const { profile } = await providerRegistry.providerOf(world.owner.address);
    const { operator, watchtower, encryptionKey } = profile;
    const hardware = [{ hardwareClass, count: 1 }];
    await (await providerRegistry.update({ operator, watchtower, encryptionKey, endpoint, hardware })).wait();
  }

  /** A checker with everything real but the process around it. */
  async function contextOf(member: Member, models: readonly string[] = []) {
    const {
      context,
      log,
      stop: end,
    } = await startChecker({
      ...{ chain: world.chain, member, duties: (own: CheckerContext) => [examsDuty(own)] },
    });
    closers.push(end);
    const folders = models.map((path) => ({ path, root: null }));
    return { log, context: { ...context, models: new LazyModels(folders) } };
  }

  /** One look of a checker at the provider, in the current epoch. */
  async function look(
    member: Member,
    options: {
      readonly fetch?: Fetch;
      readonly models?: readonly string[];
      readonly ordinary?: Measure;
    } = {},
  ): Promise<{
    readonly measure: (left?: number) => Promise<Measured | undefined>;
    readonly log: RecordingLog;
  }> {
    const { context, log } = await contextOf(member, options.models);
    const { checkers } = context;
    const measure = measureWithExams(context, options.ordinary ?? noOrdinary, {
      ...optionsOf(member),
      fetch: options.fetch,
    });
    return {
      log,
      async measure(left = 10_000) {
        const now = await world.chain.now();
        const epoch = checkers.epochAt(now);
        return measure({
          ...{ provider: world.owner.address, epoch, now, drawn: 1, deadline: now + left },
          ...{ rules: await checkers.rulesOf(epoch), blinding: id(`${member.owner.address} ${epoch}`) },
          signal: context.signal,
        });
      },
    };
  }

  /** Until it says what it found: others may be first. */
  async function examine(member: Member): Promise<QualityReport> {
    const { measure } = await look(member);
    for (;;) {
      const found = await measure();
      if (found !== undefined) return { provider: world.owner.address, ...found };
      // As a daemon does between two rounds.
      await systemClock.sleep(100);
    }
  }

  /** Five checkers examine in the current epoch, and the chain judges what they report. @returns the reports by checker */
  async function examined(duty: ReturnType<typeof examsDuty>, context: CheckerContext) {
    const reports = new Map<Member, QualityReport[]>();
    await Promise.all(
      crowd.members.slice(0, 5).map(async (member) => reports.set(member, [await examine(member)])),
    );
    await crowd.commitReports(reports);
    await crowd.nextEpoch();
    await crowd.reveal(reports);
    await crowd.nextEpoch();
    await crowd.contracts.qualityReports.score(world.owner.address);
    await advance(duty, context);
    return reports;
  }

  async function advance(duty: ReturnType<typeof examsDuty>, { chain, checkers }: CheckerContext) {
    const { epoch } = await readRound(chain, checkers);
    await crowd.toEpoch(epoch, Math.ceil(LATE * checkers.epochLength));
    await duty.advance(await readRound(chain, checkers));
  }

  const takesWork = () =>
    world.chain.createJob(world.request()).then(
      (job) => job,
      (error: unknown) =>
        /ProviderTakesNoWork/.test(String(error)) ? false : Promise.reject(error as Error),
    );

  it("let an honest provider pass; one that claims what it does not have fails, takes no work, lowers its claim and passes", async () => {
    const { hardwareExams, askedEvidence, qualityReports } = crowd.contracts;
    const { address } = world.owner;
    const { context, log } = await contextOf(crowd.members[5]!);
    const duty = examsDuty(context);
    const moves = () => log.of("checker.move").map(({ move }) => move);
    await advance(duty, context);
    expect(moves()).to.deep.equal(["enterExam"]);
    expect(await takesWork()).to.equal(false);

    await crowd.nextEpoch();
    const first = await examined(duty, context);
    expect(moves()).to.deep.equal(["enterExam", "judgeExam"]);
    expect((await hardwareExams.standingOf(address)).passed).to.equal(MODEST);
    for (const [{ uptime, throughput }] of [...first.values()] as [QualityReport][]) {
      expect(uptime).to.equal(10_000);
      expect(throughput).to.be.at.least(Number(MODEST / 10n ** 6n));
    }
    expect(await takesWork()).to.be.a("string");

    // It has the same machine, and none that computes all of such a burst.
    await stop();
    await register(modest + 1);
    await advance(examsDuty(context), context);
    expect(moves()).to.deep.equal(["enterExam", "judgeExam", "enterExam"]);
    expect(await takesWork()).to.equal(false);
    await serve(runner, 500, modest + 1);
    const epoch = await crowd.nextEpoch();
    const [member, [old]] = [...first][0]! as [Member, [QualityReport]];
    // An earlier exam's receipts, shown again.
    expect(await askedEvidence.countOf(epoch, member.owner, address, true, old.evidence)).to.equal(0n);
    const second = await examined(examsDuty(context), context);
    expect(moves().slice(3)).to.deep.equal(["judgeExam"]);
    expect(await hardwareExams.isPending(address)).to.equal(true);
    expect((await hardwareExams.standingOf(address)).passed).to.equal(0n);
    const { throughput } = await qualityReports.mediansOf(epoch, address);
    expect(Number(throughput) * 1e6).to.be.lessThan(Number(BOASTED) * 0.8);
    expect([...second.values()].every(([report]) => report!.uptime < 10_000)).to.equal(true);
    expect(await takesWork()).to.equal(false);

    await stop();
    await serve();
    await crowd.nextEpoch();
    await examined(examsDuty(context), context);
    expect(await hardwareExams.isPending(address)).to.equal(false);
    const job = await takesWork();
    expect(job).to.be.a("string");
    await eventually(
      async () => (await world.chain.status(job as string)) === "Submitted",
      "the job is answered",
    );
  });

  it("are held, from the draw to the judgement, by daemons alone", async () => {
    const { hardwareExams, checkers } = crowd.contracts;
    await hardwareExams.enter(world.owner.address);
    const others = crowd.members.slice(0, 11);
    const daemons = await Promise.all(
      crowd.members.slice(16).map((member) =>
        startChecker({
          ...{ chain: world.chain, member },
          duties: (context) => [
            secretsDuty(context),
            measurementsDuty(context, measureWithExams(context, noOrdinary, optionsOf(member))),
            reportsDuty(context),
            scoresDuty(context),
            examsDuty(context),
          ],
        }),
      ),
    );
    for (const daemon of daemons) closers.push(() => daemon.stop());
    const settle = async () => {
      for (const daemon of daemons) await daemon.settle();
    };
    const epoch = await crowd.commitSecrets(others);
    await settle();
    await crowd.toEpoch(epoch);
    await eventually(async () => {
      await settle();
      const measured = daemons.map(({ log }) => log.of("checker.measured").length);
      return measured.every((count) => count === 1);
    }, "all have examined it");
    await crowd.commitSecrets(others);
    await crowd.toEpoch(epoch + 1);
    await settle();
    await crowd.toEpoch(epoch + 2, Math.ceil(LATE * Number(await checkers.epochLength())));
    await settle();
    expect(await hardwareExams.isPending(world.owner.address)).to.equal(false);
    expect((await hardwareExams.standingOf(world.owner.address)).passed).to.equal(MODEST);
    const moves = daemons.flatMap(({ log }) => log.of("checker.move").map(({ move }) => move));
    expect(moves.filter((move) => move === "judgeExam")).to.have.length(1);
    expect(daemons.flatMap(({ log }) => log.of("checker.missed"))).to.deep.equal([]);
  });

  it("are ended by anybody when nobody holds them", async () => {
    const { context, log } = await contextOf(crowd.members[0]!);
    const duty = examsDuty(context);
    await advance(duty, context);
    expect(await takesWork()).to.equal(false);
    // Nobody commits to the next epoch.
    await crowd.toEpoch(4);
    await advance(examsDuty(context), context);
    expect(log.of("checker.move").map(({ move }) => move)).to.deep.equal(["enterExam", "liftExam"]);
    expect(await takesWork()).to.be.a("string");
  });

  describe("by a provider that", () => {
    let epoch: number;

    before(async () => {
      await crowd.contracts.hardwareExams.enter(world.owner.address);
      epoch = await crowd.nextEpoch();
    });

    /** The provider's own answer, changed on its way. */
    const changing =
      (change: (lines: Line[]) => Line[]): Fetch =>
      async (input, init) => {
        const response = await fetch(input, init);
        if (!addressOf(input).endsWith("/burst")) return response;
        const lines = (await response.text()).trim().split("\n");
        const changed = change(lines.map((line) => JSON.parse(line) as Line));
        return new Response(changed.map((line) => `${JSON.stringify(line)}\n`).join(""), response);
      };
    for (const [name, [change, fault]] of Object.entries(examLies)) {
      it(`${name} has answered nothing`, async () => {
        const { measure, log } = await look(crowd.members[0]!, { fetch: changing(change) });
        const nothing = { latency: 0, throughput: 0, uptime: 0, evidence: "0x" };
        expect(await measure()).to.deep.equal(nothing);
        expect(log.of("checker.examined")[0]!["fault"]).to.match(fault);
      });
    }

    it("answers wrongly is found out by whoever has the model", async () => {
      await stop();
      await serve({
        ...runner,
        run: (request) => runner.run({ ...request, onToken: (token) => request.onToken(token ^ 1) }),
      });
      const [believes, checks] = crowd.members as [Member, Member];
      const found = await look(checks, { models: [bard] });
      expect((await found.measure())!.uptime).to.equal(0);
      expect(found.log.of("checker.examined")[0]!["fault"]).to.match(/the answer to request \d+ is wrong/);
      expect((await (await look(believes)).measure())!.uptime).to.equal(10_000);
    });

    it("answers rightly is believed by whoever has the model", async () => {
      const { measure, log } = await look(crowd.members[0]!, { models: [bard] });
      expect((await measure())!.uptime).to.equal(10_000);
      expect(log.of("checker.examined")[0]).to.include({ fault: undefined, epoch });
    });

    it("is not blamed for what the checker cannot do", async () => {
      const { measure, log } = await look(crowd.members[0]!, { models: [`${world.folder.path}/nothing`] });
      expect((await measure())!.uptime).to.equal(10_000);
      expect(log.of("warning")[0]).to.include({ unchecked: "its answer" });
    });

    it("never ends its answer is given up, and asked again", async () => {
      const endless: Fetch = async (input, init) => {
        const response = await fetch(input, init);
        if (!addressOf(input).endsWith("/burst")) return response;
        await response.body?.cancel();
        const bytes = new TextEncoder().encode('{"type":"waiting"}\n'.repeat(1_000));
        return new Response(
          new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(bytes) }),
          response,
        );
      };
      const { measure, log } = await look(crowd.members[0]!, { fetch: endless });
      expect(await measure()).to.equal(undefined);
      expect(log.of("checker.examined")[0]).to.include({ code: "ProviderMisbehaved" });
    });

    it("cannot be reached is asked until the deadline, and then was absent", async () => {
      const { measure } = await look(crowd.members[0]!, { fetch: () => Promise.reject(new Error("gone")) });
      expect(await measure()).to.equal(undefined);
      expect(await measure(60)).to.include({ uptime: 0, evidence: "0x" });
    });

    it("was never asked in time is not reported on", async () => {
      const { measure } = await look(crowd.members[0]!);
      expect(await measure(60)).to.equal(undefined);
    });

    it("has no endpoint was absent while it waits for its exam", async () => {
      await register(modest, "");
      const { measure } = await look(crowd.members[0]!);
      expect(await measure()).to.equal(undefined);
      expect(await measure(60)).to.include({ uptime: 0, evidence: "0x" });
    });
  });

  it("are none of an ordinary client's measurements", async () => {
    const ordinary: Measured = { latency: 1, throughput: 2, uptime: 3, evidence: "0x01" };
    const { measure } = await look(crowd.members[0]!, { ordinary: () => Promise.resolve(ordinary) });
    expect(await measure()).to.equal(ordinary);
  });
});
