import { attestation } from "./mutants/checkers.ts";
import { choice } from "./mutants/choice.ts";
import { commitments } from "./mutants/commitments.ts";
import { currencies } from "./mutants/currencies.ts";
import { delegation } from "./mutants/delegation.ts";
import { fees } from "./mutants/fees.ts";
import { game } from "./mutants/game.ts";
import { money } from "./mutants/money.ts";
import { privacy } from "./mutants/private.ts";
import { quality } from "./mutants/quality.ts";
import { verifier } from "./mutants/verifier.ts";
import { type NamedMutant } from "./named.ts";

/** Rules that must not be broken unnoticed, each with the fault that breaks it. `npm test` tries all of them. */
export const mutants: readonly NamedMutant[] = [
  ...commitments,
  ...money,
  ...currencies,
  ...delegation,
  ...fees,
  ...game,
  ...verifier,
  ...choice,
  ...privacy,
  ...quality,
  ...attestation,
];
