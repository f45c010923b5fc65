import type { Context } from "hono";
import { isIPv6 } from "node:net";
import { Refusal } from "./refusal.ts";

/**
 * Who calls: an address, or of IPv6 the network of 64 bits, all of which one caller has. Of a proxy on this machine it is what the proxy says; undefined for a
 * program of this machine.
 */
export function callerOf(context: Context): string | undefined {
  const env = context.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined;
  const remote = plain(env?.incoming?.socket?.remoteAddress ?? "");
  if (remote !== "" && remote !== "::1" && !remote.startsWith("127.")) return networkOf(remote);
  // The last entry is the proxy's own; those before it the caller may have made up.
  const forwarded = context.req.header("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "";
  return forwarded === "" ? undefined : networkOf(plain(forwarded));
}

const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, "");

function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const all = [...groups, ...Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill("0"), ...rest];
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

/** Counts who waits, by channel and by caller, so that nobody takes every place. */
export class WaitingPlaces {
  private readonly counts = new Map<string, number>();

  /**
   * @param places who takes a place, and how many of those there are; undefined is nobody
   * @returns the function that gives them back
   * @throws Refusal `TooManyRequests`
   */
  enter(places: readonly (readonly [who: string | undefined, most: number])[]): () => void {
    const taken = places.flatMap(([who]) => (who === undefined ? [] : [who]));
    for (const [who, most] of places) {
      if (who === undefined || (this.counts.get(who) ?? 0) < most) continue;
      throw new Refusal("TooManyRequests", `${most} requests like this one wait.`, "Ask again.", 5);
    }
    for (const who of taken) this.counts.set(who, (this.counts.get(who) ?? 0) + 1);
    return () => {
      for (const who of taken) {
        const left = this.counts.get(who)! - 1;
        if (left === 0) this.counts.delete(who);
        else this.counts.set(who, left);
      }
    };
  }
}
