import { Contract, Interface, type ContractRunner, type InterfaceAbi } from "ethers";
import {
  athTokenFragments,
  channelEscrowFragments,
  currenciesFragments,
  disputeGameFragments,
  feeDistributorFragments,
  jobEscrowFragments,
  modelRegistryFragments,
  programRegistryFragments,
  providerRegistryFragments,
  receiptResultsFragments,
  resultSourcesFragments,
  vaultFragments,
} from "../generated/fragments.ts";
import type { AthToken } from "../generated/contracts/AthToken.ts";
import type { ChannelEscrow } from "../generated/contracts/ChannelEscrow.ts";
import type { Currencies } from "../generated/contracts/Currencies.ts";
import type { DisputeGame } from "../generated/contracts/DisputeGame.ts";
import type { FeeDistributor } from "../generated/contracts/FeeDistributor.ts";
import type { JobEscrow } from "../generated/contracts/JobEscrow.ts";
import type { ModelRegistry } from "../generated/contracts/ModelRegistry.ts";
import type { ProgramRegistry } from "../generated/contracts/ProgramRegistry.ts";
import type { ProviderRegistry } from "../generated/contracts/ProviderRegistry.ts";
import type { ReceiptResults } from "../generated/contracts/ReceiptResults.ts";
import type { ResultSources } from "../generated/contracts/ResultSources.ts";
import type { Vault } from "../generated/contracts/Vault.ts";
import type { Deployment } from "./deployment.ts";

/** ERC-20 with the extensions that ATH and many stablecoins have: ERC-2612 permits, ERC-5267 domains. */
export type Erc20 = Pick<
  AthToken,
  | "allowance"
  | "approve"
  | "balanceOf"
  | "decimals"
  | "DOMAIN_SEPARATOR"
  | "eip712Domain"
  | "interface"
  | "name"
  | "nonces"
  | "symbol"
  | "transfer"
>;

/** The contracts of one deployment, typed. Reading needs a provider behind the runner, writing a signer. */
export interface AthanorContracts {
  readonly ath: AthToken;
  readonly vault: Vault;
  readonly providerRegistry: ProviderRegistry;
  readonly modelRegistry: ModelRegistry;
  readonly programRegistry: ProgramRegistry;
  readonly jobEscrow: JobEscrow;
  readonly channelEscrow: ChannelEscrow;
  /** Receipts of channels as results of the dispute game. */
  readonly receiptResults: ReceiptResults;
  /** Jobs and receipts, as the dispute game sees them: it knows the state of every result, a job's or a receipt's. */
  readonly resultSources: ResultSources;
  readonly disputeGame: DisputeGame;
  readonly deployment: Deployment;
}

/**
 * Typed contracts at the addresses of a deployment.
 *
 * @param runner a provider to read, a signer to write, or null to only encode and decode
 * @example
 * const { vault } = connectContracts(provider, deploymentOf(31337));
 * const account = await vault.accountOf(token, owner);
 */
export function connectContracts(runner: ContractRunner | null, deployment: Deployment): AthanorContracts {
  return {
    ath: contractAt(deployment.ath, athTokenFragments, runner) as AthToken,
    vault: contractAt(deployment.vault, vaultFragments, runner) as Vault,
    providerRegistry: contractAt(
      deployment.providerRegistry,
      providerRegistryFragments,
      runner,
    ) as ProviderRegistry,
    modelRegistry: contractAt(deployment.modelRegistry, modelRegistryFragments, runner) as ModelRegistry,
    programRegistry: contractAt(
      deployment.programRegistry,
      programRegistryFragments,
      runner,
    ) as ProgramRegistry,
    jobEscrow: contractAt(deployment.jobEscrow, jobEscrowFragments, runner) as JobEscrow,
    channelEscrow: contractAt(deployment.channelEscrow, channelEscrowFragments, runner) as ChannelEscrow,
    receiptResults: contractAt(deployment.receiptResults, receiptResultsFragments, runner) as ReceiptResults,
    resultSources: contractAt(deployment.resultSources, resultSourcesFragments, runner) as ResultSources,
    disputeGame: contractAt(deployment.disputeGame, disputeGameFragments, runner) as DisputeGame,
    deployment,
  };
}

/** The currencies contract, whose address the job escrow knows: `jobEscrow.currencies()`. */
export function connectCurrencies(runner: ContractRunner | null, address: string): Currencies {
  return contractAt(address, currenciesFragments, runner) as Currencies;
}

/** The distributor of fees, whose address the escrows know: `jobEscrow.collectFees.staticCall(token)`. */
export function connectFees(runner: ContractRunner | null, address: string): FeeDistributor {
  return contractAt(address, feeDistributorFragments, runner) as FeeDistributor;
}

/** Any ERC-20 token. Functions of the extensions revert where a token does not have them. */
export function connectToken(runner: ContractRunner | null, address: string): Erc20 {
  return contractAt(address, athTokenFragments, runner) as Erc20;
}

const interfaces = new Map<unknown, Interface>();

/** Parsing fragments takes milliseconds; it is done once. */
export function interfaceOf(abi: InterfaceAbi): Interface {
  let parsed = interfaces.get(abi);
  if (!parsed) interfaces.set(abi, (parsed = new Interface(abi)));
  return parsed;
}

/** Typechain's types describe what ethers makes of the ABI at run time. */
export function contractAt(address: string, abi: InterfaceAbi, runner: ContractRunner | null): unknown {
  return new Contract(address, interfaceOf(abi), runner);
}
