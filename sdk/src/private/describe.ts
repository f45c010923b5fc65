import { privateDisclosures, type Disclosure, type PrivateShape } from "@athanor/engine/commitments";

/** What others than client and provider learn of a request; docs/private-requests.md. */
export interface Privacy {
  readonly private: boolean;
  /** In the order in which they may happen: those of the moment `job` always do, the others only in a dispute. */
  readonly disclosures: readonly Disclosure[];
}

/** What others learn of a private or a public request, before anything is sent. */
export function describePrivacy(request: PrivateShape & { readonly private: boolean }): Privacy {
  const { private: isPrivate, promptTokens, maxTokens } = request;
  if (isPrivate) return { private: true, disclosures: privateDisclosures(request) };
  const everything: Disclosure = {
    ...{ moment: "job", kind: "shown", what: "prompt and answer", tokens: promptTokens + maxTokens },
    text: "Everybody reads prompt, parameters, stop sequences and answer.",
  };
  return { private: false, disclosures: [everything] };
}
