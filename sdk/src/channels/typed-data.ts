import { AbiCoder, id as hashOfText, keccak256, recoverAddress, Signature, TypedDataEncoder } from "ethers";
import type { ChannelContract, ChannelTerms, Receipt, Signed, TypedDataSigner, Voucher } from "./types.ts";

const TYPES = {
  Voucher: [
    { name: "channel", type: "bytes32" },
    { name: "nonce", type: "uint64" },
    { name: "requestHash", type: "bytes32" },
    { name: "amount", type: "uint96" },
    { name: "limit", type: "uint96" },
    { name: "receiptCount", type: "uint32" },
    { name: "receiptsRoot", type: "bytes32" },
  ],
  Receipt: [
    { name: "channel", type: "bytes32" },
    { name: "nonce", type: "uint64" },
    { name: "modelRoot", type: "bytes32" },
    { name: "inputRoot", type: "bytes32" },
    { name: "outputTokensRoot", type: "bytes32" },
    { name: "outputCount", type: "uint32" },
    { name: "complete", type: "bool" },
    { name: "price", type: "uint96" },
    { name: "expiry", type: "uint40" },
  ],
  Acceptance: [
    { name: "channel", type: "bytes32" },
    { name: "minimumDeposit", type: "uint96" },
    { name: "validUntil", type: "uint40" },
  ],
};

const TERMS_TYPE =
  "tuple(address client, uint64 salt, uint32 notice, address provider, uint32 receiptLife, uint16 feeBasisPoints, " +
  "address token, uint96 exitBounty, address voucherKey, uint40 expiresAt, uint96 stakeLock, uint64 workPerSecond)";
/** The signature in its compact form (EIP-2098). */
const ACCEPTANCE_TYPE = "tuple(uint96 minimumDeposit, uint40 validUntil, bytes32 r, bytes32 vs)";

/** A provider's signature of terms, as `Vault.entrust` takes it to open a channel. */
export interface Acceptance {
  /** Token units. */
  readonly minimumDeposit: bigint;
  /** Seconds since 1970. */
  readonly validUntil: bigint;
  readonly signature: string;
}

/** The EIP-712 domain of a channel escrow: signatures for another chain or contract are others. */
export function channelDomain({ chainId, escrow }: ChannelContract) {
  return { name: "Athanor Channels", version: "1", chainId, verifyingContract: escrow };
}

/** The id of a channel: `keccak256(abi.encode(keccak256("Athanor.Channel"), chainId, escrow, terms))`. */
export function channelIdOf(terms: ChannelTerms, { chainId, escrow }: ChannelContract): string {
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ["bytes32", "uint256", "address", TERMS_TYPE],
      [hashOfText("Athanor.Channel"), chainId, escrow, terms],
    ),
  );
}

/** What a voucher asks for: `keccak256(abi.encode(modelRoot, inputRoot))`. */
export function requestHashOf(request: { readonly modelRoot: string; readonly inputRoot: string }): string {
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(["bytes32", "bytes32"], [request.modelRoot, request.inputRoot]),
  );
}

/** The `data` of `Vault.entrust` that opens a channel. */
export function openingData(terms: ChannelTerms, acceptance: Acceptance): string {
  const { r, yParityAndS } = Signature.from(acceptance.signature);
  const accepted = { ...acceptance, r, vs: yParityAndS };
  return AbiCoder.defaultAbiCoder().encode([TERMS_TYPE, ACCEPTANCE_TYPE], [terms, accepted]);
}

/** The `data` of `Vault.entrust` that adds to a channel's deposit. */
export function topUpData(terms: ChannelTerms): string {
  return AbiCoder.defaultAbiCoder().encode([TERMS_TYPE], [terms]);
}

/** EIP-712 digest of a voucher. */
export function voucherDigest(contract: ChannelContract, channel: string, voucher: Voucher): string {
  return TypedDataEncoder.hash(channelDomain(contract), { Voucher: TYPES.Voucher }, { channel, ...voucher });
}

/** EIP-712 digest of a receipt; a receipt's leaf in the receipt tree. */
export function receiptDigest(contract: ChannelContract, receipt: Receipt): string {
  return TypedDataEncoder.hash(channelDomain(contract), { Receipt: TYPES.Receipt }, receipt);
}

/** EIP-712 digest of a provider's acceptance of a channel. */
export function acceptanceDigest(
  contract: ChannelContract,
  channel: string,
  acceptance: Omit<Acceptance, "signature">,
): string {
  const { minimumDeposit, validUntil } = acceptance;
  return TypedDataEncoder.hash(
    channelDomain(contract),
    { Acceptance: TYPES.Acceptance },
    { channel, minimumDeposit, validUntil },
  );
}

/** Signs a voucher with the channel's voucher key. */
export async function signVoucher(
  signer: TypedDataSigner,
  contract: ChannelContract,
  channel: string,
  voucher: Voucher,
): Promise<Signed<Voucher>> {
  const value = { channel, ...voucher };
  const signature = await signer.signTypedData(channelDomain(contract), { Voucher: TYPES.Voucher }, value);
  return { message: voucher, signature };
}

/** Signs a receipt with a receipt key of the provider. */
export async function signReceipt(
  signer: TypedDataSigner,
  contract: ChannelContract,
  receipt: Receipt,
): Promise<Signed<Receipt>> {
  const types = { Receipt: TYPES.Receipt };
  return {
    message: receipt,
    signature: await signer.signTypedData(channelDomain(contract), types, { ...receipt }),
  };
}

/** Signs a provider's acceptance of a channel with a receipt key. */
export async function signAcceptance(
  signer: TypedDataSigner,
  contract: ChannelContract,
  channel: string,
  acceptance: Omit<Acceptance, "signature">,
): Promise<Acceptance> {
  const { minimumDeposit, validUntil } = acceptance;
  const value = { channel, minimumDeposit, validUntil };
  const types = { Acceptance: TYPES.Acceptance };
  return {
    minimumDeposit,
    validUntil,
    signature: await signer.signTypedData(channelDomain(contract), types, value),
  };
}

/** Whether a signature of a digest is this key's. False also for what is no signature. */
export function isSignedBy(key: string, digest: string, signature: string): boolean {
  return signerOf(digest, signature)?.toLowerCase() === key.toLowerCase();
}

/** The plain key that signed a digest; undefined when the signature is of no key. */
export function signerOf(digest: string, signature: string): string | undefined {
  try {
    return recoverAddress(digest, signature);
  } catch {
    return undefined;
  }
}
