import type { AthanorContracts } from "./connect-contracts.ts";
import { programChunks, rootOfParts } from "./program-chunks.ts";

/** Operators that one call of `validate` checks: some millions of gas. */
const OPERATORS_PER_CALL = 512;

/** One transaction to the program registry that is missing until a program is valid. */
export interface ProgramCall {
  /** For people: what it does. */
  readonly title: string;
  readonly to: string;
  readonly data: string;
}

/**
 * The calls that are missing until the program registry has a program whole and checked; none if it is valid. Sent in this order, by anybody.
 *
 * @param parts header, operators and tensors in their canonical bytes (the engine's `programParts`)
 */
export async function missingProgramCalls(
  { programRegistry, deployment }: AthanorContracts,
  parts: readonly Uint8Array[],
): Promise<ProgramCall[]> {
  const root = rootOfParts(parts);
  const to = deployment.programRegistry;
  const chunks = programChunks(parts);
  const present = await Promise.all(chunks.map(({ chunk }) => programRegistry.hasChunk(root, chunk)));
  if (present[0] && (await programRegistry.programOf(root)).valid) return [];
  const calls: ProgramCall[] = [];
  for (const { chunk, parts: some, path } of chunks) {
    if (present[chunk]) continue;
    calls.push({
      title: `add chunk ${chunk + 1} of ${chunks.length} of the program ${root}`,
      to,
      data: programRegistry.interface.encodeFunctionData("addChunk", [root, chunk, some, path]),
    });
  }
  // The header ends with the numbers of operators and tensors.
  const header = parts[0]!;
  const operators = new DataView(header.buffer, header.byteOffset, header.byteLength).getUint32(16);
  let checked = Number(await programRegistry.operatorsChecked(root));
  do {
    const end = Math.min(operators, checked + OPERATORS_PER_CALL);
    calls.push({
      title: `check operators ${checked} to ${end - 1} of the program ${root}`,
      to,
      data: programRegistry.interface.encodeFunctionData("validate", [root, OPERATORS_PER_CALL]),
    });
    checked = end;
  } while (checked < operators);
  return calls;
}

/**
 * Brings a program on chain, so that models with it can be registered. Sends only what is missing, each transaction after the one before was
 * mined: called again after a failure it goes on.
 *
 * @param contracts connected to the signer that pays
 * @returns the program's root
 */
export async function uploadProgram(
  contracts: AthanorContracts,
  parts: readonly Uint8Array[],
): Promise<string> {
  const signer = contracts.programRegistry.runner!;
  for (const { to, data } of await missingProgramCalls(contracts, parts)) {
    const sent = await signer.sendTransaction!({ to, data });
    await sent.wait();
  }
  return rootOfParts(parts);
}
