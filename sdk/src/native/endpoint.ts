import { athanorError } from "../errors/athanor-error.ts";

/** Names that resolve to this machine, or to others of its network. */
const LOCAL_NAMES = ["localhost", "local", "internal", "intranet", "lan", "home.arpa"];

/**
 * An address as one to ask, without the slash at its end. One that only the registry names comes from a stranger: it must be `https:` and name a host of the public
 * internet, so that no provider has a client ask the machines around it.
 *
 * @param isTrusted whether it may also be `http:`, or name any machine, because the caller says so
 * @throws AthanorError `ProviderWithoutEndpoint`, `EndpointRefused`
 */
export function endpointOf(provider: string, address: string, isTrusted: boolean): string {
  const found = JSON.stringify(address.slice(0, 200));
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw athanorError("ProviderWithoutEndpoint", { provider, found });
  }
  const { username, password, protocol, origin, pathname } = url;
  const refuse = (expected: string) => athanorError("EndpointRefused", { provider, found, expected });
  if (username !== "" || password !== "") throw refuse("one without user and password");
  if (/[?#]/.test(address)) throw refuse("one without query and fragment");
  if (!isTrusted && protocol !== "https:") throw refuse("https");
  if (!isTrusted && !isPublicName(url.hostname)) throw refuse("a host name of the public internet");
  return `${origin}${pathname}`.replace(/\/+$/, "");
}

/** What `URL` makes of a host: IPv4 addresses in any notation have become four numbers, IPv6 addresses have brackets. */
function isPublicName(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  const isAddress = name.startsWith("[") || /^[\d.]+$/.test(name);
  const isLocal = LOCAL_NAMES.some((local) => name === local || name.endsWith(`.${local}`));
  return name.includes(".") && !isAddress && !isLocal;
}
