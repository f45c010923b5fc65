import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { LocalChain } from "./local-chain.ts";

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params?: unknown[];
}

/** Serves an in-process chain over JSON-RPC, for other processes. */
export async function serveRpc(chain: LocalChain): Promise<{ url: string; close(): Promise<void> }> {
  const answer = async ({ id, method, params }: Call) => {
    try {
      return { jsonrpc: "2.0", id, result: await chain.rpc(method, params) };
    } catch (error) {
      const { code, message, data } = error as { code?: number; message: string; data?: unknown };
      return { jsonrpc: "2.0", id, error: { code: code ?? -32603, message, data } };
    }
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const calls = JSON.parse(Buffer.concat(chunks).toString()) as Call | Call[];
      void (Array.isArray(calls) ? Promise.all(calls.map(answer)) : answer(calls)).then((answers) => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(answers));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
