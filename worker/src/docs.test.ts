import { expect } from "chai";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { configSchema } from "./config/schema.ts";
import { jobStates } from "./jobs/states.ts";
import { startChain, type TestChain } from "./testing/chain.ts";
import { eventually } from "./testing/eventually.ts";
import { fieldsOf, followGuide, readPage, repository } from "./testing/guide.ts";
import { temporaryFolder, type TemporaryFolder } from "./testing/model.ts";

const { page, blocks } = await readPage("docs/providers.md");

describe("docs/providers.md", function () {
  this.timeout(180_000);
  let folder: TemporaryFolder;
  let chain: TestChain;

  before(async () => {
    folder = await temporaryFolder();
    chain = await startChain();
    await symlink(join(repository, "models"), join(folder.path, "models"));
  });
  after(async () => {
    await chain.close();
    await folder.remove();
  });

  it("can be followed command by command", async () => {
    const { said, commands, daemonSaid } = await followGuide(blocks, {
      ...{ folder: folder.path, rpcUrl: chain.rpc.url },
      async daemon(start) {
        const daemon = start();
        await eventually(() => daemon.output().includes('"event":"ready"'), "ready");
        const { modelRoot } = JSON.parse(
          await readFile(join(repository, "models/bard/athanor.json"), "utf8"),
        ) as {
          modelRoot: string;
        };
        const provider = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        const id = await chain.createJob({ provider, modelRoot, prompt: [5, 6, 7], maxTokens: 12 });
        await eventually(async () => (await chain.status(id)) === "Submitted", "submitted");
        await chain.pass(10_000);
        await eventually(() => daemon.output().includes('"event":"job.collected"'), "collected");
        return daemon;
      },
    });
    expect(daemonSaid).to.contain('"event":"stopped"');
    expect(commands, "commands run").to.equal(12);
    const text = said.join("");
    expect(text).to.contain("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    expect(text, "check")
      .to.match(/✓ {2}speed/)
      .and.not.contain("✗");
    expect(text, "status").to.contain('"collected": 1').and.contain("Nothing keeps jobs away");
    expect(text, "rest").to.contain("✓ take no new jobs and channels");
    expect(text, "the end of the rest").to.contain("✓ take new jobs and channels again");
    expect(text, "withdraw").to.match(/✓ pay [\d.]+ ATH/);
    expect(text, "leave").to.contain("✓ start to unbond");
  });

  it("describes every field of the configuration", () => {
    const schema = JSON.stringify(fieldsOf(configSchema.shape));
    const documented = [...page.matchAll(/^\| `([\w.[\]]+)` /gm)].map(([, name]) => name!);
    for (const field of JSON.parse(schema) as string[]) expect(documented, field).to.include(field);
  });

  it("describes every state of a job in the words of the table", () => {
    for (const [state, { meaning }] of Object.entries(jobStates)) {
      expect(page, state).to.match(new RegExp(`\\| \`${state}\` +\\| ${meaning} +\\|`));
    }
  });
});
