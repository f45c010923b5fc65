import { fromHex, HASH_TAG, taggedHash, toHex, type Hex } from "../commitments/hash.ts";
import { PAD } from "../commitments/merkle.ts";
import { privatePromptRoot } from "../commitments/private.ts";
import { decodeGeneration, isPrivateGeneration, stopsHashBytes } from "../commitments/generation.ts";
import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import type { Claim, ElementAddress } from "./claim.ts";
import { openingShape, readOf, rootAbove, shownHash, type OpenedRead } from "./openings.ts";
import { refuseWitness, runReading } from "./read.ts";
import { checkOwnTile, judge, type StepSubject } from "./step.ts";

/** uint32 promptCount ‖ uint32 startOffset ‖ uint64 seed ‖ bytes32 generation ‖ bytes32 stopsHash ‖ bytes32 promptTokensRoot, in a private request promptRoot. */
export const REQUEST_BYTES = 112;

/**
 * What the chain decides about one element: `StepVerifier.isCorrect`.
 *
 * @param model its program and its commitment; tensors are not needed
 * @param leaf the claim's leaf at the address, PAD included; not looked at in the output
 * @throws EngineError `WITNESS_INVALID` unless the witness is complete and everything in it authentic, so that a result is
 * always a verdict; `INVALID_ARGUMENT` for another model than the claim's
 */
export function verifyStep(
  model: Pick<Model, "program" | "commitment">,
  claim: Claim,
  address: ElementAddress,
  leaf: Hex,
  witness: Uint8Array,
): boolean {
  checkModel(model, claim);
  const reader = new WitnessReader(witness);
  const header = reader.take(REQUEST_BYTES, "the request");
  if (!sameHash(taggedHash(HASH_TAG.input, header), claim.inputRoot)) {
    refuseWitness("begins with another request than the claim's");
  }
  const view = new DataView(header.buffer, header.byteOffset);
  if (view.getUint32(0) === 0) refuseWitness("begins with a request whose prompt is empty");
  const subject: StepSubject = {
    program: model.program,
    claim,
    request: {
      ...decodeGeneration(header.subarray(16, 48)),
      promptCount: view.getUint32(0),
      startOffset: view.getUint32(4),
      seed: view.getBigUint64(8),
      isPrivate: isPrivateGeneration(header.subarray(16, 48)),
    },
  };
  const promptRoot = toHex(header.subarray(80));
  const roots = {
    trace: claim.positionsRoot,
    tensor: model.commitment.weightsRoot,
    prompt: promptRoot,
    pad: promptRoot,
    output: claim.outputTokensRoot,
  };
  const stops = toHex(header.subarray(48, 80));
  const result = runReading(judge(subject, address, leaf), (read) => {
    if (read.from === "stops") {
      const bytes = reader.measured("the stop sequences");
      if (!sameHash(stopsHashBytes(bytes), stops)) {
        refuseWitness("shows other stop sequences than the request's");
      }
      return bytes;
    }
    if (read.from !== "own") return openFrom(reader, subject, read, roots[read.from]);
    const bytes = reader.measured("the disputed tile");
    checkOwnTile(bytes, leaf);
    return bytes;
  });
  reader.end();
  return result;
}

/** @throws EngineError `INVALID_ARGUMENT` when the claim is not about this model */
export function checkModel(model: Pick<Model, "commitment">, claim: Claim): void {
  const { modelRoot } = model.commitment;
  if (modelRoot.toLowerCase() === claim.modelRoot.toLowerCase()) return;
  throw new EngineError(
    "INVALID_ARGUMENT",
    `The claim is about the model ${claim.modelRoot}, not about ${modelRoot}.`,
    { remedy: "Pass the claim's model.", details: { expected: claim.modelRoot, found: modelRoot } },
  );
}

/** Takes one opening off the witness and holds it against its root. Undefined where it shows PAD. */
function openFrom(
  reader: WitnessReader,
  subject: StepSubject,
  read: OpenedRead,
  root: Hex,
): Uint8Array | undefined {
  const { length, climbs, beside } = openingShape(subject, read);
  const what = `an opening of the ${read.from}`;
  let shown: Uint8Array | undefined;
  const mark = read.from === "trace" ? reader.take(1, what)[0]! : 1;
  if (mark > 1) refuseWitness(`has ${mark} where an opening begins, neither 0 nor 1`, { ...read, mark });
  if (mark === 1) shown = reader.take(length, what);
  const hash = () => reader.take(32, what);
  let found = rootAbove(shown ? shownHash(subject, read, shown) : PAD, climbs, hash);
  if (beside === "left") found = privatePromptRoot(hash(), found);
  if (beside === "right") found = privatePromptRoot(found, hash());
  if (!sameHash(found, root)) {
    refuseWitness(`has ${what} that leads to ${toHex(found)}, not to ${root}`, { ...read, root });
  }
  return shown && readOf(subject, read, shown);
}

function sameHash(hash: Uint8Array, expected: Hex): boolean {
  const other = fromHex(expected);
  return hash.every((byte, index) => byte === other[index]);
}

class WitnessReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number, what: string): Uint8Array {
    const rest = this.#bytes.length - this.#offset;
    if (count > rest) {
      refuseWitness(`ends in ${what}: ${count} bytes are needed, ${rest} left`, { count, rest });
    }
    this.#offset += count;
    return this.#bytes.subarray(this.#offset - count, this.#offset);
  }

  /** uint32 length, and as many bytes. */
  measured(what: string): Uint8Array {
    const length = this.take(4, `the length of ${what}`);
    return this.take(new DataView(length.buffer, length.byteOffset).getUint32(0), what);
  }

  end(): void {
    const rest = this.#bytes.length - this.#offset;
    if (rest > 0) refuseWitness(`has ${rest} bytes too many`, { rest });
  }
}
