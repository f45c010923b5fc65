import type { checkingErrors } from "./checking-errors.ts";
import { clientErrors } from "./client-errors.ts";
import { contractErrors } from "./contract-errors.ts";
import { programErrors } from "./program-errors.ts";
import { qualityErrors } from "./quality-errors.ts";

const everywhere = { ...contractErrors, ...programErrors, ...qualityErrors, ...clientErrors };

/** Stable: a custom error's Solidity name, or one of the SDK's own codes. */
export type ErrorCode = keyof Catalogue;

type Catalogue = typeof everywhere & typeof checkingErrors;

/** Every error the SDK throws: its code, what it says, what to do. Those of checkers are there once `@athanor/sdk/checkers` is used. */
export const catalogue = everywhere as unknown as Catalogue;

type PlaceholderNames<Template extends string> = Template extends `${string}{${infer Body}}${infer Rest}`
  ? | (Body extends `{${string}` ? never : Body extends `${infer Name}:${string}` ? Name : Body)
    | PlaceholderNames<Rest>
  : never;

type TemplatesOf<Code extends ErrorCode> = `${Catalogue[Code][0]} ${Catalogue[Code][1]}`;

/** The values an error carries: at least those its message speaks of. */
export type ErrorValues<Code extends ErrorCode> = Record<PlaceholderNames<TemplatesOf<Code>>, unknown>;
