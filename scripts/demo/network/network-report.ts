import { formatAmount } from "@athanor/sdk";
import { type Column, formatTable } from "../../lib/table.ts";
import { sumOf, totalOf } from "../balances.ts";
import { balanceTexts } from "../report.ts";
import { short } from "../stage.ts";
import type { CheckerAccount, NetworkResult } from "./run-network.ts";

const right = (heading: string): Column => ({ heading, align: "right" });
const left = (heading: string): Column => ({ heading });

/** The document of `--json`. Amounts are decimal text in ATH's smallest units. */
export function networkJson(result: NetworkResult): object {
  const { chronicle, conviction, frozen, balances } = result;
  const providers = byName(result.providers);
  const checkers = byName(result.checkers);
  return {
    model: result.model,
    modelRoot: result.modelRoot,
    rules: result.rules,
    epochs: result.epochs,
    providers: result.providers.map(({ name, address, conduct, score, standing }) => ({
      ...{ name, address, conduct, score },
      ...{ staked: standing.staked.toString(), lost: standing.lost.toString() },
      ...{ frozen: standing.frozen.toString(), convicted: standing.convicted },
    })),
    scores: chronicle.scores.map((score) => ({
      ...{ ...score, provider: providers(score.provider) },
      why: why(result, score.provider, score.epoch, score.badEpochs),
    })),
    reports: chronicle.reports.map((report) => ({
      ...{ ...report, provider: providers(report.provider), checker: checkers(report.checker) },
    })),
    pots: chronicle.pots.map(({ epoch, amount }) => ({ epoch, amount: amount.toString() })),
    checkers: result.checkers.map((checker) => ({
      ...{ name: checker.name, address: checker.address, strategy: checker.strategy },
      pay: result.epochs.map((epoch) => ({
        ...{ epoch, shares: sharesOf(result, checker, epoch) },
        amount: payOf(result, checker, epoch).toString(),
      })),
      earned: earnedBy(result, checker).toString(),
      spent: checker.spent.toString(),
      requests: checker.requests,
      stakeLost: checker.stakeLost.toString(),
    })),
    announcement: frozen && {
      provider: providers(frozen.provider),
      ...{ caseId: frozen.caseId, status: frozen.status, evidence: frozen.evidence },
      ...{ amount: frozen.amount.toString(), frozen: frozen.frozen.toString() },
      ...{ appealUntil: frozen.appealUntil, decideUntil: frozen.decideUntil },
    },
    conviction: conviction && {
      provider: providers(conviction.provider),
      ...{ epoch: conviction.epoch, challenger: conviction.challenger },
      ...{ challengeId: conviction.challengeId, byTimeout: conviction.byTimeout },
      ...{ forfeited: conviction.forfeited.toString(), paid: conviction.paid.toString() },
      burned: conviction.burned.toString(),
    },
    traffic: {
      answers: result.traffic.answers,
      tokens: result.traffic.tokens,
      paid: result.traffic.paid.toString(),
      fees: result.fees.toString(),
    },
    burned: result.burned.toString(),
    balances: { before: balanceTexts(balances.before), after: balanceTexts(balances.after) },
  };
}

/** What a person reads: scores and why, pay and what it cost, the two punishments, and where all money is. */
export function networkText(result: NetworkResult): string {
  const parts = [
    scores(result),
    reports(result),
    pay(result),
    announcement(result),
    conviction(result),
    standings(result),
    ledger(result),
  ];
  return `\n${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function scores(result: NetworkResult): string {
  const nameOf = byName(result.providers);
  const rows = result.providers.flatMap(({ address }) =>
    result.chronicle.scores
      .filter(({ provider }) => provider === address)
      .map(({ epoch, uptime, latency, throughput, reports: count, near, badEpochs }) => [
        ...[nameOf(address), String(epoch), percent(uptime), uptime === 0 ? "" : `${latency} ms`],
        uptime === 0 ? "" : `${throughput.toLocaleString("en")} M/s`,
        `${count}, ${near} near`,
        why(result, address, epoch, badEpochs),
      ]),
  );
  const columns = [
    ...[left("provider"), right("epoch"), right("uptime"), right("latency"), right("throughput")],
    ...[right("reports"), left("why")],
  ];
  return `What the checkers found: medians of what was reported of each provider in each epoch (latency to the first token; throughput in multiply-adds)\n\n${formatTable(columns, rows)}`;
}

function why({ conducts, floor }: NetworkResult, address: string, epoch: number, badEpochs: number): string {
  const conduct = conducts.find((one) => one.provider === address && one.epoch === epoch)?.text ?? "";
  const bad = badEpochs === 0 ? "" : `; epoch ${badEpochs} in a row below ${percent(floor)}`;
  return conduct + bad;
}

function reports(result: NetworkResult): string {
  const { chronicle, checkers, providers } = result;
  const nameOf = byName(providers);
  const rows = result.epochs.flatMap((epoch) =>
    providers.flatMap(({ address: provider }) => {
      const made = chronicle.reports.filter((one) => one.epoch === epoch && one.provider === provider);
      if (made.length === 0) return [];
      const said = checkers.map(({ address }) => {
        const own = made.find(({ checker }) => checker === address);
        if (own === undefined) return "";
        return own.uptime === 0 ? "0 %" : `${percent(own.uptime)}, ${own.latency} ms`;
      });
      return [[String(epoch), nameOf(provider), ...said]];
    }),
  );
  const columns = [right("epoch"), left("provider"), ...checkers.map(({ name }) => right(name))];
  return `What each checker reported: uptime and latency\n\n${formatTable(columns, rows)}`;
}

function pay(result: NetworkResult): string {
  const { checkers, epochs, ath, chronicle, traffic, fees } = result;
  const amount = (units: bigint) => formatAmount(ath, units);
  const rows = epochs.map((epoch) => [
    String(epoch),
    amount(potOf(result, epoch)),
    ...checkers.map((checker) => {
      const shares = sharesOf(result, checker, epoch);
      return `${amount(payOf(result, checker, epoch))} (${shares})`;
    }),
  ]);
  const all = (of: (checker: CheckerAccount) => bigint) => checkers.map((checker) => amount(of(checker)));
  rows.push(
    ["all", amount(epochs.reduce((sum, epoch) => sum + potOf(result, epoch), 0n))].concat(
      all((one) => earnedBy(result, one)),
    ),
  );
  rows.push(["spent", ""].concat(all(({ spent }) => spent)));
  rows.push(["requests", ""].concat(checkers.map(({ requests }) => String(requests))));
  const columns = [left("epoch"), right("pot"), ...checkers.map(({ name }) => right(name))];
  const waiting = chronicle.pots.filter(({ epoch }) => !epochs.includes(epoch));
  const notes = [
    `Clients bought ${traffic.answers} answers for ${amount(traffic.paid)}; the fees of all requests, those of checkers included, were ${amount(fees)}.`,
    coverage(result),
    ...(waiting.length === 0
      ? []
      : [
          `Of later epochs, ${amount(waiting.reduce((sum, one) => sum + one.amount, 0n))} wait for reports that nobody made here.`,
        ]),
  ];
  return `What the checkers earned in each epoch, with their shares in brackets, and what they spent on requests\n\n${formatTable(columns, rows)}\n\n${notes.join("\n")}`;
}

/** How much more would have to be bought for pay to cover the requests. */
function coverage(result: NetworkResult): string {
  const honest = result.checkers.filter(({ strategy }) => strategy === "honest");
  const earned = honest.reduce((sum, one) => sum + earnedBy(result, one), 0n);
  const spent = honest.reduce((sum, one) => sum + one.spent, 0n);
  if (earned === 0n || earned >= spent) return "";
  const times = (spent + earned - 1n) / earned;
  return `A few clients do not pay for three checkers: pay covers what honest ones spent where clients buy about ${times.toLocaleString("en")} times as much for as many checks.`;
}

function announcement({ frozen, ath, providers }: NetworkResult): string {
  if (frozen === undefined) return "";
  const amount = (units: bigint) => formatAmount(ath, units);
  return [
    "The frozen stake: bad service costs nothing before it was announced, and could be appealed",
    "",
    `  Case          ${short(frozen.caseId)} against the ${byName(providers)(frozen.provider)} provider, ${frozen.status}`,
    `  Evidence      ${frozen.evidence}`,
    `  Frozen        ${amount(frozen.frozen)} of the stake of its hardware, ${amount(frozen.hardware)}; still its own`,
    `  Appeal until  ${time(frozen.appealUntil)}: without one anybody takes ${amount(frozen.amountWithoutAppeal)} afterwards`,
    `  Decided by    ${time(frozen.decideUntil)}, if it appeals; else the case drops`,
  ].join("\n");
}

function conviction({ conviction: verdict, ath, providers }: NetworkResult): string {
  if (verdict === undefined) return "";
  const amount = (units: bigint) => formatAmount(ath, units);
  return [
    "The slash at once: a wrong result is proven, and needs nobody's vote",
    "",
    `  Who           the ${byName(providers)(verdict.provider)} provider, in epoch ${verdict.epoch}, by the answer that ${verdict.challenger} bought`,
    `  Decided by    ${verdict.byTimeout ? "a clock that ran out" : "one step of the model's program that the chain executed"}`,
    `  Deposit lost  ${amount(verdict.forfeited)}`,
    `  Of it         ${amount(verdict.paid)} to the challenger, ${amount(verdict.burned)} burned`,
    `  From then on  no channel and no job with it opens, nothing is paid to it any more`,
  ].join("\n");
}

function standings({ providers, ath }: NetworkResult): string {
  const amount = (units: bigint) => formatAmount(ath, units);
  const rows = providers.map(({ name, standing: { staked, lost, frozen, convicted } }) => [
    ...[name, amount(staked), amount(lost), amount(frozen)],
    convicted ? "convicted" : frozen > 0n ? "announced" : "in good standing",
  ]);
  const columns = [left("provider"), right("stake"), right("lost"), right("frozen"), left("standing")];
  return `What the providers' stake became\n\n${formatTable(columns, rows)}`;
}

function ledger({ balances: { before, after }, burned, ath }: NetworkResult): string {
  const amount = (units: bigint) => (units === 0n ? "" : formatAmount(ath, units));
  const places = ["wallet", "vault", "escrowed", "staked"] as const;
  const rows = Object.entries(after).map(([name, { ATH: holding }]) => [
    name,
    ...places.map((place) => amount(holding![place])),
    formatAmount(ath, totalOf(holding!)),
  ]);
  rows.push(["burned", "", "", "", "", formatAmount(ath, burned)]);
  rows.push(["sum", "", "", "", "", formatAmount(ath, sumOf(after, "ATH") + burned)]);
  rows.push(["went in at genesis", "", "", "", "", formatAmount(ath, sumOf(before, "ATH"))]);
  const columns = [left("account"), ...["wallet", "vault", "bound", "staked", "all"].map(right)];
  return `Where all ATH is, to the last unit\n\n${formatTable(columns, rows)}`;
}

// ------------------------------------------------------------------------------------------------- sums

export function payOf({ chronicle }: NetworkResult, { address }: CheckerAccount, epoch: number): bigint {
  return chronicle.pay
    .filter((one) => one.checker === address && one.epoch === epoch)
    .reduce((sum, { amount }) => sum + amount, 0n);
}

function sharesOf({ chronicle }: NetworkResult, { address }: CheckerAccount, epoch: number): number {
  return chronicle.shares
    .filter((one) => one.checker === address && one.epoch === epoch)
    .reduce((sum, { shares }) => sum + shares, 0);
}

function earnedBy(result: NetworkResult, checker: CheckerAccount): bigint {
  return result.epochs.reduce((sum, epoch) => sum + payOf(result, checker, epoch), 0n);
}

function potOf({ chronicle }: NetworkResult, epoch: number): bigint {
  return chronicle.pots.filter((one) => one.epoch === epoch).reduce((sum, { amount }) => sum + amount, 0n);
}

function byName(accounts: readonly { readonly address: string; readonly name: string }[]) {
  const names = new Map(accounts.map(({ address, name }) => [address, name]));
  return (address: string) => names.get(address) ?? address;
}

const percent = (basisPoints: number) => `${basisPoints / 100} %`;

const time = (seconds: number) =>
  `${new Date(seconds * 1_000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
