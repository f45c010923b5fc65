import { expect } from "chai";
import { expectError } from "../testing/expect-error.ts";
import { endedStates, jobStates, requireTransition, waitingStates, type JobStateName } from "./states.ts";

const names = Object.keys(jobStates) as JobStateName[];

describe("the table of job states", () => {
  it("names only states that it has", () => {
    for (const name of names) {
      expect(names, name).to.include.members([...jobStates[name].next, ...jobStates[name].chain]);
    }
  });

  it("reaches every state from the first", () => {
    const reached = new Set<JobStateName>(["seen"]);
    for (const name of reached) jobStates[name].next.forEach((next) => reached.add(next));
    expect([...reached]).to.have.members(names);
  });

  it("ends exactly in the states that are called ended", () => {
    expect(names.filter((name) => jobStates[name].next.length === 0)).to.have.members([...endedStates]);
  });

  it("lets the worker leave every waiting state both ways: the transaction worked, or it did not", () => {
    for (const name of waitingStates) expect(jobStates[name].next.length, name).to.be.greaterThan(1);
  });

  it("lets the chain have the last word on every state", () => {
    for (const name of names) {
      for (const ending of endedStates) {
        expect(() => requireTransition(name, ending), `${name} → ${ending}`).to.not.throw();
      }
    }
  });

  it("refuses what it does not name", async () => {
    await expectError(
      () => requireTransition("seen", "submitting"),
      "TRANSITION_INVALID",
      "from seen to submitting",
    );
    await expectError(() => requireTransition("collected", "running"), "TRANSITION_INVALID");
  });
});
