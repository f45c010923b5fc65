import type { Checkers } from "@athanor/sdk/checkers";
import { getAddress } from "ethers";
import type { Chain } from "../chain/chain.ts";
import { WorkerError } from "../errors.ts";
import type { CheckerStorage } from "./storage.ts";

/**
 * Makes the database this checker's on this chain, or finds that it is.
 *
 * @throws WorkerError STORAGE_FOREIGN
 */
export async function claimCheckerStorage(
  storage: CheckerStorage,
  chain: Chain,
  checkers: Checkers,
  checker: string,
  file: string,
): Promise<void> {
  const identity = {
    chainId: Number(chain.chainId),
    genesis: chain.genesis,
    contract: getAddress(await checkers.contracts.checkers.getAddress()),
    checker,
  };
  const stored = storage.identity();
  if (stored === null) return storage.setIdentity(identity);
  const names = ["chainId", "genesis", "contract", "checker"] as const;
  const other = names.find((name) => stored[name] !== identity[name]);
  if (other === undefined) return;
  throw new WorkerError(
    "STORAGE_FOREIGN",
    `The database ${file} belongs to another ${other === "checker" ? "checker" : "chain or deployment"}: ` +
      `its ${other} is ${stored[other]}, not ${identity[other]}.`,
    {
      remedy:
        "Give storage another path; keep the file while reports are not revealed or money is out there. A local chain that was started anew is another chain.",
      details: { file, field: other, found: stored[other], expected: identity[other] },
    },
  );
}

/**
 * Requires the account to be a checker with this operator key.
 *
 * @throws WorkerError NOT_REGISTERED, KEY_MISMATCH
 */
export async function requireJoined(checkers: Checkers, checker: string, operator: string): Promise<void> {
  const found = await checkers.readChecker(checker);
  if (found === undefined) {
    throw new WorkerError("NOT_REGISTERED", `${checker} is no checker on chain ${checkers.chainId}.`, {
      remedy: "Run: athanor checker join --config FILE",
      details: { checker },
    });
  }
  if (getAddress(found.operator) === getAddress(operator)) return;
  throw new WorkerError(
    "KEY_MISMATCH",
    `${checker} is a checker with the operator ${found.operator}; the keystore holds the key of ${operator}.`,
    {
      remedy:
        "Name the right keystore, or replace the operator on chain with: athanor checker join --config FILE",
      details: { checker, registered: found.operator, keystore: operator },
    },
  );
}
