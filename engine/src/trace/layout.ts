import { EngineError } from "../errors.ts";
import type { Section } from "../operators/definition.ts";
import { OPERATORS } from "../operators/index.ts";
import type { Program } from "../program/program.ts";
import { depthOf } from "./merkle-builder.ts";

/** Where a tile stands in the trace of a request. */
export interface TraceAddress {
  readonly position: number;
  /** Index of the operator in the program. */
  readonly operator: number;
  /** Index of the tile in the operator: section by section, group by group. */
  readonly tile: number;
}

export interface SectionLayout extends Section {
  readonly firstTile: number;
  readonly tilesPerGroup: number;
}

export interface OperatorLayout {
  readonly sections: readonly SectionLayout[];
  readonly tiles: number;
  /** Levels of the tree over its tiles. */
  readonly depth: number;
}

/** The shape of every trace of a program. */
export interface TraceLayout {
  readonly operators: readonly OperatorLayout[];
  /** Levels of the tree over the operators of a position, and of the tree over positions. */
  readonly operatorDepth: number;
  readonly positionDepth: number;
  readonly positions: number;
}

export function traceLayout(program: Program): TraceLayout {
  const operators = program.operators.map((operator): OperatorLayout => {
    let tiles = 0;
    const sections = OPERATORS[operator.kind].sections(operator, program).map((section): SectionLayout => {
      const tilesPerGroup = Math.ceil(section.size / section.tile);
      const firstTile = tiles;
      tiles += section.groups * tilesPerGroup;
      return { ...section, firstTile, tilesPerGroup };
    });
    return { sections, tiles, depth: depthOf(tiles) };
  });
  return {
    operators,
    operatorDepth: depthOf(operators.length),
    positionDepth: depthOf(program.contextLength),
    positions: program.contextLength,
  };
}

/** The section that a tile belongs to, with the tile's group and index in it. */
export function locateTile(
  layout: OperatorLayout,
  tile: number,
): { section: SectionLayout; group: number; tileOfGroup: number } {
  const section = layout.sections.findLast(({ firstTile }) => firstTile <= tile)!;
  const offset = tile - section.firstTile;
  return {
    section,
    group: Math.floor(offset / section.tilesPerGroup),
    tileOfGroup: offset % section.tilesPerGroup,
  };
}

/** @throws EngineError `INVALID_ARGUMENT` when no trace of the program has this address. */
export function checkAddress(layout: TraceLayout, address: TraceAddress): void {
  const { position, operator, tile } = address;
  const limits = [
    ["position", position, layout.positions],
    ["operator", operator, layout.operators.length],
    ["tile", tile, layout.operators[operator]?.tiles ?? 0],
  ] as const;
  for (const [what, value, limit] of limits) {
    if (!Number.isSafeInteger(value) || value < 0 || value >= limit) {
      throw new EngineError("INVALID_ARGUMENT", `The ${what} ${value} is not in [0, ${limit}).`, {
        remedy: "Pass an address of this program's trace.",
        details: { ...address },
      });
    }
  }
}
