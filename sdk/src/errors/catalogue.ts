import { clientErrors } from "./client-errors.ts";
import { contractErrors } from "./contract-errors.ts";
import { programErrors } from "./program-errors.ts";
import { qualityErrors } from "./quality-errors.ts";

/** Every error the SDK throws: its code, what it says, what to do. */
export const catalogue = { ...contractErrors, ...programErrors, ...qualityErrors, ...clientErrors };

/** Stable: a custom error's Solidity name, or one of the SDK's own codes. */
export type ErrorCode = keyof typeof catalogue;

type PlaceholderNames<Template extends string> = Template extends `${string}{${infer Body}}${infer Rest}`
  ? | (Body extends `{${string}` ? never : Body extends `${infer Name}:${string}` ? Name : Body)
    | PlaceholderNames<Rest>
  : never;

type TemplatesOf<Code extends ErrorCode> = `${(typeof catalogue)[Code][0]} ${(typeof catalogue)[Code][1]}`;

/** The values an error carries: at least those its message speaks of. */
export type ErrorValues<Code extends ErrorCode> = Record<PlaceholderNames<TemplatesOf<Code>>, unknown>;
