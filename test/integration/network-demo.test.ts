import { expect } from "chai";
import { runDemoProcess as demo } from "./demo-process.ts";

type Holding = Record<"wallet" | "vault" | "escrowed" | "staked", string>;
interface Report {
  readonly epochs: readonly number[];
  readonly providers: readonly {
    readonly name: string;
    readonly lost: string;
    readonly frozen: string;
    readonly convicted: boolean;
  }[];
  readonly scores: readonly {
    readonly provider: string;
    readonly epoch: number;
    readonly uptime: number;
    readonly latency: number;
    readonly throughput: number;
    readonly badEpochs: number;
  }[];
  readonly pots: readonly { readonly epoch: number; readonly amount: string }[];
  readonly checkers: readonly {
    readonly name: string;
    readonly strategy: "honest" | "lazy";
    readonly pay: readonly { readonly epoch: number; readonly shares: number; readonly amount: string }[];
    readonly earned: string;
    readonly spent: string;
    readonly requests: number;
    readonly stakeLost: string;
  }[];
  readonly announcement: Record<"provider" | "status" | "amount" | "frozen", string> & {
    readonly appealUntil: number;
    readonly decideUntil: number;
  };
  readonly conviction: Record<"provider" | "challenger" | "forfeited" | "paid" | "burned", string> & {
    readonly byTimeout: boolean;
  };
  readonly burned: string;
  readonly balances: Record<"before" | "after", Record<string, { readonly ATH: Holding }>>;
}

const ATH = 10n ** 18n;

/** Checkers' daemons, providers' daemons and clients over epochs of three measured and three more, as their user starts it. */
describe("npm run demo -- --network", function () {
  this.timeout(900_000);
  let report: Report;
  let epochs: readonly number[];

  before(async () => {
    const { code, stdout, stderr } = await demo("--network", "--json", "--epochs", "3");
    expect(code, stderr).to.equal(0);
    report = JSON.parse(stdout) as Report;
    epochs = report.epochs;
  });

  const provider = (name: string) => report.providers.find((one) => one.name === name)!;
  const scoresOf = (name: string) => report.scores.filter((one) => one.provider === name);

  it("pays every honest checker more than the lazy one, out of fees alone, and takes stake of none", () => {
    const honest = report.checkers.filter(({ strategy }) => strategy === "honest");
    const lazy = report.checkers.find(({ strategy }) => strategy === "lazy")!;
    expect(honest).to.have.length(3);
    for (const { name, earned, requests, stakeLost } of honest) {
      expect(BigInt(earned) > BigInt(lazy.earned), name).to.equal(true);
      expect(requests > lazy.requests, name).to.equal(true);
      expect(stakeLost, name).to.equal("0");
    }
    for (const epoch of epochs) {
      const paid = report.checkers.flatMap(({ pay }) => pay.filter((one) => one.epoch === epoch));
      const shares = paid.reduce((all, one) => all + one.shares, 0);
      const pot = sum(report.pots.filter((one) => one.epoch === epoch).map(({ amount }) => amount));
      expect(shares).to.be.greaterThan(0);
      for (const { shares: own, amount } of paid) {
        expect(BigInt(amount)).to.equal((pot * BigInt(own)) / BigInt(shares));
      }
    }
  });

  it("measures who answers, and announces whoever was absent in three epochs: its stake is frozen, and not taken", () => {
    const slow = scoresOf("slow");
    expect(slow.map(({ badEpochs }) => badEpochs)).to.deep.equal([1, 2, 3]);
    const { announcement } = report;
    expect(announcement).to.include({ provider: "slow", status: "Announced" });
    expect(BigInt(announcement.frozen)).to.equal(100n * ATH);
    expect(announcement.decideUntil).to.be.greaterThan(announcement.appealUntil);
    expect(provider("slow")).to.include({ lost: "0", frozen: announcement.frozen, convicted: false });
  });

  it("costs an honest provider that was off for an epoch nothing", () => {
    const scores = scoresOf("honest");
    expect(scores.map(({ uptime }) => uptime)).to.deep.equal([10_000, 0, 10_000]);
    for (const { uptime, latency, throughput } of scores) {
      expect([latency > 0, throughput > 0]).to.deep.equal([uptime > 0, uptime > 0]);
    }
    expect(provider("honest")).to.include({ lost: "0", frozen: "0", convicted: false });
  });

  it("convicts the cheat by one step, on the challenge of a checker that bought the answer", () => {
    const { provider: name, challenger, byTimeout, forfeited, paid, burned } = report.conviction;
    expect([name, byTimeout]).to.deep.equal(["cheating", false]);
    expect(challenger).to.match(/^checker \d$/);
    expect(provider("cheating")).to.include({ lost: forfeited, convicted: true });
    expect(BigInt(paid) + BigInt(burned)).to.equal(BigInt(forfeited));
    expect(2n * BigInt(burned) >= BigInt(forfeited)).to.equal(true);
  });

  it("refuses fewer epochs than an announcement takes, and to play another demonstration at once", async () => {
    const short = await demo("--network", "--epochs", "2");
    expect([short.code, short.stderr]).to.deep.equal([
      1,
      "error: option '--epochs <number>' argument '2' is invalid. It must be a whole number from 3 to 12.\n",
    ]);
    const both = await demo("--network", "--cheat");
    expect(both.code).to.equal(1);
    expect(both.stderr).to.contain("cannot be used with option");
  });

  it("loses no unit of all money", () => {
    const { before, after } = report.balances;
    const total = (balances: typeof before) =>
      sum(Object.values(balances).flatMap(({ ATH: holding }) => Object.values(holding)));
    expect(total(before)).to.equal(42_000_000_000n * ATH);
    expect(total(after) + BigInt(report.burned)).to.equal(total(before));
  });
});

function sum(amounts: readonly string[]): bigint {
  return amounts.reduce((total, amount) => total + BigInt(amount), 0n);
}
