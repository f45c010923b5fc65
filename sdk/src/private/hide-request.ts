import { encodeRequest, inputRoot } from "@athanor/engine/commitments";
import { hexlify } from "ethers";
import type { JobBinding } from "./binding.ts";
import { sealRequest, type PrivateRequest } from "./request.ts";

/** What `createPrivate` of the job escrow takes in place of prompt and stop sequences. */
export interface HiddenJobRequest {
  readonly promptTokens: number;
  readonly promptRoot: string;
  readonly stopsHash: string;
  readonly ciphertext: string;
}

/** Where the stop sequences' hash and the prompt's root stand in what `inputRoot` hashes after its tag. */
const STOPS_HASH = 48;
const PROMPT_ROOT = 80;

/**
 * Commits to a private request and seals it to the provider's key.
 *
 * @throws AthanorError `EncryptionKeyUnusable`
 */
export async function hideRequest(
  request: PrivateRequest,
  place: Omit<JobBinding, "kind" | "inputRoot">,
  encryptionKey: string,
): Promise<{ readonly inputRoot: string; readonly hidden: HiddenJobRequest }> {
  const { prompt, generation, secret } = request;
  const committed = { prompt, ...generation, secret };
  const root = inputRoot(committed);
  const { sealed } = await sealRequest(request, { kind: "job", ...place, inputRoot: root }, encryptionKey);
  const bytes = encodeRequest(committed);
  return {
    inputRoot: root,
    hidden: {
      promptTokens: prompt.length,
      promptRoot: hexlify(bytes.subarray(PROMPT_ROOT)),
      stopsHash: hexlify(bytes.subarray(STOPS_HASH, PROMPT_ROOT)),
      ciphertext: hexlify(sealed),
    },
  };
}
