import { drawThreshold, isDrawn, providerSubject, secretCommitment } from "@athanor/sdk/checkers";
import { ZeroHash } from "ethers";
import type { CheckerContext } from "./context.ts";
import type { RoundView } from "./duty.ts";
import type { SecretUse } from "./secrets.ts";

/** What a penalised commitment is replaced by. */
const SPENT = `0x${"1".padStart(64, "0")}`;

/** The checker's secret of an epoch, and what it commits to. Nobody else may see the secret before the epoch is over. */
export async function ownSecret(context: CheckerContext, epoch: number) {
  const { chain, checkers, checker } = context;
  const contract = await checkers.contracts.checkers.getAddress();
  const secret = derive(context, "secret", epoch, contract);
  const place = { chainId: chain.chainId, checkers: contract, checker, epoch };
  return { secret, commitment: secretCommitment({ ...place, secret }) };
}

/** Blinding of what the checker asks a provider in an epoch. */
export async function blindingFor(context: CheckerContext, epoch: number, provider: string): Promise<string> {
  const contract = await context.checkers.contracts.askedEvidence.getAddress();
  return derive(context, "blinding", epoch, contract, provider);
}

function derive(
  { chain, checker, operator }: CheckerContext,
  use: SecretUse,
  epoch: number,
  contract: string,
  subject?: string,
): string {
  return operator.derive(use, {
    chainId: chain.chainId,
    contract,
    checker,
    epoch,
    ...(subject && { subject }),
  });
}

/** How the checker stands to an epoch: not committed, committed with the secret that it has, with one it does not have, or penalised. */
export type Standing = "none" | "committed" | "foreign" | "penalised";

export async function standingIn(context: CheckerContext, epoch: number): Promise<Standing> {
  const found = await context.checkers.contracts.checkers.committedTo(epoch, context.checker);
  if (found === ZeroHash) return "none";
  if (found === SPENT) return "penalised";
  const { commitment } = await ownSecret(context, epoch);
  return found === commitment ? "committed" : "foreign";
}

/** Of each checker the epoch that was asked about last: who is drawn changes no more once there is a seed. */
const known = new WeakMap<
  CheckerContext,
  { readonly epoch: number; readonly providers: readonly string[] }
>();

/** The providers that the checker reports on in an epoch, ascending; undefined when it owes nothing: not committed, or no seed. */
export async function ownProviders(
  context: CheckerContext,
  view: RoundView,
  epoch: number,
): Promise<readonly string[] | undefined> {
  const last = known.get(context);
  if (last?.epoch === epoch) return last.providers;
  const { seed, committed } = await view.readEpoch(epoch);
  if (seed === undefined || (await standingIn(context, epoch)) !== "committed") return undefined;
  const { secret } = await ownSecret(context, epoch);
  const { expectedCheckers: expected } = await view.rulesOf(epoch);
  const threshold = drawThreshold({ committed, expected });
  const providers = (await measuredProviders(view, epoch)).filter((provider) =>
    isDrawn({ secret, seed, subject: providerSubject(provider), threshold }),
  );
  known.set(context, { epoch, providers });
  return providers;
}

/** The providers on which drawn checkers report in an epoch, ascending by their addresses. */
export async function measuredProviders(view: RoundView, epoch: number): Promise<string[]> {
  return (await view.enrolled())
    .filter(({ since, until }) => since < epoch && (until === undefined || epoch < until))
    .map(({ provider }) => provider)
    .sort((left, right) => (BigInt(left) < BigInt(right) ? -1 : 1));
}
