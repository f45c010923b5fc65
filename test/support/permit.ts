import { ethers, type Signer } from "./system.ts";

/** Long after every test. */
const DEADLINE = 2n ** 40n;

export interface Permit {
  /** The token's name in its EIP-712 domain. */
  readonly name: string;
  readonly token: string;
  readonly spender: string;
  /** Token units. */
  readonly value: bigint;
  readonly nonce: bigint;
}

/** Signs an ERC-2612 permit of `signer`. */
export async function signPermit(signer: Signer, { name, token, spender, value, nonce }: Permit) {
  const signature = await signer.signTypedData(
    { name, version: "1", chainId: 31337n, verifyingContract: token },
    {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    },
    { owner: signer.address, spender, value, nonce, deadline: DEADLINE },
  );
  const { v, r, s } = ethers.Signature.from(signature);
  return { deadline: DEADLINE, v, r, s };
}
