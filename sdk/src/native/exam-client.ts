import type { ChannelContract, TypedDataSigner } from "../channels/types.ts";
import { endpointOf } from "./endpoint.ts";
import {
  burstPositions,
  examLineSchema,
  examPlaceSchema,
  signExam,
  type Burst,
  type ExamLine,
  type ExamPlace,
  type ExamRequest,
} from "./exams.ts";
import { call, callStream, misbehaved, type Fetch, type Transport } from "./transport.ts";

export interface ExamClientOptions {
  /** Owner account of the provider. */
  readonly provider: string;
  /** The address in its profile. */
  readonly endpoint: string;
  /** Where the channel escrow is, in whose domain exams are signed. */
  readonly contract: ChannelContract;
  /** The checker's operator key. */
  readonly signer: TypedDataSigner;
  /** Whether the endpoint may be `http:`, and on a machine of this network: for local chains and tests. Default no. */
  readonly allowInsecureEndpoints?: boolean | undefined;
  /** Default the platform's. */
  readonly fetch?: Fetch | undefined;
  /** Milliseconds for which a provider may be silent. Default 60,000. */
  readonly silence?: number | undefined;
}

/** A checker's side of an exam of hardware: asks for the hardware, then sends the burst. docs/native-protocol.md, section 8. */
export class ExamClient {
  readonly #options: ExamClientOptions;
  readonly #transport: Transport;

  /** @throws AthanorError `ProviderWithoutEndpoint`, `EndpointRefused` */
  constructor(options: ExamClientOptions) {
    const { provider, endpoint, allowInsecureEndpoints = false, silence = 60_000 } = options;
    this.#options = options;
    this.#transport = {
      endpoint: endpointOf(provider, endpoint, allowInsecureEndpoints),
      fetch: options.fetch ?? ((...args) => globalThis.fetch(...args)),
      silence,
    };
  }

  /**
   * Asks for the hardware. Resolves when it is free, and waits for the burst.
   *
   * @throws AthanorError `ProviderRefused`, `ProviderUnreachable`, `ProviderStalled`, `ProviderMisbehaved`, `Aborted`
   */
  async enter(exam: ExamRequest["exam"], signal?: AbortSignal): Promise<ExamPlace> {
    const { provider, contract, signer } = this.#options;
    const body = await signExam(signer, contract, provider, exam);
    return call(this.#transport, "/exams", examPlaceSchema, { method: "POST", body, signal });
  }

  /**
   * Sends the burst, and gives the lines of the answer as they come, of a provider that sends too many no further one.
   *
   * @param exam the id that `enter` gave
   * @throws AthanorError as `enter`
   */
  async *burst(exam: string, burst: Burst, signal?: AbortSignal): AsyncGenerator<ExamLine, void, undefined> {
    let lines = 0;
    const most = burstPositions(burst) + 1_000;
    for await (const line of callStream(this.#transport, `/exams/${exam}/burst`, examLineSchema, {
      body: burst,
      signal,
    })) {
      if (++lines > most) throw misbehaved(this.#transport, `more than ${most} lines`, "an end");
      yield line;
    }
  }
}
