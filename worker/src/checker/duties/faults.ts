import { drawThreshold, isDrawn, providerSubject } from "@athanor/sdk/checkers";
import { readLogs } from "@athanor/sdk/protocol";
import { getAddress, toBeHex, ZeroHash, type BaseContract } from "ethers";
import { firstBlockSince } from "../../chain/block-at.ts";
import type { CheckerContext } from "../context.ts";
import { inTurn, type Duty, type RoundView } from "../duty.ts";
import { isTurn, makeMove, noteMissed } from "../moves.ts";
import { measuredProviders } from "../own.ts";
import { isWorthwhile } from "../worthwhile.ts";

const BASIS_POINTS = 10_000n;
const MAX_REPORTS = 32n;

/** Shows what other checkers left undone, for the tenth of the penalty that the finder gets, and says what this one did. */
export function faultsDuty(context: CheckerContext): Duty {
  const { checkers, checker } = context;
  const { checkers: core, qualityReports } = checkers.contracts;
  const done = new Set<string>();
  /** First blocks of the epochs before those asked about. */
  const begins = new Map<number, number>();

  /** Once an epoch: what is missing after the end of its reveals is missing for good. */
  async function once(
    name: string,
    view: RoundView,
    epoch: number,
    work: () => Promise<void>,
  ): Promise<void> {
    const key = `${name} ${epoch}`;
    if (epoch < 1 || done.has(key) || !isTurn(context, view, key, [0.05, 0.5])) return;
    await work();
    done.add(key);
  }

  async function missing(view: RoundView, epoch: number): Promise<void> {
    const { seed } = await view.readEpoch(epoch);
    if (seed === undefined || (await core.outageSince(view.startOf(epoch + 1)))) return;
    const { stake, missingShare } = await view.rulesOf(epoch);
    const penalty = (stake * BigInt(missingShare)) / BASIS_POINTS;
    for (const other of await checkersIn(view, core, "SecretCommitted", epoch)) {
      const [committed, secret] = await Promise.all([
        core.committedTo(epoch, other),
        core.secretOf(epoch, other),
      ]);
      if (BigInt(committed) <= 1n || BigInt(secret) !== 0n) continue;
      if (other === checker) {
        noteMissed(context, epoch, "own secret", {
          message: "this checker did not reveal its secret in time: anybody can take stake for it",
        });
      } else if (await isWorthwhile(context, penalty)) {
        const about = { epoch, checker: other };
        await makeMove(context, "punishMissing", about, () => checkers.punishMissing(other, epoch));
      }
    }
  }

  async function omissions(view: RoundView, epoch: number): Promise<void> {
    const { seed, committed } = await view.readEpoch(epoch);
    if (seed === undefined || (await core.outageSince(view.startOf(epoch + 1)))) return;
    const { stake, omissionShare, expectedCheckers: expected } = await view.rulesOf(epoch);
    const penalty = (stake * BigInt(omissionShare)) / BASIS_POINTS;
    const threshold = drawThreshold({ committed, expected });
    const others = await checkersIn(view, core, "SecretRevealed", epoch);
    const left = new Map<string, string>();
    for (const provider of await measuredProviders(view, epoch)) {
      if ((await qualityReports.reportCount(epoch, provider)) === MAX_REPORTS) continue;
      const reporters = new Set(await reportersOf(view, epoch, provider));
      for (const other of others) {
        if (left.has(other) || reporters.has(other)) continue;
        const secret = await core.secretOf(epoch, other);
        if (secret === ZeroHash) continue;
        if (isDrawn({ secret, seed, subject: providerSubject(provider), threshold })) {
          left.set(other, provider);
        }
      }
    }
    // Once an epoch and checker, whatever number of providers it left out.
    for (const [other, provider] of left) {
      if (other === checker) {
        noteMissed(context, epoch, "own report", {
          provider,
          message:
            "this checker did not report on a provider that it was drawn for: anybody can take stake for it",
        });
      } else if (await isWorthwhile(context, penalty)) {
        const about = { epoch, checker: other, provider };
        await makeMove(context, "punishOmission", about, () => checkers.punishOmission(other, provider));
      }
    }
  }

  async function checkersIn(view: RoundView, contract: BaseContract, event: string, epoch: number) {
    return (await logsOf(view, contract, [event, toBeHex(epoch, 32)], epoch)).map(({ topics }) =>
      getAddress(`0x${topics[2]!.slice(26)}`),
    );
  }

  async function reportersOf(view: RoundView, epoch: number, provider: string): Promise<string[]> {
    const topics = ["Reported", toBeHex(epoch, 32), toBeHex(provider, 32)];
    return (await logsOf(view, qualityReports, topics, epoch)).map(({ topics: found }) =>
      getAddress(`0x${found[3]!.slice(26)}`),
    );
  }

  /** What is said of an epoch is said in the epoch before it or later. */
  async function logsOf(
    { block, startOf }: RoundView,
    contract: BaseContract,
    [event, ...rest]: readonly string[],
    epoch: number,
  ) {
    const topics = [contract.interface.getEvent(event!)!.topicHash, ...rest];
    const from = begins.get(epoch) ?? (await firstBlockSince(context.chain, startOf(epoch - 1)));
    begins.set(epoch, from);
    const filter = { address: await contract.getAddress(), topics };
    return readLogs(context.chain.provider, filter, from, block, { signal: context.signal });
  }

  return {
    name: "faults",
    async advance(view) {
      const { epoch } = view;
      // Fewer than four epochs later the checker may still be punished for a missing secret; for an omission only now.
      await inTurn(
        () => once("omissions", view, epoch - 2, () => omissions(view, epoch - 2)),
        () => once("missing", view, epoch - 3, () => missing(view, epoch - 3)),
        () => once("missing", view, epoch - 2, () => missing(view, epoch - 2)),
      );
    },
  };
}
