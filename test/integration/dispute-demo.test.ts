import { expect } from "chai";
import { runDemoProcess } from "./demo-process.ts";

interface Report {
  readonly status: string;
  readonly verdict: {
    readonly convicted: boolean;
    readonly byTimeout: boolean;
    readonly operator?: string;
    readonly position?: number;
    readonly element?: number;
  };
  readonly changed: { readonly position: number; readonly operator: string };
  readonly rounds: number;
  readonly gas: Record<"total" | "challenger" | "provider", number>;
  readonly moves: { readonly kind: string; readonly by: string; readonly gas: number }[];
  readonly burned: string;
  readonly coins: Record<string, { readonly change: string; readonly gas: string }>;
  readonly balances: Record<"before" | "after", Record<string, Record<string, Record<string, string>>>>;
}

/** Both demonstrations of a dispute, as their user starts them. */
describe("npm run demo: disputes", function () {
  this.timeout(240_000);

  const play = async (...args: string[]): Promise<Report> => {
    const { code, stdout, stderr } = await runDemoProcess("--json", "--max-tokens", "16", ...args);
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as Report;
  };
  const athOf = (report: Report, when: "before" | "after", account: string) =>
    Object.values(report.balances[when][account]!["ATH"]!).reduce((sum, units) => sum + BigInt(units), 0n);

  it("--cheat: a provider that alters its answer is convicted of the element that it altered", async () => {
    const report = await play("--cheat", "--seed", "3");
    const { verdict, changed, gas, moves } = report;
    expect([report.status, verdict.convicted, verdict.byTimeout]).to.deep.equal(["Refunded", true, false]);
    expect([verdict.position, verdict.operator]).to.deep.equal([changed.position, changed.operator]);
    expect(report.rounds).to.be.within(2, 8);
    expect(gas.total).to.equal(moves.reduce((sum, move) => sum + move.gas, 0));
    const change = (account: string) => athOf(report, "after", account) - athOf(report, "before", account);
    // The client has its money back, the challenger its reward, and at least half of what the provider lost is gone.
    expect(change("client")).to.equal(0n);
    expect(change("challenger") > 0n).to.equal(true);
    expect(2n * BigInt(report.burned) >= -change("provider")).to.equal(true);
    expect(change("provider") + change("challenger") + BigInt(report.burned)).to.equal(0n);
  });

  it("--grief: a challenger that insists on another answer than was drawn loses its bond, and the provider is paid", async () => {
    const sampling = ["--temperature", "0.9", "--top-k", "40", "--repetition-penalty", "1.1"];
    const report = await play("--grief", "--seed", "5", ...sampling);
    const { verdict, coins } = report;
    expect([report.status, verdict.convicted]).to.deep.equal(["Finalized", false]);
    expect(report.burned).to.equal("0");
    const { challenger, operator, provider } = coins as Record<string, { change: string; gas: string }>;
    const loss = -BigInt(challenger!.change) - BigInt(challenger!.gas);
    expect(loss > 0n).to.equal(true);
    // The defence is paid for by the bond: operator and owner together lose nothing.
    expect(BigInt(operator!.change) + BigInt(provider!.change) >= 0n).to.equal(true);
    expect(athOf(report, "after", "provider") > athOf(report, "before", "provider")).to.equal(true);
  });

  it("refuses to play both at once", async () => {
    const { code, stderr } = await runDemoProcess("--cheat", "--grief");
    expect(code).to.equal(1);
    expect(stderr).to.contain("cannot be used with option");
  });
});
