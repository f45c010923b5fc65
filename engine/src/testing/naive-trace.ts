import { keccak256, toHex, type Hex } from "../commitments/hash.ts";
import { leafHash, merkleRoot, PAD } from "../commitments/merkle.ts";
import { outputRoot } from "../commitments/request.ts";
import type { Model } from "../model.ts";
import { OPERATORS } from "../operators/index.ts";
import type { SectionType, SectionValues } from "../operators/definition.ts";
import type { Program } from "../program/program.ts";
import type { Generation } from "../run/generate.ts";
import type { Observation } from "../run/session.ts";

/** The trace root as docs/engine.md words it, from the whole list of leaves in memory. */
export function naiveTraceRoot(
  model: Model,
  observations: readonly Observation[],
  generation: Generation,
  complete: boolean,
): Hex {
  const { program } = model;
  const seen = new Map(observations.map((o) => [`${o.position} ${o.operator} ${o.section}`, o.values]));
  const existing = Math.max(...observations.map(({ position }) => position)) + 1;
  let empty: Uint8Array | undefined;
  const positions = Array.from({ length: program.contextLength }, (_, position) => {
    // The positions that do not exist are all alike.
    if (position > existing) return (empty ??= positionRoot(existing));
    return positionRoot(position);
  });
  const output = outputRoot(generation.tokens, complete);
  const bytes = (hex: Hex) => Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
  return toHex(keccak256(Uint8Array.of(0x06, ...merkleRoot(positions), ...bytes(output))));

  function positionRoot(position: number): Uint8Array {
    const operators = program.operators.map((_, index) =>
      naiveOperatorRoot(program, index, (section) => seen.get(`${position} ${index} ${section}`)),
    );
    return merkleRoot(operators);
  }
}

/** @param valuesOf active elements of a section by its name; undefined where the operator does not run */
export function naiveOperatorRoot(
  program: Program,
  index: number,
  valuesOf: (section: string) => SectionValues | undefined,
): Uint8Array {
  const leaves: Uint8Array[] = [];
  const operator = program.operators[index]!;
  for (const section of OPERATORS[operator.kind].sections(operator, program)) {
    const values = valuesOf(section.name);
    const active = values ? values.length / section.groups : 0;
    for (let group = 0; group < section.groups; group++) {
      for (let start = 0; start < section.size; start += section.tile) {
        const end = Math.min(section.size, start + section.tile);
        if (start >= active) {
          leaves.push(PAD);
          continue;
        }
        const elements = Array.from({ length: end - start }, (_, offset) =>
          start + offset < active ? BigInt(values![group * active + start + offset]!) : 0n,
        );
        leaves.push(leafHash(bytesOf(section.type, elements)));
      }
    }
  }
  return merkleRoot(leaves);
}

function bytesOf(type: SectionType, elements: readonly bigint[]): Uint8Array {
  const bits = Number(type.replace(/\D/g, ""));
  const digits = elements.map((element) =>
    BigInt.asUintN(bits, element)
      .toString(16)
      .padStart(bits / 4, "0"),
  );
  return Uint8Array.from(Buffer.from(digits.join(""), "hex"));
}

/** Observations that survive the call they were shown in. */
export function copied(observation: Observation): Observation {
  const values: SectionValues = observation.values.slice();
  return { ...observation, values };
}
