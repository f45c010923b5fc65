import type { ContractTransactionResponse } from "ethers";
import { type OpenJob, type Output, type Signer, type System, newContract, speakAs } from "./system.ts";

/** Gives the dispute game a voice; where none is set, sets a contract that does nothing by itself. */
export async function speakAsGame({ providers, escrow }: System): Promise<Signer> {
  if (BigInt(await providers.disputeGame()) === 0n) {
    const game = await newContract();
    await providers.setDisputeGame(game);
    await escrow.setDisputeGame(game);
  }
  return speakAs(await providers.disputeGame());
}

/** Gives whoever opens and closes challenges of jobs a voice: the game's common face of all results. */
export async function speakAsSources(system: System): Promise<Signer> {
  await speakAsGame(system);
  return speakAs(await system.escrow.disputeGame());
}

/** Convicts a provider, as the dispute game does, with `payout` ATH units for the game's account. */
export async function convict(
  system: System,
  payout = 0n,
  owner: Signer = system.provider,
): Promise<ContractTransactionResponse> {
  const game = await speakAsGame(system);
  return system.providers.connect(game).convict(owner, payout, game);
}

/** Opens a challenge, as the dispute game does. */
export async function openChallenge(
  system: System,
  { job }: OpenJob,
  output: Output,
): Promise<ContractTransactionResponse> {
  return system.escrow.connect(await speakAsSources(system)).challengeOpened(job, output);
}

/** Closes a challenge, as the dispute game does. */
export async function closeChallenge(system: System, { id }: OpenJob): Promise<ContractTransactionResponse> {
  return system.escrow.connect(await speakAsSources(system)).challengeClosed(id);
}
