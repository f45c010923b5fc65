import { Signature, TypedDataEncoder, type Signer, type TypedDataDomain } from "ethers";
import type { ChainReader } from "../internal/chain-reader.ts";
import { connectToken, type Erc20 } from "../protocol/connect-contracts.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";

export interface PermitRequest {
  readonly reader: ChainReader;
  readonly signer: Signer;
  readonly chainId: bigint;
  readonly token: string;
  readonly spender: string;
  /** Token units. */
  readonly amount: bigint;
  /** Seconds since 1970. */
  readonly deadline: number;
}

const types = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

/**
 * Signs an ERC-2612 permit.
 *
 * @returns undefined when it cannot be had: the token takes no permits or hides its domain, the owner is a contract,
 * or the signer does not sign typed data
 * @throws AthanorError `SignatureRejected` when the user says no
 */
export async function signPermit(request: PermitRequest): Promise<Signature | undefined> {
  const { reader, signer, token, spender, amount, deadline } = request;
  const owner = await signer.getAddress();
  const code = await reader.read("eth_getCode", () => reader.provider.getCode(owner));
  // Accounts that delegate to code (EIP-7702, prefix 0xef0100) still sign for themselves.
  if (code !== "0x" && !code.startsWith("0xef0100")) return undefined;

  const contract = connectToken(reader.runner, token);
  const domain = await permitDomain(contract, token, request.chainId);
  const nonce = domain && (await contract.nonces(owner).catch(unlessReverted));
  if (!domain || nonce === undefined) return undefined;
  try {
    const value = { owner, spender, value: amount, nonce, deadline };
    return Signature.from(await signer.signTypedData(domain, types, value));
  } catch (error) {
    if (toAthanorError(error).code === "SignerUnsupported") return undefined;
    throw error;
  }
}

/** The EIP-712 domain of the token, taken only if it hashes to what the token itself uses. */
async function permitDomain(
  contract: Erc20,
  address: string,
  chainId: bigint,
): Promise<TypedDataDomain | undefined> {
  const separator = await contract.DOMAIN_SEPARATOR().catch(unlessReverted);
  if (separator === undefined) return undefined;
  const published = await contract.eip712Domain().catch(unlessReverted);
  const name = published?.name ?? (await contract.name());
  // Tokens from before ERC-5267 use version "1" or, like USDC, "2".
  const versions = published ? [published.version] : ["1", "2"];
  return versions
    .map((version) => ({ name, version, chainId, verifyingContract: address }))
    .find((domain) => TypedDataEncoder.hashDomain(domain) === separator);
}

/** For optional functions: a token without them reverts or answers nothing; trouble with the node is passed on. */
function unlessReverted(error: unknown): undefined {
  const { code } = toAthanorError(error);
  if (code !== "TransactionReverted" && code !== "RpcInvalidResponse") throw error;
}
