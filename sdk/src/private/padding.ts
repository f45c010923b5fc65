/**
 * Length to which a message is padded: Padmé (Nikitin et al. 2019, "Reducing Metadata Leakage from Encrypted Files and
 * Communication with PURBs"). Lengths below 2^L fall into O(L log L) sizes, and nothing grows by more than 12 %.
 *
 * @param length bytes of the message
 * @param least the smallest size; a power of two
 */
export function paddedLength(length: number, least: number): number {
  if (length <= least) return least;
  const exponent = Math.floor(Math.log2(length));
  const kept = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - kept);
  return Math.ceil(length / step) * step;
}

/** The message with zero bytes up to its padded length. */
export function pad(message: Uint8Array, least: number): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(paddedLength(message.length, least));
  padded.set(message);
  return padded;
}

/** Whether `bytes` are a message of `length` bytes as `pad` makes them: one message has one form. */
export function isPadded(bytes: Uint8Array, length: number, least: number): boolean {
  return (
    length <= bytes.length &&
    bytes.length === paddedLength(length, least) &&
    bytes.subarray(length).every((byte) => byte === 0)
  );
}
