import { loadModel, writeManifest } from "@athanor/engine/node";
import { InvalidArgumentError, type Command } from "commander";
import { importCommand } from "../../model-commands/import.ts";
import { inspectCommand } from "../../model-commands/inspect.ts";
import { pullCommand } from "../../model-commands/pull.ts";
import { print, printJson } from "../session.ts";

export function addModelCommands(program: Command, setExitCode: (code: number) => void): void {
  const model = program.command("model").description("Models as folders of files.");

  model
    .command("import")
    .description(
      "Turn a checkpoint into integers that load without it. An interrupted import goes on where it stopped.",
    )
    .argument(
      "<checkpoint>",
      "a folder with config.json, tokenizer.json and *.safetensors, or with a GGUF file, or a GGUF file",
    )
    .argument("<folder>", "where to write: empty, new, or holding an interrupted import")
    .option("--context <tokens>", "use a shorter context than the model was trained for", countArgument)
    .option("--json", "print one JSON document")
    .action(importCommand);

  model
    .command("inspect")
    .description(
      "Show a model's sizes, its needs of memory and work, its root, and a picture of its program.",
    )
    .argument("<folder>", "the model's folder")
    .option("--json", "print one JSON document, with the whole program")
    .action(inspectCommand);

  model
    .command("pull")
    .description("Fetch a published model and verify it. An interrupted pull goes on where it stopped.")
    .argument("<uri>", "http, https or file address of the model's folder, as the registry names it")
    .argument("<folder>", "where to write: empty, new, or holding an interrupted pull")
    .option("--root <root>", "the root that is expected", rootArgument)
    .option("--max-bytes <bytes>", "refuse models that are larger (default: 549755813888)", countArgument)
    .option("--json", "print one JSON document")
    .action(pullCommand);

  model
    .command("hash")
    .description("Import a model and print its root and what the root commits to.")
    .argument("<folder>", "config.json, tokenizer.json and *.safetensors of a checkpoint, or a GGUF file")
    .option("--json", "print one JSON document")
    .option("--write", "record root and file hashes in the folder's athanor.json")
    .action(async (folder: string, options: { json?: true; write?: true }) => {
      if (options.write) await writeManifest(folder);
      const { commitment } = await loadModel(folder);
      if (options.json) return printJson(commitment);
      for (const [name, value] of Object.entries(commitment)) print(`${name.padEnd(16)} ${value}`);
    });

  model
    .command("verify")
    .description(
      "Import a model and compare it with its manifest, and with --root. Exits with 1 if it differs.",
    )
    .argument("<folder>", "the model's folder")
    .option("--root <root>", "the root that is expected", rootArgument)
    .action(async (folder: string, options: { root?: string }) => {
      const { commitment } = await loadModel(folder);
      if (options.root === undefined || options.root === commitment.modelRoot) {
        return print(`${commitment.modelRoot} ok`);
      }
      print(`${folder} has the root ${commitment.modelRoot}, not ${options.root}`);
      setExitCode(1);
    });
}

function rootArgument(text: string): string {
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) {
    throw new InvalidArgumentError("A root is 0x and 64 hexadecimal digits.");
  }
  return text.toLowerCase();
}

function countArgument(text: string): number {
  const count = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError("A whole number from 1 on is expected.");
  }
  return count;
}
