/**
 * Bundles the page and serves it with a model:
 *
 *     node engine/examples/browser/serve.ts [FOLDER OF A MODEL]
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export interface PageServer {
  /** Address of the page. */
  readonly url: string;
  close(): Promise<void>;
}

export interface PageOptions {
  /** The script of the page. Default: page.ts. */
  readonly script?: string;
  /** A published model: a folder with an athanor.json. */
  readonly model: string;
  /** Send the headers that let the page share memory with threads. */
  readonly isolated: boolean;
  /** Default: one that is free. */
  readonly port?: number;
}

const folder = fileURLToPath(new URL(".", import.meta.url));
const root = join(folder, "../../..");
const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};
/** All that the engine needs of a content security policy: WebAssembly, threads from blobs, and models from anywhere. */
const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:; connect-src *; style-src 'unsafe-inline'";
const TYPES: Readonly<Record<string, string>> = { "/": "text/html", "/page.js": "text/javascript" };

/**
 * The page's code with all that it imports, as one script, and what it would still import, which must be nothing.
 *
 * @throws where any of it needs what no browser has.
 */
export async function bundlePage(
  script = join(folder, "page.ts"),
): Promise<{ readonly code: string; readonly imports: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [script],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  return { code: outputFiles[0]!.text, imports };
}

/** Serves the page at / and the model's files below /model/. */
export async function servePage({ script, model, isolated, port = 0 }: PageOptions): Promise<PageServer> {
  const files = new Map([
    ["/", await readFile(join(folder, "index.html"), "utf8")],
    ["/page.js", (await bundlePage(script)).code],
  ]);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const name = decodeURIComponent(basename(pathname));
    const body =
      files.get(pathname) ?? (pathname === `/model/${name}` ? readFile(join(model, name)) : undefined);
    Promise.resolve(body ?? Promise.reject(new Error("no such file"))).then(
      (content) => {
        const type = TYPES[pathname] ?? "application/octet-stream";
        response.writeHead(200, {
          "content-type": `${type}; charset=utf-8`,
          "content-security-policy": POLICY,
          ...(isolated && ISOLATION),
        });
        response.end(content);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const model = process.argv[2] ?? join(root, "models/bard");
  const { url } = await servePage({ model, isolated: true, port: 8080 });
  console.log(`${url} serves ${model}`);
}
