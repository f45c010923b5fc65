/** Every reason for which the worker refuses. Codes are stable: scripts and service managers may switch on them. */
export type WorkerErrorCode =
  | "AMOUNT_INVALID"
  | "CHANNELS_CERTIFICATE_UNUSABLE"
  | "CHANNELS_PORT_UNUSABLE"
  | "CHAIN_ID_MISMATCH"
  | "CHAIN_UNKNOWN"
  | "CHAIN_UNREACHABLE"
  | "CONFIG_INVALID"
  | "CONFIG_PLAINTEXT_KEY"
  | "CONFIG_UNREADABLE"
  | "CONTENTS_SECRET_MISSING"
  | "CONTENTS_UNUSABLE"
  | "CONTRACTS_ABSENT"
  | "HARDWARE_CLASS_UNKNOWN"
  | "INVALID_ARGUMENT"
  | "KEYSTORE_CORRUPT"
  | "KEYSTORE_EXISTS"
  | "KEYSTORE_MISSING"
  | "KEYSTORE_PERMISSIONS"
  | "KEY_INVALID"
  | "KEY_MISMATCH"
  | "METRICS_PORT_UNUSABLE"
  | "MODEL_ROOT_MISMATCH"
  | "MODEL_PROCESS_FAILED"
  | "MODEL_URI_MISSING"
  | "NODE_TOO_OLD"
  | "NOT_CONFIRMED"
  | "NOT_REGISTERED"
  | "OPERATOR_FUNDS_TOO_LOW"
  | "PASSWORD_MISSING"
  | "PASSWORD_WRONG"
  | "POOL_UNKNOWN"
  | "STORAGE_CORRUPT"
  | "STORAGE_FOREIGN"
  | "STORAGE_IN_USE"
  | "TOKEN_UNKNOWN"
  | "TRANSACTION_FAILED"
  | "TRANSITION_INVALID";

/** `EX_CONFIG` of sysexits.h: restarting does not help until somebody changes something. */
export const EXIT_MISCONFIGURED = 78;

/** Codes that a service manager must not answer with a restart. */
const misconfigurations: ReadonlySet<WorkerErrorCode> = new Set<WorkerErrorCode>([
  "AMOUNT_INVALID",
  "CHANNELS_CERTIFICATE_UNUSABLE",
  "CHANNELS_PORT_UNUSABLE",
  "CHAIN_ID_MISMATCH",
  "CHAIN_UNKNOWN",
  "CONFIG_INVALID",
  "CONFIG_PLAINTEXT_KEY",
  "CONFIG_UNREADABLE",
  "CONTENTS_SECRET_MISSING",
  "CONTENTS_UNUSABLE",
  "CONTRACTS_ABSENT",
  "HARDWARE_CLASS_UNKNOWN",
  "KEYSTORE_CORRUPT",
  "KEYSTORE_MISSING",
  "KEYSTORE_PERMISSIONS",
  "KEY_MISMATCH",
  "METRICS_PORT_UNUSABLE",
  "MODEL_ROOT_MISMATCH",
  "NODE_TOO_OLD",
  "NOT_REGISTERED",
  "PASSWORD_MISSING",
  "PASSWORD_WRONG",
  "POOL_UNKNOWN",
  "STORAGE_CORRUPT",
  "STORAGE_FOREIGN",
  "STORAGE_IN_USE",
  "TOKEN_UNKNOWN",
]);

export interface WorkerErrorOptions {
  /** What to do about it, as a sentence. */
  readonly remedy: string;
  /** The values that the message speaks of, for programs. Never a key or a password. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one error class of the worker: a stable `code`, what is wrong (with the value), and what to do next. */
export class WorkerError extends Error {
  override readonly name = "WorkerError";
  readonly code: WorkerErrorCode;
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: WorkerErrorCode, message: string, options: WorkerErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.details = options.details ?? {};
  }

  /** The exit code of a process that this error ends. */
  get exitCode(): number {
    return misconfigurations.has(this.code) ? EXIT_MISCONFIGURED : 1;
  }
}

/** What any thrown value says to a person or a log: its code, one line, and the remedy where it has one. */
export interface ErrorDescription {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

/** Describes a thrown value of any origin: the worker's, the engine's, the SDK's, ethers' or the platform's. */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { code: "UNKNOWN", message: String(error) };
  const code = stringProperty(error, "code") ?? error.name;
  const message = stringProperty(error, "shortMessage") ?? error.message;
  const remedy = stringProperty(error, "remedy");
  // The engine's messages end in their remedy.
  const shortened = remedy === undefined ? message : message.replace(remedy, "").trim();
  return { code, message: firstLine(shortened), ...(remedy === undefined ? {} : { remedy }) };
}

/** Whether an error speaks of the node or the network, not of what was asked: the same question may be answered later. */
export function isNodeTrouble(error: unknown): boolean {
  const { code, message } = describeError(error);
  // ethers' word for an answer that is no JSON, such as a proxy's error page.
  if (code === "UNSUPPORTED_OPERATION" || code === "SignerUnsupported") return /response body/.test(message);
  return /^(Rpc[A-Z]|CHAIN_UNREACHABLE|NETWORK_ERROR|SERVER_ERROR|TIMEOUT|UNKNOWN_ERROR|BAD_DATA|E[A-Z]+$)/.test(
    code,
  );
}

function stringProperty(error: Error, name: string): string | undefined {
  const value: unknown = (error as unknown as Record<string, unknown>)[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** ethers puts whole requests into its messages; the first line says what is wrong. */
function firstLine(message: string): string {
  const line = message.split("\n", 1)[0] ?? "";
  return line.length > 400 ? `${line.slice(0, 400)}…` : line;
}
