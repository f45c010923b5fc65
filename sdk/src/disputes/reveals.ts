import { fromHex, leafHash, toHex } from "@athanor/engine/commitments";
import { RevealedNodes } from "@athanor/engine/dispute";
import { zeroPadValue, type Log } from "ethers";
import type { ClientContext } from "../client/context.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { logReaderOf, readLogs } from "../protocol/read-logs.ts";
import type { TraceNode } from "./engine.ts";

/** A node whose descendants are wanted, with its hash. */
export interface Revealed {
  readonly node: TraceNode;
  readonly hash: string;
}

/**
 * What was revealed of results' traces, from events. Everything is held against its hash, so it stays right whatever the chain
 * does, and is read once.
 */
export class Reveals {
  readonly #context: ClientContext;
  readonly #children = new Map<string, Promise<Uint8Array[]>>();
  readonly #tiles = new Map<string, Promise<Uint8Array>>();

  constructor(context: ClientContext) {
    this.#context = context;
  }

  /**
   * The descendants of a node that was revealed.
   *
   * @param fromBlock the result's, or an earlier one
   * @throws AthanorError `RpcInvalidResponse` when the node does not show them
   */
  children(
    jobId: string,
    { node, hash }: Revealed,
    isRoot: boolean,
    fromBlock: number,
  ): Promise<Uint8Array[]> {
    const { tree, level } = node;
    return remembered(this.#children, [jobId, tree, level, hash].join("/"), async () => {
      const name = isRoot ? "TracePosted" : "Revealed";
      const logs = await this.#logs(name, isRoot ? [jobId] : [jobId, hash], fromBlock);
      for (const log of logs) {
        const { args } = this.#context.contracts.disputeGame.interface.parseLog(log)!;
        const children = (args["children"] as string[]).map(fromHex);
        if (
          Number.isInteger(Math.log2(children.length)) &&
          toHex(new RevealedNodes().add(node, children)) === hash
        ) {
          return children;
        }
      }
      throw missing(`the descendants of ${hash} in the trace of job ${jobId}`);
    });
  }

  /** The bytes of a tile that was revealed. @throws AthanorError as `children` */
  tile(jobId: string, leaf: string, fromBlock: number): Promise<Uint8Array> {
    return remembered(this.#tiles, [jobId, leaf].join("/"), async () => {
      for (const log of await this.#logs("TileRevealed", [jobId, leaf], fromBlock)) {
        const { args } = this.#context.contracts.disputeGame.interface.parseLog(log)!;
        const tile = fromHex(args["tile"] as string);
        if (toHex(leafHash(tile)) === leaf) return tile;
      }
      throw missing(`the tile ${leaf} in the trace of job ${jobId}`);
    });
  }

  async #logs(
    name: "TracePosted" | "Revealed" | "TileRevealed",
    topics: readonly string[],
    fromBlock: number,
  ): Promise<Log[]> {
    const { contracts, reader } = this.#context;
    const { disputeGame, deployment } = contracts;
    const filter = {
      address: deployment.disputeGame,
      topics: [
        disputeGame.interface.getEvent(name).topicHash,
        ...topics.map((topic) => zeroPadValue(topic, 32)),
      ],
    };
    return readLogs(logReaderOf(disputeGame), filter, fromBlock, await reader.blockNumber());
  }
}

function missing(what: string): Error {
  return athanorError("RpcInvalidResponse", { details: `no event shows ${what}.` });
}

function remembered<Value>(
  map: Map<string, Promise<Value>>,
  key: string,
  compute: () => Promise<Value>,
): Promise<Value> {
  const known = map.get(key);
  if (known) return known;
  const value = compute();
  map.set(key, value);
  value.catch(() => map.delete(key));
  return value;
}
