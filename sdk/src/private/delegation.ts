import {
  concat,
  getAddress,
  getBytes,
  hexlify,
  isAddress,
  toBeHex,
  toUtf8Bytes,
  zeroPadValue,
  type Signer,
} from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import { publicKeyOf, unusable, type EncryptionKey } from "./encryption-key.ts";
import { decodeRequest, encodeRequest, type PrivateRequest } from "./request.ts";
import { FORMAT_VERSION, hpke, KEY_BYTES, unshared } from "./suite.ts";

/** A client's word that somebody else may challenge one of its private results. */
export interface ChallengeDelegation {
  readonly client: string;
  /** Id of the job or of the channel. */
  readonly work: string;
  readonly delegate: string;
  /** Last second in which the delegate may open a challenge, since 1970. */
  readonly expiry: number;
  /** EIP-712 signature of the client; of a contract wallet as ERC-1271 takes it. */
  readonly signature: string;
}

/** A delegation with the request, sealed to the delegate. Public but for what is sealed: it may be sent as a file. */
export interface SealedDelegation extends ChallengeDelegation {
  readonly kind: "athanor challenge delegation";
  readonly version: 1;
  readonly chainId: number;
  /** uint8 version ‖ 32 bytes encapsulated key ‖ ciphertext of the request, as 0x and hexadecimal digits. */
  readonly request: string;
}

/** Where delegations count. */
export interface DisputePlace {
  readonly chainId: bigint;
  /** Address of the contract that checks them. */
  readonly resultSources: string;
}

const TYPES = {
  ChallengeDelegation: [
    { name: "work", type: "bytes32" },
    { name: "delegate", type: "address" },
    { name: "expiry", type: "uint40" },
  ],
};
const LABEL = "Athanor challenge delegation";

/** Signs a delegation (EIP-712). It cannot be taken back before its expiry. */
export async function signDelegation(
  signer: Signer,
  { chainId, resultSources }: DisputePlace,
  terms: Pick<ChallengeDelegation, "work" | "delegate" | "expiry">,
): Promise<ChallengeDelegation> {
  const domain = { name: "Athanor Disputes", version: "1", chainId, verifyingContract: resultSources };
  const { work, delegate, expiry } = terms;
  const signature = await signer.signTypedData(domain, TYPES, { work, delegate, expiry });
  return { client: await signer.getAddress(), work, delegate: getAddress(delegate), expiry, signature };
}

/** Puts the request beside the delegation, sealed to the delegate's encryption key. @throws AthanorError `EncryptionKeyUnusable` */
export async function sealDelegation(
  delegation: ChallengeDelegation,
  request: PrivateRequest,
  place: DisputePlace,
  encryptionKey: string,
): Promise<SealedDelegation> {
  const recipientPublicKey = await publicKeyOf(encryptionKey);
  let sealed: { ct: ArrayBuffer; enc: ArrayBuffer };
  try {
    const info = bindingOf(delegation, place).buffer;
    sealed = await hpke.seal({ recipientPublicKey, info }, encodeRequest(request).buffer);
  } catch (cause) {
    throw unusable(encryptionKey, cause);
  }
  const parts = [Uint8Array.of(FORMAT_VERSION), new Uint8Array(sealed.enc), new Uint8Array(sealed.ct)];
  return {
    kind: "athanor challenge delegation",
    version: 1,
    chainId: Number(place.chainId),
    ...delegation,
    request: concat(parts),
  };
}

/**
 * The request beside a delegation.
 *
 * @param sealed what was received: any value
 * @throws AthanorError `DelegationRefused`
 */
export async function openDelegation(
  sealed: unknown,
  place: DisputePlace,
  keys: readonly EncryptionKey[],
): Promise<{ readonly delegation: ChallengeDelegation; readonly request: PrivateRequest }> {
  const { request, ...delegation } = parse(sealed, place);
  const bytes = getBytes(request);
  if (bytes.length < 1 + KEY_BYTES || bytes[0] !== FORMAT_VERSION) {
    throw refused("its request has another form");
  }
  const info = bindingOf(delegation, place).buffer;
  for (const key of keys) {
    let opened: ArrayBuffer;
    try {
      const context = await key.context(unshared(bytes.subarray(1, 1 + KEY_BYTES)).buffer, info);
      opened = await context.open(unshared(bytes.subarray(1 + KEY_BYTES)).buffer);
    } catch {
      continue;
    }
    return { delegation, request: decodeRequest(new Uint8Array(opened)) };
  }
  throw refused("its request does not open with these keys");
}

function parse(sealed: unknown, place: DisputePlace): ChallengeDelegation & { readonly request: string } {
  const { kind, version, chainId, client, work, delegate, expiry, signature, request } = (sealed ??
    {}) as Partial<Record<keyof SealedDelegation, unknown>>;
  const isHex = (value: unknown): value is string =>
    typeof value === "string" && /^0x([0-9a-f]{2})*$/i.test(value);
  const isAccount = (value: unknown): value is string => typeof value === "string" && isAddress(value);
  if (kind !== "athanor challenge delegation" || version !== 1) throw refused("it is something else");
  if (chainId !== Number(place.chainId)) {
    throw refused(`it is for chain ${String(chainId)}, not ${place.chainId}`);
  }
  if (
    !isAccount(client) ||
    !isAccount(delegate) ||
    !isHex(work) ||
    work.length !== 66 ||
    !isHex(signature) ||
    !isHex(request) ||
    typeof expiry !== "number" ||
    !Number.isSafeInteger(expiry)
  ) {
    throw refused("a field is missing or has another form");
  }
  return { client, work, delegate, expiry, signature, request };
}

/** HPKE's `info`: label ‖ uint8 version ‖ uint256 chain ‖ address contract ‖ address client ‖ bytes32 work ‖ address delegate. */
function bindingOf(
  { client, work, delegate }: Pick<ChallengeDelegation, "client" | "work" | "delegate">,
  { chainId, resultSources }: DisputePlace,
): Uint8Array<ArrayBuffer> {
  const chain = zeroPadValue(toBeHex(chainId), 32);
  const head = hexlify(concat([toUtf8Bytes(LABEL), Uint8Array.of(FORMAT_VERSION)]));
  return unshared(getBytes(concat([head, chain, resultSources, client, work, delegate])));
}

function refused(details: string) {
  return athanorError("DelegationRefused", { details });
}
