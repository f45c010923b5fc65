// A thread that plays conversations: half of the channels' signatures are made here.
import { parentPort } from "node:worker_threads";
import { Conversations, type Burst } from "./conversation.ts";

const conversations = new Conversations();

parentPort!.on("message", ({ number, burst }: { number: number; burst: Burst }) => {
  conversations.play(burst).then(
    (conversation) => parentPort!.postMessage({ number, conversation }),
    (error: unknown) => parentPort!.postMessage({ number, failure: describe(error) }),
  );
});

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}
