import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { WorkerError } from "../errors.ts";

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Paths of PEM files; without them it speaks plain HTTP, to this machine or a proxy. */
  readonly certificate: string | null;
  readonly key: string | null;
}

/** Against clients that send slowly, milliseconds and bytes; docs/native-protocol.md, section 5. */
const timeouts = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 15_000,
  maxHeaderSize: 16_384,
  connectionsCheckingInterval: 2_000,
};
const MOST_CONNECTIONS = 4_096;

/**
 * Serves the endpoints.
 *
 * @returns the address, and the function that ends it
 * @throws WorkerError CHANNELS_PORT_UNUSABLE, CHANNELS_CERTIFICATE_UNUSABLE
 */
export async function listen(
  app: Hono,
  { host, port, certificate, key }: ListenOptions,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const isSecure = certificate !== null && key !== null;
  let server: Server;
  try {
    const options = isSecure
      ? {
          createServer: createSecureServer,
          serverOptions: { ...timeouts, cert: await readFile(certificate), key: await readFile(key) },
        }
      : { createServer, serverOptions: timeouts };
    server = createAdaptorServer({ fetch: app.fetch, ...options }) as Server;
  } catch (cause) {
    throw new WorkerError(
      "CHANNELS_CERTIFICATE_UNUSABLE",
      `The certificate ${certificate} and its key cannot be used: ${(cause as Error).message}.`,
      {
        remedy: "Correct channels.certificate and channels.key: PEM files that the worker may read.",
        details: { certificate, key },
      },
    );
  }
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new WorkerError(
          "CHANNELS_PORT_UNUSABLE",
          `Port ${port} of ${host} cannot be opened: ${cause.message}.`,
          {
            remedy: "Set channels.port to a free port, and channels.host to an address of this machine.",
            details: { host, port },
            cause,
          },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `${isSecure ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
