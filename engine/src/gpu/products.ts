import type { Item } from "./fuse.ts";
import { GATE, ELEMENTS } from "./kernels/elementwise.ts";
import {
  BLOCK_ROWS,
  blockKernel,
  PARTIALS,
  PRODUCT_ROWS,
  productKernel,
  type Ending,
} from "./kernels/linear.ts";
import type { LaunchPlan } from "./launch.ts";
import { biasesOf, scalesOf } from "./matrices.ts";
import { rowsOf, wideSection, always, type ItemPlan, type Workshop } from "./operators.ts";
import { section } from "./sections.ts";

type Products = Extract<Item, { kind: "products" }>;

/** Columns of a chunk of the trace's partial sums. */
const PARTIAL_COLUMNS = 4096;
/** Numbers of input rows that a workgroup takes at once, and up to how many the last one is used, twice. */
const COLUMNS = [1, 2, 4] as const;
/** Above this number of rows, blocks in workgroup memory. */
const FEW = 8;

/** Products of matrices below one another with one narrow input, and what is computed along with them. */
export async function planProducts(shop: Workshop, item: Products, at: number): Promise<ItemPlan> {
  const { program, values } = shop;
  const operators = item.operators.map((index) => program.operators[index]!);
  const input = values.at(operators[0]!.inputs[0]!);
  const generating = operators[0]!.phase === "generating";
  const matrix = await shop.matrices.of(operators.map((operator) => operator.tensors[0]!));
  const scales = shop.memory.filled(
    "scales",
    joined(operators.map(({ tensors, constants }) => scalesOf(rowsOf(shop, tensors[0]!), constants[2]!))),
  );
  const biases = biasesOf(operators, shop.tensors);
  const end = item.ending === undefined ? undefined : program.operators[item.ending]!;
  const isGate = end?.kind === "gate";
  const output = values.at(item.ending ?? item.operators[0]!);
  const launches: LaunchPlan[] = [];

  const product = (
    kind: Ending,
    place: { readonly buffer: GPUBuffer; readonly first: number; readonly pitch: number },
    added: GPUBuffer | undefined,
    more: Record<string, number>,
    range: readonly [number, number],
  ) => {
    for (const { buffer, firstRow, rows } of matrix.parts) {
      const matrixRows = kind === "gate" ? rows / 2 : rows;
      const parameters = {
        matrixRows,
        vectors: matrix.vectors,
        scaleFirst: firstRow,
        outputFirst: place.first + firstRow,
        outputPitch: place.pitch,
        ...more,
        addedFirst: (more.addedFirst ?? 0) + firstRow,
      };
      const buffers = [
        buffer,
        scales,
        input.buffer,
        input.exponents!,
        place.buffer,
        ...(added ? [added] : []),
      ];
      const common = { parameters, buffers, generating };
      const own = kind === "gate" ? PRODUCT_ROWS / 2 : PRODUCT_ROWS;
      for (const [index, columns] of COLUMNS.entries()) {
        const minimum = Math.max(range[0], (COLUMNS[index - 1] ?? 0) + 1);
        const maximum = Math.min(range[1], index === COLUMNS.length - 1 ? FEW : columns);
        if (minimum > maximum) continue;
        const kernel = productKernel(columns, kind, shop.subgroups);
        launches.push({ ...common, kernel, parts: Math.ceil(matrixRows / own), minimum, maximum });
      }
      if (kind === "gate" || range[1] <= FEW) continue;
      const minimum = FEW + 1;
      launches.push({ ...common, kernel: blockKernel(kind), parts: Math.ceil(rows / BLOCK_ROWS), minimum });
    }
  };

  if (isGate) {
    const [width, sigmoidShift, productShift] = end.constants as [number, number, number];
    const table = shop.table(end.tensors[0]!);
    product("gate", output, table, { sigmoidShift, productShift }, [1, FEW]);
    // Many rows: both products in blocks, then the gate by itself.
    const pitch = 2 * width;
    const both = shop.values.scratch(at, pitch);
    product("plain", { buffer: both, first: 0, pitch }, undefined, {}, [FEW + 1, Infinity]);
    launches.push({
      kernel: GATE,
      parts: Math.ceil(width / ELEMENTS),
      parameters: {
        width,
        leftPitch: pitch,
        rightPitch: pitch,
        rightFirst: width,
        outputPitch: output.pitch,
        sigmoidShift,
        productShift,
      },
      buffers: [both, both, table, output.buffer],
      generating,
      minimum: FEW + 1,
    });
    return { launches, sections: [] };
  }
  if (end) {
    const other = values.at(end.inputs.find((index) => index !== item.operators[0])!);
    product("add", output, other.buffer, { addedPitch: other.pitch, addedFirst: other.first }, [1, Infinity]);
    return { launches, sections: [] };
  }
  const bias = biases && shop.memory.filled("biases", biases);
  product(bias ? "bias" : "plain", output, bias, {}, [1, Infinity]);
  if (!shop.observed) return { launches, sections: [] };

  const chunks = Math.ceil(operators[0]!.constants[1]! / PARTIAL_COLUMNS);
  if (chunks === 1) return { launches, sections: item.operators.map((index) => wideSection(shop, index)) };
  const pitch = matrix.rows * chunks;
  const partials = values.scratch(at, 2 * pitch);
  for (const { buffer, firstRow, rows } of matrix.parts) {
    launches.push({
      kernel: PARTIALS,
      parts: Math.ceil((rows * chunks) / 64),
      parameters: {
        matrixRows: rows,
        vectors: matrix.vectors,
        outputFirst: firstRow,
        outputPitch: pitch,
        chunks,
      },
      buffers: [buffer, input.buffer, partials],
      generating,
    });
  }
  return {
    launches,
    sections: item.operators.flatMap((index) => {
      const { first } = values.at(index);
      const count = program.operators[index]!.constants[0]! * chunks;
      const place = { buffer: partials, first: 2 * (first - output.first) * chunks, pitch: 2 * pitch };
      return [
        section(index, "partials", "int64", place, { groups: 1, pitch: count, active: always(count) }),
        wideSection(shop, index),
      ];
    }),
  };
}

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
