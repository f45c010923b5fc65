import { expect } from "chai";
import { Hono } from "hono";
import { callerOf, WaitingPlaces } from "./callers.ts";
import { Refusal } from "./refusal.ts";

describe("callers", () => {
  const caller = async (remoteAddress: string, forwarded?: string) => {
    const app = new Hono().get("/", (context) => context.text(callerOf(context) ?? "nobody"));
    const headers: Record<string, string> = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
    return (await app.request("/", { headers }, { incoming: { socket: { remoteAddress } } })).text();
  };

  it("are addresses, and networks of IPv6", async () => {
    expect(await caller("192.0.2.7")).to.equal("192.0.2.7");
    expect(await caller("::ffff:192.0.2.7")).to.equal("192.0.2.7");
    expect(await caller("2001:db8:1::5")).to.equal(await caller("2001:0db8:0001:0:9:9:9:9"));
    expect(await caller("2001:db8:1::5")).to.not.equal(await caller("2001:db8:2::5"));
  });

  it("are told by a proxy of this machine alone, by its own entry", async () => {
    expect(await caller("192.0.2.7", "198.51.100.1")).to.equal("192.0.2.7");
    expect(await caller("127.0.0.1", "made up, 198.51.100.1")).to.equal("198.51.100.1");
    expect(await caller("::1")).to.equal("nobody");
  });

  it("that take all places of one channel or address leave those of others", () => {
    const places = new WaitingPlaces();
    const enter = (id: string, who: string) =>
      places.enter([
        ["all", 5],
        [id, 2],
        [who, 3],
      ]);
    const leave = enter("channel", "flooder");
    enter("channel", "flooder");
    expect(() => enter("channel", "other")).to.throw(Refusal);
    enter("second", "flooder");
    expect(() => enter("third", "flooder")).to.throw(Refusal);
    enter("third", "other");
    leave();
    enter("channel", "other");
    enter("third", "other");
    expect(() => enter("fourth", "third")).to.throw(Refusal);
  });
});
