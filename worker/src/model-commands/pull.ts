import { pullModel } from "@athanor/engine/node";
import { print, printJson } from "../bin/session.ts";
import { progressBar } from "./progress.ts";

export interface PullCommandOptions {
  readonly root?: string;
  readonly maxBytes?: number;
  readonly json?: true;
}

export async function pullCommand(
  uri: string,
  destination: string,
  options: PullCommandOptions,
): Promise<void> {
  const bar = progressBar(process.stderr, "bytes");
  let model;
  try {
    model = await pullModel(uri, destination, {
      ...(options.root === undefined ? {} : { root: options.root }),
      ...(options.maxBytes === undefined ? {} : { maximumBytes: options.maxBytes }),
      onProgress: bar.update,
    });
  } finally {
    bar.end();
  }
  if (options.json) return printJson(model.commitment);
  print(`${model.commitment.modelRoot}  ${destination}`);
}
