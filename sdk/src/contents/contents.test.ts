import { expect } from "chai";
import { CHECKED_MAXIMUM_BYTES, checkContentStore } from "../testing/content-store-checks.ts";
import { startContentServer, type ContentServer } from "../testing/content-server.ts";
import { rejection } from "../testing/rejection.ts";
import { contentKey } from "./content-store.ts";
import { bearer, HttpContentStore, type HttpContentStoreOptions } from "./http-content-store.ts";
import { MemoryContentStore } from "./memory-content-store.ts";

const limits = { maximumBytes: CHECKED_MAXIMUM_BYTES };

describe("a content store in memory", () => {
  checkContentStore(() => {
    const store = new MemoryContentStore(limits);
    const { contents } = store as unknown as { contents: Map<string, Uint8Array> };
    return Promise.resolve({ store, corrupt: (key, bytes) => void contents.set(key, bytes) });
  });

  it("has room for so many bytes, and gets room back", async () => {
    const store = new MemoryContentStore({ maximumBytes: 60, maximumTotalBytes: 100 });
    const first = await store.put(new Uint8Array(60));
    await store.put(new Uint8Array(60));
    expect(await rejection(store.put(new Uint8Array(41)))).to.include({ code: "ContentTooLarge" });
    await store.remove(first);
    await store.put(new Uint8Array(41));
  });
});

describe("a content store over HTTP", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const key = contentKey(bytes);
  let server: ContentServer;

  before(async () => {
    server = await startContentServer();
  });
  beforeEach(() => {
    server.admit = () => true;
    server.bodies.clear();
    server.asked.length = 0;
  });
  after(() => server.close());

  const open = (options: Partial<HttpContentStoreOptions> = {}) =>
    new HttpContentStore({ url: `${server.url}/bucket/folder`, delay: 1, ...limits, ...options });
  const pathOf = (of: string) => `/bucket/folder/${of.slice(2)}`;

  checkContentStore(() =>
    Promise.resolve({
      store: open(),
      corrupt: (of, wrong) => void server.bodies.set(pathOf(of), wrong),
    }),
  );

  it("asks by the digits of the key alone, with the token and nothing else of the caller", async () => {
    const seen: (string | undefined)[] = [];
    server.admit = ({ headers }) => {
      seen.push(headers.authorization, headers.cookie, headers.referer);
      return true;
    };
    const store = open({ url: `${server.url}/bucket/folder/`, authorise: bearer("a token") });
    await store.put(bytes);
    await store.has(key);
    await store.get(key);
    await store.remove(key);
    const methods = ["PUT", "HEAD", "GET", "DELETE"];
    expect(server.asked).to.deep.equal(methods.map((method) => `${method} ${pathOf(key)}`));
    expect(seen).to.deep.equal(methods.flatMap(() => ["Bearer a token", undefined, undefined]));
  });

  it("says who does not let it in, without the token, and does not ask again", async () => {
    server.admit = (_, response) => (response.writeHead(403).end(), false);
    const store = open({ authorise: bearer("a token") });
    for (const act of [
      () => store.put(bytes),
      () => store.get(key),
      () => store.has(key),
      () => store.remove(key),
    ]) {
      const error = await rejection(act());
      expect(error).to.include({ code: "ContentStoreRefused" });
      expect(error.message).to.contain("403").and.to.contain(server.url).and.not.to.contain("a token");
    }
    expect(server.asked).to.have.length(4);
  });

  it("asks a service again that is busy, fails or hangs up, and no more often than it was told", async () => {
    const faults = [503, 429, 0, 500];
    const fail = (times: number) => {
      let count = 0;
      server.admit = (_, response) => {
        const fault = faults[count++ % faults.length]!;
        if (count > times) return true;
        if (fault === 0) response.destroy();
        else response.writeHead(fault).end();
        return false;
      };
    };
    fail(4);
    await open({ attempts: 5 }).put(bytes);
    fail(4);
    expect(await open({ attempts: 5 }).get(key)).to.deep.equal(bytes);
    fail(4);
    expect(await rejection(open({ attempts: 3 }).get(key))).to.include({ code: "ContentStoreUnavailable" });
  });

  it("gives up on a service that does not answer, or is not there", async () => {
    server.admit = () => false;
    const slow = await rejection(open({ timeout: 50, attempts: 2 }).get(key));
    expect(slow).to.include({ code: "ContentStoreUnavailable" });
    expect(slow.message).to.contain("more than 0.05 seconds");
    expect(server.asked).to.have.length(2);
    const gone = await startContentServer();
    await gone.close();
    const error = await rejection(open({ url: gone.url, attempts: 1 }).put(bytes));
    expect(error).to.include({ code: "ContentStoreUnavailable" });
  });

  it("follows no redirect, which would show its content to somebody else", async () => {
    const other = await startContentServer();
    server.admit = (_, response) => (response.writeHead(307, { location: `${other.url}/x` }).end(), false);
    const store = open({ attempts: 1 });
    for (const act of [() => store.put(bytes), () => store.get(key)]) {
      expect(await rejection(act())).to.include({ code: "ContentStoreUnavailable" });
    }
    expect(other.asked).to.deep.equal([]);
    await other.close();
  });

  it("stops reading what has no end, and takes no half for the whole", async () => {
    let sent = 0;
    server.admit = (_, response) => {
      response.writeHead(200);
      const more = () => {
        if (response.destroyed) return;
        sent += 16_384;
        response.write(new Uint8Array(16_384), () => setImmediate(more));
      };
      more();
      return false;
    };
    expect(await rejection(open().get(key))).to.include({ code: "ContentTooLarge" });
    expect(sent).to.be.greaterThan(CHECKED_MAXIMUM_BYTES);
    server.admit = (_, response) => {
      response.writeHead(200, { "content-length": 3 });
      response.write(bytes.slice(0, 2), () => response.destroy());
      return false;
    };
    expect(await rejection(open({ attempts: 1 }).get(key))).to.include({ code: "ContentStoreUnavailable" });
  });

  it("takes no address with a secret in it, and does not repeat it", async () => {
    const host = "contents.example";
    for (const url of [
      `https://me:password@${host}`,
      `https://${host}/?token=password`,
      `https://${host}/#password`,
      `ftp://${host}/password`,
      "password",
    ]) {
      const error = await rejection(Promise.resolve().then(() => open({ url })));
      expect(error).to.include({ code: "InvalidArgument" });
      expect(error.message).not.to.contain("password");
    }
  });
});
