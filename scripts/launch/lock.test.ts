import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { withLock } from "./lock.mjs";

describe("withLock", () => {
  const folder = mkdtempSync(join(tmpdir(), "athanor-lock-"));
  const file = join(folder, "launch.lock");
  afterEach(() => rmSync(file, { force: true }));
  after(() => rmSync(folder, { recursive: true }));
  const nobodyWaits = () => expect.fail("nobody holds this lock");

  it("names its owner while it is held and is gone afterwards, also after a failure", async () => {
    const owner = await withLock(file, nobodyWaits, () =>
      Promise.resolve(JSON.parse(readFileSync(file, "utf8")) as { pid: number }),
    );
    expect(owner.pid).to.equal(process.pid);
    expect(existsSync(file)).to.equal(false);

    let caught: unknown;
    await withLock(file, nobodyWaits, () => Promise.reject(new Error("no space left"))).catch(
      (error: unknown) => {
        caught = error;
      },
    );
    expect(caught).to.be.an("error").with.property("message", "no space left");
    expect(existsSync(file)).to.equal(false);
  });

  it("takes over a lock whose owner is gone", async () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    writeFileSync(file, JSON.stringify({ pid, started: "1" }));
    expect(await withLock(file, nobodyWaits, () => Promise.resolve("mine"))).to.equal("mine");
  });

  // Elsewhere a process does not tell when it started, and its number alone decides.
  if (process.platform === "linux") {
    it("takes over a lock whose owner's number now belongs to another process", async () => {
      writeFileSync(file, JSON.stringify({ pid: process.pid, started: "1" }));
      expect(await withLock(file, nobodyWaits, () => Promise.resolve("mine"))).to.equal("mine");
    });
  }

  it("lets one process in at a time, however many want to", async () => {
    const log = join(folder, "log");
    writeFileSync(log, "");
    const script = `
      import { appendFileSync } from "node:fs";
      import { setTimeout } from "node:timers/promises";
      import { withLock } from ${JSON.stringify(new URL("./lock.mjs", import.meta.url).href)};
      for (let turn = 0; turn < 3; turn++) {
        await withLock(${JSON.stringify(file)}, () => {}, async () => {
          appendFileSync(${JSON.stringify(log)}, "enter\\n");
          await setTimeout(5);
          appendFileSync(${JSON.stringify(log)}, "leave\\n");
        });
      }`;
    const children = [1, 2, 3].map(() =>
      spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "inherit" }),
    );
    await Promise.all(children.map((child) => once(child, "close")));
    expect(readFileSync(log, "utf8")).to.equal("enter\nleave\n".repeat(9));
  });

  it("says once who holds the lock", async () => {
    const seen: number[] = [];
    let second: Promise<string> | undefined;
    await withLock(file, nobodyWaits, async () => {
      let said = () => {};
      const waits = new Promise<void>((resolve) => (said = resolve));
      second = withLock(
        file,
        (pid) => {
          seen.push(pid);
          said();
        },
        () => Promise.resolve("second"),
      );
      await waits;
    });
    expect(await second).to.equal("second");
    expect(seen).to.deep.equal([process.pid]);
  });
});
