import { expect } from "chai";
import { systemClock } from "../clock.ts";
import { recordingLog } from "../testing/recording-log.ts";
import { JobQueue } from "./job-queue.ts";

/** Lets everything run that can run now. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("a queue of jobs", () => {
  /** Work that ends when a test says so. */
  function setUp(atOnce: number) {
    const running = new Map<string, { end: () => void; fail: () => void }>();
    const started: string[] = [];
    const pauses: (() => void)[] = [];
    const sleep = () => new Promise<void>((resolve) => pauses.push(resolve));
    const controller = new AbortController();
    const queue = new JobQueue({
      ...{ clock: { ...systemClock, sleep }, atOnce, log: recordingLog(), signal: controller.signal },
      work: (id) =>
        new Promise<void>((resolve, reject) => {
          started.push(id);
          running.set(id, {
            end: () => (running.delete(id), resolve()),
            fail: () => (running.delete(id), reject(new Error("no"))),
          });
        }),
    });
    return { queue, running, started, pauses, controller };
  }

  it("works on no more than so many at a time, and goes on with the rest as places become free", async () => {
    const { queue, running, started } = setUp(2);
    for (const id of ["a", "b", "c", "d"]) queue.add(id);
    expect(started).to.deep.equal(["a", "b"]);
    running.get("b")!.end();
    await settled();
    expect(started).to.deep.equal(["a", "b", "c"]);
    running.get("c")!.end();
    await settled();
    expect([...running.keys()], "the slow one keeps its place, and no other").to.deep.equal(["a", "d"]);
  });

  it("works on a job once at a time, and once more if it was added meanwhile", async () => {
    const { queue, running, started } = setUp(2);
    for (const id of ["a", "a", "a"]) queue.add(id);
    expect(started).to.deep.equal(["a"]);
    running.get("a")!.end();
    await settled();
    expect(started).to.deep.equal(["a", "a"]);
    running.get("a")!.end();
    await settled();
    expect(started).to.deep.equal(["a", "a"]);
  });

  it("tries what failed again after a pause, in which others have its place", async () => {
    const { queue, running, started, pauses } = setUp(1);
    for (const id of ["a", "b"]) queue.add(id);
    running.get("a")!.fail();
    await settled();
    expect(started).to.deep.equal(["a", "b"]);
    running.get("b")!.end();
    await settled();
    expect(pauses).to.have.length(1);
    pauses[0]!();
    await settled();
    expect(started).to.deep.equal(["a", "b", "a"]);
  });

  it("takes the most urgent first, and of equal ones the one that was added first", async () => {
    const { queue, running, started } = setUp(1);
    queue.add("first", 100);
    for (const [id, deadline] of [
      ["idle", Infinity],
      ["late", 30],
      ["b", 20],
      ["a", 20],
      ["late", 10],
    ] as const) {
      queue.add(id, deadline);
    }
    for (const id of ["first", "late", "b", "a"]) {
      running.get(id)!.end();
      await settled();
    }
    expect(started).to.deep.equal(["first", "late", "b", "a", "idle"]);
  });

  it("pauses a job once at a time, and works on others meanwhile", async () => {
    const { queue, running, started, pauses } = setUp(1);
    for (let count = 0; count < 3; count++) queue.later("a", 1);
    expect(pauses).to.have.length(1);
    queue.add("b");
    expect(started).to.deep.equal(["b"]);
    running.get("b")!.end();
    await settled();
    pauses[0]!();
    await settled();
    expect(started).to.deep.equal(["b", "a"]);
  });

  it("has ended, after the signal, when what runs has ended; nothing else is begun", async () => {
    const { queue, running, started, controller } = setUp(1);
    for (const id of ["a", "b"]) queue.add(id);
    controller.abort();
    let hasEnded = false;
    const ended = queue.ended().then(() => (hasEnded = true));
    await settled();
    expect(hasEnded).to.equal(false);
    running.get("a")!.end();
    await ended;
    expect(started).to.deep.equal(["a"]);
  });
});
