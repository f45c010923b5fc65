/*
 * Writes vectors/steps.json: whole steps with their witnesses, which every implementation of the step replays.
 * Usage: node engine/scripts/generate-step-vectors.ts [--check] — with --check, fails if the file is stale.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { toHex } from "../src/commitments/hash.ts";
import type { Claim } from "../src/dispute/claim.ts";
import { encodeProgram } from "../src/program/encode.ts";
import { longScene, stoppedScene, tinyScenes, wideScene } from "../src/testing/step-models.ts";
import { stageOf, type Stage } from "../src/testing/step-scenes.ts";
import type { StepVector, StepVectorModel } from "../src/testing/step-vectors.ts";
import {
  chosenSteps,
  endlessSteps,
  gateSteps,
  outputSteps,
  placeSteps,
  positionSteps,
  sectionSteps,
  spoiltSteps,
  wrongOutputSteps,
  type NamedStep,
} from "./step-vectors/cases.ts";

const FILE = fileURLToPath(new URL("../vectors/steps.json", import.meta.url));
/** What only operators wider than a chunk, or heads wider than a tile, have. */
const CHUNKED = /maxima|exponent|squares|scale|partials|winners|linear|sample|seen|rotate|page/;
const OVER_POSITIONS = /scores|softmax|mix/;

const models: StepVectorModel[] = [];
const claims: Claim[] = [];
const cases: StepVector[] = [];

function add({ name, model }: Stage, steps: readonly NamedStep[]): void {
  let index = models.findIndex(({ commitment }) => commitment.modelRoot === model.commitment.modelRoot);
  if (index < 0) {
    const workPerPosition = String(model.commitment.workPerPosition);
    const commitment = { ...model.commitment, workPerPosition };
    index = models.push({ name, program: toHex(encodeProgram(model.program)), commitment }) - 1;
  }
  for (const { claim, ...step } of steps) {
    let known = claims.findIndex((other) => JSON.stringify(other) === JSON.stringify(claim));
    if (known < 0) known = claims.push(claim) - 1;
    cases.push({ ...step, name: `${name}: ${step.name}`, model: index, claim: known });
  }
}

const [llama, nextPage, continued, qwen] = await Promise.all((await tinyScenes()).map(stageOf));
const everything = () => true;
add(llama!, await sectionSteps(llama!, everything));
add(llama!, await placeSteps(llama!));
add(llama!, await outputSteps(llama!));
add(llama!, await wrongOutputSteps(llama!));
add(llama!, await spoiltSteps(llama!));
add(nextPage!, await sectionSteps(nextPage!, (kind) => /embed|page|mix/.test(kind)));
add(
  nextPage!,
  await chosenSteps(nextPage!, {
    "embed, the last token of a prompt": { kind: "embed", position: 31, element: 5 },
    "page, the last column of a page": { kind: "page", position: 31, tile: 4, element: 31 },
    "page, the first column of the next": { kind: "page", position: 32, tile: 4 },
    "page, a column of an earlier position": { kind: "page", position: 33, tile: 4 },
    "page, a column of a later position": { kind: "page", position: 33, tile: 4, element: 2 },
    "mix, the first position of a page": { kind: "mix", position: 32, tile: 9 },
  }),
);
add(continued!, await sectionSteps(continued!, (kind) => /embed|stop/.test(kind)));
add(continued!, await outputSteps(continued!));
add(qwen!, await endlessSteps(qwen!));
add(qwen!, await sectionSteps(qwen!, (kind) => /embed|linear|rotate|scores|stop/.test(kind)));
const stopped = await stageOf(await stoppedScene());
add(stopped, await sectionSteps(stopped, (kind) => kind === "stop"));
add(stopped, await outputSteps(stopped));
add(stopped, await wrongOutputSteps(stopped));
const long = await stageOf(await longScene());
add(long, await sectionSteps(long, (kind) => OVER_POSITIONS.test(kind)));
add(long, await positionSteps(long));
const wide = await stageOf(wideScene());
add(wide, await sectionSteps(wide, (kind, section) => CHUNKED.test(`${kind} ${section}`)));
add(wide, await gateSteps(wide));
add(
  wide,
  await chosenSteps(wide, {
    "embed, second leaf of the prompt": { kind: "embed", position: 33, element: 39 },
    "page, second tile of the values": { kind: "page", position: 33, tile: 1100, element: 1 },
    "rotate, a head in two tiles": { kind: "rotate", position: 30, tile: 0, element: 1010 },
    "rotate, second half of a pair": { kind: "rotate", position: 30, tile: 1, element: 86 },
    "mix, second page": { kind: "mix", position: 34, tile: 21 + 21 + 300 },
  }),
);

const lines = (values: readonly unknown[]) =>
  `[\n    ${values.map((value) => JSON.stringify(value)).join(",\n    ")}\n  ]`;
const text = `{\n  "models": ${lines(models)},\n  "claims": ${lines(claims)},\n  "cases": ${lines(cases)}\n}\n`;
if (!process.argv.includes("--check")) await writeFile(FILE, text);
else if ((await readFile(FILE, "utf8").catch(() => "")) !== text) {
  console.error("engine/vectors/steps.json is stale. Run: node engine/scripts/generate-step-vectors.ts");
  process.exit(1);
}
