import { commitments } from "./mutants/commitments.ts";
import { game } from "./mutants/game.ts";
import { money } from "./mutants/money.ts";
import { verifier } from "./mutants/verifier.ts";
import { type NamedMutant } from "./named.ts";

/** Rules of the game of which it is not known yet whether a test holds them: `node scripts/mutation/index.ts --only dispute/` tries them, too. */
const unproven = new Set([
  "an index goes beyond the descendants that were shown",
  "a walk goes on to a node that is not below",
  "the operator of a walk is that of its last reveal",
  "descendants of another node are revealed",
  "a provider without a watchtower has the zero address as one",
  "a job's price in any token counts as ATH",
  "a stranger opens another's commitment",
  "a node revealed on one level is revealed on all",
  "what one result's trace revealed counts for others",
  "an answer that came too late counts",
  "the challenger moves after its time",
  "time in which the sequencer was down counts",
  "a lost challenge keeps its share of the fraud deposit",
  "a move is reimbursed at any gas price",
  "a copycat that committed later takes the reward",
  "moves are reimbursed beyond half of the bond",
  "rewards go beyond half of the fraud deposit",
  "a challenge that is over takes the reward",
  "a commitment burns before its period is over",
  "tokens of the output are named together",
  "clocks are shorter than the chain's inclusion delay",
]);

/** Every rule that has a name. */
export const named: readonly NamedMutant[] = [...commitments, ...money, ...game, ...verifier];

/** Rules that must not be broken unnoticed, each with the fault that breaks it. `npm test` tries all of them. */
export const mutants: readonly NamedMutant[] = named.filter(({ name }) => !unproven.has(name));
