import { BASE_PATH, MOST_DOCUMENT_CHARACTERS, offerSchema, parseMessage } from "@athanor/sdk/channels";
import type { Chain } from "../chain/chain.ts";
import type { Config } from "../config/schema.ts";
import { describeError } from "../errors.ts";
import { failed, ok, warning, type CheckResult } from "./check.ts";

const TIMEOUT = 10_000;
const IN_USE = 2n ** 40n - 1n;

/** Whether clients of channels reach this provider at the address of its profile, as they would: from outside the daemon's process. */
export async function checkChannels(
  chain: Chain,
  config: Config,
  operator: string | undefined,
): Promise<CheckResult[]> {
  if (config.channels === null) return [];
  const { endpoint, owner } = config.provider;
  if (endpoint === "") {
    return [failed("channels", "clients do not find them", "Set provider.endpoint, then register again.")];
  }
  const { providerRegistry, channelEscrow } = chain.contracts;
  const { profile } = await providerRegistry.providerOf(owner);
  if (profile.endpoint !== endpoint) {
    const detail = `the profile names ${JSON.stringify(profile.endpoint)}, the configuration ${endpoint}`;
    return [failed("channels", detail, "Run: athanor provider register --config FILE")];
  }
  if (operator !== undefined && (await channelEscrow.receiptKeyUntil(owner, operator)) !== IN_USE) {
    const detail = `${operator} is no receipt key, so it cannot close channels`;
    return [failed("channels", detail, "Run: athanor provider register --config FILE")];
  }
  return [await askEndpoint(endpoint, owner, chain)];
}

async function askEndpoint(endpoint: string, owner: string, chain: Chain): Promise<CheckResult> {
  const url = `${endpoint.replace(/\/+$/, "")}${BASE_PATH}`;
  let text: string;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT), redirect: "error" });
    text = (await response.text()).slice(0, MOST_DOCUMENT_CHARACTERS);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  } catch (error) {
    const { message } = describeError(
      error instanceof Error && error.cause instanceof Error ? error.cause : error,
    );
    const remedy =
      "Start the daemon. If it runs, correct the proxy before it, or channels.host and channels.port.";
    return warning("channels", `${url} does not answer: ${message}`, remedy);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Reported below, as whatever else is no offer.
  }
  const parsed = parseMessage(offerSchema, value);
  if ("problem" in parsed) {
    return failed("channels", `${url} is not this protocol: ${parsed.problem}`, "Correct provider.endpoint.");
  }
  const { provider, chainId, models } = parsed.message;
  if (provider.toLowerCase() !== owner.toLowerCase() || chainId !== chain.chainId) {
    const detail = `${url} is the provider ${provider} on chain ${chainId}`;
    return failed("channels", detail, "Correct provider.endpoint.");
  }
  return ok("channels", `${url} answers, with ${models.length} ${models.length === 1 ? "model" : "models"}`);
}
