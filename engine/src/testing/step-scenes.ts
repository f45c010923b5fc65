import { claimOf, PART, type Claim, type ElementAddress } from "../dispute/claim.ts";
import { placeOf, positionOf } from "../dispute/place.ts";
import { ELEMENT_BYTES } from "../trace/encode-tile.ts";
import { traceLayout, type SectionLayout } from "../trace/layout.ts";
import { traceRequest } from "../trace/trace.ts";
import type { StepScene } from "./step-models.ts";

/** A scene with what an honest provider claims. */
export interface Stage extends StepScene {
  readonly claim: Claim;
  /** The output. */
  readonly tokens: readonly number[];
  /** The last position that exists. */
  readonly last: number;
}

export async function stageOf(scene: StepScene): Promise<Stage> {
  const { model, request } = scene;
  const commitment = await traceRequest(model, request);
  const { tokens } = commitment;
  const last = request.prompt.length + tokens.length - 2;
  return { ...scene, claim: claimOf(model, request, commitment), tokens, last };
}

export function traceAddress(
  position: number,
  operator: number,
  tile: number,
  element: number,
): ElementAddress {
  return { part: PART.trace, position, operator, tile, element };
}

export function outputAddress(element: number): ElementAddress {
  return { part: PART.output, position: 0, operator: 0, tile: 0, element };
}

/** Index of the first operator of a kind. */
export function operatorOf(stage: StepScene, kind: string): number {
  return stage.model.program.operators.findIndex((operator) => operator.kind === kind);
}

/** The sections that a trace has at a position that exists. */
export function sectionsAt(
  { model, request }: StepScene,
  position: number,
): { readonly operator: number; readonly section: SectionLayout }[] {
  return traceLayout(model.program).operators.flatMap(({ sections }, operator) => {
    const { phase } = model.program.operators[operator]!;
    if (phase === "generating" && position < request.prompt.length - 1) return [];
    return sections
      .filter(({ sampled }) => !sampled || (request.temperature ?? 0) > 0)
      .map((section) => ({ operator, section }));
  });
}

/** A random element of a section, not beyond `position`. */
export function randomElement(
  { model }: StepScene,
  random: () => number,
  position: number,
  operator: number,
  section: SectionLayout,
): ElementAddress {
  for (;;) {
    const tile = section.firstTile + Math.floor(random() * section.groups * section.tilesPerGroup);
    const request = { promptCount: 1, maxTokens: 1 };
    const { length } = placeOf(model.program, request, { position, operator, tile, element: 0 });
    const address = traceAddress(position, operator, tile, Math.floor(random() * length));
    const place = placeOf(model.program, request, address);
    if (positionOf(place, place.index) <= position) return address;
  }
}

/** A tile with one random bit of the addressed element changed. */
export function flipElement(
  { model }: StepScene,
  random: () => number,
  tile: Uint8Array,
  { operator, tile: index, element }: ElementAddress,
): Uint8Array {
  const { sections } = traceLayout(model.program).operators[operator]!;
  const { type } = sections.findLast(({ firstTile }) => firstTile <= index)!;
  const bit = Math.floor(random() * 8 * ELEMENT_BYTES[type]);
  const bytes = tile.slice();
  bytes[element * ELEMENT_BYTES[type] + Math.floor(bit / 8)]! ^= 1 << (bit % 8);
  return bytes;
}
