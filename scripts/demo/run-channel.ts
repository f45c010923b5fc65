import type { TokenInfo } from "@athanor/sdk";
import { ChannelClient, type ChannelAnswer } from "@athanor/sdk/channels";
import { nodeModelSource } from "@athanor/sdk/node";
import { type Balances, readBalances } from "./balances.ts";
import { generationOptions } from "./generation.ts";
import type { DemoOptions } from "./run-demo.ts";
import type { Screen } from "./screen.ts";
import { freePort, onStage, type Stage } from "./stage.ts";
import { startProvider } from "./worker-process.ts";

export interface ChannelDemoOptions extends Omit<DemoOptions, "rpc"> {
  readonly rpc?: string;
}

/** What the client does after its own prompt. */
const MORE_PROMPTS = ["JULIET:\n", "HAMLET:\n"];
const STEP = 16;
const DEPOSITS = { ATH: 100n * 10n ** 18n, mUSD: 20n * 10n ** 6n };

export interface ChannelDemoResult {
  readonly model: string;
  readonly modelRoot: string;
  readonly answers: readonly {
    readonly prompt: string;
    readonly answer: ChannelAnswer;
    readonly milliseconds: number;
  }[];
  readonly channel: string;
  readonly token: TokenInfo;
  readonly deposit: bigint;
  /** What the escrow paid out, fee included, token units. */
  readonly paid: bigint;
  readonly fee: bigint;
  readonly exitBounty: bigint;
  readonly status: string;
  /** Transactions of the whole channel, with their gas. */
  readonly transactions: readonly { readonly name: string; readonly by: string; readonly gas: bigint }[];
  readonly currencies: Readonly<Record<string, TokenInfo>>;
  readonly balances: { readonly before: Balances; readonly after: Balances };
}

/** Opens a channel, streams several answers over HTTP, pays them with one settlement. Cleans up after itself. */
export async function runChannel(options: ChannelDemoOptions): Promise<ChannelDemoResult> {
  const channelPort = await freePort();
  return onStage({ ...options, channelPort }, (stage) => demonstrate(options, stage));
}

async function demonstrate(options: ChannelDemoOptions, stage: Stage): Promise<ChannelDemoResult> {
  const { screen, signal } = options;
  const { step, chain, client, provider, modelName, currencies, cleanup } = stage;
  const { modelRoot } = stage.model.commitment;
  const token = currencies[options.token];
  await step("start the provider's worker", async () => {
    const running = startProvider(provider.config, provider);
    cleanup.push(() => running.stop());
    await running.next("ready");
  });
  const accounts = {
    ...{ client: client.address, provider: provider.owner, operator: provider.operator },
    protocol: chain.deployment.channelEscrow,
  };
  const symbols = { ATH: currencies.ATH.address, mUSD: currencies.mUSD.address };
  const before = await readBalances(chain, accounts, symbols);
  const first = await chain.provider.getBlockNumber();
  const channels = await ChannelClient.connect({
    ...{ signer: client, deployment: chain.deployment, modelSource: nodeModelSource(), pollingInterval: 100 },
    allowInsecureEndpoints: true,
  });
  const deposit = DEPOSITS[options.token];
  const channel = await step(
    "open a channel",
    () => channels.openChannel({ provider: provider.owner, token: token.address, deposit, signal }),
    ({ id }) => `${id.slice(0, 10)}…`,
  );
  const answers: ChannelDemoResult["answers"][number][] = [];
  for (const prompt of [options.prompt, ...MORE_PROMPTS]) {
    await step(
      `stream an answer to ${JSON.stringify(prompt)}`,
      async () => {
        const start = performance.now();
        const stream = channel.stream({
          ...{ model: modelRoot, prompt, stepTokens: STEP, signal },
          ...generationOptions(options),
        });
        const answer = await show(stream, screen);
        answers.push({ prompt, answer, milliseconds: performance.now() - start });
        return answer;
      },
      ({ tokens, receipts }) => `${tokens.length} tokens in ${receipts.length} steps`,
    );
  }
  const view = await step(
    "settle and close",
    () => channel.close({ signal }),
    ({ status }) => status,
  );
  return {
    ...{ model: modelName, modelRoot, answers, channel: channel.id, token, deposit, currencies },
    ...{ paid: view.paid, exitBounty: channel.terms.exitBounty, status: view.status },
    fee: (view.paid * channel.terms.feeBasisPoints + 9_999n) / 10_000n,
    transactions: await transactionsSince(stage, first),
    balances: { before, after: await readBalances(chain, accounts, symbols) },
  };
}

async function show(
  stream: ReturnType<Awaited<ReturnType<ChannelClient["openChannel"]>>["stream"]>,
  screen: Screen,
) {
  let text = "";
  for (;;) {
    const { done, value } = await stream.next();
    if (done) return value;
    text += value.text;
    screen.update(text.replaceAll(/\s+/g, " ").slice(-60));
  }
}

/** What client and provider sent while the channel lived. */
async function transactionsSince({ chain, client, provider }: Stage, first: number) {
  const names: Readonly<Record<string, string>> = {
    [client.address.toLowerCase()]: "client",
    [provider.operator.toLowerCase()]: "provider",
  };
  const found: { name: string; by: string; gas: bigint }[] = [];
  const last = await chain.provider.getBlockNumber();
  for (let number = first + 1; number <= last; number++) {
    const block = (await chain.provider.getBlock(number))!;
    for (const hash of block.transactions) {
      const receipt = (await chain.provider.getTransactionReceipt(hash))!;
      const by = names[receipt.from.toLowerCase()];
      if (by === undefined) continue;
      const name = by === "client" ? (found.length === 0 ? "open" : "other") : "settle and close";
      found.push({ name, by, gas: receipt.gasUsed });
    }
  }
  return found;
}
