import { expect } from "chai";
import { jobStates } from "../jobs/states.ts";
import { openSqlite } from "../storage/sqlite.ts";
import { systemClock } from "../clock.ts";
import { withContent } from "../contents/job-contents.ts";
import { eventually } from "../testing/eventually.ts";
import { KillSwitch, type Death } from "../testing/kill-switch.ts";
import { gate } from "../testing/slow-runner.ts";
import { setUpWorld } from "../testing/world.ts";

/** Every instant at which something is on disk or on its way that was not before. */
const deaths: readonly (Death & { readonly name: string })[] = [
  { name: "the job was seen", after: "seen" },
  { name: "the generation started", after: "running" },
  { name: "the output was stored", after: "computed" },
  { name: "the submission was signed, before it was sent", after: "submitting" },
  { name: "the submission was sent", afterSending: 1 },
  { name: "the submission was seen mined", after: "submitted" },
  { name: "the finalisation was signed, before it was sent", after: "collecting" },
  { name: "the finalisation was sent", afterSending: 2 },
  { name: "the payment was noted", after: "collected" },
];

describe("a crash", function () {
  this.timeout(120_000);
  const world = setUpWorld();

  for (const { name, ...death } of deaths) {
    it(`after ${name} costs no job and no second transaction`, async () => {
      const { chain, request, start, owner, operator } = world;
      const database = world.database();
      const kill = new KillSwitch(death);
      const first = await start({ database, kill });
      const id = await chain.createJob(request());
      if (!reachesDeathBeforeTheWindow(death)) {
        await eventually(() => first.log.of("job.submitted", id).length === 1, "submitted");
        await chain.pass(4_000);
      }
      await eventually(() => kill.isDead, "the crash");
      await first.stop();

      const second = await start({ database });
      await eventually(async () => (await chain.status(id)) !== "Created", "submitted at last");
      if ((await chain.status(id)) === "Submitted") await chain.pass(4_000);
      await eventually(() => second.storage.job(id)?.state === "collected", "collected at last");

      expect(await chain.status(id)).to.equal("Finalized");
      expect(await chain.count("ResultSubmitted", id), "submissions").to.equal(1);
      expect(await chain.count("JobFinalized", id), "payments").to.equal(1);
      expect(await chain.transactionsOf(operator.address), "transactions paid for").to.equal(2);
      const { deployment, vault } = chain.contracts;
      const { available } = await vault.accountOf(deployment.ath, owner.address);
      const { earned, terms } = second.storage.job(id)!;
      expect(earned! + terms.exitBounty, "earnings and bounty").to.equal(available);
    });
  }

  it("in the middle of a generation continues after the last stored token", async () => {
    const { chain, request, start, runner } = world;
    const database = world.database();
    const slow = gate(runner);
    const first = await start({ database, runners: [slow] });
    const generation = { minTokens: 20, temperature: 1_200, repetitionPenalty: 1_300, seed: 9n };
    const id = await chain.createJob(request({ maxTokens: 20, generation }));
    await eventually(() => slow.requests.length === 1, "running");
    slow.allow(6);
    await eventually(() => first.log.of("job.progress", id).length === 1, "progress");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await first.stop();

    const again = gate(runner);
    const second = await start({ database, runners: [again] });
    await eventually(() => again.requests.length === 1, "running again");
    const { prefix } = again.requests[0]!;
    expect(prefix.length, "tokens kept").to.be.within(4, 6);
    again.allow(20);
    await eventually(() => second.log.of("job.submitted", id).length === 1, "submitted");
    const whole = await runner.run({
      ...{ prompt: [5, 6, 7], prefix: [], generation: { maxTokens: 20, ...generation } },
      ...{ signal: new AbortController().signal, onToken: () => undefined },
    });
    const { tokens } = await withContent(second.context, second.storage.job(id)!);
    expect(tokens, "the same output as without the crash").to.deep.equal(whole);
  });

  it("leaves a database that another program can open", async () => {
    const { chain, request, start } = world;
    const database = world.database();
    const kill = new KillSwitch({ after: "computed" });
    const first = await start({ database, kill });
    const id = await chain.createJob(request());
    await eventually(() => kill.isDead, "the crash");
    await first.stop();
    const storage = openSqlite(database, systemClock);
    expect(storage.job(id)).to.deep.include({ state: "computed", complete: true });
    storage.close();
  });

  it("is covered in every state of the table that the worker moves to by itself on the way to its money", () => {
    const covered = deaths.flatMap((death) => ("after" in death ? [death.after] : []));
    const onTheWay = (Object.keys(jobStates) as (keyof typeof jobStates)[]).filter(
      (state) => !["declining", "declined", "late", "releasing", "missed"].includes(state),
    );
    expect(covered).to.have.members(onTheWay);
  });
});

function reachesDeathBeforeTheWindow(death: Death): boolean {
  if ("afterSending" in death) return death.afterSending === 1;
  return death.after !== "collecting" && death.after !== "collected";
}
