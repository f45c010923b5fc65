import { Worker } from "node:worker_threads";
import { Conversations, type Burst, type Conversation } from "./conversation.ts";

interface Waiting {
  readonly resolve: (conversation: Conversation) => void;
  readonly reject: (error: Error) => void;
}

/** Plays conversations in threads of their own, or in this one. A channel stays with its thread, which has its books. */
export class ConversationPool {
  /** Requests that were played. */
  requests = 0;
  readonly #own = new Conversations();
  readonly #workers: readonly Worker[];
  readonly #waiting = new Map<number, Waiting>();
  readonly #places = new Map<string, number>();
  #sent = 0;

  /** @param threads 0 to play here */
  constructor(threads: number) {
    this.#workers = Array.from({ length: threads }, () => {
      const worker = new Worker(new URL("./conversation-worker.ts", import.meta.url));
      worker.on("message", (answer: { number: number; conversation?: Conversation; failure?: string }) => {
        const waiting = this.#waiting.get(answer.number)!;
        this.#waiting.delete(answer.number);
        if (answer.conversation) waiting.resolve(answer.conversation);
        else waiting.reject(new Error(answer.failure));
      });
      worker.on("error", (error: Error) => {
        for (const { reject } of this.#waiting.values()) reject(error);
      });
      return worker;
    });
  }

  async play(burst: Burst): Promise<Conversation> {
    const conversation = await this.#start(burst);
    this.requests += burst.requests.length;
    return conversation;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(burst: Burst): Promise<Conversation> {
    if (this.#workers.length === 0) return this.#own.play(burst);
    let place = this.#places.get(burst.channel);
    if (place === undefined) {
      this.#places.set(burst.channel, (place = this.#places.size % this.#workers.length));
    }
    const number = ++this.#sent;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#workers[place]!.postMessage({ number, burst });
    });
  }
}
