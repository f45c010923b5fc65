import { expect } from "chai";
import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startContentServer, type ContentServer } from "../../../sdk/src/testing/content-server.ts";
import { expectError } from "../testing/expect-error.ts";
import { temporaryFolder } from "../testing/model.ts";
import { FileContentStore } from "./file-content-store.ts";
import { CONTENT_VARIABLES, openContentStore } from "./open-content-store.ts";

const bytes = Uint8Array.of(1, 2, 3);
const KEYS = {
  id: "AKIDEXAMPLE",
  secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** The signature that AWS's documentation of Signature Version 4 gives a request, computed from what arrived. */
function signatureOf({ method, url, headers }: IncomingMessage, region: string): string {
  const [, names] = /SignedHeaders=([^,]+)/.exec(headers.authorization!)!;
  const date = headers["x-amz-date"] as string;
  const canonical = [
    ...[method, url, ""],
    ...names!.split(";").map((name) => `${name}:${String(headers[name])}`),
    ...["", names, headers["x-amz-content-sha256"]],
  ].join("\n");
  const day = date.slice(0, 8);
  const scope = `${day}/${region}/s3/aws4_request`;
  const hash = createHash("sha256").update(canonical).digest("hex");
  const key = [region, "s3", "aws4_request"].reduce(hmac, hmac(`AWS4${KEYS.secret}`, day));
  return hmac(key, ["AWS4-HMAC-SHA256", date, scope, hash].join("\n")).toString("hex");
}

describe("the content store of a configuration", () => {
  let server: ContentServer;
  const config = { folder: "", s3Region: null, keepAfterEnd: 1 };

  before(async () => {
    server = await startContentServer();
  });
  beforeEach(() => {
    server.admit = () => true;
  });
  after(() => server.close());

  it("is files by default; a folder that cannot be is a misconfiguration", async () => {
    const folder = await temporaryFolder();
    const { store, secrets } = await openContentStore(
      { ...config, url: null, folder: join(folder.path, "contents") },
      {},
    );
    expect(store).to.be.instanceOf(FileContentStore);
    expect(secrets).to.deep.equal([]);
    expect(await store.get(await store.put(bytes))).to.deep.equal(bytes);
    const file = join(folder.path, "file");
    await writeFile(file, "");
    const open = () => openContentStore({ ...config, url: null, folder: file }, {});
    expect((await expectError(open, "CONTENTS_UNUSABLE", file)).exitCode).to.equal(78);
    await folder.remove();
  });

  it("is a service that a bearer token opens, taken out of the environment", async () => {
    const seen: unknown[] = [];
    server.admit = ({ headers }) => seen.push(headers.authorization) > 0;
    const environment = { [CONTENT_VARIABLES.token]: "the-token", HOME: "/" };
    const { store, secrets } = await openContentStore({ ...config, url: server.url }, environment);
    expect(environment).to.deep.equal({ HOME: "/" });
    expect(secrets).to.deep.equal(["the-token"]);
    await store.put(bytes);
    expect(seen).to.deep.equal(["Bearer the-token"]);
  });

  it("is an S3-compatible service, each request signed as AWS documents it", async () => {
    let signed = 0;
    server.admit = (request, response) => {
      const { authorization = "" } = request.headers;
      const isRight =
        authorization.includes(`Credential=${KEYS.id}/`) &&
        authorization.endsWith(`Signature=${signatureOf(request, "eu-central-1")}`);
      if (isRight) signed++;
      else response.writeHead(403).end();
      return isRight;
    };
    const environment = {
      [CONTENT_VARIABLES.keyId]: KEYS.id,
      [CONTENT_VARIABLES.secret]: KEYS.secret,
    };
    const { store, secrets } = await openContentStore(
      {
        ...config,
        url: `${server.url}/bucket/folder`,
        s3Region: "eu-central-1",
      },
      environment,
    );
    expect(secrets).to.deep.equal([KEYS.secret]);
    expect(environment).to.deep.equal({});
    const key = await store.put(bytes);
    expect(server.bodies.get(`/bucket/folder/${key.slice(2)}`)).to.deep.equal(bytes);
    expect(await store.has(key)).to.equal(true);
    expect(await store.get(key)).to.deep.equal(bytes);
    await store.remove(key);
    expect(await store.has(key)).to.equal(false);
    expect(signed).to.equal(5);
  });

  it("says which variables an S3-compatible service lacks, and none of their values", async () => {
    const environment = { [CONTENT_VARIABLES.secret]: KEYS.secret };
    const open = () =>
      openContentStore({ ...config, url: server.url, s3Region: "eu-central-1" }, environment);
    const error = await expectError(open, "CONTENTS_SECRET_MISSING", "127.0.0.1");
    expect(error.remedy).to.contain(CONTENT_VARIABLES.keyId);
    expect(`${error.message} ${error.remedy} ${JSON.stringify(error.details)}`).not.to.contain(KEYS.secret);
  });
});
