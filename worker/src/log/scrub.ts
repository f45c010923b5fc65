/** Replaces secrets in a text. */
export type Scrub = (text: string) => string;

/**
 * Makes a function that keeps the given secrets out of anything printed. Short ones are ignored: hiding "a" would hide everything.
 *
 * @example
 * scrubber(["hunter2-hunter2"])("password hunter2-hunter2"); // "password [hidden]"
 */
export function scrubber(secrets: readonly string[]): Scrub {
  const hidden = secrets.filter((secret) => secret.length >= 8).sort((a, b) => b.length - a.length);
  return (text) => hidden.reduce((result, secret) => result.replaceAll(secret, "[hidden]"), text);
}

/** The parts of a service's URL that may be keys to it: its path, its query, its user and password. */
export function secretsOfUrl(text: string): string[] {
  const url = new URL(text);
  const path = url.pathname.replace(/^\/+|\/+$/g, "");
  return [path, url.search.slice(1), decodeURIComponent(url.password), url.password].filter(
    (part) => part !== "",
  );
}
