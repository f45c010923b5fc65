import { existsSync } from "node:fs";
import { systemClock } from "../../clock.ts";
import { billions, percent, type Measures } from "../../status/quality.ts";
import { readStatus, type Status } from "../../status/read-status.ts";
import { openSqlite } from "../../storage/sqlite.ts";
import { connectOnce, openSession, print, printJson, type ProviderOptions } from "../session.ts";
import { formatRows } from "../table.ts";

export async function runStatus(options: ProviderOptions & { json?: true }): Promise<void> {
  const session = await openSession(options);
  const { config, rpc } = session;
  // Looking must not create a database.
  const storage = existsSync(config.storage) ? openSqlite(config.storage, systemClock) : null;
  try {
    const chain = await connectOnce(session);
    const status = await readStatus(chain, config, storage, Date.now());
    if (options.json) printJson(status);
    else showStatus(status);
  } finally {
    storage?.close();
    rpc.destroy();
  }
}

function showStatus(status: Status): void {
  const { stake, jobs, gas, channels } = status;
  const rows: string[][] = [
    ["provider", `${status.provider}${status.registered ? "" : " (not registered)"}`],
    ["operator", `${status.operator}, ${status.operatorCoin} of the chain's coin`],
    ["new work", status.noNewWork.length === 0 ? "taken" : `none: ${status.noNewWork.join("; ")}`],
    ["daemon", status.daemonAlive ? "alive" : "not alive"],
    ["stake", `${stake.staked}, of it ${stake.locked} locked, ${stake.free} free`],
    ...status.hardware.map((entry) => [
      "hardware",
      `${entry.count} × "${entry.class}": ${entry.stake} at ${entry.stakeEach} each`,
    ]),
    ["fraud deposit", status.fraudDeposit],
    ...courtRows(status.court),
    ...qualityRows(status.quality),
    ["open jobs", `${status.openJobs}; room for ${status.roomForJobs} more at ${stake.perJob} each`],
    ...status.balances.map(({ available }) => ["in the vault", available]),
    ...status.offers.map(({ modelRoot, inputPrice, outputPrice, cheapestOther }) => [
      "offer",
      `${modelRoot.slice(0, 10)}… ${inputPrice} in, ${outputPrice} out for a million tokens${
        cheapestOther === null ? "" : `; cheapest other: ${cheapestOther} out`
      }`,
    ]),
    ["jobs", jobs === null ? "no database yet" : countsText(jobs)],
    ...(channels === null
      ? []
      : [
          ["channels", countsText(channels.stages)],
          ["unpaid in channels", channels.unpaid.length === 0 ? "nothing" : channels.unpaid.join(", ")],
        ]),
    ["earned", status.earned.length === 0 ? "nothing yet" : status.earned.join(", ")],
    [
      "gas",
      gas === null
        ? "no database yet"
        : `${gas.feePaid} of the chain's coin for ${gas.transactions} transactions`,
    ],
  ];
  print(formatRows(rows));
  print("");
  for (const hint of status.hints) print(`→ ${hint}`);
}

/** Nothing for a provider against which there is nothing. */
function courtRows({ frozen, openCase, suspended, suspendedUntil, removed }: Status["court"]): string[][] {
  const rows: string[][] = [];
  if (openCase !== null) {
    const until =
      openCase.status === "Announced"
        ? `appeal until ${openCase.appealUntil}`
        : `decided by ${openCase.decideUntil}`;
    rows.push(["case", `${openCase.id}: ${openCase.status.toLowerCase()}, ${until}; ${frozen} frozen`]);
  }
  if (removed) rows.push(["suspension", "for good: removed for repeated bad service"]);
  else if (suspended) rows.push(["suspension", `for bad service, until ${suspendedUntil}`]);
  return rows;
}

/** Nothing where there are no checkers. */
function qualityRows(quality: Status["quality"]): string[][] {
  if (quality === null) return [];
  const { epoch, measuredSince, score, recent, badEpochs, announcedAt, exam } = quality;
  const rows = [
    [
      "epoch",
      `${epoch}; ${measuredSince === null ? "not measured" : `measured in epochs after ${measuredSince}`}`,
    ],
    ["score", score === null ? "none yet" : `${measuresText(score)}; epoch ${score.epoch} was the last`],
    ...recent.map((found) => [
      "medians",
      `epoch ${found.epoch}${found.exam ? ", an exam" : ""}: ${measuresText(found)}; ${found.reports} reports, ${found.near} near`,
    ]),
  ];
  if (badEpochs > 0) {
    rows.push(["bad epochs", `${badEpochs} in a row; announced to the court from ${announcedAt} on`]);
  }
  if (exam.pending) rows.push(["exam", `pending since epoch ${exam.since}, next in epoch ${exam.next}`]);
  else if (exam.passed !== "0") rows.push(["exam", `passed with ${billions(exam.passed)}`]);
  else rows.push(["exam", exam.active ? "none passed" : "none are held"]);
  return rows;
}

function measuresText({ uptime, latency, throughput }: Measures): string {
  return `uptime ${percent(uptime)}, first token after ${latency} ms, ${billions(throughput)}`;
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([state, jobs]) => `${jobs} ${state}`);
  return parts.length === 0 ? "none yet" : parts.join(", ");
}
