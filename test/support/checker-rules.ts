import type { ICheckers } from "../../sdk/src/generated/contracts/Checkers.ts";
import type { System } from "./system.ts";

type Rules = { [Field in keyof ICheckers.ParametersStruct]: bigint };

/** The parameters of an epoch, to change and set again. */
export async function rulesOf({ checkers }: Pick<System, "checkers">, epoch = 0n): Promise<Rules> {
  const found = (await checkers.parametersAt(epoch)) as unknown as { toObject(): Rules };
  return found.toObject();
}
