import { InvalidArgumentError, type Command } from "commander";
import type { ProviderOptions } from "../session.ts";
import { runAppeal } from "./provider-appeal.ts";
import { runCheck } from "./provider-check.ts";
import { runLeave } from "./provider-leave.ts";
import { runRegister } from "./provider-register.ts";
import { runReinstate } from "./provider-reinstate.ts";
import { runRest } from "./provider-rest.ts";
import { runStart } from "./provider-start.ts";
import { runStatus } from "./provider-status.ts";
import { runWithdraw } from "./provider-withdraw.ts";

export function addProviderCommands(program: Command, setExitCode: (code: number) => void): void {
  const provider = program
    .command("provider")
    .description("Serve models: take jobs, run them, submit, collect.");

  withConfig(provider.command("check"))
    .description(
      "Check everything that serving needs, and say what is wrong. Exits with 1 if anything fails.",
    )
    .option("--json", "print one JSON document")
    .action(async (options: ProviderOptions & { json?: true }) => setExitCode(await runCheck(options)));

  withConfig(provider.command("register"))
    .description("Stake, register and offer as configured. Needs the owner's key. Safe to repeat.")
    .option("--yes", "do not ask for confirmation")
    .action((options: ProviderOptions & { yes?: true }) => runRegister(options));

  withConfig(provider.command("start"))
    .description("Serve until stopped. Prints one event a line: JSON, or prose on a terminal.")
    .action((options: ProviderOptions) => runStart(options));

  withConfig(provider.command("status"))
    .description("Earnings, open jobs, stake, offers, balances, and why there may be no jobs.")
    .option("--json", "print one JSON document")
    .action((options: ProviderOptions & { json?: true }) => runStatus(options));

  withConfig(provider.command("withdraw"))
    .description(
      "Pay out what is free in the owner's vault account: earnings and bounties. Needs the owner's key.",
    )
    .option("--to <address>", "who receives it (default: the owner)")
    .option("--yes", "do not ask for confirmation")
    .action((options: ProviderOptions & { to?: string; yes?: true }) => runWithdraw(options));

  withConfig(provider.command("rest"))
    .description(
      "Take no new jobs and channels: before maintenance, say. Offers stand, open work goes on. Needs the owner's key.",
    )
    .option("--end", "take new work again")
    .option("--yes", "do not ask for confirmation")
    .action((options: ProviderOptions & { end?: true; yes?: true }) => runRest(options));

  withConfig(provider.command("appeal"))
    .description(
      "Appeal against an announced penalty for bad service. Signs with the operator's key; the reasons are published.",
    )
    .option("--reasons <text>", "why the penalty is wrong, or where that is published and its hash")
    .option("--reasons-file <file>", "the same, read from a file")
    .option("--yes", "do not ask for confirmation")
    .action((options: ProviderOptions & { reasons?: string; reasonsFile?: string; yes?: true }) =>
      runAppeal(options),
    );

  withConfig(provider.command("reinstate"))
    .description(
      "End a suspension whose time is over: stakes what is missing and takes new work. Needs the owner's key.",
    )
    .option("--yes", "do not ask for confirmation")
    .action((options: ProviderOptions & { yes?: true }) => runReinstate(options));

  withConfig(provider.command("leave"))
    .description(
      "End the registration and unbond the stake, as far as the chain allows now. Needs the owner's key.",
    )
    .option("--yes", "do not ask for confirmation")
    .action((options: ProviderOptions & { yes?: true }) => runLeave(options));
}

export function withConfig(command: Command): Command {
  return command
    .requiredOption("--config <file>", "the configuration file (docs/providers.md)")
    .option(
      "--password-fd <number>",
      "read the keystore's password from this file descriptor",
      fileDescriptor,
    );
}

export function fileDescriptor(text: string): number {
  if (!/^\d{1,4}$/.test(text)) {
    throw new InvalidArgumentError("A file descriptor is a small whole number, such as 3.");
  }
  return Number(text);
}
