import { expect } from "chai";
import { readFile } from "node:fs/promises";
import checkersModule from "../../../ignition/modules/Checkers.ts";
import { type Built, type Described } from "./described.ts";
import { defaultMarket } from "./market.ts";
import { contractRules, describedRules, ruleSets } from "./rules.ts";

/** What the tests read of a module of Ignition. */
interface Futures {
  readonly futures: ReadonlySet<unknown>;
  readonly submodules: ReadonlySet<Futures>;
}

/** All parameters' defaults of a module and those that it uses. */
function defaultsOf(module: Futures, found = new Map<string, unknown>()): Map<string, unknown> {
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    // Other futures are visited on their own.
    if (typeof value !== "object" || value === null || "dependencies" in value) return;
    if ("name" in value && "defaultValue" in value) {
      found.set(String(value.name), value.defaultValue);
      return;
    }
    Object.values(value).forEach(visit);
  };
  for (const future of module.futures) {
    const { constructorArgs, args } = future as { constructorArgs?: unknown; args?: unknown };
    visit(constructorArgs ?? args);
  }
  for (const submodule of module.submodules) defaultsOf(submodule, found);
  return found;
}

const defaults = defaultsOf(checkersModule);

async function builtValue(built: Built): Promise<number> {
  if ("parameter" in built) {
    const value = defaults.get(built.parameter);
    const field = built.field === undefined ? value : (value as Record<string, unknown>)[built.field];
    return Number(field) / (built.in ?? 1);
  }
  const source = await readFile(new URL(`../../../contracts/${built.of}`, import.meta.url), "utf8");
  const [, digits] = new RegExp(` constant ${built.constant} = (\\d[\\d_]*);`).exec(source) ?? [];
  return Number(digits?.replaceAll("_", "")) / (built.in ?? 1);
}

describe("the rules that are simulated", () => {
  const entries: [string, Described][] = Object.entries(describedRules);

  for (const [name, { value, built }] of entries) {
    if (built === undefined) continue;
    it(`${name} is what the contracts deploy with`, async () => {
      expect(await builtValue(built)).to.equal(value);
    });
  }

  it("the longest dispute follows from the game's parameters", async () => {
    const parameter = (name: string) => builtValue({ parameter: name });
    const moves = await builtValue({ of: "dispute/GameParameters.sol", constant: "MOVES" });
    const [window, clock, grace] = [
      await parameter("challengeWindow"),
      await parameter("disputeClock"),
      await parameter("disputeGrace"),
    ];
    expect(describedRules.disputeSeconds.value).to.equal(3 * window + 2 * clock + moves * grace);
  });

  it("all those that the checkers' module sets are simulated", () => {
    const own = [...defaultsOf({ futures: checkersModule.futures, submodules: new Set() }).keys()];
    const compared = entries.flatMap(([, { built }]) =>
      built !== undefined && "parameter" in built ? [built.parameter] : [],
    );
    // Of time and of the chain; no rule follows from them.
    expect(own.filter((name) => !compared.includes(name))).to.have.members([
      "sequencerFeed",
      "inclusionDelay",
    ]);
  });

  it("are off where the contracts have none, and on in the last set", () => {
    for (const [name, { meaning }] of entries) {
      if (!meaning.startsWith("not built")) continue;
      const of = name as keyof typeof describedRules;
      expect(ruleSets.contracts[of], name).to.equal(0);
      expect(ruleSets.extended[of], name).to.be.greaterThan(0);
    }
  });
});

describe("the gas that is simulated", () => {
  let gas: Readonly<Record<string, number>>;
  before(async () => {
    const snapshot = new URL("../../../test/snapshots/gas.json", import.meta.url);
    gas = JSON.parse(await readFile(snapshot, "utf8")) as typeof gas;
  });
  const sum = (...names: string[]): number => names.reduce((total, name) => total + gas[name]!, 0);

  it("is what the contracts take, to a tenth", () => {
    const { seatGas, requestGas, examGas, epochGas, auditGas } = defaultMarket;
    const shown = contractRules.requests * requestGas;
    const report = gas["QualityReports.revealReports of ten providers, 10 receipts each"]! / 10 - shown;
    const scored = gas["QualityReports.score of 9 reports"]! / 9;
    const channel = sum("ChannelEscrow: open from the vault", "ChannelEscrow.close", "ChannelEscrow.release");
    const epoch = sum(
      "Checkers.commit",
      "Checkers.reveal",
      "QualityReports.commitReports",
      "CheckerPay.claim",
    );
    const attestation = sum("ResultAudits.attest", "ResultAudits.revealAttestation", "ResultAudits.count");
    for (const [used, measured] of [
      [seatGas, channel + report + scored],
      [examGas, report + scored],
      [epochGas, epoch],
      // Its close is not among the snapshots.
      [auditGas, attestation + 40_000],
    ] as const) {
      expect(used).to.be.within(0.9 * measured, 1.1 * measured);
    }
  });
});
