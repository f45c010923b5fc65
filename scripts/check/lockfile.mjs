// Checks that package-lock.json installs everywhere: no host names, and an entry for every optional package of every
// platform. npm leaves out those that the registry did not offer on the day (a mirror may lag behind, see
// npm/cli#4828), and the machine that needs one then lacks it without a word. With --fix it adds them: version,
// platform and no hash, so npm takes the hash from the registry.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../launch/paths.mjs";

const file = join(root, "package-lock.json");

/** @typedef {{ version?: string, resolved?: string, link?: boolean, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[], optionalDependencies?: Record<string, string>, peerDependenciesMeta?: Record<string, unknown> }} Entry */

/**
 * @param {Record<string, Entry>} packages the lockfile's `packages`
 * @returns {{ hosts: string[], absent: Record<string, Entry> }} entries that name a host, and entries to be added
 */
export function inspectLockfile(packages) {
  const hosts = Object.entries(packages)
    .filter(([, { resolved, link }]) => resolved !== undefined && link !== true)
    .map(([path, { resolved }]) => `${path}: ${resolved}`);

  /** @type {Record<string, Entry>} */
  const absent = {};
  for (const [path, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const isLocked = [`${path}/node_modules/${name}`, `node_modules/${name}`].some(
        (place) => place in packages,
      );
      const target = platformOf(name);
      if (isLocked || target === undefined) continue;
      const entry = { ...(dev ? { dev } : {}), optional: true, ...target };
      absent[`node_modules/${name}`] = { version, ...Object.fromEntries(Object.entries(entry).sort()) };
    }
  }
  return { hosts, absent };
}

/**
 * Reads the platform from a binary package's name, such as "@rollup/rollup-linux-arm64-musl".
 * @param {string} name
 * @returns {{ os: string[], cpu: string[], libc?: string[] } | undefined} undefined if the name says none
 */
function platformOf(name) {
  const match =
    /-(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-(\w+?)(?:-(\w+))?$/.exec(
      name,
    );
  if (match === null) return undefined;
  const [, os = "", cpu = "", abi = ""] = match;
  const libc = /^(gnu|musl)/.exec(abi)?.[1];
  return {
    os: [os],
    cpu: [cpu],
    ...(os === "linux" && libc !== undefined ? { libc: [libc === "gnu" ? "glibc" : "musl"] } : {}),
  };
}

if (process.argv[1] === import.meta.filename) {
  const lockfile = /** @type {{ packages: Record<string, Entry> }} */ (
    JSON.parse(readFileSync(file, "utf8"))
  );
  const { hosts, absent } = inspectLockfile(lockfile.packages);
  const names = Object.keys(absent);
  if (process.argv.includes("--fix") && names.length > 0) {
    const { "": project = {}, ...others } = { ...lockfile.packages, ...absent };
    const sorted = Object.entries(others).sort(([a], [b]) => a.localeCompare(b, "en"));
    lockfile.packages = { "": project, ...Object.fromEntries(sorted) };
    writeFileSync(file, `${JSON.stringify(lockfile, null, 2)}\n`);
    console.log(`added ${names.length} optional packages to package-lock.json`);
  } else {
    for (const host of hosts) console.error(`names a registry's host: ${host}. Remove its "resolved" line.`);
    for (const name of names) {
      console.error(`lacks an entry for ${name}. Run: node scripts/check/lockfile.mjs --fix`);
    }
    process.exitCode = hosts.length + names.length > 0 ? 1 : 0;
  }
}
