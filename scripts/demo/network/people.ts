import { connectContracts, uploadProgram } from "@athanor/sdk/protocol";
import { programParts, type Model } from "@athanor/engine";
import { MaxUint256, type Wallet } from "ethers";
import { type LocalChain, newAccount } from "../local-chain.ts";
import { mined } from "../stage.ts";

const ATH = 10n ** 18n;
export const CHECKER_STAKE = 10_000n * ATH;
/** What a checker has to buy requests with. */
export const BUYER_FUNDS = 200n * ATH;
export const CLIENT_FUNDS = 1_000n * ATH;

/** Accounts of a checker that has joined. */
export interface CheckerAccounts {
  readonly name: string;
  readonly owner: Wallet;
  readonly operator: Wallet;
  /** Buys requests; on a public chain nothing must link it to the owner. */
  readonly buyer: Wallet;
}

export async function registerModel(chain: LocalChain, model: Model, uri: string): Promise<void> {
  const contracts = connectContracts(chain.administrator, chain.deployment);
  await uploadProgram(contracts, programParts(model.program));
  await mined(contracts.modelRegistry.register(model.commitment, uri));
}

/** An account with ATH in its wallet. */
export async function fundedAccount(chain: LocalChain, athUnits: bigint): Promise<Wallet> {
  const account = await newAccount(chain);
  const { ath } = connectContracts(chain.administrator, chain.deployment);
  await mined(ath.transfer(account.address, athUnits));
  return account;
}

/** Makes the accounts of a checker, and stakes what joining locks. It has not joined yet. */
export async function fundChecker(chain: LocalChain, name: string): Promise<CheckerAccounts> {
  const owner = await fundedAccount(chain, CHECKER_STAKE);
  const { ath, vault } = connectContracts(owner, chain.deployment);
  await mined(ath.approve(chain.deployment.vault, MaxUint256));
  await mined(vault.deposit(chain.deployment.ath, CHECKER_STAKE, owner.address));
  await mined(vault.stake(CHECKER_STAKE));
  return { name, owner, operator: await newAccount(chain), buyer: await fundedAccount(chain, BUYER_FUNDS) };
}
