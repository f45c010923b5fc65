import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What stands between the worker and the chain in tests. */
export interface RpcServer {
  readonly url: string;
  /** Decides about every request: true answers it with HTTP 503, "cut" closes the line without an answer. */
  fault: (method: string) => boolean | "cut";
  /** The next request with this method is carried out, and its answer lost. */
  loseAnswerTo: string | undefined;
  /** Methods called so far, in order. */
  readonly calls: string[];
  close(): Promise<void>;
}

interface Eip1193 {
  request(request: { method: string; params: unknown[] }): Promise<unknown>;
}

interface RpcRequest {
  readonly id: number;
  readonly method: string;
  readonly params: unknown[];
}

/** Serves an in-process chain as JSON-RPC over HTTP, so that the worker talks to it as it would to any node. */
export async function serveRpc(chain: Eip1193, path = ""): Promise<RpcServer> {
  const answer = async ({ id, method, params }: RpcRequest) => {
    try {
      return { jsonrpc: "2.0", id, result: await chain.request({ method, params }) };
    } catch (error) {
      const { message, code = -32000, data } = error as { message: string; code?: number; data?: unknown };
      return { jsonrpc: "2.0", id, error: { code, message, data } };
    }
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(parts).toString("utf8")) as RpcRequest | RpcRequest[];
      const requests = Array.isArray(body) ? body : [body];
      rpc.calls.push(...requests.map(({ method }) => method));
      const faults = requests.map(({ method }) => rpc.fault(method));
      if (faults.includes("cut")) return void request.socket.destroy();
      if (faults.includes(true)) return void response.writeHead(503).end("unavailable");
      const loses = requests.some(({ method }) => method === rpc.loseAnswerTo);
      if (loses) rpc.loseAnswerTo = undefined;
      void Promise.all(requests.map(answer)).then((results) => {
        if (loses) return request.socket.destroy();
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify(Array.isArray(body) ? results : results[0]));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const rpc: RpcServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    fault: () => false,
    loseAnswerTo: undefined,
    calls: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return rpc;
}
