import { expect } from "chai";
import { openPinoLog } from "./pino-log.ts";
import { openPrettyLog } from "./pretty-log.ts";
import { scrubber, secretsOfUrl } from "./scrub.ts";

const secret = "0123456789abcdef".repeat(4);

describe("logs", () => {
  const forms = { "JSON lines": openPinoLog, prose: openPrettyLog };
  for (const [name, open] of Object.entries(forms)) {
    it(`as ${name} never show a secret, wherever it hides`, () => {
      let output = "";
      const log = open("debug", (line) => (output += line), scrubber([secret, "hunter2-hunter2"]));
      log.emit("info", "ready", {
        password: "abc",
        privateKey: "def",
        wallet: { privateKey: "ghi" },
        raw: "jkl",
      });
      log.emit("error", "job.failed", {
        message: `could not sign with 0x${secret}`,
        remedy: "hunter2-hunter2",
      });
      for (const hidden of [secret, "hunter2", "abc", "def", "ghi", "jkl"]) {
        expect(output).to.not.contain(hidden);
      }
      expect(output).to.contain("[hidden]").and.contain("could not sign with 0x");
    });

    it(`as ${name} leave out what is below the level`, () => {
      let output = "";
      const log = open("warn", (line) => (output += line), scrubber([]));
      log.emit("info", "ready");
      expect(output).to.equal("");
      log.emit("warn", "warning", { message: "look" });
      expect(output).to.contain("look");
    });
  }

  it("as JSON lines are one object a line, with amounts as text", () => {
    let output = "";
    const log = openPinoLog("info", (line) => (output += line), scrubber([]));
    log.emit("info", "job.collected", { jobId: "0xa", earned: 2n ** 70n, text: "two\nlines" });
    expect(output.endsWith("\n")).to.equal(true);
    const line = JSON.parse(output.trimEnd()) as Record<string, unknown>;
    expect(line).to.include({
      level: "info",
      event: "job.collected",
      jobId: "0xa",
      earned: "1180591620717411303424",
    });
    expect(line["time"]).to.match(/^\d{4}-\d\d-\d\dT/);
  });

  it("as prose shorten long hexadecimal numbers", () => {
    let output = "";
    openPrettyLog("info", (line) => (output += line), scrubber([])).emit("info", "job.seen", {
      jobId: `0x${secret}`,
    });
    expect(output).to.contain("jobId 0x012345…").and.not.contain(secret);
  });
});

describe("secretsOfUrl", () => {
  it("finds what may be a key: path, query, password", () => {
    expect(secretsOfUrl("https://user:p%40ssword@node.example/v3/abcdef?key=123")).to.deep.equal([
      ...["v3/abcdef", "key=123", "p@ssword", "p%40ssword"],
    ]);
    expect(secretsOfUrl("http://127.0.0.1:8545")).to.deep.equal([]);
  });
});
