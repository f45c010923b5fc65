import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { root, runDemoProcess as demo } from "./demo-process.ts";

type Holding = Record<"wallet" | "vault" | "escrowed" | "staked", string>;
type Balances = Record<string, Record<"ATH" | "mUSD", Holding>>;
interface Report {
  readonly modelRoot: string;
  readonly text: string;
  readonly tokens: number[];
  readonly generation: { readonly seed: string; readonly temperature: number; readonly minTokens: number };
  readonly status: string;
  readonly payment: Record<
    "token" | "escrowed" | "charged" | "earned" | "fee" | "refund" | "bounty" | "bountyRecipient",
    string
  >;
  readonly gas: Record<"create" | "submit" | "finalize", number>;
  readonly balances: { readonly before: Balances; readonly after: Balances };
}

/** The demo as its user starts it: chain, client and provider in processes of their own. */
describe("npm run demo", function () {
  this.timeout(240_000);

  for (const token of ["ATH", "mUSD"] as const) {
    it(`settles a job paid in ${token}, and every unit of every balance is accounted for`, async () => {
      const { code, stdout, stderr } = await demo("--json", "--token", token, "--max-tokens", "24");
      expect(code, stderr).to.equal(0);
      const report = JSON.parse(stdout) as Report;
      const manifest = JSON.parse(await readFile(join(root, "models/bard/athanor.json"), "utf8")) as Report;
      expect(report.status).to.equal("Finalized");
      expect(report.modelRoot).to.equal(manifest.modelRoot);
      expect(report.text).to.match(/[a-z]{2,}/);
      expect(report.tokens.length).to.be.within(1, 24);

      const paid = report.payment;
      const amount = (name: keyof typeof paid) => BigInt(paid[name]);
      expect(paid.token).to.equal(token);
      expect(amount("charged")).to.equal(amount("earned") + amount("fee"));
      expect(amount("escrowed")).to.equal(amount("charged") + amount("refund") + amount("bounty"));

      const { before, after } = report.balances;
      const change = (account: string, symbol: "ATH" | "mUSD") =>
        total(after[account]![symbol]) - total(before[account]![symbol]);
      expect(paid.bountyRecipient).to.equal("provider");
      expect(change("client", token)).to.equal(-(amount("charged") + amount("bounty")));
      expect(change("provider", token)).to.equal(amount("earned") + amount("bounty"));
      expect(change("protocol", token)).to.equal(amount("fee"));
      const other = token === "ATH" ? "mUSD" : "ATH";
      for (const account of Object.keys(before)) {
        expect(change(account, other), `${account} in ${other}`).to.equal(0n);
      }
      for (const gas of Object.values(report.gas)) expect(gas).to.be.greaterThan(21_000);
    });
  }

  it("samples as its flags say, the same for the same seed, and ends before a stop text", async () => {
    const flags = ["--temperature", "1.1", "--top-p", "0.95", "--top-k", "60", "--repetition-penalty", "1.1"];
    const sampled = async (...more: string[]): Promise<Report> => {
      const { code, stdout, stderr } = await demo("--json", "--max-tokens", "24", ...flags, ...more);
      expect(code, stderr).to.equal(0);
      return JSON.parse(stdout) as Report;
    };
    const free = await sampled("--seed", "7", "--min-tokens", "24");
    expect(free.tokens).to.have.length(24);
    const stop = free.text.slice(12, 14);
    const stopped = await sampled("--seed", "7", "--stop", stop);
    expect(stopped.text).to.equal(free.text.slice(0, free.text.indexOf(stop)));
    expect(stopped.tokens).to.deep.equal(free.tokens.slice(0, stopped.tokens.length));
    const { seed, temperature, minTokens } = stopped.generation;
    expect([seed, temperature, minTokens]).to.deep.equal(["7", 1_100, 0]);
  });

  it("refuses a model in which one weight was changed, and names the step and both roots", async () => {
    const folder = await mkdtemp(join(tmpdir(), "athanor-changed-"));
    try {
      await cp(join(root, "models/bard"), folder, { recursive: true });
      const file = join(folder, "model.safetensors");
      const weights = await readFile(file);
      weights[weights.length - 1000]! ^= 0x3f;
      await writeFile(file, weights);
      const { code, stdout, stderr } = await demo("--model", folder, "--json");
      expect(code).to.equal(1);
      expect(stdout).to.equal("");
      expect(stderr).to.contain('failed at the step "check the model against its committed root"');
      expect(stderr).to.match(/has the root 0x[0-9a-f]{64}, but athanor\.json commits to 0x[0-9a-f]{64}/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("names the step at which a request that does not fit the model fails", async () => {
    const { code, stderr } = await demo("--json", "--max-tokens", "600");
    expect(code).to.equal(1);
    expect(stderr).to.contain('failed at the step "send the prompt and generate the answer"');
    expect(stderr).to.contain("exceed the model's context of 512");
  });
});

function total({ wallet, vault, escrowed, staked }: Holding): bigint {
  return BigInt(wallet) + BigInt(vault) + BigInt(escrowed) + BigInt(staked);
}
