/** What is needed to read and write amounts of an ERC-20 token. */
export interface TokenInfo {
  /** Checksummed address. */
  readonly address: string;
  readonly symbol: string;
  readonly decimals: number;
}
