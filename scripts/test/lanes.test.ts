import { expect } from "chai";
import { runLanes } from "./lanes.ts";
import type { Suite } from "./suites.ts";

const suite = (name: string, seconds: number, alone?: "artifacts"): Suite => ({
  name,
  runner: "mocha",
  files: [],
  seconds,
  ...(alone === undefined ? {} : { alone }),
});

/** Runs suites that end when they are told to, and notes what begins. */
function begin(suites: readonly Suite[], lanes: number) {
  const begun: string[] = [];
  const ends = new Map<string, { resolve: (name: string) => void; reject: (error: Error) => void }>();
  const done = runLanes(suites, lanes, ({ name }) => {
    begun.push(name);
    return new Promise<string>((resolve, reject) => ends.set(name, { resolve, reject }));
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    begun,
    done,
    end: async (name: string) => {
      ends.get(name)?.resolve(name);
      await settle();
    },
    fail: async (name: string) => {
      ends.get(name)?.reject(new Error(name));
      await settle();
    },
  };
}

describe("runLanes", () => {
  it("begins the longest first, at most as many as there are lanes, and keeps the order of the results", async () => {
    const { begun, done, end } = begin([suite("a", 1), suite("b", 3), suite("c", 2)], 2);
    expect(begun).to.deep.equal(["b", "c"]);
    await end("c");
    expect(begun).to.deep.equal(["b", "c", "a"]);
    await end("a");
    await end("b");
    expect(await done).to.deep.equal(["a", "b", "c"]);
  });

  it("never runs two at a time that must not meet", async () => {
    const suites = [suite("a", 3, "artifacts"), suite("b", 2, "artifacts"), suite("c", 1)];
    const { begun, done, end } = begin(suites, 3);
    expect(begun).to.deep.equal(["a", "c"]);
    await end("c");
    expect(begun).to.deep.equal(["a", "c"]);
    await end("a");
    expect(begun).to.deep.equal(["a", "c", "b"]);
    await end("b");
    expect(await done).to.deep.equal(["a", "b", "c"]);
  });

  it("begins nothing more after an error, and throws it when the rest is over", async () => {
    const { begun, done, end, fail } = begin([suite("a", 3), suite("b", 2), suite("c", 1)], 2);
    const outcome = done.catch((error: unknown) => String(error));
    await fail("a");
    await end("b");
    expect(begun).to.deep.equal(["a", "b"]);
    expect(await outcome).to.equal("Error: a");
  });
});
