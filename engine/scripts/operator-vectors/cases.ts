import type { GenerationParameters } from "../../src/commitments/generation.ts";
import type { OperatorKind } from "../../src/program/program.ts";
import { exponentialTable, sigmoidTable, tableOf, tanhGeluTable } from "../../src/tables/tables.ts";
import {
  corners,
  filled,
  LARGEST,
  makeRandom,
  NARROW,
  narrowFilled,
  rowsFilled,
  SMALLEST,
  type NamedRun,
} from "./values.ts";

const times = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index));

// Longer than 400 lines: one table with the cases of all operators, to be read beside their specification.

/** The cases of every operator: random ones, the corners of the types, and the edges of rounding and saturation. */
export const CASES: Readonly<Record<OperatorKind, () => NamedRun[]>> = {
  embed() {
    const { rows } = makeRandom(1);
    const run = (name: string, tensor: ReturnType<typeof rows>, shift: number, token = 0) => ({
      name,
      constants: [tensor.rows, tensor.columns, shift],
      tensors: [tensor],
      token,
    });
    const weights = rows(4, 7);
    return [
      ...times(8, (index) => run(`random ${index}`, weights, index - 20, index % 4)),
      run("random, longer than a tile", rows(1, 1025), -12),
      run("extreme left shift", rowsFilled(1, 3, 127, 32767, -64), -1024),
      run("extreme right shift", rowsFilled(1, 3, -127, 32767, 127), 1024),
      ...[-127, 127].flatMap((weight) =>
        [-1, 0, 1, 9, 10, 21, 22, 23].map((shift) =>
          run(`edge ${weight} by 2^-${shift}`, rowsFilled(1, 2, weight, 16384, 0), shift),
        ),
      ),
      run("edge largest without saturation", rowsFilled(1, 2, 127, 32767, 0), -9),
      run("edge smallest saturated", rowsFilled(1, 2, -127, 32767, 0), -10),
    ];
  },

  normalize() {
    const { wide, integer } = makeRandom(2);
    const gains = (size: number) =>
      Int32Array.from({ length: size }, () => integer(-(2 ** 22) + 1, 2 ** 22 - 1));
    const run = (
      name: string,
      residual: Int32Array,
      epsilon: number,
      gain: Int32Array = gains(residual.length),
    ) => ({
      name,
      constants: [residual.length / gain.length, gain.length, epsilon],
      inputs: [{ values: residual }],
      tensors: [tableOf(1, gain.length, gain)],
    });
    const most = (size: number) => filled(size, 2 ** 22 - 1);
    return [
      ...times(10, (index) => run(`random ${index}`, wide(9), integer(0, 2 ** integer(0, 52) - 1))),
      run("random, two chunks", wide(1030), 2684),
      ...corners(5).map(([name, residual]) => run(name, residual, 0, most(5))),
      ...corners(5).map(([name, residual]) =>
        run(`${name}, largest epsilon`, residual, 2 ** 52 - 1, most(5)),
      ),
      run("extreme two chunks of the smallest", filled(1025, SMALLEST), 1, most(1025)),
      ...times(4, (index) => run(`random, three groups ${index}`, wide(21), integer(0, 2 ** 20), gains(7))),
      run("random, groups across tiles", wide(11 * 96), 2684, gains(96)),
      run("random, two chunks a group", wide(2 * 1030), 2684, gains(1030)),
      ...corners(6).map(([name, values]) => run(`${name}, two groups`, values, 9, most(3))),
      run("edge groups of one channel", wide(5), 1, most(1)),
      run("edge one channel", filled(1, -3), 1, Int32Array.of(-(2 ** 22) + 1)),
    ];
  },

  narrow() {
    const { wide, integer } = makeRandom(3);
    const run = (name: string, groups: number, values: Int32Array) => ({
      name,
      constants: [groups, values.length / groups],
      inputs: [{ values }],
    });
    // Largest values that a shift still brings to 32,639, and the next ones.
    const edges = times(17, (index) => Math.floor((NARROW + 0.5) * 2 ** index));
    return [
      ...times(8, (index) => run(`random ${index}`, 3, wide(15))),
      run("random, two chunks a group", 2, wide(2050)),
      run(
        "random, groups across tiles",
        11,
        Int32Array.from({ length: 1056 }, () => integer(-99999, 99999)),
      ),
      ...corners(6).map(([name, values]) => run(name, 2, values)),
      ...edges.flatMap((edge) =>
        [edge - 1, edge, edge + 1].map((value) => run(`edge ${value}`, 1, Int32Array.of(value, -value))),
      ),
    ];
  },

  linear() {
    const { rows, narrow, integer, wide } = makeRandom(4);
    const run = (
      name: string,
      weights: ReturnType<typeof rows>,
      input: ReturnType<typeof narrow>,
      shift: number,
      bias?: Int32Array,
    ) => ({
      name,
      constants: [weights.rows, weights.columns, shift],
      inputs: [input],
      tensors: bias ? [weights, tableOf(1, weights.rows, bias)] : [weights],
    });
    const narrowOf = (size: number, value: number, exponent: number) =>
      narrowFilled(1, size, value, exponent);
    return [
      ...times(8, (index) => run(`random ${index}`, rows(5, 33), narrow(1, 33), integer(-10, 20))),
      ...times(3, (index) => run(`random with a bias ${index}`, rows(5, 9), narrow(1, 9), 0, wide(5))),
      run("random, two chunks", rows(2, 4100), narrow(1, 4100), 3),
      ...[-127, 127].flatMap((weight) =>
        [-NARROW, NARROW].map((value) =>
          run(
            `extreme ${weight} times ${value}, two chunks`,
            rowsFilled(1, 4097, weight, 32767, 33),
            narrowOf(4097, value, 0),
            0,
          ),
        ),
      ),
      run("extreme left shift", rowsFilled(2, 3, 127, 1, -64), narrowOf(3, 1, 17), -1024),
      run("extreme right shift", rowsFilled(2, 3, -127, 32767, 127), narrowOf(3, NARROW, 0), 1024),
      run("extreme zero, shifted left", rowsFilled(2, 3, 0, 1, -64), narrowOf(3, 1, 17), -1024),
      ...[LARGEST, SMALLEST].flatMap((bias) =>
        [1, -1].map((weight) =>
          run(
            `edge ${bias} plus ${weight}`,
            rowsFilled(1, 1, weight, 1, 0),
            narrowOf(1, 1, 0),
            0,
            filled(1, bias),
          ),
        ),
      ),
      ...[-3, -2, -1, 1, 2, 3].map((weight) =>
        run(`edge ${weight} halves`, rowsFilled(1, 1, weight, 1, 1), narrowOf(1, 1, 0), 0),
      ),
      ...[0, 1, 52, 53, 54].map((shift) =>
        run(`edge shift ${shift}`, rowsFilled(1, 4097, -127, 32767, shift), narrowOf(4097, NARROW, 0), 0),
      ),
    ];
  },

  rotate() {
    const { wide, integer } = makeRandom(5);
    const one = 2 ** 20;
    const table = tableOf(
      8,
      4,
      Int32Array.from([
        ...[one, one, 0, 0],
        ...[0, 0, one, one],
        ...[-one, one, one, -one],
        ...[one, one, one, one],
        ...times(16, () => integer(-one, one)),
      ]),
    );
    const run = (name: string, values: Int32Array, position: number) => ({
      name,
      constants: [values.length / 4, 4],
      inputs: [{ values }],
      tensors: [table],
      position,
    });
    return [
      ...times(8, (index) => run(`random ${index}`, wide(12), index)),
      ...corners(8).flatMap(([name, values]) =>
        [1, 2, 3].map((position) => run(`${name}, row ${position}`, values, position)),
      ),
    ];
  },

  page() {
    const { wide, narrowValues } = makeRandom(6);
    const run = (name: string, values: Int32Array, position: number) => ({
      name,
      constants: [1, values.length],
      inputs: [{ values }],
      position,
      ...(position > 0 && { previous: { values: narrowValues(32 * values.length) } }),
    });
    return [
      ...[0, 1, 15, 31, 32, 33, 63, 64].map((position) => run(`random at ${position}`, wide(3), position)),
      ...corners(2).map(([name, values], index) => run(name, values, index)),
    ];
  },

  scores() {
    const { narrow, integer } = makeRandom(7);
    const run = (
      name: string,
      [heads, keyHeads, size]: readonly [number, number, number],
      query: ReturnType<typeof narrow>,
      keys: ReturnType<typeof narrow>[],
      multiplier: number,
      shift: number,
    ) => ({
      name,
      constants: [heads, keyHeads, size, multiplier, shift],
      inputs: [query, keys.at(-1)!],
      history: keys,
      position: keys.length - 1,
    });
    return [
      ...times(6, (index) =>
        run(
          `random ${index}`,
          [4, 2, 6],
          narrow(4, 6),
          times(index + 1, () => narrow(2, 6)),
          integer(1, 32767),
          integer(30, 55),
        ),
      ),
      run(
        "random, three queries a key",
        [3, 1, 2],
        narrow(3, 2),
        times(40, () => narrow(1, 2)),
        20000,
        30,
      ),
      run(
        "random, more than a tile",
        [1, 1, 1],
        narrow(1, 1),
        times(258, () => narrow(1, 1)),
        20000,
        30,
      ),
      ...[NARROW, -NARROW].flatMap((value) =>
        [0, 20, 34, 53, 1024, -1024].map((shift) =>
          run(
            `extreme ${value}, shift ${shift}`,
            [1, 1, 256],
            narrowFilled(1, 256, NARROW, 17),
            [narrowFilled(1, 256, value, 17)],
            32767,
            shift,
          ),
        ),
      ),
      ...[-3, -1, 1, 3].map((value) =>
        run(
          `edge ${value} halves`,
          [1, 1, 1],
          narrowFilled(1, 1, 1, 0),
          [narrowFilled(1, 1, value, 0)],
          1,
          1,
        ),
      ),
    ];
  },

  softmax() {
    const { wide, integer } = makeRandom(8);
    const table = exponentialTable();
    const run = (name: string, heads: number, values: Int32Array) => ({
      name,
      constants: [heads],
      inputs: [{ values }],
      tensors: [table],
      position: values.length / heads - 1,
    });
    const near = (size: number) => Int32Array.from({ length: size }, () => integer(-(2 ** 21), 2 ** 21));
    return [
      ...times(6, (index) => run(`random ${index}`, 2, near(2 * (3 * index + 1)))),
      run("random, every magnitude", 3, wide(60)),
      run("random, two chunks", 2, near(2 * 258)),
      ...corners(4).map(([name, values]) => run(name, 1, values)),
      run("edge around a table entry", 1, Int32Array.of(0, -255, -256, -257, -511, -512)),
      run("edge around a halving", 1, Int32Array.of(0, -65535, -65536, -65537, -131071, -131072)),
      run("edge where weights end", 1, Int32Array.of(0, ...times(6, (index) => -65536 * (21 + index)))),
    ];
  },

  mix() {
    const { integer, narrowValues } = makeRandom(9);
    const run = (
      name: string,
      [heads, valueHeads, size]: readonly [number, number, number],
      weights: Int32Array,
      value?: number,
    ) => {
      const position = weights.length / heads - 1;
      const pages = times(Math.floor(position / 32) + 1, () => ({
        values:
          value === undefined
            ? narrowValues(32 * valueHeads * size)
            : new Int16Array(32 * valueHeads * size).fill(value),
      }));
      return {
        name,
        constants: [heads, valueHeads, size],
        inputs: [{ values: weights }, pages.at(-1)!],
        history: pages.flatMap((page) => times(32, () => page)),
        position,
      };
    };
    const weights = (count: number) =>
      Int32Array.from({ length: count }, () => integer(0, 2 ** integer(0, 22)));
    return [
      ...[1, 2, 31, 32, 33, 65].map((count) =>
        run(`random, ${count} positions`, [2, 1, 3], weights(2 * count)),
      ),
      run("random, four heads on two", [4, 2, 2], weights(4 * 10)),
      run("random, two chunks", [2, 2, 1], weights(2 * 260)),
      ...[NARROW, -NARROW, 0].map((value) =>
        run(`extreme ${value} with the largest weights`, [1, 1, 1], filled(257, 2 ** 22), value),
      ),
      ...[0, 1, 65535, 65536, 65537, 2 ** 22 - 1].map((weight) =>
        run(`edge weight ${weight}`, [1, 1, 2], filled(3, weight)),
      ),
    ];
  },

  gate() {
    const { wide, integer } = makeRandom(10);
    const run = (
      name: string,
      gates: Int32Array,
      ups: Int32Array,
      sigmoidShift: number,
      productShift: number,
      table = sigmoidTable(),
    ) => ({
      name,
      constants: [gates.length, sigmoidShift, productShift],
      inputs: [{ values: gates }, { values: ups }],
      tensors: [table],
    });
    return [
      ...times(10, (index) => run(`random ${index}`, wide(12), wide(12), integer(-8, 14), integer(17, 40))),
      run("random, two tiles", wide(1025), wide(1025), 10, 30),
      ...times(6, (index) =>
        run(`random, GELU ${index}`, wide(12), wide(12), integer(4, 14), integer(17, 40), tanhGeluTable()),
      ),
      ...corners(3).flatMap(([name, values]) =>
        [
          [-1024, 17],
          [0, 17],
          [15, 30],
          [1024, 62],
        ].map(([sigmoidShift, productShift]) =>
          run(
            `${name}, shifts ${sigmoidShift} and ${productShift}`,
            values,
            values.toReversed(),
            sigmoidShift!,
            productShift!,
          ),
        ),
      ),
      run(
        "edge around table entries",
        Int32Array.of(1023, 1024, 1025, -1023, -1024, -1025, 2 ** 20 - 1, 2 ** 20, 1 - 2 ** 20, -(2 ** 20)),
        filled(10, LARGEST),
        0,
        17,
      ),
      ...[sigmoidTable(), tanhGeluTable()].map((table, index) => {
        const arguments_ = aroundHalves(table.values).flatMap((x) => [x, -x]);
        // Values of 2^10 times the argument show the last bit of the sigmoid.
        const gates = Int32Array.from(arguments_, (x) => 1024 * x);
        const name = `edge of the rounding between table entries${index === 0 ? "" : ", GELU"}`;
        return run(name, gates, filled(gates.length, 2 ** 17), 10, 17, table);
      }),
    ];
  },

  add() {
    const { wide } = makeRandom(11);
    const run = (name: string, left: Int32Array, right: Int32Array) => ({
      name,
      constants: [left.length],
      inputs: [{ values: left }, { values: right }],
    });
    return [
      ...times(4, (index) => run(`random ${index}`, wide(16), wide(16))),
      run("random, two tiles", wide(1025), wide(1025)),
      ...corners(3).map(([name, values]) => run(name, values, values)),
      run(
        "edge of saturation",
        Int32Array.of(LARGEST, LARGEST, LARGEST - 1, SMALLEST, SMALLEST, SMALLEST + 1),
        Int32Array.of(0, 1, 1, 0, -1, -1),
      ),
    ];
  },

  seen() {
    const { wide } = makeRandom(14);
    const run = (name: string, vocabulary: number, token: number, before?: Int32Array) => ({
      name,
      constants: [vocabulary],
      position: before ? 3 : 0,
      token,
      ...(before && { previous: { values: before } }),
    });
    return [
      ...times(4, (index) => run(`random ${index}`, 70, 17 * index + 3, wide(3))),
      run("random, two tiles", 32 * 1024 + 40, 32 * 1024 + 39, wide(1026)),
      ...corners(2).map(([name, values]) => run(name, 64, 40, values)),
      run("edge first position", 70, 69),
      run("edge first token", 33, 0, filled(2, 0)),
      run("edge last bit of a word", 33, 31, filled(2, 0)),
      run("edge first bit of the next word", 33, 32, filled(2, 0)),
      run("edge token that was seen", 33, 5, filled(2, 32)),
    ];
  },

  recent() {
    const { integer } = makeRandom(15);
    const run = (name: string, token: number, before?: Int32Array) => ({
      name,
      position: before ? 20 : 0,
      token,
      ...(before && { previous: { values: before } }),
    });
    const tokens = () => Int32Array.from({ length: 16 }, () => integer(0, 2 ** 20 - 1));
    return [
      ...times(4, (index) => run(`random ${index}`, integer(0, 2 ** 20 - 1), tokens())),
      run("extreme token", 2 ** 20 - 1, filled(16, 2 ** 20 - 1)),
      run("edge first position", 7),
      run("edge second position", 0, Int32Array.of(...filled(15, -1), 7)),
    ];
  },

  sample() {
    const { wide, integer } = makeRandom(12);
    const list = tableOf(1, 3, [2, 0, 9]);
    const run = (
      name: string,
      logits: Int32Array,
      parameters: Partial<GenerationParameters> = {},
      also: { seen?: Int32Array; list?: boolean; generated?: number; position?: number } = {},
    ): NamedRun => {
      const { seen = new Int32Array(Math.ceil(logits.length / 32)), list: isListed, ...rest } = also;
      return {
        name,
        constants: [logits.length, isListed ? 3 : 0],
        inputs: [{ values: logits }, { values: seen }],
        tensors: [exponentialTable(), ...(isListed ? [list] : [])],
        position: 40,
        generated: 3,
        ...rest,
        parameters: { maxTokens: 9, ...parameters },
      };
    };
    const peaks = (size: number, ...at: number[]) => {
      const values = filled(size, -5);
      for (const index of at) values[index] = 9;
      return values;
    };
    /** Logits as models have them: within some units of 2^16. */
    const logits = (size: number) => Int32Array.from({ length: size }, () => integer(-8 * 65536, 8 * 65536));
    const set = (size: number) => wide(Math.ceil(size / 32));
    const warm = { temperature: 1000 };
    return [
      ...[1, 2, 17, 1024, 1025, 2050].map((size) => run(`random of ${size}, greedy`, wide(size))),
      ...times(3, (index) =>
        run(
          `random ${index}, greedy with a penalty`,
          logits(70),
          { repetitionPenalty: 1300 },
          { seen: set(70) },
        ),
      ),
      ...times(6, (index) =>
        run(
          `random ${index}, everything`,
          logits(90),
          {
            temperature: integer(300, 2000),
            topK: integer(0, 12),
            topP: integer(7000, 10_000),
            repetitionPenalty: integer(800, 1500),
            minTokens: integer(0, 6),
            seed: BigInt(index) * 0x1234567890abcdefn,
          },
          { seen: set(90), list: index % 2 === 0, position: integer(0, 60) + 2 },
        ),
      ),
      run("random, two chunks", logits(1030), { ...warm, topP: 9000, seed: 5n }, { seen: set(1030) }),
      run("random, five chunks", logits(4200), { temperature: 5000, topK: 700, seed: 77n }),
      ...corners(4).map(([name, values]) => run(`${name}, greedy`, values)),
      ...corners(4).map(([name, values]) =>
        run(`${name}, sampled`, values, { ...warm, repetitionPenalty: 10_000 }, { seen: filled(1, -1) }),
      ),
      run("extreme cold", logits(40), { temperature: 50 }),
      run("extreme hot", logits(40), { temperature: 65_535, seed: 2n ** 64n - 1n }),
      run(
        "extreme penalty, seen ones likelier",
        logits(40),
        { ...warm, repetitionPenalty: 100 },
        { seen: set(40) },
      ),
      run("extreme distance, coldest", Int32Array.of(LARGEST, SMALLEST, 0), { temperature: 50 }),
      run("extreme least top-p", logits(40), { ...warm, topP: 1 }),
      run("extreme largest top-k", logits(40), { ...warm, topK: 2 ** 32 - 1 }),
      run(
        "extreme word that no request may have, too low",
        logits(40),
        { temperature: 1, topP: 65_535, repetitionPenalty: 1 },
        { seen: set(40) },
      ),
      run(
        "extreme word that no request may have, too high",
        logits(40),
        { temperature: 49, topP: 10_001, repetitionPenalty: 65_535, minTokens: 10 },
        { seen: set(40), list: true },
      ),
      run("edge equal ones in a chunk", peaks(10, 3, 4)),
      run("edge equal ones in two chunks", peaks(2050, 1023, 1024)),
      run("edge last of three chunks", peaks(2050, 2049)),
      run("edge the last token is drawn", peaks(1026, 1025), { temperature: 50, topK: 1 }),
      run("edge all equal, top-k of one keeps all", filled(40, 7), { ...warm, topK: 1, seed: 3n }),
      run("edge top-k of one", logits(40), { ...warm, topK: 1 }),
      run("edge before the minimum", peaks(12, 2, 9), { minTokens: 4 }, { list: true }),
      run("edge at the minimum", peaks(12, 2, 9), { minTokens: 3 }, { list: true }),
      run("edge all tokens listed", filled(1, 5), { ...warm, minTokens: 9 }, { list: true }),
      run(
        "edge penalty of a logit of 0 and around",
        Int32Array.of(-1, 0, 1),
        { repetitionPenalty: 2000 },
        { seen: filled(1, -1) },
      ),
      // At this temperature the scale is 65,521: from 29 halvings on only a weight of exactly 1/2 is not rounded to 0.
      ...[-1, 0, 1].map((step) =>
        run(
          `edge 29 halvings below the best, ${step}`,
          Int32Array.of(0, -Math.ceil((29 * 2 ** 32) / 65_521) - step),
          { temperature: 1443, seed: 9n },
        ),
      ),
    ];
  },

  stop() {
    const { integer } = makeRandom(13);
    const run = (
      name: string,
      listed: readonly number[],
      token: number,
      generated: number,
      parameters: GenerationParameters,
      before: readonly number[] = [1],
      startOffset = 0,
    ) => ({
      name,
      constants: [listed.length],
      inputs: [
        { values: Int32Array.of(token) },
        { values: Int32Array.of(...filled(16 - before.length, -1), ...before) },
      ],
      tensors: listed.length > 0 ? [tableOf(1, listed.length, [...listed])] : [],
      position: generated + startOffset + 20,
      generated,
      parameters,
      startOffset,
    });
    const long = times(16, (index) => 100 + index);
    const stopAt = (...stopSequences: number[][]) => ({ maxTokens: 20, stopSequences });
    return [
      ...times(6, (index) => run(`random ${index}`, [2, 7], integer(0, 9), integer(1, 9), { maxTokens: 9 })),
      run("extreme token", [2 ** 20 - 1], 2 ** 20 - 1, 1, { maxTokens: 65535 }),
      run("extreme maximum", [0], 5, 65000, { maxTokens: 65000 }),
      run("extreme sequence", [], 115, 16, stopAt([3], long), long.slice(0, 15)),
      run("extreme sequence, one token of the prompt", [], 115, 15, stopAt([3], long), long.slice(0, 15)),
      run(
        "extreme number of sequences",
        [],
        5,
        3,
        stopAt(...times(7, (index) => [40 + index]), [4, 5]),
        [3, 4],
      ),
      run("edge last but one", [3, 8], 4, 9, { maxTokens: 10 }),
      run("edge last", [3, 8], 4, 10, { maxTokens: 10 }),
      run("edge listed, last", [3, 8], 8, 10, { maxTokens: 10 }),
      run("edge no list", [], 8, 1, { maxTokens: 2 }),
      run("edge no list, last", [], 8, 2, { maxTokens: 2 }),
      run("edge listed before the minimum", [3, 8], 8, 3, { maxTokens: 10, minTokens: 4 }),
      run("edge listed at the minimum", [3, 8], 8, 4, { maxTokens: 10, minTokens: 4 }),
      run("edge last before the minimum", [3, 8], 4, 3, { maxTokens: 3, minTokens: 4 }),
      run("edge sequence of one token", [], 6, 1, stopAt([6])),
      run("edge sequence", [], 6, 3, stopAt([4, 5, 6]), [4, 5]),
      run("edge sequence before the minimum", [], 6, 3, { ...stopAt([4, 5, 6]), minTokens: 4 }, [4, 5]),
      run("edge sequence, its first token of the prompt", [], 6, 2, stopAt([4, 5, 6]), [4, 5]),
      run("edge sequence, its first token of the answer so far", [], 6, 2, stopAt([4, 5, 6]), [4, 5], 1),
      run("edge beginning of a sequence", [], 5, 3, stopAt([4, 5, 6]), [3, 4]),
      run("edge sequence with another first token", [], 6, 3, stopAt([4, 5, 6]), [3, 5]),
    ];
  },
};

/** Arguments of the sigmoid for which a table's difference times the rest of the argument is just below a half, or one. */
function aroundHalves(table: Int32Array): number[] {
  const first = (remainder: number, from: number) => {
    for (let x = from; ; x++) {
      if ((table[2 * Math.floor(x / 1024) + 1]! * (x % 1024)) % 1024 === remainder) return x;
    }
  };
  return [1024, 2 ** 16].flatMap((from) => [511, 512].map((remainder) => first(remainder, from)));
}
