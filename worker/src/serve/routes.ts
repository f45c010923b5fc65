import {
  BASE_PATH,
  STREAM_TYPE,
  acceptRequestSchema,
  burstSchema,
  closeRequestSchema,
  examRequestSchema,
  inferenceRequestSchema,
  parseMessage,
  toJson,
} from "@athanor/sdk/channels";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Clock } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { EventLog } from "../log/event-log.ts";
import type { Storage } from "../storage/storage.ts";
import { answerStream } from "./answer-stream.ts";
import type { Desk } from "./desk.ts";
import { callerOf, WaitingPlaces } from "./callers.ts";
import type { ExamDesk } from "./exam-desk.ts";
import { Refusal } from "./refusal.ts";

export interface RoutesOptions {
  readonly desk: Desk;
  /** Null where nobody is examined, as by default. */
  readonly exams?: ExamDesk | null;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: EventLog;
  readonly isHealthy: () => boolean;
}

/** Milliseconds for which a client waits for its deposit to be seen, and between two looks. */
const DEPOSIT_WAIT = 20_000;
const DEPOSIT_LOOK = 200;
const MOST_WAITING = 256;
/** Of them for one channel, and from one address. */
const MOST_OF_CHANNEL = 8;
const MOST_OF_ADDRESS = 16;
/** Requests for exams that are looked into at a time, and of them from one address. */
const MOST_ENTERING = 8;
const MOST_ENTERING_OF_ADDRESS = 2;

/** The provider's endpoints. */
export function routes(options: RoutesOptions): Hono {
  const { desk, log } = options;
  const { origins, bodyBytes } = desk.settings;
  const app = new Hono();
  const places = new WaitingPlaces();
  app.use(
    "*",
    cors({
      origin: origins,
      allowMethods: ["GET", "POST"],
      allowHeaders: ["authorization", "content-type"],
      exposeHeaders: ["retry-after"],
      maxAge: 86_400,
    }),
  );
  const tooLarge = () =>
    respond(new Refusal("BodyTooLarge", `The body has more than ${bodyBytes} bytes.`, "Shorten the prompt."));
  app.use("*", bodyLimit({ maxSize: bodyBytes, onError: tooLarge }));

  app.get(BASE_PATH, () => document(desk.offer()));
  app.get(`${BASE_PATH}/health`, () => {
    const healthy = options.isHealthy();
    return document({ healthy }, healthy ? 200 : 503);
  });
  app.post(`${BASE_PATH}/channels`, async (context) => {
    const { terms } = await read(context, acceptRequestSchema);
    return document(await desk.accept(terms));
  });
  app.get(`${BASE_PATH}/channels/:id/deposit`, (context) => {
    const atLeast = context.req.query("atLeast") ?? "0";
    if (!/^\d{1,30}$/.test(atLeast)) throw badRequest("atLeast is no amount in token units");
    const id = idOf(context);
    const leave = places.enter([
      ["all", MOST_WAITING],
      [id, MOST_OF_CHANNEL],
      [callerOf(context), MOST_OF_ADDRESS],
    ]);
    return awaitDeposit(options, id, BigInt(atLeast), context.req.raw.signal).finally(leave);
  });
  app.get(`${BASE_PATH}/channels/:id`, async (context) => {
    return document(await desk.report(idOf(context), context.req.header("authorization")));
  });
  app.post(`${BASE_PATH}/channels/:id/requests`, async (context) => {
    const id = idOf(context);
    const reader = await desk.request(id, await read(context, inferenceRequestSchema));
    return stream(answerStream(reader));
  });
  app.post(`${BASE_PATH}/channels/:id/close`, async (context) => {
    const { voucher } = await read(context, closeRequestSchema);
    return document(await desk.close(idOf(context), voucher));
  });

  const { exams = null } = options;
  if (exams !== null) {
    const entering = new WaitingPlaces();
    app.post(`${BASE_PATH}/exams`, async (context) => {
      const request = await read(context, examRequestSchema);
      const leave = entering.enter([
        ["all", MOST_ENTERING],
        [callerOf(context), MOST_ENTERING_OF_ADDRESS],
      ]);
      return document(await exams.enter(request).finally(leave));
    });
    app.post(`${BASE_PATH}/exams/:id/burst`, async (context) => {
      const id = idOf(context);
      return stream(exams.burst(id, await read(context, burstSchema)));
    });
  }

  app.notFound(() =>
    respond(new Refusal("NotFound", "There is no such endpoint.", "See docs/native-protocol.md, section 3.")),
  );
  app.onError((error) => {
    if (error instanceof Refusal) return respond(error);
    const failure = describeError(error);
    log.emit("error", "answer.failed", { ...failure });
    return respond(new Refusal("ProviderFailed", "The worker failed.", "Send the same message again."));
  });
  return app;
}

/** Answers as soon as the main loop has seen the deposit: no caller makes the worker ask the chain. */
async function awaitDeposit(
  { storage, clock }: RoutesOptions,
  id: string,
  atLeast: bigint,
  signal: AbortSignal,
): Promise<Response> {
  for (let waited = 0; ; waited += DEPOSIT_LOOK) {
    const channel = storage.channel(id);
    if (channel && channel.stage !== "gone" && channel.chain.deposit >= atLeast) {
      return document({ channel: id, deposit: channel.chain.deposit });
    }
    if (waited >= DEPOSIT_WAIT || signal.aborted) {
      throw new Refusal(
        "ChannelUnknown",
        `No deposit of ${atLeast} units was seen in the channel ${id}.`,
        "If it was mined, ask again; a channel that opened before this worker's database was made is not served.",
      );
    }
    await clock.sleep(DEPOSIT_LOOK, signal);
  }
}

async function read<Schema extends Parameters<typeof parseMessage>[0]>(context: Context, schema: Schema) {
  let body: unknown;
  try {
    body = await context.req.json();
  } catch {
    throw badRequest("the body is no JSON");
  }
  const parsed = parseMessage<Schema>(schema, body);
  if ("problem" in parsed) throw badRequest(parsed.problem);
  return parsed.message;
}

function idOf(context: Context): string {
  const id = context.req.param("id") ?? "";
  if (!/^0x[0-9a-f]{64}$/.test(id)) {
    throw badRequest("the id is not 0x and 64 digits in lower case");
  }
  return id;
}

function badRequest(problem: string): Refusal {
  return new Refusal("BadRequest", `The message cannot be read: ${problem}.`, "See docs/native-protocol.md.");
}

function document(value: unknown, status: ContentfulStatusCode = 200): Response {
  return new Response(toJson(value), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}

function stream(body: ReadableStream<Uint8Array>): Response {
  // A proxy that collects the lines would make a stream of tokens one late answer.
  const headers = { "content-type": STREAM_TYPE, "cache-control": "no-store", "x-accel-buffering": "no" };
  return new Response(body, { headers });
}

function respond({ code, message, remedy, status, retryAfter }: Refusal): Response {
  const headers: Record<string, string> = { "content-type": "application/json", "cache-control": "no-store" };
  if (retryAfter !== undefined) headers["retry-after"] = String(retryAfter);
  return new Response(JSON.stringify({ error: { code, message, remedy } }), { status, headers });
}
