import { auditorSubject, drawThreshold, isAudited, isDrawn } from "@athanor/sdk/checkers";
import type { CheckerContext } from "../context.ts";
import type { RoundView } from "../duty.ts";
import { ownSecret, standingIn } from "../own.ts";
import { Rounds } from "./rounds.ts";
import type { SeenResult } from "./storage.ts";

/** Epochs after a result's in which something is still to be decided about it; its parameters are forgotten soon after. */
const LAST_STEP = 3;

/** A result that this checker has to audit. */
export interface Assignment {
  /** The round that decided. */
  readonly round: bigint;
  readonly value: string;
  readonly epoch: number;
  /** Second since 1970 by which the checker must have attested. */
  readonly end: number;
}

/** As far as the chain stands now, a result waits for a round to be requested, or for what that round decides; or it is this checker's to audit, or not. */
export type Decision =
  | { readonly kind: "waiting" | "undecided" | "other" }
  | { readonly kind: "own"; readonly assignment: Assignment };

/** Decides, from one look at the chain, which results this checker audits: nobody else can, before its secret is revealed. */
export class Draw {
  readonly rounds: Rounds;
  readonly #context: CheckerContext;
  readonly #view: RoundView;
  readonly #secrets = new Map<number, Promise<string | undefined>>();

  constructor(context: CheckerContext, view: RoundView) {
    this.#context = context;
    this.#view = view;
    this.rounds = new Rounds(context.checkers);
  }

  async decide({ jobId, submittedAt, windowEnd }: SeenResult): Promise<Decision> {
    const { rulesOf, readEpoch, startOf } = this.#view;
    const found = await this.rounds.firstSince(submittedAt);
    if (found === undefined) return { kind: "waiting" };
    const { round, value, requestedAt } = found;
    if (value === undefined) return { kind: "undecided" };
    const epoch = this.#context.checkers.epochAt(requestedAt);
    if (epoch + LAST_STEP < this.#view.epoch) return { kind: "other" };
    const { auditRate, expectedAuditors: expected } = await rulesOf(epoch);
    if (!isAudited({ value, jobId, auditRate })) return { kind: "other" };
    const { seed, committed } = await readEpoch(epoch);
    if (seed === undefined) return { kind: this.canBeDrawn(epoch) ? "undecided" : "other" };
    const secret = await this.secretOf(epoch);
    if (secret === undefined) return { kind: "other" };
    const threshold = drawThreshold({ committed, expected });
    const subject = auditorSubject({ value, jobId });
    if (!isDrawn({ secret, seed, subject, threshold })) return { kind: "other" };
    const end = Math.min(windowEnd, startOf(epoch + 2));
    return { kind: "own", assignment: { round, value, epoch, end } };
  }

  /** This checker's secret of an epoch; undefined if it did not commit to it, or was penalised for it. */
  secretOf(epoch: number): Promise<string | undefined> {
    let secret = this.#secrets.get(epoch);
    if (secret === undefined) {
      secret = this.#secretOf(epoch);
      this.#secrets.set(epoch, secret);
    }
    return secret;
  }

  /** Whether an epoch that has no seed can still get one. */
  canBeDrawn(epoch: number): boolean {
    const { now, startOf } = this.#view;
    return now < startOf(epoch) + Math.floor((startOf(epoch + 1) - startOf(epoch)) / 2);
  }

  async #secretOf(epoch: number): Promise<string | undefined> {
    const standing = await standingIn(this.#context, epoch);
    return standing === "committed" ? (await ownSecret(this.#context, epoch)).secret : undefined;
  }
}
