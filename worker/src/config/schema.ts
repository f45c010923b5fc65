import { getAddress, isAddress, parseEther } from "ethers";
import { z } from "zod";
import { parseCents } from "@athanor/sdk";
import { parseAmount, type Amount } from "./amount.ts";
import { integer, leaf, milliseconds, optionalLeaf, text } from "./leaf.ts";

/** Log levels, most talkative first. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Who computes: a graphics card if one can, only a graphics card, one in software for trials, the processor. */
export const computeChoices = ["auto", "gpu", "software-gpu", "cpu"] as const;
export type Compute = (typeof computeChoices)[number];

/** The contracts of a deployment, by the names that the SDK's table of deployments uses. */
const deployment = z.strictObject({
  ath: leaf("the address of the ATH token: 0x and 40 hexadecimal digits", address),
  vault: leaf("the address of the vault: 0x and 40 hexadecimal digits", address),
  modelRegistry: leaf("the address of the model registry: 0x and 40 hexadecimal digits", address),
  programRegistry: leaf("the address of the program registry: 0x and 40 hexadecimal digits", address),
  providerRegistry: leaf("the address of the provider registry: 0x and 40 hexadecimal digits", address),
  jobEscrow: leaf("the address of the job escrow: 0x and 40 hexadecimal digits", address),
  channelEscrow: leaf("the address of the channel escrow: 0x and 40 hexadecimal digits", address),
  receiptResults: leaf("the address of what makes receipts results: 0x and 40 hexadecimal digits", address),
  resultSources: leaf(
    "the address of what stands between escrows and dispute game: 0x and 40 hexadecimal digits",
    address,
  ),
  disputeGame: leaf("the address of the dispute game: 0x and 40 hexadecimal digits", address),
  delegationPools: leaf(
    "the address of the factory of delegation pools: 0x and 40 hexadecimal digits",
    address,
  ).optional(),
  qualityReports: leaf(
    "the address of the checkers' quality reports: 0x and 40 hexadecimal digits",
    address,
  ).optional(),
  resultAudits: leaf(
    "the address of the checkers' audits of results: 0x and 40 hexadecimal digits",
    address,
  ).optional(),
});

const offer = z.strictObject({
  token: leaf('a token: "ATH", or an ERC-20\'s address of 0x and 40 hexadecimal digits', text),
  inputCents: leaf('US cents for a million prompt tokens, in quotes, such as "12.5"', cents),
  outputCents: leaf('US cents for a million generated tokens, in quotes, such as "50"', cents),
});

const limits = z.strictObject({
  maxConcurrentJobs: optionalLeaf("a number of jobs from 1 to 64, such as 1", 1, integer(1, 64)),
  maxQueuedJobs: optionalLeaf("a number of jobs from 0 to 10000, such as 16", 16, integer(0, 10_000)),
  maxOpenJobs: optionalLeaf("a number of jobs from 1 to 100000, such as 10", 10, integer(1, 100_000)),
  maxTokensPerJob: optionalLeaf(
    "a number of tokens from 1 to 16777215, such as 512",
    16_777_215,
    integer(1, 16_777_215),
  ),
  minimumSecondsLeft: optionalLeaf("a number of seconds from 1 to 86400, such as 10", 10, integer(1, 86_400)),
  declinesPerHour: optionalLeaf(
    "a number of transactions from 0 to 10000, such as 30",
    30,
    integer(0, 10_000),
  ),
});

const chain = z.strictObject({
  rpcUrl: leaf('the URL of an Ethereum JSON-RPC service, such as "http://127.0.0.1:8545"', httpUrl),
  chainId: leaf("the id of the chain that is meant, such as 31337", integer(1, Number.MAX_SAFE_INTEGER)),
  deployment: deployment.optional(),
  confirmations: optionalLeaf("a number of blocks from 1 to 1000, such as 2", 1, integer(1, 1_000)),
  pollInterval: optionalLeaf('a time with its unit, such as "2s" or "500ms"', 2_000, milliseconds),
});

const modelFolder = {
  path: leaf("the path of a model's folder, such as ./models/bard", text),
  root: optionalLeaf("the model's root: 0x and 64 hexadecimal digits", null, root),
};

const contents = z.strictObject({
  folder: optionalLeaf("the path of a folder, such as ./contents", "contents", text),
  url: optionalLeaf("an http or https address without user name, query and fragment", null, plainUrl),
  s3Region: optionalLeaf('the region of an S3-compatible service, such as "eu-central-1"', null, text),
  keepAfterEnd: optionalLeaf('a time with its unit up to 24h, such as "24h"', 86_400_000, milliseconds),
});

const metrics = z
  .strictObject({ port: leaf("a TCP port from 1 to 65535, such as 9464", integer(1, 65_535)) })
  .nullable()
  .default(null);

/** Serving channels over HTTP: docs/native-protocol.md. */
const channels = z
  .strictObject({
    host: optionalLeaf('an address of this machine to listen at, such as "127.0.0.1"', "127.0.0.1", text),
    port: leaf("a TCP port from 1 to 65535, such as 8600", integer(1, 65_535)),
    certificate: optionalLeaf(
      "the path of a PEM file with the certificate, or leave the field out",
      null,
      text,
    ),
    key: optionalLeaf(
      "the path of a PEM file with the certificate's key, or leave the field out",
      null,
      text,
    ),
    origins: optionalLeaf(
      '"*", or the one origin whose pages may call, such as "https://app.example"',
      "*",
      text,
    ),
    maxOpen: optionalLeaf("a number of channels from 1 to 100000, such as 10", 10, integer(1, 100_000)),
    maxConcurrent: optionalLeaf("a number of answers from 1 to 256, such as 4", 4, integer(1, 256)),
    maxQueued: optionalLeaf("a number of answers from 0 to 10000, such as 16", 16, integer(0, 10_000)),
    longestDays: optionalLeaf("a number of days from 1 to 365, such as 30", 30, integer(1, 365)),
    keepGenerations: optionalLeaf('a time with its unit, such as "30s"', 30_000, milliseconds),
    chainSilence: optionalLeaf('a time with its unit, such as "5m"', 300_000, milliseconds),
    bodyBytes: optionalLeaf(
      "a number of bytes from 1024 to 16777216, such as 1048576",
      1_048_576,
      integer(1_024, 16_777_216),
    ),
    minimumDeposits: optionalLeaf('amounts with their units, such as ["5 ATH"]', [], amounts),
    settleAbove: optionalLeaf('amounts with their units, such as ["20 ATH"]', [], amounts),
  })
  .refine(({ certificate, key }) => (certificate === null) === (key === null), {
    // One without the other would be served in the clear.
    message: "certificate and key together, or neither",
  })
  .nullable()
  .default(null);

const logLevelField = optionalLeaf(`one of ${logLevels.join(", ")}`, "info", logLevel);

/** The configuration file, once parsed. Paths are as written; `loadConfig` makes them absolute. */
export const configSchema = z.strictObject({
  chain,
  keys: z.strictObject({
    operatorKeystore: leaf("the path of the operator's keystore file, such as operator.json", text),
    ownerKeystore: optionalLeaf("the path of the owner's keystore file, such as owner.json", null, text),
    watchtowerKeystore: optionalLeaf(
      "the path of the watchtower's keystore file, such as watchtower.json",
      null,
      text,
    ),
    receiptKeystore: optionalLeaf(
      "the path of the keystore file of the key that signs receipts, such as receipts.json",
      null,
      text,
    ),
    encryptionKeystore: optionalLeaf(
      "the path of the encryption key's keystore file, such as encryption.json",
      null,
      text,
    ),
    previousEncryptionKeystores: z
      .array(
        z.strictObject({
          path: leaf("the path of an earlier encryption key's keystore file", text),
          until: leaf('the time until which it is used, such as "2027-01-31T00:00:00Z"', instant),
        }),
        "a list of earlier encryption keys",
      )
      .max(8, "at most 8 earlier encryption keys")
      .default([]),
  }),
  provider: z.strictObject({
    owner: leaf("the address of the provider's owner account: 0x and 40 hexadecimal digits", address),
    endpoint: optionalLeaf("the URL of your own service, or leave the field out", "", httpUrl),
  }),
  hardware: leafArray(
    "a list of at least one hardware class",
    z.strictObject({
      class: leaf('the name of a hardware class, such as "cpu", or its index', nameOrIndex),
      count: leaf("a number of GPUs from 1 to 100000, such as 1", integer(1, 100_000)),
    }),
  ),
  models: leafArray(
    "a list of at least one model",
    z.strictObject({
      ...modelFolder,
      uri: optionalLeaf("the URL where clients find the model's files", null, uri),
      offers: leafArray("a list of at least one offer", offer),
    }),
  ),
  compute: optionalLeaf(`one of ${computeChoices.join(", ")}`, "auto", compute),
  limits: limits.optional().transform((value) => value ?? limits.parse({})),
  channels,
  contents: contents.optional().transform((value) => value ?? contents.parse({})),
  storage: optionalLeaf("the path of the database file, such as provider.sqlite", "provider.sqlite", text),
  logLevel: logLevelField,
  metrics,
});

/** The configuration file of a challenger, once parsed. */
export const challengerSchema = z.strictObject({
  chain,
  keys: z.strictObject({
    challengerKeystore: leaf("the path of the challenger's keystore file, such as challenger.json", text),
    encryptionKeystore: optionalLeaf(
      "the path of the encryption key's keystore file, such as encryption.json",
      null,
      text,
    ),
  }),
  models: leafArray("a list of at least one model", z.strictObject(modelFolder)),
  challenger: z.strictObject({
    maximumBond: leaf('the largest bond for one challenge in the chain\'s coin, such as "0.5 ETH"', coin),
    delegations: optionalLeaf("the path of a folder for clients' delegations", null, text),
    maximumAtOnce: optionalLeaf("a number of challenges from 1 to 64, such as 16", 16, integer(1, 64)),
  }),
  logLevel: logLevelField,
  metrics,
});

/** When a checker shows others' faults for the tenth that the finder gets: always, when that is worth its gas, never. */
export const faultChoices = ["always", "worthwhile", "never"] as const;
export type FaultChoice = (typeof faultChoices)[number];

/** The configuration file of a checker, once parsed. */
export const checkerSchema = z.strictObject({
  chain,
  keys: z.strictObject({
    operatorKeystore: leaf("the path of the operator's keystore file, such as operator.json", text),
    ownerKeystore: optionalLeaf("the path of the owner's keystore file, such as owner.json", null, text),
    buyerKeystores: leafArray(
      "a list of at least one keystore file",
      leaf("the path of the keystore file of an account that buys requests, such as buyer.json", text),
    ),
  }),
  checker: z
    .strictObject({
      owner: leaf("the address of the checker's owner account: 0x and 40 hexadecimal digits", address),
      tokens: optionalLeaf(
        'a list of tokens: "ATH", or an ERC-20\'s address of 0x and 40 hexadecimal digits',
        ["ATH"],
        texts,
      ),
      budgetPerEpoch: leaf('at least one amount with its unit, such as ["5 ATH"]', someAmounts),
      prompts: optionalLeaf("a list of text files, such as [letters.txt, notes.txt]", [], texts),
      measuredAtOnce: optionalLeaf("a number of providers from 1 to 64, such as 4", 4, integer(1, 64)),
      commitBefore: optionalLeaf('a time with its unit, such as "15m"', null, milliseconds),
      faults: optionalLeaf(`one of ${faultChoices.join(", ")}`, "always", faultChoice),
      coinInAth: optionalLeaf('what a coin of the chain is worth, such as "4000 ATH"', null, athAmount),
      maximumBond: leaf('the largest bond for one challenge in the chain\'s coin, such as "0.5 ETH"', coin),
      leaving: optionalLeaf("true, or false", false, boolean),
    })
    .refine(({ faults, coinInAth }) => faults !== "worthwhile" || coinInAth !== null, {
      message: 'coinInAth beside "worthwhile": without it nobody can tell what gas is worth',
      path: ["faults"],
    }),
  models: z
    .array(z.strictObject(modelFolder), "a list of models")
    .optional()
    .transform((value) => value ?? []),
  storage: optionalLeaf("the path of the database file, such as checker.sqlite", "checker.sqlite", text),
  logLevel: logLevelField,
  metrics,
});

export type Config = z.output<typeof configSchema>;
export type ChallengerConfig = z.output<typeof challengerSchema>;
export type CheckerConfig = z.output<typeof checkerSchema>;
/** Where a model is, and the root it must have. */
export type ModelFolder = ChallengerConfig["models"][number];
export type ModelConfig = Config["models"][number];
export type OfferConfig = ModelConfig["offers"][number];

function leafArray<T extends z.ZodType>(expected: string, item: T) {
  return z.array(item, expected).min(1, expected);
}

function address(value: unknown): string | undefined {
  return typeof value === "string" && value.startsWith("0x") && isAddress(value)
    ? getAddress(value)
    : undefined;
}

/** An instant of UTC, in seconds since 1970. */
function instant(value: unknown): number | undefined {
  const written = value instanceof Date ? value.toISOString() : value;
  if (typeof written !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(written)) {
    return undefined;
  }
  const milliseconds = Date.parse(written);
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1_000);
}

/** Of a list whose items have names and indices. */
function nameOrIndex(value: unknown): string | undefined {
  return integer(0, 2 ** 32 - 1)(value)?.toString() ?? text(value);
}

function root(value: unknown): string | undefined {
  return typeof value === "string" && /^0x[0-9a-fA-F]{64}$/.test(value) ? value.toLowerCase() : undefined;
}

function httpUrl(value: unknown): string | undefined {
  if (typeof value !== "string" || !URL.canParse(value)) return undefined;
  return ["http:", "https:"].includes(new URL(value).protocol) ? value : undefined;
}

/** One that has no place for a secret. */
function plainUrl(value: unknown): string | undefined {
  const url = httpUrl(value);
  if (url === undefined) return undefined;
  const { username, password, search, hash } = new URL(url);
  return username || password || search || hash ? undefined : url;
}

function uri(value: unknown): string | undefined {
  return typeof value === "string" && URL.canParse(value) ? value : undefined;
}

function amount(value: unknown): Amount | undefined {
  return typeof value === "string" ? parseAmount(value) : undefined;
}

function amounts(value: unknown): readonly Amount[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parsed = value.map(amount);
  return parsed.some((one) => one === undefined) ? undefined : (parsed as Amount[]);
}

function someAmounts(value: unknown): readonly Amount[] | undefined {
  const parsed = amounts(value);
  return parsed?.length === 0 ? undefined : parsed;
}

/** ATH units. */
function athAmount(value: unknown): bigint | undefined {
  const parsed = amount(value);
  if (parsed?.unit.toUpperCase() !== "ATH" || (parsed.number.split(".")[1]?.length ?? 0) > 18) {
    return undefined;
  }
  return parseEther(parsed.number);
}

function texts(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const parsed = value.map(text);
  return parsed.some((one) => one === undefined) ? undefined : (parsed as string[]);
}

function boolean(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

function faultChoice(value: unknown): FaultChoice | undefined {
  return faultChoices.find((choice) => choice === value);
}

/** US cents, in microcents. Numbers are refused: not all of them are what was written. */
function cents(value: unknown): bigint | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return parseCents(value.trim());
  } catch {
    return undefined;
  }
}

/** An amount of the chain's coin, in wei. */
function coin(value: unknown): bigint | undefined {
  const parsed = amount(value);
  if (parsed?.unit !== "ETH" || (parsed.number.split(".")[1]?.length ?? 0) > 18) return undefined;
  return parseEther(parsed.number);
}

function compute(value: unknown): Compute | undefined {
  return computeChoices.find((choice) => choice === value);
}

function logLevel(value: unknown): LogLevel | undefined {
  return logLevels.find((level) => level === value);
}
