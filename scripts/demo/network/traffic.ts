import { ChannelClient, type ChannelAnswer } from "@athanor/sdk/channels";
import { nodeModelSource } from "@athanor/sdk/node";
import type { Wallet } from "ethers";
import type { Clock } from "../../../worker/src/clock.ts";
import type { LocalChain } from "../local-chain.ts";

/** What clients ask, one after another. */
const PROMPTS = ["ROMEO:\n", "JULIET:\n", "HAMLET:\n", "MACBETH:\n", "OPHELIA:\n", "PROSPERO:\n"];
const DEPOSIT = 20n * 10n ** 18n;

export interface Market {
  readonly chain: LocalChain;
  readonly clock: Clock;
}

/** What one client bought of one provider. */
export interface Purchase {
  readonly answers: number;
  /** Output tokens. */
  readonly tokens: number;
  /** ATH units, the protocol's fee included. */
  readonly paid: bigint;
}

/** Opens a channel, asks, and has the provider settle and close. */
export async function buyAnswers(
  { chain, clock }: Market,
  client: Wallet,
  provider: string,
  {
    model,
    requests,
    maxTokens,
  }: { readonly model: string; readonly requests: number; readonly maxTokens: number },
): Promise<Purchase> {
  const channels = await clientOf({ chain, clock }, client);
  const channel = await channels.openChannel({ provider, deposit: DEPOSIT });
  const answers: ChannelAnswer[] = [];
  for (let index = 0; index < requests; index++) {
    const prompt = PROMPTS[index % PROMPTS.length]!;
    const sampling = { temperature: 0.8, topK: 40, seed: BigInt(index) };
    answers.push(await channel.infer({ model, prompt, maxTokens, minTokens: maxTokens, ...sampling }));
  }
  const { paid } = await channel.close();
  return {
    answers: answers.length,
    tokens: answers.reduce((sum, { tokens }) => sum + tokens.length, 0),
    paid,
  };
}

export function clientOf({ chain, clock }: Market, signer: Wallet): Promise<ChannelClient> {
  return ChannelClient.connect({
    ...{ signer, deployment: chain.deployment, modelSource: nodeModelSource(), pollingInterval: 50 },
    allowInsecureEndpoints: true,
    now: () => clock.now() / 1_000,
  });
}
