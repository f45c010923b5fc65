import { Command, CommanderError } from "commander";
import { createRequire } from "node:module";
import { describeError, WorkerError } from "../errors.ts";
import { addCheckerCommands } from "./commands/checker.ts";
import { addKeyCommands } from "./commands/key.ts";
import { addModelCommands } from "./commands/model.ts";
import { addDisputeCommands } from "./commands/disputes.ts";
import { addPoolCommands } from "./commands/pool.ts";
import { addProviderCommands } from "./commands/provider.ts";

/** Runs the command line. Returns the exit code: 0, 1 for what failed, 2 for wrong arguments, 78 for a misconfiguration. */
export async function main(argv: readonly string[]): Promise<number> {
  const { version } = createRequire(import.meta.url)("@athanor/worker/package.json") as { version: string };
  const program = new Command("athanor")
    .description("Serve language models on Athanor.")
    .version(version)
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for what there is)")
    .exitOverride();
  let exitCode = 0;
  const setExitCode = (code: number) => (exitCode = code);
  addProviderCommands(program, setExitCode);
  addPoolCommands(program);
  addDisputeCommands(program);
  addCheckerCommands(program);
  addKeyCommands(program);
  addModelCommands(program, setExitCode);
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    // Commander has printed these itself; help and version are no failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { code, message, remedy } = describeError(error);
    const text = error instanceof WorkerError ? error.message : message;
    process.stderr.write(`athanor: ${code}\n${text}\n${remedy === undefined ? "" : `→ ${remedy}\n`}`);
    return error instanceof WorkerError ? error.exitCode : exitCodeOf(code);
  }
}

/** The engine refuses model files with codes of its own; no restart repairs a file. */
function exitCodeOf(code: string): number {
  return /^(CHECKPOINT|CONFIG_FIELD|GGUF|JSON|MANIFEST|MODEL_(FILE|ROOT)|PROGRAM|SAFETENSORS|TENSOR|TOKENIZER)_/.test(
    code,
  )
    ? 78
    : 1;
}
