import { encryptTokens, privatePromptRootOf } from "../../engine/src/commitments/private.ts";
import { encodeRequest, inputRoot } from "../../engine/src/commitments/request.ts";
import { toHex } from "../../engine/src/commitments/hash.ts";
import { stopsHash } from "../../engine/src/commitments/generation.ts";
import { testSecret } from "../../engine/src/testing/step-models.ts";
import type { IJobEscrow } from "../../sdk/src/generated/contracts/JobEscrow.ts";
import {
  type Job,
  type OpenJob,
  type Output,
  type RequestOverrides,
  type Signer,
  type System,
  ethers,
  requestTo,
} from "./system.ts";
import { tokensRoot } from "./tokens.ts";

export type HiddenRequest = IJobEscrow.HiddenRequestStruct;

export const SECRET = testSecret(1);
export const PRIVATE_PROMPT = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
export const CIPHERTEXT = "0xc0ffee";

/** What takes the place of ten prompt tokens without stop sequences. */
export function hiddenRequest(overrides: Partial<HiddenRequest> = {}): HiddenRequest {
  return {
    promptTokens: PRIVATE_PROMPT.length,
    promptRoot: toHex(privatePromptRootOf(PRIVATE_PROMPT, SECRET)),
    stopsHash: stopsHash([]),
    ciphertext: CIPHERTEXT,
    ...overrides,
  };
}

/** The same request as it is sent off chain; `hash` is its commitment. */
export function privateRequest(maxTokens = 20) {
  const request = { prompt: PRIVATE_PROMPT, maxTokens, seed: 7n, secret: SECRET };
  return { bytes: ethers.hexlify(encodeRequest(request)), inputRoot: inputRoot(request) };
}

/** Creates a private job and reads its terms from the event, as everybody has to. */
export async function createPrivateJob(
  system: System,
  overrides: RequestOverrides = {},
  hidden: Partial<HiddenRequest> = {},
  client: Signer = system.client,
): Promise<OpenJob> {
  const { escrow } = system;
  const request = await requestTo(system, { promptTokens: "0x", ...overrides });
  const receipt = await (await escrow.connect(client).createPrivate(request, hiddenRequest(hidden))).wait();
  for (const log of receipt!.logs) {
    const parsed = escrow.interface.parseLog(log);
    if (parsed?.name !== "PrivateJobCreated") continue;
    const args = parsed.args as unknown as { id: string; job: { toObject(): Job } };
    return { id: args.id, job: args.job.toObject() };
  }
  throw new Error("no PrivateJobCreated event");
}

/** The output of a private result, as `submit` takes it. */
export const encrypted = (tokens: readonly number[]): string => toHex(encryptTokens(tokens, SECRET));

/** Submits tokens, encrypted, as the provider's operator. */
export async function submitPrivately(
  { escrow, operator }: System,
  { job }: OpenJob,
  tokens: readonly number[] = [11, 12, 13],
): Promise<Output> {
  const bytes = encrypted(tokens);
  await escrow.connect(operator).submit(job, bytes);
  return { count: tokens.length, tokensRoot: tokensRoot(bytes) };
}
