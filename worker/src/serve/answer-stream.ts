import type { StreamLine } from "@athanor/sdk/channels";
import { encodeBase64 } from "ethers";
import type { AnswerReader } from "./desk.ts";
import { lineStream } from "./line-stream.ts";

/** Milliseconds of silence after which a line says that nothing is lost. */
const HEARTBEAT = 10_000;
/** Most tokens of one line: 11 KB. */
const MOST_TOKENS = 2_048;

/** An answer as the bytes of its lines, made from the tokens that the answer keeps anyway. */
export function answerStream(reader: AnswerReader): ReadableStream<Uint8Array> {
  return lineStream(linesOf(reader), () => reader.leave());
}

async function* linesOf(reader: AnswerReader): AsyncGenerator<StreamLine, void, undefined> {
  const { generation, opened } = reader;
  let sent = reader.from;
  try {
    const writer = await opened.writer();
    for (;;) {
      if (reader.isReplaced()) {
        yield failure("ChannelBusy", "Another connection reads this answer now.", "Read it there.");
        return;
      }
      const end = Math.min(generation.tokens.length, sent + MOST_TOKENS);
      if (end > sent) {
        const bytes = await writer.chunk(generation.tokens.slice(sent, end));
        yield { type: "tokens", first: sent, chunk: encodeBase64(bytes) };
        sent = end;
        continue;
      }
      if (generation.isAtRest) break;
      const before = generation.ahead;
      const isSilent = await generation.changed(HEARTBEAT);
      if (isSilent || generation.ahead > before) yield { type: "waiting", ahead: generation.ahead };
    }
    const receipt = await reader.finish();
    if (receipt !== undefined) {
      const bytes = await writer.end();
      if (bytes !== undefined) yield { type: "tokens", first: sent, chunk: encodeBase64(bytes) };
      yield { type: "receipt", receipt };
    } else {
      reader.noteFailure(generation.failure ?? new Error("the answer was stopped"));
      yield failure(
        "ProviderFailed",
        generation.failure ? "The model failed." : "The answer was stopped.",
        "Send the same message again.",
      );
    }
  } catch (error) {
    // The books refuse to contradict what was signed; whatever it is, the reader must hear of an end.
    reader.noteFailure(error);
    yield failure(
      "ProviderFailed",
      "The worker failed.",
      "Send the same message again, or close the channel.",
    );
  }
}

function failure(code: string, message: string, remedy: string): StreamLine {
  return { type: "error", code, message, remedy };
}
