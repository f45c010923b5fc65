import { expect } from "chai";
import { Wallet } from "ethers";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectError } from "../testing/expect-error.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/model.ts";
import { walletFromSecret } from "./import.ts";
import { readKeystore, unlockKeystore, writeKeystore } from "./keystore.ts";

const password = "correct horse battery staple";
/** Real keystores take a second; these are for tests. */
const CHEAP = 2;

describe("keystores", () => {
  let folder: TemporaryFolder;
  let file: string;
  const wallet = new Wallet(Wallet.createRandom().privateKey);

  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, "operator.json");
    await writeKeystore(file, wallet, password, CHEAP);
  });
  afterEach(() => folder.remove());

  it("give the key back for the password, and only then", async () => {
    const keystore = await readKeystore(file);
    expect(keystore.address).to.equal(wallet.address);
    expect((await unlockKeystore(keystore, password)).privateKey).to.equal(wallet.privateKey);
    const error = await expectError(() => unlockKeystore(keystore, "wrong password"), "PASSWORD_WRONG", file);
    expect(`${error.message} ${error.stack} ${JSON.stringify(error.details)}`).to.not.contain(
      "wrong password",
    );
  });

  it("hold neither key nor password in readable form", async () => {
    const text = (await readFile(file, "utf8")).toLowerCase();
    expect(text).to.not.contain(wallet.privateKey.slice(2));
    expect(text).to.not.contain(password);
  });

  it("are readable by their owner alone", async () => {
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    await chmod(file, 0o640);
    const error = await expectError(() => readKeystore(file), "KEYSTORE_PERMISSIONS", "mode 0640");
    expect(error.remedy).to.equal(`Run: chmod 600 ${file}`);
  });

  it("are never overwritten", async () => {
    const before = await readFile(file, "utf8");
    await expectError(() => writeKeystore(file, wallet, password, CHEAP), "KEYSTORE_EXISTS", file);
    expect(await readFile(file, "utf8")).to.equal(before);
  });

  it("that are missing, or something else, are refused", async () => {
    await expectError(() => readKeystore(join(folder.path, "no.json")), "KEYSTORE_MISSING", "no.json");
    for (const text of ["", "{}", '{"version":1}', '{"version":3,"address":"12"}']) {
      await writeFile(file, text);
      await expectError(() => readKeystore(file), "KEYSTORE_CORRUPT", file);
    }
  });

  it("whose address was changed are refused", async () => {
    const other = Wallet.createRandom().address.slice(2).toLowerCase();
    const text = (await readFile(file, "utf8")).replace(wallet.address.slice(2).toLowerCase(), other);
    await writeFile(file, text);
    const keystore = await readKeystore(file);
    await expectError(() => unlockKeystore(keystore, password), "KEYSTORE_CORRUPT");
  });
});

describe("walletFromSecret", () => {
  const address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
  const key = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
  const phrase = "test test test test test test test test test test test junk";

  for (const secret of [key, `0x${key}`, ` ${key}\n`, phrase, `${phrase.replaceAll(" ", "  ")}\n`]) {
    it(`reads ${secret.trim().slice(0, 4)}… of ${secret.length} characters`, () => {
      expect(walletFromSecret(secret).address).to.equal(address);
    });
  }

  for (const secret of [
    key.slice(1),
    `${key}0`,
    phrase.replace("junk", "test"),
    "0".repeat(64),
    "",
    "hello",
  ]) {
    it(`refuses what is neither, without showing it (${secret.length} characters)`, async () => {
      const error = await expectError(() => walletFromSecret(secret), "KEY_INVALID");
      if (secret.length > 10) expect(`${error.message}${error.stack}${error.remedy}`).to.not.contain(secret);
    });
  }
});
