import type { Model } from "../../../engine/src/model.ts";
import type { GenerationParameters } from "../../../engine/src/commitments/generation.ts";
import { endOf, generate } from "../../../engine/src/run/generate.ts";
import { chunkBytes, chunksPerRow } from "../../../engine/src/tensors/chunks.ts";
import type { Observation } from "../../../engine/src/run/session.ts";
import { copied } from "../../../engine/src/testing/naive-trace.ts";
import type { TraceRequest } from "../../../engine/src/trace/request.ts";
import { Evidence, type EvidenceShape } from "./evidence.ts";
import { putSection } from "./vector-evidence.ts";

/**
 * The whole claim about a request, with every tile of its trace and every leaf of the model.
 *
 * @param claimed prompt, output tokens and whether they are claimed to be all; the right ones by default
 */
export async function tracedModel(
  model: Model,
  request: TraceRequest,
  claimed: {
    readonly prompt?: readonly number[];
    readonly tokens?: readonly number[];
    readonly complete?: boolean;
    /** In place of the request that was computed. */
    readonly request?: GenerationParameters & Pick<EvidenceShape, "generation" | "stops">;
  } = {},
): Promise<Evidence> {
  const { program, tensors } = model;
  const observed: Observation[] = [];
  const generation = await generate(model, {
    ...request,
    executor: "reference",
    observer: (observation) => observed.push(copied(observation)),
  });
  const whole = endOf(model, request, generation.tokens) !== undefined;
  const { prompt = request.prompt, tokens = generation.tokens, complete = whole } = claimed;
  const evidence = new Evidence({
    ...(claimed.request ?? request),
    program,
    promptCount: prompt.length,
    outputCount: tokens.length,
    complete,
    elsewhere: "PAD",
  });
  evidence.putTokens("prompt", prompt);
  evidence.putTokens("output", tokens);
  tensors.forEach((tensor, index) => {
    const chunks = chunksPerRow(tensor);
    for (let leaf = 0; leaf < tensor.rows * chunks; leaf++) {
      evidence.putTensorLeaf(index, leaf, chunkBytes(tensor, Math.floor(leaf / chunks), leaf % chunks));
    }
  });
  // Operators that do not run, and positions that do not exist, have trees of PAD of their own depths.
  for (let position = 0; position < program.contextLength; position++) {
    program.operators.forEach((_, operator) => {
      evidence.putTile({ position, operator, tile: 0 }, undefined);
    });
  }
  for (const { position, operator, section, values } of observed) {
    const index = evidence.layout.operators[operator]!.sections.findIndex(({ name }) => name === section);
    putSection(evidence, operator, position, index, values);
  }
  return evidence;
}
