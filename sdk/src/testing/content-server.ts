import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A service as content stores use it: PUT, GET, HEAD and DELETE of whole bodies, by path. */
export interface ContentServer {
  /** Address without a slash at its end. */
  readonly url: string;
  /** Bodies by path. */
  readonly bodies: Map<string, Uint8Array>;
  /** What was asked: method and path. */
  readonly asked: string[];
  /** Lets a request in, or answers it itself and returns false. */
  admit: (request: IncomingMessage, response: ServerResponse, body: Uint8Array) => boolean;
  close(): Promise<void>;
}

export async function startContentServer(): Promise<ContentServer> {
  const bodies = new Map<string, Uint8Array>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const path = request.url!;
      const sent = new Uint8Array(Buffer.concat(parts));
      asked.push(`${request.method} ${path}`);
      if (!contents.admit(request, response, sent)) return;
      const body = bodies.get(path);
      if (request.method === "PUT") bodies.set(path, sent);
      if (request.method === "DELETE") bodies.delete(path);
      if (request.method === "PUT") return response.writeHead(200).end();
      if (body === undefined) return response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
      if (request.method === "DELETE") return response.writeHead(204).end();
      response.writeHead(200, { "content-length": body.length });
      response.end(request.method === "GET" ? body : undefined);
    });
    // What breaks in the middle was never put.
    request.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const contents: ContentServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    asked,
    admit: () => true,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return contents;
}
