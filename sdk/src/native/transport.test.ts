import { expect } from "chai";
import * as z from "zod/mini";
import { rejection } from "../testing/rejection.ts";
import { endpointOf } from "./endpoint.ts";
import { awaitDeposit } from "./patience.ts";
import { call, type Fetch, type Transport } from "./transport.ts";

const PROVIDER = `0x${"12".repeat(20)}`;
const CHANNEL = `0x${"34".repeat(32)}`;

const codeOf = (action: () => unknown) => rejection(new Promise((resolve) => resolve(action())));
const transport = (fetch: Fetch): Transport => ({
  endpoint: "https://provider.example",
  fetch,
  silence: 5_000,
});

describe("an endpoint of the registry", () => {
  for (const address of [
    "http://provider.example",
    "https://user:secret@provider.example",
    "https://provider.example/?target=1",
    "https://provider.example/#part",
    "https://provider.example?",
    "https://localhost:8545",
    "https://localhost.",
    "https://api.localhost",
    "https://router.local",
    "https://metadata.google.internal",
    "https://intranet",
    "https://127.0.0.1",
    "https://2130706433",
    "https://0x7f.1",
    "https://169.254.169.254/latest",
    "https://10.0.0.1",
    "https://[::1]",
    "https://[::ffff:192.168.0.1]",
    "https://[fe80::1]",
  ]) {
    it(`that is ${address} is not asked`, async () => {
      const { code, values } = await codeOf(() => endpointOf(PROVIDER, address, false));
      expect([code, values["found"]]).to.deep.equal(["EndpointRefused", JSON.stringify(address)]);
    });
  }

  for (const address of ["", "provider.example", "ftp://provider.example", "javascript:alert(1)"]) {
    it(`that is ${JSON.stringify(address)} is none`, async () => {
      expect((await codeOf(() => endpointOf(PROVIDER, address, true))).code).to.equal(
        "ProviderWithoutEndpoint",
      );
    });
  }

  it("is taken as a public https name, without the slash at its end", () => {
    expect(endpointOf(PROVIDER, "https://provider.example:8443/base/", false)).to.equal(
      "https://provider.example:8443/base",
    );
  });

  it("may be on this machine when the caller says so, but never has a user, a query or a fragment", async () => {
    expect(endpointOf(PROVIDER, "http://127.0.0.1:8080/", true)).to.equal("http://127.0.0.1:8080");
    for (const address of ["http://a:b@127.0.0.1", "http://127.0.0.1?x", "http://127.0.0.1#x"]) {
      expect((await codeOf(() => endpointOf(PROVIDER, address, true))).code).to.equal("EndpointRefused");
    }
  });
});

describe("what a provider answers", () => {
  it("is not quoted when it is no JSON: it may be another server's secret", async () => {
    const fetch: Fetch = () => Promise.resolve(new Response("secret of the machine beside"));
    const error = await rejection(call(transport(fetch), "", z.object({})));
    expect(error.code).to.equal("ProviderMisbehaved");
    expect(error.message).to.not.contain("secret");
  });
});

describe("a deposit that left", () => {
  const busy = (seconds = 0) =>
    new Response('{"error":{"code":"TooManyRequests","message":"Many wait.","remedy":"Wait."}}', {
      status: 429,
      headers: { "retry-after": String(seconds) },
    });

  it("is asked for again when the provider has too many requests", async () => {
    let asked = 0;
    const fetch: Fetch = () =>
      Promise.resolve(++asked < 3 ? busy() : new Response(`{"channel":"${CHANNEL}","deposit":"7"}`));
    await awaitDeposit(transport(fetch), CHANNEL, 7n, undefined);
    expect(asked).to.equal(3);
  });

  it("is there, whatever the provider says: a refusal without end does not make opening fail", async () => {
    let asked = 0;
    const fetch: Fetch = () => (asked++, Promise.resolve(busy(60)));
    await awaitDeposit(transport(fetch), CHANNEL, 7n, undefined);
    expect(asked).to.equal(1);
  });

  it("does not keep a caller who leaves", async () => {
    const stop = new AbortController();
    const fetch: Fetch = () => (stop.abort(), Promise.resolve(busy()));
    expect((await rejection(awaitDeposit(transport(fetch), CHANNEL, 7n, stop.signal))).code).to.equal(
      "Aborted",
    );
  });
});
