import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../launch/paths.mjs";
import { findNpm } from "../launch/processes.mjs";

/** A workspace as `npm publish` would send it. */
export interface PackedPackage {
  readonly workspace: string;
  readonly manifest: Manifest;
  /** Path of the tarball. */
  readonly tarball: string;
  /** Paths inside the package. */
  readonly files: readonly string[];
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly exports: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

function npm(args: string[], cwd: string): string {
  const options = ["--no-audit", "--no-fund", "--loglevel=error"];
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  // A fetched Node.js does not look at the machine's certificates by itself.
  const env = { ...process.env, NODE_USE_SYSTEM_CA: "1" };
  return execFileSync(process.execPath, [findNpm(), ...args, ...options], {
    cwd,
    encoding: "utf8",
    stdio,
    env,
  });
}

/** Packs a workspace into a folder. */
export function pack(workspace: string, folder: string): PackedPackage {
  const manifest = JSON.parse(readFileSync(join(root, workspace, "package.json"), "utf8")) as Manifest;
  const output = npm(
    ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
    join(root, workspace),
  );
  const [packed] = JSON.parse(output) as { filename: string; files: { path: string }[] }[];
  if (packed === undefined) throw new Error(`npm pack made no tarball of ${workspace}: ${output}`);
  return {
    workspace,
    manifest,
    tarball: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path),
  };
}

/** Installs tarballs, and from the registry what they depend on, into a new folder that knows nothing of this one. */
export function installInto(folder: string, packages: readonly PackedPackage[]): void {
  mkdirSync(folder);
  const manifest = { private: true, type: "module", overrides: lockedVersions() };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  const tarballs = packages.map(({ tarball }) => tarball);
  npm(["install", "--prefer-offline", "--ignore-scripts", ...tarballs], folder);
}

interface Overrides {
  [name: string]: string | Overrides;
}

/**
 * The versions we develop with, as npm overrides, so that the result depends on our lockfile and not on what was
 * published today. "node_modules/a/node_modules/b" holds only for what is installed below a.
 */
function lockedVersions(): Overrides {
  const lockfile = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version?: string; dev?: boolean; link?: boolean }>;
  };
  const overrides: Overrides = {};
  for (const [path, { version, dev, link }] of Object.entries(lockfile.packages)) {
    if (!path.startsWith("node_modules/") || version === undefined || dev === true || link === true) continue;
    const names = path.slice("node_modules/".length).split("/node_modules/");
    let place = overrides;
    for (const name of names) place = (place[name] ??= {}) as Overrides;
    place["."] = version;
  }
  return overrides;
}
