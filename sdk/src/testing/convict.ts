import { Contract, Wallet, toQuantity, type TransactionResponse } from "ethers";
import { jobEscrowAbi, providerRegistryAbi } from "../generated/abi.ts";
import { mined, type LocalChain } from "./local-chain.ts";

/** Convicts the chain's provider, as the dispute game does; where none is set, sets a contract that does nothing by itself. */
export async function convictProvider({ rpc, contracts, deployment, accounts }: LocalChain): Promise<void> {
  const registry = contracts.providerRegistry;
  let game = await registry.disputeGame();
  if (BigInt(game) === 0n) {
    game = Wallet.createRandom().address;
    await rpc("hardhat_setCode", [game, "0x00"]);
    for (const [address, abi] of [
      [deployment.providerRegistry, providerRegistryAbi],
      [deployment.jobEscrow, jobEscrowAbi],
    ] as const) {
      const contract = new Contract(address, abi, accounts.administrator);
      await mined(contract.getFunction("setDisputeGame")(game) as Promise<TransactionResponse>);
    }
  }
  await rpc("hardhat_impersonateAccount", [game]);
  await rpc("hardhat_setBalance", [game, toQuantity(10n ** 18n)]);
  const data = registry.interface.encodeFunctionData("convict", [accounts.owner.address, 0n, game]);
  await rpc("eth_sendTransaction", [{ from: game, to: deployment.providerRegistry, data }]);
}
