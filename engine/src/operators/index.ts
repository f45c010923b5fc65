import type { OperatorKind } from "../program/program.ts";
import { add } from "./add.ts";
import type { OperatorDefinition } from "./definition.ts";
import { embed } from "./embed.ts";
import { gate } from "./gate.ts";
import { linear } from "./linear.ts";
import { mix } from "./mix.ts";
import { narrow } from "./narrow.ts";
import { normalize } from "./normalize.ts";
import { page } from "./page.ts";
import { recent } from "./recent.ts";
import { rotate } from "./rotate.ts";
import { sample } from "./sample.ts";
import { scores } from "./scores.ts";
import { seen } from "./seen.ts";
import { softmax } from "./softmax.ts";
import { stop } from "./stop.ts";

/** Every operator there is, by kind. */
export const OPERATORS: Readonly<Record<OperatorKind, OperatorDefinition>> = {
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
