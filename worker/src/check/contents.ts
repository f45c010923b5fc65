import { randomBytes } from "node:crypto";
import type { Config } from "../config/schema.ts";
import { openContentStore } from "../contents/open-content-store.ts";
import { ok, type CheckResult } from "./check.ts";

/**
 * Keeps, reads and removes 32 random bytes.
 *
 * @throws WorkerError and AthanorError of what fails
 */
export async function checkContents(
  config: Config,
  environment: Record<string, string | undefined>,
): Promise<CheckResult> {
  const { store } = await openContentStore(config.contents, environment);
  const key = await store.put(randomBytes(32));
  await store.get(key);
  await store.remove(key);
  return ok("contents", `${config.contents.url ?? config.contents.folder} keeps, reads and removes`);
}
