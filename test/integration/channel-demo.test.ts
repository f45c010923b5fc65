import { expect } from "chai";
import { runDemoProcess as demo } from "./demo-process.ts";

type Holding = Record<"wallet" | "vault" | "escrowed" | "staked", string>;
type Balances = Record<string, Record<"ATH" | "mUSD", Holding>>;
interface Report {
  readonly status: string;
  readonly answers: readonly {
    readonly text: string;
    readonly tokens: readonly number[];
    readonly steps: readonly {
      readonly tokens: number;
      readonly complete: boolean;
      readonly price: string;
    }[];
    readonly price: string;
  }[];
  readonly payment: Record<"token" | "deposit" | "paid" | "fee" | "exitBounty" | "returned", string>;
  readonly gas: readonly { readonly name: string; readonly by: string; readonly gas: number }[];
  readonly balances: { readonly before: Balances; readonly after: Balances };
}

/** The demo as its user starts it: chain, client and provider in processes of their own. */
describe("npm run demo -- --channel", function () {
  this.timeout(240_000);

  it("streams answers, pays all with two transactions, and every unit is accounted for", async () => {
    const flags = ["--token", "mUSD", "--max-tokens", "24", "--min-tokens", "20"];
    const { code, stdout, stderr } = await demo("--channel", "--json", ...flags);
    expect(code, stderr).to.equal(0);
    const { status, answers, payment, gas, balances } = JSON.parse(stdout) as Report;
    expect(status).to.equal("Closed");
    expect(answers).to.have.length(3);
    for (const { text, tokens, steps, price } of answers) {
      expect(text).to.match(/[a-z]{2,}/);
      expect(steps.map(({ complete }) => complete)).to.deep.equal([false, true]);
      expect(steps.at(-1)!.tokens).to.equal(tokens.length);
      expect(sum(steps.map((step) => step.price))).to.equal(BigInt(price));
    }
    const amount = (name: keyof typeof payment) => BigInt(payment[name]);
    expect(amount("paid")).to.equal(sum(answers.map(({ price }) => price)));
    const change = (account: string) =>
      sum(Object.values(balances.after[account]!.mUSD)) - sum(Object.values(balances.before[account]!.mUSD));
    expect(change("client")).to.equal(-(amount("paid") + amount("exitBounty")));
    expect(change("provider")).to.equal(amount("paid") - amount("fee"));
    expect(change("protocol")).to.equal(amount("fee") + amount("exitBounty"));
    expect(gas.filter(({ by }) => by === "provider")).to.have.length(1);
    for (const { gas: used } of gas) expect(used).to.be.greaterThan(21_000);
  });
});

function sum(amounts: readonly string[]): bigint {
  return amounts.reduce((total, amount) => total + BigInt(amount), 0n);
}
