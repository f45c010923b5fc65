import { fileURLToPath } from "node:url";
import type { EngineError } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { referenceExecutor } from "@athanor/engine/trace";
import { expect } from "chai";
import type { Fault } from "../../../engine/src/testing/faulty-executor.ts";
import { generateRandom } from "../../../engine/src/testing/random.ts";
import type { AthanorError } from "../errors/athanor-error.ts";
import { MAX_TOKENS, PROMPT, startDisputeWorld, type DisputeWorld } from "../testing/dispute-world.ts";
import type { MoveMade } from "./types.ts";

/** ATHANOR_FLIPS=1000 is the long run. */
const FLIPS = Number(process.env["ATHANOR_FLIPS"] ?? 20);
/** Longer than any clock, in seconds. */
const MONTH = 30 * 86_400;
const BARD = new URL("../../../models/bard/", import.meta.url);

interface Place {
  readonly operator: number;
  readonly name: string;
  readonly section: string;
  readonly elements: number;
  /** Bits of an element. */
  readonly bits: number;
}

/** Whole games about the model that comes with this repository, on chain. */
describe(`disputes about the bundled model, ${FLIPS} random bits`, function () {
  this.timeout(120_000 + FLIPS * 20_000);
  let world: DisputeWorld;
  const places = new Map<number, Place[]>();
  /** Seeds of liars that cannot go on. */
  const stuck = new Set<number>();

  before(async () => {
    world = await startDisputeWorld(await loadModel(fileURLToPath(BARD)));
    await referenceExecutor(world.model, {
      ...{ prompt: PROMPT, maxTokens: MAX_TOKENS },
      observer({ position, operator, name, section, values }) {
        const bits = 8 * values.BYTES_PER_ELEMENT;
        const at = places.get(position) ?? [];
        places.set(position, [...at, { operator, name, section, elements: values.length, bits }]);
      },
    });
  });
  after(() => world.chain.close());

  for (let seed = 1; seed <= FLIPS; seed++) {
    it(`convicts the bit of seed ${seed}`, async () => {
      await world.restore();
      const random = generateRandom(seed);
      const below = (limit: number) => Math.floor(random() * limit);
      const position = below(places.size);
      const { operator, name, section, elements, bits } =
        places.get(position)![below(places.get(position)!.length)]!;
      const bit = below(bits);
      const fault: Fault = {
        ...{ position, operator, section, element: below(elements) },
        change: (value) => (typeof value === "bigint" ? value ^ (1n << BigInt(bit)) : value ^ (1 << bit)),
      };
      const what = `position ${position}, ${name}, ${section}, element ${fault.element}, bit ${bit}`;
      const other = (world.answer[1]! + 1) % world.model.program.vocabularySize;
      const id = await world.submitted([world.answer[0]!, other, ...world.answer.slice(2)]);

      const liar = await world.faulty(fault);
      const challenger = await world.party(world.chain.accounts.stranger);
      let defending: Promise<unknown> = Promise.resolve();
      const onMove = ({ kind }: MoveMade) => {
        if (kind !== "open") return;
        defending = liar.defend(id).catch(async (error: unknown) => {
          // A liar that finds itself caught has no move left. One whose lie is no token of the model cannot even compute what follows.
          const { cause } = error as AthanorError;
          if ((cause as EngineError | undefined)?.code !== "TOKEN_OUT_OF_VOCABULARY") return;
          stuck.add(seed);
          await world.chain.advance(MONTH);
        });
      };
      const outcome = await challenger.challenge(id, { onMove });
      await defending;
      expect(outcome, what).to.include({ status: "won", byTimeout: stuck.has(seed) });
      if (stuck.has(seed)) return;
      expect("proven" in outcome && outcome.proven, what).to.include({ part: 0, position, operator });
    });
  }
});
