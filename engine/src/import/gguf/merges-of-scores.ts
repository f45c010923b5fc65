interface Merge {
  readonly left: string;
  readonly right: string;
  readonly score: number;
  /** Lengths of both parts in characters. */
  readonly lengths: readonly [number, number];
}

/**
 * Merges of a SentencePiece model from its tokens' scores, in the order in which Hugging Face's converter
 * (`generate_merges` in transformers) writes them: every way of cutting a token into two tokens is a merge; the higher the
 * token's score, the earlier, then the longer left part, the longer right part, and the token's id.
 *
 * @param scores [tokens.length]
 */
export function mergesOfScores(tokens: readonly string[], scores: readonly number[]): [string, string][] {
  const known = new Set(tokens);
  const merges: Merge[] = [];
  for (const [id, token] of tokens.entries()) {
    const characters = Array.from(token);
    for (let cut = 1; cut < characters.length; cut++) {
      const left = characters.slice(0, cut).join("");
      const right = characters.slice(cut).join("");
      if (!known.has(left) || !known.has(right)) continue;
      merges.push({ left, right, score: scores[id]!, lengths: [cut, characters.length - cut] });
    }
  }
  merges.sort(
    (one, other) =>
      other.score - one.score || other.lengths[0] - one.lengths[0] || other.lengths[1] - one.lengths[1],
  );
  return merges.map(({ left, right }) => [left, right]);
}
