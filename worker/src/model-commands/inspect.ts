import { describeModel, pictureOf } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { print, printJson } from "../bin/session.ts";
import { descriptionText } from "./description-text.ts";

export async function inspectCommand(folder: string, options: { readonly json?: true }): Promise<void> {
  const model = await loadModel(folder);
  const description = describeModel(model);
  if (options.json) return printJson({ ...description, program: model.program });
  print(descriptionText(description));
  print("");
  print(pictureOf(model.program));
  print("* only at positions that yield a token");
}
