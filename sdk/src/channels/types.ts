/** The terms of a channel, as `contracts/types/Channel.sol` documents them: amounts in token units, times in seconds (since 1970). */
export interface ChannelTerms {
  readonly client: string;
  readonly salt: bigint;
  readonly notice: bigint;
  readonly provider: string;
  readonly receiptLife: bigint;
  readonly feeBasisPoints: bigint;
  readonly token: string;
  readonly exitBounty: bigint;
  readonly voucherKey: string;
  readonly expiresAt: bigint;
  readonly stakeLock: bigint;
  readonly workPerSecond: bigint;
}

/** What the client signs: it pays for all receipts so far, and asks for one more. See `contracts/types/Channel.sol`. */
export interface Voucher {
  readonly nonce: bigint;
  readonly requestHash: string;
  readonly amount: bigint;
  readonly limit: bigint;
  readonly receiptCount: bigint;
  readonly receiptsRoot: string;
}

/** What the provider signs: what it answered, and what that costs. See `contracts/types/Channel.sol`. */
export interface Receipt {
  readonly channel: string;
  readonly nonce: bigint;
  readonly modelRoot: string;
  readonly inputRoot: string;
  readonly outputTokensRoot: string;
  readonly outputCount: bigint;
  readonly complete: boolean;
  readonly price: bigint;
  readonly expiry: bigint;
}

/** A message and its signature, 65 bytes as hexadecimal digits. */
export interface Signed<Message> {
  readonly message: Message;
  readonly signature: string;
}

/** Where the channel escrow is. */
export interface ChannelContract {
  readonly chainId: bigint;
  /** Address of the channel escrow. */
  readonly escrow: string;
}

/** Signs EIP-712 typed data, as the signers of ethers do. */
export interface TypedDataSigner {
  getAddress(): Promise<string>;
  signTypedData(
    domain: { name: string; version: string; chainId: bigint; verifyingContract: string },
    types: Record<string, { name: string; type: string }[]>,
    value: Record<string, unknown>,
  ): Promise<string>;
}
