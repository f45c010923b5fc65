import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { encryptedRequestStore, type RequestStore } from "./request-store.ts";

/**
 * Keeps private requests in encrypted files that only their owner can read, one for each.
 *
 * @param options.folder made if it is not there
 * @param options.key 32 random bytes; without them the files are of no use
 */
export async function fileRequestStore(options: { folder: string; key: Uint8Array }): Promise<RequestStore> {
  const { folder, key } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (name: string) => join(folder, `${name}.request`);
  return encryptedRequestStore(
    {
      async write(name, bytes) {
        const temporary = `${pathOf(name)}.new`;
        const handle = await open(temporary, "w", 0o600);
        await handle.writeFile(bytes);
        await handle.sync();
        await handle.close();
        await rename(temporary, pathOf(name));
      },
      async read(name) {
        try {
          return await readFile(pathOf(name));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
          throw error;
        }
      },
    },
    key,
  );
}
