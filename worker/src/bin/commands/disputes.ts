import type { Command } from "commander";
import type { ProviderOptions } from "../session.ts";
import { runChallengerStart } from "./challenger-start.ts";
import { withConfig } from "./provider.ts";
import { runWatchtowerStart } from "./watchtower-start.ts";

export function addDisputeCommands(program: Command): void {
  const watchtower = program.command("watchtower").description("Defend a provider's results.");
  withConfig(watchtower.command("start"))
    .description("Answer every challenge of the provider's results until stopped.")
    .action((options: ProviderOptions) => runWatchtowerStart(options));

  const challenger = program.command("challenger").description("Check other providers' results.");
  withConfig(challenger.command("start"))
    .description("Recompute every result of the configured models, and challenge wrong ones, until stopped.")
    .action((options: ProviderOptions) => runChallengerStart(options));
}
