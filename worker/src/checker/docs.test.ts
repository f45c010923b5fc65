import { expect } from "chai";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkerSchema } from "../config/schema.ts";
import { startChain, type TestChain } from "../testing/chain.ts";
import { checkersOf } from "../testing/checker.ts";
import { eventually } from "../testing/eventually.ts";
import { fieldsOf, followGuide, readPage, repository, shellOf } from "../testing/guide.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/model.ts";
import type { CheckerStatus } from "./status.ts";

const { page, blocks } = await readPage("docs/checkers-guide.md");
/** The local chain's third account. */
const BUYER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

describe("docs/checkers-guide.md", function () {
  this.timeout(180_000);
  let folder: TemporaryFolder;
  let chain: TestChain;

  before(async () => {
    folder = await temporaryFolder();
    chain = await startChain();
    await symlink(join(repository, "models"), join(folder.path, "models"));
    await chain.ath(BUYER, 100);
  });
  after(async () => {
    await chain.close();
    await folder.remove();
  });

  it("can be followed command by command", async () => {
    const { checkers } = await checkersOf(chain);
    const { said, commands, daemonSaid } = await followGuide(blocks, {
      ...{ folder: folder.path, rpcUrl: chain.rpc.url },
      async daemon(start) {
        const killed = start();
        await eventually(() => killed.output().includes('"move":"commitSecret"'), "committed");
        // Killed, it goes on where it was: it commits to no other secret.
        killed.stop("SIGKILL");
        await killed.ended;
        const daemon = start();
        await eventually(() => daemon.output().includes('"event":"checker.epoch"'), "started again");
        return daemon;
      },
    });
    expect(daemonSaid).to.contain('"event":"ready"').and.contain('"event":"stopped"');
    expect(daemonSaid).to.not.contain("commitSecret");
    expect(commands, "commands run").to.equal(8);
    const [, joined, shown, left] = said;
    expect(joined).to.match(/✓ join as a checker: lock 10[,_ ]?000 ATH/);
    const status = JSON.parse(shown!.slice(shown!.indexOf("\n{"))) as CheckerStatus;
    expect(status).to.include({ checker: OWNER, joined: true, lastEpoch: 1, daemonAlive: true });
    expect(status.epochs[0]).to.include({ epoch: 1, secret: "committed", drawn: false });
    expect(status.hints).to.deep.equal([]);
    expect(left).to.contain("committed to epoch 1 and answers for it until").and.contain("Nothing to do.");
    expect(BigInt(await checkers.committedTo(1, OWNER))).to.not.equal(0n);

    // Four epochs later, the same command resigns.
    await chain.pass(6 * 86_400);
    const shell = shellOf(blocks, folder.path);
    const leave = shell(blocks.findLast(({ text }) => text.startsWith("athanor checker leave"))!.text);
    expect(await leave.ended, leave.output()).to.equal(0);
    expect(leave.output()).to.contain("✓ resign as a checker").and.contain("✓ start to unbond");
    expect((await checkers.checkerOf(OWNER)).locked).to.equal(0n);
  });

  it("needs an account that has joined: the daemon says so, and exits with 78", async () => {
    const shell = shellOf(blocks, folder.path);
    const { text } = blocks.find(({ info }) => info.startsWith("yaml"))!;
    const changed = text
      .replace("http://127.0.0.1:8545", chain.rpc.url)
      .replace(OWNER, BUYER)
      .replace("checker.sqlite", "wrong.sqlite");
    await writeFile(join(folder.path, "wrong.yaml"), changed);
    await shell(blocks.find(({ info }) => info === "sh")!.text).ended;
    const run = shell("athanor checker start --config wrong.yaml");
    expect(await run.ended, run.output()).to.equal(78);
    expect(run.output()).to.contain("athanor: NOT_REGISTERED\n").and.contain("athanor checker join");
  });

  it("describes every field of the configuration", () => {
    const documented = [...page.matchAll(/^\| `([\w.[\]]+)` /gm)].map(([, name]) => name!);
    const elsewhere = /^(chain|logLevel|metrics)/;
    for (const field of fieldsOf(checkerSchema.shape)) {
      if (!elsewhere.test(field)) expect(documented, field).to.include(field);
    }
  });
});
