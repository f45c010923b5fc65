import type { HiddenJobRequest } from "../private/hide-request.ts";
import type { PrivateRequest } from "../private/request.ts";
import { invalid } from "./arguments.ts";
import { simulatedSender, type ClientContext } from "./context.ts";
import type { Offer } from "./types.ts";

/** A private request as it is sent and as it is kept. */
export interface Hidden {
  readonly inputRoot: string;
  readonly onChain: HiddenJobRequest;
  /** What the client keeps. Secret. */
  readonly stored: Uint8Array;
}

/** Chooses the request's secret, commits to the request and seals it to the provider's key. */
export async function hide(
  context: ClientContext,
  asked: Omit<PrivateRequest, "secret">,
  { provider, vocabularySize }: Offer,
  salt: bigint,
): Promise<Hidden> {
  // The chain cannot see them; the provider would decline.
  const tokens = [...asked.prompt, ...asked.generation.stopSequences.flat()];
  const outside = tokens.find((token) => token >= vocabularySize);
  if (outside !== undefined) {
    const expected = `tokens below the model's vocabulary size, which is ${vocabularySize}`;
    throw invalid("the private request", `one with the token ${outside}`, expected);
  }
  // Loaded here, so that those who send public requests only do not pay for it.
  const { encodeRequest } = await import("../private/request.ts");
  const { hideRequest } = await import("../private/hide-request.ts");
  const request = { ...asked, secret: crypto.getRandomValues(new Uint8Array(32)) };
  const { chainId, contracts } = context;
  const place = {
    ...{ chainId, escrow: contracts.deployment.jobEscrow, provider },
    ...{ client: simulatedSender(context), salt },
  };
  const { inputRoot, hidden } = await hideRequest(request, place, await encryptionKeyOf(context, provider));
  return { inputRoot, onChain: hidden, stored: encodeRequest(request) };
}

/** The key to which a provider's requests are sealed; zero if it takes none. */
export async function encryptionKeyOf({ contracts }: ClientContext, provider: string): Promise<string> {
  return (await contracts.providerRegistry.providerOf(provider)).profile.encryptionKey;
}
