/** At most so many bytes, whole words if there is more than one, and never a part of a character. */
export function cut(text: string, bytes: number): string {
  const encoded = new TextEncoder().encode(text.trim());
  if (encoded.length <= bytes) return text.trim();
  const part = new TextDecoder().decode(encoded.subarray(0, bytes)).replace(/\ufffd+$/, "");
  const space = part.lastIndexOf(" ");
  return (space > 0 ? part.slice(0, space) : part).trim();
}
