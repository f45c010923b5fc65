import { bearer, HttpContentStore, type ContentStore } from "@athanor/sdk/contents";
import { AwsClient } from "aws4fetch";
import type { Config } from "../config/schema.ts";
import { describeError, WorkerError } from "../errors.ts";
import { FileContentStore } from "./file-content-store.ts";

/** What lets the worker in at a content service. Read from the environment, where they are removed. */
export const CONTENT_VARIABLES = {
  token: "ATHANOR_CONTENTS_TOKEN",
  keyId: "ATHANOR_CONTENTS_ACCESS_KEY_ID",
  secret: "ATHANOR_CONTENTS_SECRET_ACCESS_KEY",
} as const;

export interface OpenedContentStore {
  readonly store: ContentStore;
  /** What no log may say. */
  readonly secrets: readonly string[];
}

/**
 * The content store of a configuration: files, or a service.
 *
 * @param environment of the process; secrets are removed from it, so that no child inherits them
 * @throws WorkerError CONTENTS_UNUSABLE, CONTENTS_SECRET_MISSING
 */
export async function openContentStore(
  { folder, url, s3Region }: Config["contents"],
  environment: Record<string, string | undefined>,
): Promise<OpenedContentStore> {
  const [token, keyId, secret] = Object.values(CONTENT_VARIABLES).map((name) => take(environment, name));
  if (url === null) {
    try {
      return { store: await FileContentStore.open(folder), secrets: [] };
    } catch (cause) {
      const { message } = describeError(cause);
      throw new WorkerError("CONTENTS_UNUSABLE", `The folder ${folder} cannot be used: ${message}.`, {
        remedy: "Let the worker write there, or name another folder as contents.folder.",
        details: { folder },
        cause,
      });
    }
  }
  if (s3Region === null) {
    const store = new HttpContentStore({
      url,
      ...(token !== undefined && { authorise: bearer(token) }),
    });
    return { store, secrets: token === undefined ? [] : [token] };
  }
  if (keyId === undefined || secret === undefined) {
    const { host } = new URL(url);
    throw new WorkerError("CONTENTS_SECRET_MISSING", `There are no keys for the contents at ${host}.`, {
      remedy: `Set ${CONTENT_VARIABLES.keyId} and ${CONTENT_VARIABLES.secret}.`,
      details: { host },
    });
  }
  const client = new AwsClient({
    ...{
      accessKeyId: keyId,
      secretAccessKey: secret,
      service: "s3",
      region: s3Region,
      retries: 0,
    },
  });
  const store = new HttpContentStore({
    url,
    authorise: (request) => client.sign(request),
  });
  return { store, secrets: [secret] };
}

function take(environment: Record<string, string | undefined>, name: string): string | undefined {
  const value = environment[name];
  delete environment[name];
  return value === "" ? undefined : value;
}
