/*
 * Writes vectors/steps.json: whole steps with their witnesses, which every implementation of the step replays.
 * Usage: node engine/scripts/generate-step-vectors.ts [--check] — with --check, fails if the file is stale.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { toHex } from "../src/commitments/hash.ts";
import type { Claim } from "../src/dispute/claim.ts";
import { encodeProgram } from "../src/program/encode.ts";
import {
  endedScene,
  longPrivateScene,
  longScene,
  minimumScene,
  privateScene,
  sampledWideScene,
  stoppedScene,
  tinyScenes,
  wideScene,
} from "../src/testing/step-models.ts";
import { stageOf, type Stage } from "../src/testing/step-scenes.ts";
import type { StepVector, StepVectorModel } from "../src/testing/step-vectors.ts";
import {
  chosenSteps,
  endlessSteps,
  gateSteps,
  greedySteps,
  otherStops,
  outputSteps,
  placeSteps,
  positionSteps,
  sectionSteps,
  spoiltSteps,
  wrongOutputSteps,
  type NamedStep,
} from "./step-vectors/cases.ts";
import { spoiltPrivateSteps, unreadableOutputSteps } from "./step-vectors/private-cases.ts";

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

const [llama, nextPage, continued, qwen, sampled, cut] = await Promise.all((await tinyScenes()).map(stageOf));
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
const CHOICE = /sample|seen|recent|stop/;
/** Of the 29 rounds in which a threshold is found the first, one and the last. */
const isChoice = (kind: string, section: string) =>
  CHOICE.test(kind) && !/^(?:counted|threshold)(?!(?:28|7|0)$)/.test(section);
add(llama!, await greedySteps(llama!, isChoice));
add(sampled!, await sectionSteps(sampled!, isChoice));
add(
  sampled!,
  await chosenSteps(sampled!, {
    "seen, the first position": { kind: "seen", position: 0, element: 0 },
    "seen, the first word again": { kind: "seen", position: 6, element: 0 },
    "seen, a word without the token": { kind: "seen", position: 2, element: 1 },
    "recent, the first position": { kind: "recent", position: 0, element: 3 },
    "recent, the first token": { kind: "recent", position: 0, element: 15 },
    "recent, a generated token": { kind: "recent", position: 6, element: 15 },
    "recent, an earlier token": { kind: "recent", position: 6, element: 14 },
  }),
);
for (const token of [4, 5, 6, 7, 30, 47]) {
  add(
    sampled!,
    await chosenSteps(sampled!, {
      [`sample, weight of token ${token}`]: { kind: "sample", position: 5, tile: 2, element: token },
    }),
  );
}
add(sampled!, await outputSteps(sampled!));
add(cut!, await sectionSteps(cut!, isChoice));
add(cut!, await outputSteps(cut!));
add(cut!, await otherStops(cut!));
const ended = await stageOf(await endedScene());
add(ended, await sectionSteps(ended, (kind) => kind === "stop"));
add(ended, await outputSteps(ended));
const minimum = await stageOf(await minimumScene());
add(minimum, await sectionSteps(minimum, isChoice));
add(
  minimum,
  await chosenSteps(minimum, {
    "sample, a winner before the minimum": { kind: "sample", position: 34, tile: 0, element: 1 },
    "stop, a token before the minimum": { kind: "stop", position: 34 },
  }),
);
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

const sampledWide = await stageOf(sampledWideScene());
add(sampledWide, await sectionSteps(sampledWide, isChoice));
add(
  sampledWide,
  await chosenSteps(sampledWide, {
    "sample, the second chunk's winner": { kind: "sample", position: 33, tile: 0, element: 2 },
    "sample, the second chunk's winning logit": { kind: "sample", position: 33, tile: 0, element: 3 },
    "sample, the last weight": { kind: "sample", position: 33, tile: 3, element: 5 },
    "sample, the second chunk's mass": { kind: "sample", position: 33, tile: 4, element: 1 },
    "sample, the second chunk's count": { kind: "sample", position: 33, tile: 6, element: 2 },
  }),
);

const secret = await stageOf(await privateScene());
add(secret, await sectionSteps(secret, (kind) => /embed|seen|recent|stop/.test(kind)));
add(
  secret,
  await chosenSteps(secret, {
    "embed, the first leaf of the prompt": { kind: "embed", position: 31, element: 2 },
    "embed, the second leaf of the prompt": { kind: "embed", position: 32, element: 2 },
    "seen, a prompt token's word": { kind: "seen", position: 5, element: 0 },
    "seen, the second leaf of the prompt": { kind: "seen", position: 32, element: 0 },
    "recent, a prompt token": { kind: "recent", position: 7, element: 15 },
    "recent, the second leaf of the prompt": { kind: "recent", position: 32, element: 15 },
  }),
);
add(secret, await outputSteps(secret));
add(secret, await wrongOutputSteps(secret));
add(secret, await unreadableOutputSteps(secret));
for (const step of await spoiltPrivateSteps(secret, llama!)) {
  add(step.claim === llama!.claim ? llama! : secret, [step]);
}
const longPrivate = await stageOf(await longPrivateScene());
add(longPrivate, await outputSteps(longPrivate));
add(longPrivate, await wrongOutputSteps(longPrivate));

const lines = (values: readonly unknown[]) =>
  `[\n    ${values.map((value) => JSON.stringify(value)).join(",\n    ")}\n  ]`;
const text = `{\n  "models": ${lines(models)},\n  "claims": ${lines(claims)},\n  "cases": ${lines(cases)}\n}\n`;
if (!process.argv.includes("--check")) await writeFile(FILE, text);
else if ((await readFile(FILE, "utf8").catch(() => "")) !== text) {
  console.error("engine/vectors/steps.json is stale. Run: node engine/scripts/generate-step-vectors.ts");
  process.exit(1);
}
