import { expect } from "chai";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectError } from "../testing/expect-error.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/model.ts";
import {
  createEncryptionKeystore,
  readEncryptionKeystore,
  unlockEncryptionKeystore,
} from "./encryption-keystore.ts";

const password = "correct horse battery staple";
/** Real keystores take a second; these are for tests. */
const CHEAP = 2;

describe("keystores of encryption keys", () => {
  let folder: TemporaryFolder;
  let file: string;
  let publicKey: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, "encryption.json");
    publicKey = await createEncryptionKeystore(file, password, CHEAP);
  });
  afterEach(() => folder.remove());

  it("give the key back for the password, and only then", async () => {
    const keystore = await readEncryptionKeystore(file);
    expect(keystore.publicKey).to.equal(publicKey);
    const { key, seed } = await unlockEncryptionKeystore(keystore, password);
    expect(key.publicKey).to.equal(publicKey);
    const text = await readFile(file, "utf8");
    expect(text).to.not.contain(seed);
    expect(text).to.not.contain(password);
    await expectError(() => unlockEncryptionKeystore(keystore, "wrong password"), "PASSWORD_WRONG", file);
  });

  it("are readable by their owner alone, and never overwritten", async () => {
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    await expectError(() => createEncryptionKeystore(file, password, CHEAP), "KEYSTORE_EXISTS", file);
    await chmod(file, 0o640);
    await expectError(() => readEncryptionKeystore(file), "KEYSTORE_PERMISSIONS", "mode 0640");
  });

  it("that are missing, something else, or greedy are refused", async () => {
    await expectError(
      () => readEncryptionKeystore(join(folder.path, "no.json")),
      "KEYSTORE_MISSING",
      "no.json",
    );
    const text = await readFile(file, "utf8");
    const greedy = text.replace('"scryptCost": 2', '"scryptCost": 1073741824');
    expect(greedy).to.not.equal(text);
    for (const other of ["", "{}", '{"version":3}', greedy]) {
      await writeFile(file, other);
      await expectError(() => readEncryptionKeystore(file), "KEYSTORE_CORRUPT", file);
    }
  });

  it("whose public key was changed do not unlock", async () => {
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace(publicKey, `0x${"12".repeat(32)}`));
    const keystore = await readEncryptionKeystore(file);
    await expectError(() => unlockEncryptionKeystore(keystore, password), "PASSWORD_WRONG");
  });
});
