import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { LaunchError } from "./errors.mjs";
import { runQuietly, runTask, taskEnvironment } from "./processes.mjs";

const launcher = fileURLToPath(new URL("./run.mjs", import.meta.url));
const node = { binary: "/opt/node/bin/node", version: "24.21.0", major: 24 };
const script = (code: string) => ["--eval", code];

describe("the launcher", () => {
  for (const [args, complaint] of [
    [["tset"], 'athanor: there is no task "tset". Tasks: demo, test, audit, check, bench, build, format.'],
    [[], "athanor: no task given. Tasks: demo, test, audit, check, bench, build, format."],
  ] as const) {
    it(`explains itself on standard error when called with "${args.join(" ")}"`, () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args], {
        encoding: "utf8",
      });
      expect(stderr).to.contain(complaint);
      expect(stdout).to.equal("");
      expect(status).to.equal(1);
    });
  }
});

describe("runTask", () => {
  it("passes the exit code on", async () => {
    expect(await runTask(process.execPath, script("process.exitCode = 42"), process.env)).to.equal(42);
  });

  it("reports a signal as shells do", async () => {
    const code = "process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 60_000)";
    expect(await runTask(process.execPath, script(code), process.env)).to.equal(128 + 15);
  });

  it("forwards a signal, and waits for what the task makes of it", async () => {
    // The child announces itself by a signal of its own, which is sent only once its handler stands.
    const code = `
      process.on("SIGTERM", () => process.exit(7));
      setTimeout(() => {}, 60_000);
      process.kill(process.ppid, "SIGUSR2");`;
    process.once("SIGUSR2", () => process.kill(process.pid, "SIGTERM"));
    expect(await runTask(process.execPath, script(code), process.env)).to.equal(7);
  });
});

describe("runQuietly", () => {
  it("returns what the command printed", async () => {
    const code = "console.log('out'); console.error('err')";
    const output = await runQuietly(process.execPath, script(code), { env: process.env, whatToDo: "" });
    expect(output.split("\n")).to.have.members(["out", "err"]);
  });

  it("fails with the output, the exit code and what to do", async () => {
    let caught: unknown;
    const code = "console.error('no space left'); process.exitCode = 28";
    await runQuietly(process.execPath, script(code), { env: process.env, whatToDo: "Make room." }).catch(
      (error: unknown) => (caught = error),
    );
    expect(caught).to.be.instanceOf(LaunchError);
    expect(caught).to.include({ code: "ATHANOR_LAUNCH", output: "no space left", exitCode: 28 });
    expect((caught as LaunchError).message).to.match(/^this command failed with code 28: .*\nMake room\.$/);
  });
});

describe("taskEnvironment", () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key];
    Object.assign(process.env, before);
  });

  it("puts the found Node.js first on PATH", () => {
    const path = taskEnvironment(node)["PATH"] ?? "";
    expect(path.split(":")[0]).to.equal("/opt/node/bin");
    expect(path.endsWith(before["PATH"] ?? "")).to.equal(true);
  });

  it("keeps npm's settings and drops what an outer npm run set for itself", () => {
    process.env["npm_config_registry"] = "https://registry.invalid/";
    process.env["npm_config_json"] = "true";
    process.env["npm_lifecycle_event"] = "test";
    const env = taskEnvironment(node);
    expect(env["npm_config_registry"]).to.equal("https://registry.invalid/");
    expect(env).to.not.have.any.keys("npm_config_json", "npm_lifecycle_event");
  });

  it("silences the warning about stripped types where Node.js still gives it", () => {
    delete process.env["NODE_OPTIONS"];
    expect(taskEnvironment(node)["NODE_OPTIONS"]).to.equal(undefined);
    expect(taskEnvironment({ ...node, major: 22 })["NODE_OPTIONS"]).to.equal(
      "--disable-warning=ExperimentalWarning",
    );
  });
});
