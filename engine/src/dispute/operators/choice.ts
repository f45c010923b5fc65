import { inputSection, lastElement, ownSection, readTable, type Place } from "../place.ts";
import { refuseWitness, type Reading } from "../read.ts";
import { WIDE_TILE } from "./vectors.ts";

/* Steps of the operators that choose tokens and end the output, as in vectors.ts. */

export function* argmax(place: Place): Reading<bigint> {
  const { section, index } = place;
  if (section.name === "winners") {
    const chunk = Math.floor(index / 2);
    const logits = yield* inputSection(place, 0, "output", chunk);
    const best = indexOfLargest(logits);
    return index % 2 === 0 ? BigInt(chunk * WIDE_TILE + best) : logits[best]!;
  }
  const winners = place.layout.operators[place.operatorIndex]!.sections.find(
    ({ name }) => name === "winners",
  );
  if (!winners) return BigInt(indexOfLargest(yield* inputSection(place, 0, "output", 0)));
  const pairs: bigint[] = [];
  for (let tile = 0; tile < winners.tilesPerGroup; tile++) {
    pairs.push(...(yield* ownSection(place, "winners", tile)));
  }
  const logits = pairs.filter((_, at) => at % 2 === 1);
  return pairs[2 * indexOfLargest(logits)]!;
}

export function* stop(place: Place): Reading<bigint> {
  const { program, operator, position, promptCount, maxTokens } = place;
  const token = yield* lastElement(program, operator.inputs[0]!, position);
  if (token === undefined) refuseWitness("opens PAD where a token is read", { position });
  const listed = operator.tensors.length > 0 && (yield* readTable(place, 0, 0, 0)).includes(token);
  return listed || position - promptCount + 2 >= maxTokens ? 1n : 0n;
}

/** Of equal ones the first. */
function indexOfLargest(values: readonly bigint[]): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
}
