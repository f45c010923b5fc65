import { AthanorError, connectContracts, deploymentOf, type Deployment } from "@athanor/sdk/protocol";
import { WorkerError } from "../errors.ts";
import type { Chain } from "./chain.ts";
import type { RpcProvider } from "./rpc.ts";
import type { Config } from "../config/schema.ts";

/**
 * Checks that the service is on the chain that the configuration means and that the contracts are there.
 *
 * @throws WorkerError CHAIN_ID_MISMATCH, CHAIN_UNKNOWN, CONTRACTS_ABSENT; and whatever the provider throws when it is unreachable
 */
export async function connectChain(provider: RpcProvider, config: Config["chain"]): Promise<Chain> {
  const found = Number(await provider.send("eth_chainId", []));
  if (found !== config.chainId) {
    throw new WorkerError(
      "CHAIN_ID_MISMATCH",
      `The RPC service is on chain ${found}, chain.chainId is ${config.chainId}.`,
      {
        remedy: "Correct chain.rpcUrl or chain.chainId: money on one chain is not money on another.",
        details: { found, expected: config.chainId },
      },
    );
  }
  const deployment = config.deployment ?? knownDeployment(config.chainId);
  for (const name of [
    "ath",
    "vault",
    "programRegistry",
    "modelRegistry",
    "providerRegistry",
    "jobEscrow",
    "channelEscrow",
    "receiptResults",
    "resultSources",
    "disputeGame",
  ] as const) {
    const address = deployment[name];
    if ((await provider.getCode(address)) !== "0x") continue;
    throw new WorkerError(
      "CONTRACTS_ABSENT",
      `There is no contract at ${address} (${name}) on chain ${found}.`,
      {
        remedy: "Correct the addresses under chain.deployment; on a local chain, deploy the contracts first.",
        details: { contract: name, address, chainId: found },
      },
    );
  }
  const genesis = await provider.getBlock(0);
  return {
    provider,
    contracts: connectContracts(provider, deployment),
    chainId: BigInt(found),
    // Services that keep no old blocks still identify the chain by its id.
    genesis: genesis?.hash ?? "",
    confirmations: config.confirmations,
  };
}

function knownDeployment(chainId: number): Deployment {
  try {
    return deploymentOf(chainId);
  } catch (cause) {
    throw new WorkerError(
      "CHAIN_UNKNOWN",
      `This release knows no deployment of Athanor on chain ${chainId}.`,
      {
        remedy: "Name the contracts' addresses under chain.deployment.",
        details: { chainId, known: cause instanceof AthanorError ? cause.values["known"] : undefined },
        cause,
      },
    );
  }
}
