import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { CommitmentVectors } from "./commitment-vectors.ts";
import type { VectorFile } from "./operator-vectors.ts";

const FOLDER = fileURLToPath(new URL("../../vectors/", import.meta.url));
const read = (path: string): unknown => JSON.parse(readFileSync(FOLDER + path, "utf8"));

export const operatorVectors = readdirSync(`${FOLDER}operators`).map(
  (name) => read(`operators/${name}`) as VectorFile,
);

export const commitmentVectors = read("commitments.json") as CommitmentVectors;
