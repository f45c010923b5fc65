/** Whether two arrays hold the same bytes. Chai compares arrays of thousands slowly, and browsers have no Buffer. */
export function sameBytes(left: ArrayBufferView, right: ArrayBufferView): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    new Uint8Array(buffer, byteOffset, byteLength);
  const [these, those] = [bytes(left), bytes(right)];
  return these.length === those.length && these.every((byte, index) => byte === those[index]);
}
