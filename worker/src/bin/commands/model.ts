import { loadModel, writeManifest } from "@athanor/engine/node";
import { InvalidArgumentError, type Command } from "commander";
import { print, printJson } from "../session.ts";

export function addModelCommands(program: Command, setExitCode: (code: number) => void): void {
  const model = program.command("model").description("Models as folders of files.");

  model
    .command("hash")
    .description("Import a model and print its root and what the root commits to.")
    .argument("<folder>", "config.json, tokenizer.json and *.safetensors of a Hugging Face checkpoint")
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
