import type { ModelDescription } from "@athanor/engine";
import { formatRows } from "../bin/table.ts";
import { short } from "./progress.ts";

/** What `athanor model inspect` prints above the picture. */
export function descriptionText(model: ModelDescription): string {
  const count = (value: number | bigint) => value.toLocaleString("en-US");
  const bytes = (value: number) => `${short(value)}B`.replace(/(\d)B$/, "$1 B");
  return formatRows([
    ["model root", model.commitment.modelRoot],
    ["architecture", model.architecture],
    ["parameters", count(model.parameters)],
    ["layers", count(model.layers)],
    ["width", `${count(model.hiddenSize)}, feed-forward ${count(model.feedForwardSize)}`],
    ["heads", `${model.heads} of ${model.headSize}, ${model.keyValueHeads} for keys and values`],
    ["vocabulary", count(model.vocabularySize)],
    ["context", `${count(model.contextLength)} positions`],
    ["stop tokens", model.stopTokens.join(", ") || "none"],
    ["program", `${count(model.operators)} operators, ${count(model.tensors)} tensors`],
    ["tensors", `${bytes(model.tensorBytes)} in integers`],
    ["keys and values", `${bytes(model.cacheBytesPerPosition)} per position`],
    ...model.memory.map(({ contextLength, bytes: needed }, index) => [
      index === 0 ? "memory" : "",
      `${bytes(needed)} at ${count(contextLength)} positions`,
    ]),
    ["work", `${count(model.commitment.workPerPosition)} multiply-adds per position`],
  ]);
}
