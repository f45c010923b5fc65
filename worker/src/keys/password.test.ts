import { expect } from "chai";
import { closeSync, openSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectError } from "../testing/expect-error.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/model.ts";
import { PASSWORD_VARIABLE, readPassword, readSecretFrom } from "./password.ts";

describe("readPassword", () => {
  let folder: TemporaryFolder;
  let descriptor: number;

  beforeEach(async () => {
    folder = await temporaryFolder();
    const file = join(folder.path, "secrets");
    await writeFile(file, "from the descriptor\r\nthe next secret\n");
    descriptor = openSync(file, "r");
  });
  afterEach(async () => {
    closeSync(descriptor);
    await folder.remove();
  });

  const prompt = { ask: (question: string) => Promise.resolve(`typed after ${question}`) };

  it("takes the descriptor before the environment before the prompt", async () => {
    const environment = { [PASSWORD_VARIABLE]: "from the environment" };
    expect(await readPassword("Password", { descriptor, environment, prompt })).to.equal(
      "from the descriptor",
    );
    expect(await readPassword("Password", { environment, prompt })).to.equal("from the environment");
    expect(await readPassword("Password", { environment, prompt })).to.equal("typed after Password");
  });

  it("takes the password out of the environment, so that no child inherits it", async () => {
    const environment = { [PASSWORD_VARIABLE]: "from the environment", PATH: "/bin" };
    await readPassword("Password", { environment });
    expect(environment).to.deep.equal({ PATH: "/bin" });
  });

  it("reads one line and leaves the next one where it is", () => {
    expect(readSecretFrom(descriptor)).to.equal("from the descriptor");
    expect(readSecretFrom(descriptor)).to.equal("the next secret");
  });

  it("refuses when there is nobody to ask", async () => {
    const error = await expectError(() => readPassword("Password", { environment: {} }), "PASSWORD_MISSING");
    expect(error.remedy).to.contain(PASSWORD_VARIABLE);
  });

  it("refuses a descriptor that is not open", async () => {
    await expectError(
      () => readPassword("Password", { descriptor: 999, environment: {} }),
      "PASSWORD_MISSING",
      "999",
    );
  });
});
