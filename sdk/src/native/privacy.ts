import type { Disclosure, PrivateShape } from "@athanor/engine/commitments";
import { describePrivacy, type Privacy } from "../private/describe.ts";

/** What others learn of a request in a channel, before anything is sent; docs/private-requests.md. */
export function describeChannelPrivacy(request: PrivateShape & { readonly private: boolean }): Privacy {
  if (request.private) return describePrivacy(request);
  const tokens = request.promptTokens + request.maxTokens;
  const disclosures: readonly Disclosure[] = [
    {
      ...{ moment: "job", kind: "shown", what: "lengths and parameters", tokens: 0 },
      text: "Whoever has the receipt may present it; that shows the numbers of tokens, the generation parameters and the seed.",
    },
    {
      ...{ moment: "job", kind: "guessed", what: "prompt and answer", tokens },
      text: "Whoever guesses the prompt or the answer can then confirm it.",
    },
    {
      ...{ moment: "step", kind: "shown", what: "prompt and answer", tokens },
      text: "Anybody who has the request may dispute its answer, and show all of both.",
    },
  ];
  return { private: false, disclosures };
}
