import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { runToEnd } from "./process.ts";

describe("runToEnd", () => {
  const folder = mkdtempSync(join(tmpdir(), "athanor-process-"));
  const report = join(folder, "report.json");
  afterEach(() => rmSync(report, { force: true }));
  after(() => rmSync(folder, { recursive: true }));
  const run = (code: string) => runToEnd(["--eval", code], process.env, report, 0);

  it("returns the exit code of a process that ends by itself", async () => {
    expect(await run("process.exitCode = 3")).to.deep.equal({ code: 3, stuck: false });
  });

  it("ends a process that has reported but is kept alive by something open", async () => {
    const code = `require("fs").writeFileSync(${JSON.stringify(report)}, "{}"); setInterval(() => {}, 1000);`;
    expect(await run(code)).to.deep.equal({ code: 1, stuck: true });
  });

  it("hands over each line, the last one even without its end", async () => {
    const lines: string[] = [];
    const code = `process.stdout.write("one\\ntwo"); process.stderr.write("three\\n");`;
    await runToEnd(["--eval", code], process.env, report, 0, (line) => lines.push(line));
    expect(lines.sort()).to.deep.equal(["one", "three", "two"]);
  });

  it("ends what the process started and left running", async () => {
    const pidFile = join(folder, "pid");
    const code = `
      const child = require("child_process").spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"], {
        stdio: "ignore",
      });
      require("fs").writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
      child.unref();`;
    await run(code);
    expect(await isGone(Number(readFileSync(pidFile, "utf8")))).to.equal(true);
  });
});

/** Waits for the kernel to be done with a killed process; one whose end nobody has collected yet is gone too. */
async function isGone(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    const stat = `/proc/${pid}/stat`;
    if (existsSync(stat) && readFileSync(stat, "utf8").includes(") Z ")) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
