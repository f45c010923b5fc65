import { toHex } from "../../src/commitments/hash.ts";
import { encodeStopSequences } from "../../src/commitments/generation.ts";
import { leafHash, PAD } from "../../src/commitments/merkle.ts";
import { outputTokensRoot } from "../../src/commitments/request.ts";
import { tokensRoot } from "../../src/commitments/tokens.ts";
import type { Claim } from "../../src/dispute/claim.ts";
import { decodeElements } from "../../src/dispute/read.ts";
import { REQUEST_BYTES } from "../../src/dispute/verify.ts";
import { stepWitnesses, type StepTask } from "../../src/dispute/witness.ts";
import { openTiles } from "../../src/trace/trace.ts";
import { ELEMENT_BYTES } from "../../src/trace/encode-tile.ts";
import { traceLayout } from "../../src/trace/layout.ts";
import { generateRandom } from "../../src/testing/random.ts";
import {
  flipElement,
  operatorOf,
  outputAddress,
  randomElement,
  sectionsAt,
  traceAddress,
  type Stage,
} from "../../src/testing/step-scenes.ts";
import type { StepVector } from "../../src/testing/step-vectors.ts";

/** A case before its model and its claim have numbers. */
export interface NamedStep extends Omit<StepVector, "model" | "claim"> {
  readonly claim: Claim;
}

interface NamedTask extends StepTask {
  readonly name: string;
}

export interface ElementOf {
  readonly kind: string;
  readonly position: number;
  readonly tile?: number;
  readonly element?: number;
}

/**
 * Steps of all sections that `wanted` accepts, of operators of one kind and shape once: of a random element at the last
 * position, and of one with a flipped bit for every operator.
 */
export async function sectionSteps(
  stage: Stage,
  wanted: (kind: string, section: string) => boolean,
): Promise<NamedStep[]> {
  const { model, request, last } = stage;
  const random = generateRandom(20261122);
  const tasks = new Map<string, NamedTask>();
  const firsts = new Map<string, NamedTask>();
  for (const { operator, section } of sectionsAt(stage, last)) {
    const { kind, tensors } = model.program.operators[operator]!;
    const name = `${kind}${kind === "linear" && tensors.length > 1 ? " with bias" : ""}, ${section.name}`;
    if (tasks.has(name) || !wanted(kind, section.name)) continue;
    const task = { name, address: randomElement(stage, random, last, operator, section) };
    tasks.set(name, task);
    if (!firsts.has(kind)) firsts.set(kind, task);
  }
  const addresses = Array.from(firsts.values(), ({ address }) => address);
  const { openings } = await openTiles(model, request, addresses);
  const flipped = Array.from(firsts.values(), ({ name, address }, index) => ({
    name: `${name}, one bit flipped`,
    address,
    ownTile: flipElement(stage, random, openings[index]!.data!, address),
  }));
  return stepsOf(stage, [...tasks.values(), ...flipped]);
}

/** What is decided by where an address is: outside, inactive, beyond. */
export function placeSteps(stage: Stage): Promise<NamedStep[]> {
  const { model, last } = stage;
  const { operators, positions } = traceLayout(model.program);
  const [scores, mix, stop] = ["scores", "mix", "stop"].map((kind) => operatorOf(stage, kind));
  const pad = toHex(PAD);
  const leaf = toHex(leafHash(Uint8Array.of(1)));
  const both = (name: string, position: number, operator: number, tile: number, element = 0): NamedTask[] => {
    const address = traceAddress(position, operator, tile, element);
    return [
      { name: `${name}, PAD`, address, leaf: pad },
      { name: `${name}, not PAD`, address, leaf },
    ];
  };
  return stepsOf(stage, [
    ...both("position outside the context", positions, 0, 0),
    ...both("operator outside the program", 1, operators.length, 0),
    ...both("tile outside the operator", 1, 0, operators[0]!.tiles),
    ...both("position after the end of the output", last + 1, 0, 0),
    ...both("position long after the end", positions - 1, stop!, 0),
    ...both("generating operator at a prompt position", 0, stop!, 0),
    { name: "PAD where a tile is", address: traceAddress(last, stop!, 0, 0), leaf: pad },
    {
      name: "a tile of another length",
      address: traceAddress(last, stop!, 0, 0),
      ownTile: Uint8Array.of(0, 0, 0, 1, 0),
    },
    { name: "an empty tile", address: traceAddress(last, stop!, 0, 0), ownTile: new Uint8Array() },
    { name: "element after the tile's last", address: traceAddress(last, stop!, 0, 1) },
    { name: "element for a later position, 0", address: traceAddress(1, scores!, 0, 2) },
    {
      name: "element for a later position, not 0",
      address: traceAddress(1, scores!, 0, 2),
      ownTile: new Uint8Array(4 * Math.min(256, positions)).fill(1),
    },
    { name: "partial sum of the first position", address: traceAddress(0, mix!, 0, 0) },
  ]);
}

/** Sections of `sample` that only sampled requests have, in a greedy one: PAD, and zeros instead. */
export function greedySteps(
  stage: Stage,
  wanted: (kind: string, section: string) => boolean,
): Promise<NamedStep[]> {
  const { model, last } = stage;
  const operator = operatorOf(stage, "sample");
  const { sections } = traceLayout(model.program).operators[operator]!;
  return stepsOf(
    stage,
    sections
      .filter(({ sampled, name }) => sampled && wanted("sample", name))
      .flatMap(({ name, firstTile, size, tile, type }) => {
        const address = traceAddress(last, operator, firstTile, 0);
        const zeros = new Uint8Array(Math.min(size, tile) * ELEMENT_BYTES[type]);
        return [
          { name: `sample, ${name} of a greedy request, PAD`, address, leaf: toHex(PAD) },
          { name: `sample, ${name} of a greedy request, zeros`, address, leaf: toHex(leafHash(zeros)) },
        ];
      }),
  );
}

/** A step of `stop` whose stop sequences are not the request's. */
export async function otherStops(stage: Stage): Promise<NamedStep[]> {
  const address = traceAddress(stage.last, operatorOf(stage, "stop"), 0, 0);
  const [right] = (await stepsOf(stage, [{ name: "stop, output", address }])) as [NamedStep];
  const encoded = encodeStopSequences(stage.request.stopSequences ?? []);
  const witness = Buffer.from(right.witness.slice(2), "hex");
  const spoil = (name: string, bytes: Uint8Array): NamedStep => ({
    ...right,
    name: `stop, output: ${name}`,
    witness: toHex(bytes),
    expected: "reverts",
  });
  // They are the last thing that it reads: their length and they.
  const before = witness.subarray(0, -encoded.length - 4);
  const lengthOf = (bytes: Uint8Array) => Uint8Array.of(0, 0, bytes.length >> 8, bytes.length & 255);
  const other = encoded.with(-1, encoded.at(-1)! ^ 1);
  return [
    spoil("another stop sequence", Buffer.concat([before, lengthOf(other), other])),
    spoil("no stop sequences", Buffer.concat([before, new Uint8Array(4)])),
    spoil(
      "one byte too many",
      Buffer.concat([before, lengthOf(Uint8Array.of(...encoded, 0)), encoded, Buffer.of(0)]),
    ),
    spoil("cut off", witness.subarray(0, -1)),
    spoil("their length is not there", before),
  ];
}

/** Elements that a random choice may miss. */
export function chosenSteps(stage: Stage, chosen: Readonly<Record<string, ElementOf>>): Promise<NamedStep[]> {
  return stepsOf(
    stage,
    Object.entries(chosen).map(([name, { kind, position, tile = 0, element = 0 }]) => ({
      name,
      address: traceAddress(position, operatorOf(stage, kind), tile, element),
    })),
  );
}

/** Gates beyond the table, on both sides of 0. */
export async function gateSteps(stage: Stage): Promise<NamedStep[]> {
  const { model, request, last } = stage;
  const operator = operatorOf(stage, "gate");
  const { inputs, constants } = model.program.operators[operator]!;
  const input = { position: last, operator: inputs[0]!, tile: 0 };
  const { openings } = await openTiles(model, request, [input]);
  const limit = 2 ** (20 + constants[1]!);
  const values = decodeElements("int32", openings[0]!.data!).map(Number);
  const step = (name: string, matches: (value: number) => boolean) => ({
    name: `gate, ${name}`,
    address: traceAddress(last, operator, 0, values.findIndex(matches)),
  });
  return stepsOf(stage, [
    step("above the table", (value) => value >= limit),
    step("below the table", (value) => value <= -limit),
  ]);
}

/** Tiles of groups over positions in a context of several tiles. */
export function positionSteps(stage: Stage): Promise<NamedStep[]> {
  const { last } = stage;
  const [scores, softmax] = ["scores", "softmax"].map((kind) => operatorOf(stage, kind));
  const filled = Math.floor(last / 256);
  const pad = toHex(PAD);
  return stepsOf(stage, [
    { name: "tile beyond the position, PAD", address: traceAddress(last, scores!, filled + 1, 0), leaf: pad },
    {
      name: "tile beyond the position, not PAD",
      address: traceAddress(last, scores!, filled + 1, 0),
      leaf: toHex(leafHash(new Uint8Array(1024))),
    },
    { name: "maximum beyond the position", address: traceAddress(last, softmax!, 0, filled + 1) },
    { name: "score beyond the position", address: traceAddress(last, scores!, filled, 255) },
  ]);
}

/** The output's tokens and its ending. */
export function outputSteps(stage: Stage): Promise<NamedStep[]> {
  const { length } = stage.tokens;
  return stepsOf(stage, [
    { name: "output, first token", address: outputAddress(0) },
    { name: "output, last token", address: outputAddress(length - 1) },
    { name: "output, ending", address: outputAddress(length) },
    { name: "output, beyond the ending", address: outputAddress(length + 7) },
  ]);
}

/** Outputs that are not what the trace says. */
export async function wrongOutputSteps(stage: Stage): Promise<NamedStep[]> {
  const { tokens, claim, request } = stage;
  const last = tokens.length - 1;
  const step = (name: string, output: readonly number[], element: number) => {
    const changed = {
      ...claim,
      outputTokensRoot: outputTokensRoot(output, request.secret),
      outputCount: output.length,
    };
    return stepsOf({ ...stage, tokens: output, claim: changed }, [
      { name: `output, ${name}`, address: outputAddress(element) },
    ]);
  };
  const steps = [
    await step("another token", tokens.with(last, (tokens[last]! + 1) % 8), last),
    await step("ended too early", tokens.slice(0, -1), last),
    await step("ended too late, its last token", [...tokens, 3], tokens.length),
    await step("ended too late, its ending", [...tokens, 3], tokens.length + 1),
  ];
  return steps.flat();
}

/** Outputs of more tokens than the context holds, and of none: positions that the program does not have. */
export async function endlessSteps(stage: Stage): Promise<NamedStep[]> {
  const { claim, model, request } = stage;
  const positions = model.program.contextLength;
  const output = new Array<number>(positions + 3).fill(3);
  const long = { ...claim, outputTokensRoot: tokensRoot(output), outputCount: output.length };
  const none = { ...claim, outputTokensRoot: tokensRoot([]), outputCount: 0 };
  const beyond = positions + 1 - request.prompt.length;
  return [
    ...(await stepsOf({ ...stage, tokens: output, claim: long }, [
      { name: "output, token beyond the context", address: outputAddress(beyond) },
      { name: "output, last token within the context", address: outputAddress(beyond - 1) },
      { name: "output, ending beyond the context", address: outputAddress(output.length) },
    ])),
    ...(await stepsOf({ ...stage, tokens: [], claim: none }, [
      { name: "output, ending of no tokens", address: outputAddress(0) },
    ])),
  ];
}

/** Witnesses that are not what they should be, of a step that reads of every kind. */
export async function spoiltSteps(stage: Stage): Promise<NamedStep[]> {
  const task = { name: "embed, output", address: traceAddress(1, operatorOf(stage, "embed"), 0, 3) };
  const stopAddress = traceAddress(stage.last, operatorOf(stage, "stop"), 0, 0);
  const [embed, stop] = (await stepsOf(stage, [task, { name: "stop, output", address: stopAddress }])) as [
    NamedStep,
    NamedStep,
  ];
  const spoil = (
    step: NamedStep,
    name: string,
    change: (bytes: Buffer) => Uint8Array,
    also: Partial<NamedStep> = {},
  ): NamedStep => ({
    ...step,
    name: `${step.name}: ${name}`,
    witness: toHex(change(Buffer.from(step.witness.slice(2), "hex"))),
    ...also,
    expected: "reverts",
  });
  const flip = (at: number) => (bytes: Buffer) => {
    bytes[at < 0 ? bytes.length + at : at]! ^= 1;
    return bytes;
  };
  // After the request: the flag's mark, the flag itself, siblings.
  return [
    embed,
    spoil(embed, "no witness", () => new Uint8Array()),
    spoil(embed, "ends in the request", (bytes) => bytes.subarray(0, REQUEST_BYTES - 1)),
    spoil(embed, "one byte missing", (bytes) => bytes.subarray(0, -1)),
    spoil(embed, "one byte too many", (bytes) => Buffer.concat([bytes, Buffer.of(0)])),
    spoil(embed, "another prompt length", flip(3)),
    spoil(embed, "another seed", flip(15)),
    spoil(embed, "other bytes of the tile", flip(REQUEST_BYTES + 5)),
    spoil(embed, "longer than it is", flip(REQUEST_BYTES)),
    spoil(embed, "another sibling", flip(-1)),
    spoil(embed, "another leaf", (bytes) => bytes, { leaf: toHex(leafHash(Uint8Array.of(7))) }),
    spoil(embed, "another position", (bytes) => bytes, { address: { ...embed.address, position: 40 } }),
    spoil(stop, "a mark that is neither 0 nor 1", (bytes) => {
      bytes[REQUEST_BYTES] = 2;
      return bytes;
    }),
    spoil(stop, "another flag", flip(REQUEST_BYTES + 4)),
    spoil(stop, "PAD instead of the flag", (bytes) =>
      Buffer.concat([bytes.subarray(0, REQUEST_BYTES), Buffer.of(0), bytes.subarray(REQUEST_BYTES + 5)]),
    ),
    spoil(stop, "another position", (bytes) => bytes, {
      address: { ...stop.address, position: stop.address.position - 1 },
    }),
  ];
}

export async function stepsOf(stage: Stage, tasks: readonly NamedTask[]): Promise<NamedStep[]> {
  const { model, request, claim, tokens } = stage;
  const witnesses = await stepWitnesses(model, request, claim, tasks, { outputTokens: tokens });
  return witnesses.map(({ witness, leaf, correct }, index) => ({
    name: tasks[index]!.name,
    claim,
    address: tasks[index]!.address,
    leaf,
    witness: toHex(witness),
    expected: correct ? "correct" : "wrong",
  }));
}
