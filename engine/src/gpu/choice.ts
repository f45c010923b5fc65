import { constant } from "../operators/definition.ts";
import { wordsOf } from "../operators/seen.ts";
import {
  CHOOSE,
  CHUNK,
  DRAW,
  KEPT,
  SHOW_SEARCH,
  THRESHOLD,
  THRESHOLD_BITS,
  WEIGHTS,
  WINNERS,
} from "./kernels/sample.ts";
import { RECENT, SEEN, STOP } from "./kernels/text.ts";
import { always, wideSection, type Planner, type Workshop } from "./operators.ts";
import { section, type DeviceSection } from "./sections.ts";

/** What chooses tokens and ends the output. */
export const CHOICE_PLANNERS: Readonly<Record<"seen" | "recent" | "sample" | "stop", Planner>> = {
  seen({ shop, index, launch, output }) {
    const buffers = [shop.tokens, output.buffer];
    return {
      launches: [launch(SEEN, 1, { words: output.pitch }, buffers)],
      sections: [wideSection(shop, index)],
    };
  },

  recent({ shop, index, launch, output }) {
    return {
      launches: [launch(RECENT, 1, {}, [shop.tokens, output.buffer])],
      sections: [wideSection(shop, index)],
    };
  },

  sample({ shop, at, operator, index, launch, input, output }) {
    const [vocabulary, stopTokens] = operator.constants as [number, number];
    const chunks = Math.ceil(vocabulary / CHUNK);
    const scratch = (words: number) => shop.values.scratch(at, words);
    const adjusted = scratch(vocabulary);
    const winners = scratch(2 * chunks);
    const best = scratch(2);
    const weights = scratch(vocabulary);
    const masses = scratch(2 * chunks);
    const targets = scratch(2);
    const thresholds = scratch(1);
    const kept = scratch(2 * chunks);
    const draws = scratch(4);
    const size = { vocabulary, chunks };
    const { requests, tokens } = shop;
    const { pitch, first } = input(0);
    const drawing = { drawing: true };
    const launches = [
      launch(
        WINNERS,
        chunks,
        { ...size, inputPitch: pitch, inputFirst: first, seenWords: wordsOf(vocabulary), stopTokens },
        [input(0).buffer, input(1).buffer, listOf(shop, operator.tensors[1]), requests, adjusted, winners],
      ),
      launch(CHOOSE, 1, { chunks }, [winners, requests, best, output.buffer, tokens]),
      launch(
        WEIGHTS,
        chunks,
        size,
        [adjusted, best, requests, shop.table(operator.tensors[0]!), weights, masses],
        drawing,
      ),
      launch(THRESHOLD, 1, size, [weights, masses, requests, targets, thresholds], drawing),
      launch(KEPT, chunks, size, [weights, thresholds, requests, kept], drawing),
      launch(DRAW, 1, size, [weights, thresholds, kept, requests, draws, output.buffer, tokens], drawing),
    ];
    if (!shop.observed) return { launches, sections: [] };
    const counted = scratch(THRESHOLD_BITS * 4 * chunks);
    const steps = scratch(THRESHOLD_BITS);
    launches.push(
      launch(SHOW_SEARCH, chunks, size, [weights, thresholds, requests, counted, steps], drawing),
    );
    const show = (
      name: string,
      kind: "int32" | "int64",
      buffer: GPUBuffer,
      count: number,
      place: { readonly first?: number; readonly pitch?: number } = {},
    ): DeviceSection => {
      const words = count * (kind === "int64" ? 2 : 1);
      const shape = { groups: 1, pitch: count, active: always(count) };
      return section(index, name, kind, { buffer, pitch: words, ...place }, shape);
    };
    const sampled = (shown: DeviceSection): DeviceSection => ({ ...shown, sampled: true });
    const search = Array.from({ length: THRESHOLD_BITS }, (_, step) => {
      const bit = THRESHOLD_BITS - 1 - step;
      const ofChunks = { first: 4 * chunks * step, pitch: 4 * chunks * THRESHOLD_BITS };
      const one = { first: step, pitch: THRESHOLD_BITS };
      return [
        sampled(show(`counted${bit}`, "int64", counted, 2 * chunks, ofChunks)),
        sampled(show(`threshold${bit}`, "int32", steps, 1, one)),
      ];
    });
    return {
      launches,
      sections: [
        show("winners", "int32", winners, 2 * chunks),
        show("best", "int32", best, 2),
        sampled(show("weights", "int32", weights, vocabulary)),
        sampled(show("masses", "int64", masses, chunks)),
        sampled(show("target", "int64", targets, 1)),
        ...search.flat(),
        sampled(show("kept", "int64", kept, chunks)),
        sampled(show("draw", "int64", draws, 2)),
        wideSection(shop, index),
      ],
    };
  },

  stop({ shop, operator, index, launch, input, output }) {
    const list = listOf(shop, operator.tensors[0]);
    const stopTokens = constant(operator, 0);
    const buffers = [input(0).buffer, input(1).buffer, list, shop.requests, output.buffer];
    return {
      launches: [launch(STOP, 1, { stopTokens }, buffers)],
      sections: [wideSection(shop, index)],
    };
  },
};

/** The model's stop tokens, if it has any. */
function listOf(shop: Workshop, tensor: number | undefined): GPUBuffer {
  return tensor === undefined ? shop.memory.storage("no stop tokens", 4) : shop.table(tensor);
}
