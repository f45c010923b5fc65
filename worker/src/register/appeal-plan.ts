import { formatAmount } from "@athanor/sdk";
import { courtOf, readStanding } from "@athanor/sdk/protocol";
import { toUtf8Bytes } from "ethers";
import type { Chain } from "../chain/chain.ts";
import { WorkerError } from "../errors.ts";
import { readToken } from "../market/tokens.ts";
import type { Plan } from "./plan.ts";

/** What the court takes. */
const MAX_REASONS_BYTES = 4_096;

/**
 * The appeal against the open case of a provider, sent by its operator key. Nothing is planned where there is nothing to appeal against; `done` says why.
 *
 * @param sender the operator key
 * @param reasons published as they are
 * @param now chain seconds
 * @throws WorkerError INVALID_ARGUMENT for reasons that are empty or too long
 */
export async function planAppeal(
  chain: Chain,
  owner: string,
  sender: string,
  reasons: string,
  now: number,
): Promise<Plan> {
  const length = toUtf8Bytes(reasons).length;
  if (length === 0 || length > MAX_REASONS_BYTES) {
    throw new WorkerError("INVALID_ARGUMENT", `The reasons have ${length} bytes of UTF-8.`, {
      remedy: `Give 1 to ${MAX_REASONS_BYTES} bytes; publish more elsewhere, and give its address and hash.`,
      details: { length, maximum: MAX_REASONS_BYTES },
    });
  }
  const { open } = await readStanding(chain.contracts, owner);
  const nothing = (why: string): Plan => ({ sender, done: [why], steps: [] });
  if (open === null) return nothing("no case is open against the provider");
  const time = (seconds: number) => new Date(seconds * 1_000).toISOString();
  if (open.status === "Appealed") {
    return nothing(
      `an appeal was made already; it is decided by ${time(open.decideUntil)}, or the case drops`,
    );
  }
  if (now > open.appealUntil) {
    return nothing(
      `the time to appeal ended at ${time(open.appealUntil)}; anyone can execute the penalty now`,
    );
  }
  const ath = await readToken(chain.provider, chain.contracts.deployment.ath);
  const court = await courtOf(chain.contracts);
  const title =
    `appeal against case ${open.id}: if it is lost, ${formatAmount(ath, open.amount)} are taken, ` +
    `without an appeal ${formatAmount(ath, open.amountWithoutAppeal)}`;
  return {
    sender,
    done: [],
    steps: [
      {
        title,
        to: await court.getAddress(),
        data: court.interface.encodeFunctionData("appeal", [open.id, reasons]),
      },
    ],
  };
}
