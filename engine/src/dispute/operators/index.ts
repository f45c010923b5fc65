import type { OperatorKind } from "../../program/program.ts";
import type { Place } from "../place.ts";
import type { Reading } from "../read.ts";
import { mix, page, rotate, scores, softmax } from "./attention.ts";
import { recent, sample, seen, stop } from "./choice.ts";
import { add, embed, gate, linear, narrow, normalize } from "./vectors.ts";

/** The step of every operator: one element of any of its sections, not after the place's position. */
export const STEPS: Readonly<Record<OperatorKind, (place: Place) => Reading<bigint>>> = {
  embed,
  normalize,
  narrow,
  linear,
  rotate,
  page,
  scores,
  softmax,
  mix,
  gate,
  add,
  sample,
  stop,
  seen,
  recent,
};
