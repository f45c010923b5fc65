import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../launch/paths.mjs";
import { environmentFor } from "./folder.ts";
import { type Mutant, buildIn } from "./schemata.ts";
import { type Source } from "./syntax.ts";

/**
 * Compiles the project with mutants built in, below a folder of its own. What has not changed is not compiled again.
 *
 * @throws Error if a mutant's place cannot be mutated, or the result does not compile
 */
export function buildMutants(folder: string, sources: readonly Source[], mutants: readonly Mutant[]): void {
  const written = new Map(
    sources.map((source) => [
      join(folder, source.path),
      buildIn(
        source,
        mutants.filter(({ file }) => file === source.path),
      ),
    ]),
  );
  const known = [...written].every(([file, text]) => existsSync(file) && readFileSync(file, "utf8") === text);
  if (!known) {
    rmSync(join(folder, "contracts"), { recursive: true, force: true });
    for (const [file, text] of written) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
  const cli = join(root, "node_modules/hardhat/dist/src/cli.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "build", "--quiet", "--no-tests"], {
    cwd: root,
    env: environmentFor(folder),
    encoding: "utf8",
  });
  if (status !== 0) {
    throw new Error(`the contracts with mutants in ${folder} do not compile:\n${stdout}${stderr}`);
  }
}
