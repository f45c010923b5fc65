import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What the launcher keeps: a fetched Node.js, stamps, its lock. Git ignores it and `npm ci` leaves it alone. */
export const cacheFolder = join(root, ".athanor");
