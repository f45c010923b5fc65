import { artifacts } from "hardhat";

/** Names of all errors that a contract's or interface's ABI declares. */
export async function errorsOf(contract: string): Promise<string[]> {
  return namesOf(contract, "error");
}

/** Names of all events that a contract's or interface's ABI declares. */
export async function eventNamesOf(contract: string): Promise<string[]> {
  return namesOf(contract, "event");
}

async function namesOf(contract: string, type: "error" | "event"): Promise<string[]> {
  const { abi } = await artifacts.readArtifact(contract);
  const entries = abi as readonly { readonly type: string; readonly name?: string }[];
  return entries.filter((entry) => entry.type === type).map(({ name }) => name!);
}
