import { importToFolder } from "@athanor/engine/node";
import { print, printJson } from "../bin/session.ts";
import { progressBar } from "./progress.ts";

export interface ImportCommandOptions {
  readonly context?: number;
  readonly json?: true;
}

export async function importCommand(
  source: string,
  destination: string,
  options: ImportCommandOptions,
): Promise<void> {
  const bar = progressBar(process.stderr, "parameters");
  let commitment;
  try {
    commitment = await importToFolder(source, destination, {
      ...(options.context === undefined ? {} : { contextLength: options.context }),
      onProgress: bar.update,
    });
  } finally {
    bar.end();
  }
  if (options.json) return printJson(commitment);
  print(`${commitment.modelRoot}  ${destination}`);
}
