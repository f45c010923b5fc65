import { constant } from "../operators/definition.ts";
import type { Operator, Program } from "../program/program.ts";
import type { TableTensor, Tensor } from "../tensors/tensor.ts";
import { CHOICE_PLANNERS } from "./choice.ts";
import { historyOf, type Item } from "./fuse.ts";
import { MIX_PARTIALS, mixKernel, SCORES, softmaxKernel } from "./kernels/attention.ts";
import { SHOW_PAGE, STORE_KEYS, STORE_VALUES } from "./kernels/cache.ts";
import { ADD, ELEMENTS, GATE, ROTATE } from "./kernels/elementwise.ts";
import { EMBED } from "./kernels/embed.ts";
import { TILE_POSITIONS } from "./kernels/kernel.ts";
import { narrowKernel } from "./kernels/narrow.ts";
import { NORMALIZE_NARROW, normalizeKernel } from "./kernels/normalize.ts";
import type { LaunchPlan } from "./launch.ts";
import { scalesOf, type Matrices } from "./matrices.ts";
import type { GpuMemory } from "./memory.ts";
import { planProducts } from "./products.ts";
import { section, type DeviceSection } from "./sections.ts";
import { narrowWords, type Place, type Values } from "./values.ts";

// Longer than 400 lines: one table with the dispatches and sections of all operators.

/** What items are planned with. */
export interface Workshop {
  readonly program: Program;
  readonly tensors: readonly Tensor[];
  readonly memory: GpuMemory;
  readonly matrices: Matrices;
  readonly values: Values;
  /** Keys and values by operator. */
  readonly cache: ReadonlyMap<number, GPUBuffer>;
  /** All tokens of every sequence, and what there is to know of its request. */
  readonly tokens: GPUBuffer;
  readonly requests: GPUBuffer;
  /** Positions that a sequence can have. */
  readonly positions: number;
  readonly subgroups: boolean;
  /** Whether every section of the trace is written. */
  readonly observed: boolean;
  /** A table of the model in the device's memory. */
  table(tensor: number): GPUBuffer;
}

/** The dispatches of an item, and the sections that they leave. */
export interface ItemPlan {
  readonly launches: LaunchPlan[];
  readonly sections: DeviceSection[];
}

export const always = (count: number) => () => count;
export const positionsOf = (position: number) => position + 1;
export const chunksOf = (position: number) => Math.ceil((position + 1) / TILE_POSITIONS);

/** Plans item number `at`, whose outputs have their places. */
export async function planItem(shop: Workshop, item: Item, at: number): Promise<ItemPlan> {
  if (item.kind === "products") return planProducts(shop, item, at);
  if (item.kind === "normalize and narrow") return planNormalizeNarrow(shop, item.operators);
  const [index] = item.operators;
  const operator = shop.program.operators[index]!;
  // The text so far is only read where tokens are chosen.
  const isText = operator.kind === "seen" || operator.kind === "recent";
  const generating = operator.phase === "generating" || (isText && !shop.observed);
  const context: Context = {
    shop,
    at,
    index,
    operator,
    generating,
    output: shop.values.at(index),
    input: (input) => shop.values.at(operator.inputs[input]!),
    launch: (kernel, parts, parameters, buffers, more) => ({
      kernel,
      parts,
      parameters,
      buffers,
      generating,
      ...more,
    }),
  };
  if (operator.kind === "linear") return { launches: [], sections: [] };
  return PLANNERS[operator.kind](context);
}

export interface Context {
  readonly shop: Workshop;
  /** Number of the item. */
  readonly at: number;
  readonly index: number;
  readonly operator: Operator;
  readonly generating: boolean;
  readonly output: Place;
  readonly input: (input: number) => Place;
  readonly launch: (
    kernel: LaunchPlan["kernel"],
    parts: number,
    parameters: LaunchPlan["parameters"],
    buffers: readonly GPUBuffer[],
    more?: Partial<LaunchPlan>,
  ) => LaunchPlan;
}

export type Planner = (context: Context) => ItemPlan | Promise<ItemPlan>;

const elements = (count: number) => Math.ceil(count / ELEMENTS);

/** The section of an int32 result. */
export function wideSection(shop: Workshop, index: number): DeviceSection {
  const size = shop.values.pitchOf(index);
  return section(index, "output", "int32", shop.values.at(index), {
    groups: 1,
    pitch: size,
    active: always(size),
  });
}

const PLANNERS: Readonly<Record<Exclude<Operator["kind"], "linear">, Planner>> = {
  async embed({ shop, operator, index, launch, output }) {
    const [, width, shift] = operator.constants as [number, number, number];
    const tensor = operator.tensors[0]!;
    const { vectors, parts } = await shop.matrices.of([tensor]);
    const scales = shop.memory.filled("scales", scalesOf(rowsOf(shop, tensor), shift));
    const launches = parts.map(({ buffer, firstRow, rows }) =>
      launch(
        EMBED,
        Math.ceil(width / 256),
        { width, vectors, firstRow, weightRows: rows, outputPitch: output.pitch },
        [shop.tokens, buffer, scales, output.buffer],
      ),
    );
    return { launches, sections: [wideSection(shop, index)] };
  },

  normalize({ shop, at, operator, index, launch, input, output }) {
    const [groups, size] = operator.constants as [number, number];
    const { observed } = shop;
    const chunks = Math.ceil(size / 1024);
    const extra = observed
      ? [chunks, 1, 2 * chunks, 2].map((words) => ({
          buffer: shop.values.scratch(at, groups * words),
          pitch: groups * words,
        }))
      : [];
    const launches = [
      launch(
        normalizeKernel(observed),
        groups,
        { ...normalizeParameters(operator, input(0)), outputPitch: output.pitch, chunks },
        [
          input(0).buffer,
          shop.table(operator.tensors[0]!),
          output.buffer,
          ...extra.map(({ buffer }) => buffer),
        ],
      ),
    ];
    if (!observed) return { launches, sections: [] };
    const [maxima, exponent, squares, scale] = extra;
    const perGroup = (count: number) => ({ groups, pitch: count, active: always(count) });
    const several = chunks > 1;
    return {
      launches,
      sections: [
        ...(several ? [section(index, "maxima", "uint32", maxima!, perGroup(chunks))] : []),
        section(index, "exponent", "int32", exponent!, perGroup(1)),
        ...(several ? [section(index, "squares", "int64", squares!, perGroup(chunks))] : []),
        section(index, "scale", "int32", scale!, perGroup(2)),
        wideSection(shop, index),
      ],
    };
  },

  narrow({ shop, at, operator, index, launch, input, output, generating }) {
    const [groups, size] = operator.constants as [number, number];
    const words = narrowWords(size);
    const chunks = Math.ceil(size / 1024);
    const { observed } = shop;
    const maxima = observed ? shop.values.scratch(at, groups * chunks) : undefined;
    const halves = observed ? shop.values.scratch(at, groups * 2 * words) : undefined;
    const launches = [
      launch(
        narrowKernel(size > 256 ? 256 : 64, observed),
        groups,
        { groups, size, words, chunks, inputPitch: input(0).pitch, inputFirst: input(0).first },
        [input(0).buffer, output.buffer, output.exponents!, ...(observed ? [maxima!, halves!] : [])],
      ),
      ...storeKeys(shop, index, generating),
    ];
    if (!observed) return { launches, sections: [] };
    return {
      launches,
      sections: [
        ...(chunks > 1
          ? [
              section(
                index,
                "maxima",
                "uint32",
                { buffer: maxima!, pitch: groups * chunks },
                { groups, pitch: chunks, active: always(chunks) },
              ),
            ]
          : []),
        section(
          index,
          "exponents",
          "int32",
          { buffer: output.exponents!, pitch: groups },
          { groups, pitch: 1, active: always(1) },
        ),
        section(
          index,
          "output",
          "int16",
          { buffer: halves!, pitch: groups * 2 * words },
          { groups, pitch: 4 * words, active: always(size) },
        ),
      ],
    };
  },

  rotate({ shop, operator, index, launch, input, output }) {
    const [heads, size] = operator.constants as [number, number];
    const parameters = {
      width: heads * size,
      size,
      inputPitch: input(0).pitch,
      inputFirst: input(0).first,
      outputPitch: output.pitch,
    };
    const buffers = [input(0).buffer, shop.table(operator.tensors[0]!), output.buffer];
    return {
      launches: [launch(ROTATE, elements(heads * size), parameters, buffers)],
      sections: [wideSection(shop, index)],
    };
  },

  page({ shop, operator, index, launch, input, at }) {
    const channels = constant(operator, 0) * constant(operator, 1);
    const cache = shop.cache.get(index)!;
    const launches = [
      launch(
        STORE_VALUES,
        elements(Math.ceil(channels / 2)),
        { channels, inputPitch: input(0).pitch, inputFirst: input(0).first },
        [input(0).buffer, cache],
      ),
    ];
    if (!shop.observed) return { launches, sections: [] };
    const shown = shop.values.scratch(at, 16 * channels);
    launches.push(launch(SHOW_PAGE, elements(16 * channels), { channels }, [cache, shown]));
    const shape = { groups: channels, pitch: 32, active: always(32) };
    return {
      launches,
      sections: [section(index, "output", "int16", { buffer: shown, pitch: 16 * channels }, shape)],
    };
  },

  scores({ shop, operator, index, launch, input, output }) {
    const [heads, keyHeads, size, multiplier, shift] = operator.constants as [
      number,
      number,
      number,
      number,
      number,
    ];
    const pitch = output.pitch / heads;
    const parameters = {
      heads,
      keyHeads,
      words: Math.ceil(size / 4),
      queryPitch: narrowWords(size),
      multiplier,
      shift,
      outputPitch: pitch,
    };
    const buffers = [
      input(0).buffer,
      input(0).exponents!,
      shop.cache.get(operator.inputs[1]!)!,
      output.buffer,
    ];
    return {
      launches: [launch(SCORES, heads, parameters, buffers, { tiled: true })],
      sections: [section(index, "output", "int32", output, { groups: heads, pitch, active: positionsOf })],
    };
  },

  softmax({ shop, operator, index, launch, input, output, at }) {
    const heads = constant(operator, 0);
    const { observed } = shop;
    const pitch = output.pitch / heads;
    const chunks = pitch / TILE_POSITIONS;
    const maxima = observed ? shop.values.scratch(at, heads * chunks) : undefined;
    const maximum = observed ? shop.values.scratch(at, heads) : undefined;
    const buffers = [
      input(0).buffer,
      shop.table(operator.tensors[0]!),
      output.buffer,
      ...(observed ? [maxima!, maximum!] : []),
    ];
    const launches = [launch(softmaxKernel(observed), heads, { heads, pitch, chunks }, buffers)];
    if (!observed) return { launches, sections: [] };
    return {
      launches,
      sections: [
        section(
          index,
          "maxima",
          "int32",
          { buffer: maxima!, pitch: heads * chunks },
          { groups: heads, pitch: chunks, active: chunksOf },
        ),
        section(
          index,
          "maximum",
          "int32",
          { buffer: maximum!, pitch: heads },
          { groups: heads, pitch: 1, active: always(1) },
        ),
        section(index, "output", "int32", output, { groups: heads, pitch, active: positionsOf }),
      ],
    };
  },

  mix({ shop, operator, index, launch, input, output, at }) {
    const [heads, valueHeads, size] = operator.constants as [number, number, number];
    const { observed } = shop;
    const channels = heads * size;
    const pitch = input(0).pitch / heads;
    const chunks = pitch / TILE_POSITIONS;
    const weightSums = shop.values.scratch(at, 2 * heads * chunks);
    const sums = shop.values.scratch(at, 2 * channels * chunks);
    const totals = observed ? shop.values.scratch(at, 2 * heads) : undefined;
    const launches = [
      launch(
        MIX_PARTIALS,
        heads,
        { heads, valueHeads, size, pitch, chunks },
        [input(0).buffer, shop.cache.get(operator.inputs[1]!)!, weightSums, sums],
        { tiled: true },
      ),
      launch(mixKernel(observed), elements(channels), { heads, size, chunks, outputPitch: output.pitch }, [
        weightSums,
        sums,
        output.buffer,
        ...(observed ? [totals!] : []),
      ]),
    ];
    if (!observed) return { launches, sections: [] };
    const words = (count: number, buffer: GPUBuffer) => ({ buffer, pitch: 2 * count });
    const perChunk = { pitch: chunks, active: chunksOf };
    return {
      launches,
      sections: [
        section(index, "partialWeights", "int64", words(heads * chunks, weightSums), {
          groups: heads,
          ...perChunk,
        }),
        section(index, "totalWeight", "int64", words(heads, totals!), {
          groups: heads,
          pitch: 1,
          active: always(1),
        }),
        section(index, "partials", "int64", words(channels * chunks, sums), {
          groups: channels,
          ...perChunk,
        }),
        wideSection(shop, index),
      ],
    };
  },

  gate({ shop, operator, index, launch, input, output }) {
    const [width, sigmoidShift, productShift] = operator.constants as [number, number, number];
    const buffers = [input(0).buffer, input(1).buffer, shop.table(operator.tensors[0]!), output.buffer];
    return {
      launches: [
        launch(
          GATE,
          elements(width),
          { ...pairParameters(width, input(0), input(1), output), sigmoidShift, productShift },
          buffers,
        ),
      ],
      sections: [wideSection(shop, index)],
    };
  },

  add({ shop, operator, index, launch, input, output }) {
    const width = constant(operator, 0);
    const parameters = pairParameters(width, input(0), input(1), output);
    return {
      launches: [launch(ADD, elements(width), parameters, [input(0).buffer, input(1).buffer, output.buffer])],
      sections: [wideSection(shop, index)],
    };
  },

  ...CHOICE_PLANNERS,
};

function planNormalizeNarrow(shop: Workshop, [index, narrow]: readonly [number, number]): ItemPlan {
  const operator = shop.program.operators[index]!;
  const width = constant(operator, 1);
  const input = shop.values.at(operator.inputs[0]!);
  const output = shop.values.at(narrow);
  const generating = operator.phase === "generating";
  return {
    launches: [
      {
        kernel: NORMALIZE_NARROW,
        parts: 1,
        parameters: { ...normalizeParameters(operator, input), words: narrowWords(width) },
        buffers: [input.buffer, shop.table(operator.tensors[0]!), output.buffer, output.exponents!],
        generating,
      },
      ...storeKeys(shop, narrow, generating),
    ],
    sections: [],
  };
}

/** What keeps narrow values that are read at later positions. */
function storeKeys(shop: Workshop, index: number, generating: boolean): LaunchPlan[] {
  const keys = shop.cache.get(index);
  if (!keys || !historyOf(shop.program).has(index)) return [];
  const [heads, size] = shop.program.operators[index]!.constants as [number, number];
  const words = Math.ceil(size / 4);
  const { buffer, exponents } = shop.values.at(index);
  return [
    {
      kernel: STORE_KEYS,
      parts: elements(heads * (2 * words + 1)),
      parameters: { heads, words, pitch: narrowWords(size) },
      buffers: [buffer, exponents!, keys],
      generating,
    },
  ];
}

function normalizeParameters({ constants }: Operator, input: Place) {
  const [groups, width, epsilon] = constants as [number, number, number];
  return {
    groups,
    width,
    epsilonLow: epsilon % 2 ** 32,
    epsilonHigh: Math.floor(epsilon / 2 ** 32),
    inputPitch: input.pitch,
    inputFirst: input.first,
  };
}

function pairParameters(width: number, left: Place, right: Place, output: Place) {
  return {
    width,
    leftPitch: left.pitch,
    leftFirst: left.first,
    rightPitch: right.pitch,
    rightFirst: right.first,
    outputPitch: output.pitch,
  };
}

export function rowsOf(shop: Workshop, tensor: number) {
  return shop.tensors[tensor] as Exclude<Tensor, TableTensor>;
}
