import { Command, InvalidArgumentError, Option } from "commander";
import { existingFolder, positiveInteger } from "../lib/arguments.ts";
import { addGenerationFlags, type GenerationFlags } from "./generation.ts";
import { channelJson, channelText } from "./channel-report.ts";
import { runChannel } from "./run-channel.ts";
import { networkJson, networkText } from "./network/network-report.ts";
import { runNetwork } from "./network/run-network.ts";
import { runDemo } from "./run-demo.ts";
import { type DisputeDemoOptions, runDispute } from "./run-dispute.ts";
import { disputeJson, disputeText } from "./dispute-report.ts";
import { jsonReport, textReport } from "./report.ts";
import { createScreen } from "./screen.ts";
import { DemoError } from "./stage.ts";

interface Options extends GenerationFlags {
  readonly prompt: string;
  readonly token: "ATH" | "mUSD";
  readonly model?: string;
  readonly rpc?: string;
  readonly cheat: boolean;
  readonly grief: boolean;
  readonly channel: boolean;
  readonly private: boolean;
  readonly network: boolean;
  readonly epochs: number;
  readonly json: boolean;
}

const program = addGenerationFlags(new Command("npm run demo --"))
  .description(
    "Takes one prompt through the whole of Athanor on a chain of its own: client, escrow, provider, model, payment.",
  )
  .option("--prompt <text>", "what the model goes on with", "ROMEO:\n")
  .addOption(new Option("--token <symbol>", "what to pay in").choices(["ATH", "mUSD"]).default("ATH"))
  .option("--model <folder>", "checkpoint with its manifest (default: the bundled model)", existingFolder)
  .option("--rpc <url>", "development node to play on, as anvil is (default: a chain of its own)")
  .addOption(
    new Option("--cheat", "the provider answers wrongly, and is challenged")
      .default(false)
      .conflicts("grief"),
  )
  .addOption(new Option("--grief", "the provider answers rightly, and is challenged").default(false))
  .addOption(
    new Option("--channel", "several streamed answers over HTTP, paid with one settlement")
      .default(false)
      .conflicts(["cheat", "grief", "private"]),
  )
  .addOption(
    new Option("--private", "only the provider may read prompt and answer")
      .default(false)
      .conflicts(["cheat", "grief"]),
  )
  .addOption(
    new Option(
      "--network",
      "providers of three kinds, checkers who measure them over some epochs, what each earns and loses",
    )
      .default(false)
      .conflicts(["cheat", "grief", "channel", "private", "prompt", "token"]),
  )
  .option("--epochs <number>", "epochs that are measured with --network, 3 to 12", epochCount, 4)
  .option("--json", "print one JSON document on standard output instead", false)
  .allowExcessArguments(false);

program.parse();
const options = program.opts<Options>();
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

// What happens goes to standard error when standard output is for the document.
const screen = createScreen(options.json ? process.stderr : process.stdout);
try {
  const play = options.network
    ? network
    : options.channel
      ? overChannel
      : options.cheat || options.grief
        ? disputed
        : undisputed;
  process.stdout.write(await play());
} catch (error) {
  screen.end();
  if (!(error instanceof DemoError)) throw error;
  if (stop.signal.aborted) {
    process.stderr.write("\nInterrupted. Everything the demo started is stopped.\n");
    process.exit(130);
  }
  process.stderr.write(`\nThe demo failed at the step "${error.step}".\n${error.message}\n`);
  process.exitCode = 1;
}

async function undisputed(): Promise<string> {
  const result = await runDemo({ ...options, screen, signal: stop.signal });
  return options.json ? document(jsonReport(result)) : textReport(result);
}

async function overChannel(): Promise<string> {
  const result = await runChannel({ ...options, screen, signal: stop.signal });
  return options.json ? document(channelJson(result)) : channelText(result);
}

async function disputed(): Promise<string> {
  const liar: DisputeDemoOptions["liar"] = options.cheat ? "provider" : "challenger";
  const result = await runDispute({ ...options, liar, screen, signal: stop.signal });
  return options.json ? document(disputeJson(result)) : disputeText(result);
}

async function network(): Promise<string> {
  const result = await runNetwork({ ...options, screen, signal: stop.signal });
  return options.json ? document(networkJson(result)) : networkText(result);
}

/** A provider is announced after three bad epochs; the node of a local chain slows down after many. */
function epochCount(text: string): number {
  const value = positiveInteger(text);
  if (value < 3 || value > 12) throw new InvalidArgumentError("It must be a whole number from 3 to 12.");
  return value;
}

function document(report: object): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
