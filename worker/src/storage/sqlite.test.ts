import type { JobTerms } from "@athanor/sdk/protocol";
import { expect } from "chai";
import { DatabaseSync } from "node:sqlite";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { movableClock } from "../testing/clock.ts";
import { expectError } from "../testing/expect-error.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/model.ts";
import { lockStorage } from "./lock.ts";
import { openSqlite } from "./sqlite.ts";
import type { Storage, StoredJob } from "./storage.ts";

const root = `0x${"12".repeat(32)}`;
const terms: JobTerms = {
  client: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
  salt: 2n ** 64n - 1n,
  minimumCharge: 5n,
  submitDeadline: 1_795_003_600n,
  provider: "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
  challengeWindow: 3_600n,
  feeBasisPoints: 100n,
  token: "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512",
  exitBounty: 2n ** 96n - 1n,
  stakeLock: 10n ** 20n,
  inputPrice: 0n,
  outputPrice: 2n ** 80n - 1n,
  promptTokens: 3n,
  maxTokens: 12n,
  vocabularySize: 48n,
  modelRoot: root,
  inputRoot: `0x${"34".repeat(32)}`,
};

const generation: StoredJob["generation"] = {
  ...{ maxTokens: 12, minTokens: 3, temperature: 700, topK: 40, topP: 9_500, repetitionPenalty: 1_100 },
  ...{ stopSequences: [[1, 2], [16_777_214]], seed: 2n ** 64n - 1n },
};

function job(id: string, changes: Partial<StoredJob> = {}): StoredJob {
  return {
    ...{
      id,
      state: "seen",
      terms,
      prompt: [1, 2, 16_777_214],
      generation,
      hidden: null,
      createdBlock: 7,
      tokens: [],
    },
    ...{ complete: false, submittedAt: null, earned: null, reason: null, failures: 0, notBefore: 0 },
    ...changes,
  };
}

describe("openSqlite", () => {
  let folder: TemporaryFolder;
  let file: string;
  let storage: Storage;
  const clock = movableClock();

  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, "provider.sqlite");
    storage = openSqlite(file, clock);
  });
  afterEach(async () => {
    storage.close();
    await folder.remove();
  });

  function reopen(): void {
    storage.close();
    storage = openSqlite(file, clock);
  }

  it("gives back what was stored, amounts to the last unit", () => {
    expect(storage.addJob(job("0xa"))).to.equal(true);
    storage.setCursor({ number: 5, hash: root });
    reopen();
    expect(storage.job("0xa")).to.deep.equal(job("0xa"));
    expect(storage.cursor()).to.deep.equal({ number: 5, hash: root });
    expect(storage.job("0xb")).to.equal(null);
  });

  it("adds a job once", () => {
    storage.addJob(job("0xa"));
    storage.changeJob("0xa", { state: "running", tokens: [4] });
    expect(storage.addJob(job("0xa"))).to.equal(false);
    expect(storage.job("0xa")).to.deep.include({ state: "running", tokens: [4] });
  });

  it("refuses a move that is not in the table of states, and changes nothing", async () => {
    storage.addJob(job("0xa"));
    await expectError(
      () => storage.changeJob("0xa", { state: "submitting", reason: "?" }),
      "TRANSITION_INVALID",
      "from seen to submitting",
    );
    expect(storage.job("0xa")).to.deep.equal(job("0xa"));
  });

  it("orders jobs by their deadlines", () => {
    const due = (id: string, submitDeadline: bigint) =>
      storage.addJob(job(id, { terms: { ...terms, submitDeadline } }));
    due("0xa", 30n);
    due("0xb", 9n);
    due("0xc", 200n);
    expect(storage.jobsIn(["seen"]).map(({ id }) => id)).to.deep.equal(["0xb", "0xa", "0xc"]);
    expect(storage.jobCount(["seen", "running"])).to.equal(3);
  });

  it("makes several writes one", () => {
    const failing = () =>
      storage.atomically(() => {
        storage.addJob(job("0xa"));
        storage.atomically(() => storage.setCursor({ number: 9, hash: root }));
        throw new RangeError("power failure");
      });
    expect(failing).to.throw("power failure");
    expect(storage.job("0xa")).to.equal(null);
    expect(storage.cursor()).to.equal(null);
  });

  it("keeps transactions and all their attempts until they end", () => {
    const attempt = { hash: "0x1", raw: "0x02aa", sentAt: clock.now() };
    const call = { to: root.slice(0, 42), data: "0x", gasLimit: 2n ** 70n };
    const { id } = storage.addTransaction({
      nonce: 3,
      kind: "submit",
      jobIds: ["0xa"],
      ...call,
      attempts: [attempt],
    });
    storage.addAttempt(id, { ...attempt, hash: "0x2" });
    reopen();
    const [pending] = storage.pendingTransactions();
    expect(pending).to.deep.include({ id, nonce: 3, kind: "submit", jobIds: ["0xa"], gasLimit: 2n ** 70n });
    expect(pending!.attempts.map(({ hash }) => hash)).to.deep.equal(["0x1", "0x2"]);
    storage.endTransaction(id, { status: "mined", gasUsed: 45_000n, feePaid: 10n ** 20n });
    expect(storage.pendingTransactions()).to.deep.equal([]);
    expect(storage.gasTotals()).to.deep.equal({ transactions: 1, gasUsed: 45_000n, feePaid: 10n ** 20n });
    expect(storage.transactionsSince("submit", clock.now() - 1_000)).to.equal(1);
    expect(storage.transactionsSince("submit", clock.now() + 1_000)).to.equal(0);
  });

  it("forgets old jobs and keeps their sums", () => {
    for (const id of ["0xa", "0xb"]) {
      storage.addJob(job(id));
      storage.changeJob(id, { state: "collected", earned: 2n ** 70n });
    }
    storage.addJob(job("0xc"));
    const before = storage.totals();
    clock.skip(10_000);
    expect(storage.prune(clock.now() - 5_000)).to.equal(2);
    expect(storage.job("0xa")).to.equal(null);
    expect(storage.totals()).to.have.deep.members(before);
    expect(before).to.deep.include({ state: "collected", token: terms.token, jobs: 2, earned: 2n ** 71n });
  });

  it("refuses files that are something else", async () => {
    const other = join(folder.path, "letter.txt");
    await writeFile(other, "Dear Sir or Madam, this is not a database but a letter of some length.");
    await expectError(() => openSqlite(other, clock), "STORAGE_CORRUPT", other);
    const newer = join(folder.path, "newer.sqlite");
    const database = new DatabaseSync(newer);
    database.exec("PRAGMA user_version = 99");
    database.close();
    await expectError(() => openSqlite(newer, clock), "STORAGE_CORRUPT", "its schema is 99");
  });

  it("is one daemon's at a time", async () => {
    const unlock = lockStorage(file);
    await expectError(() => lockStorage(file), "STORAGE_IN_USE", file);
    unlock();
    lockStorage(file)();
  });
});
