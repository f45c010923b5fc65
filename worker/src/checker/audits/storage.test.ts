import { expect } from "chai";
import { id as hashOfText } from "ethers";
import { DatabaseSync } from "node:sqlite";
import { openAuditStorage, type AuditStorage, type SeenResult } from "./storage.ts";

const result: SeenResult = {
  jobId: hashOfText("job"),
  createdBlock: 7,
  modelRoot: hashOfText("model"),
  positions: 12,
  outputRoot: hashOfText("output"),
  submittedAt: 1_000,
  windowEnd: 4_600,
};
const positionsRoot = hashOfText("positions");

describe("storage of audits", () => {
  let database: DatabaseSync;
  let storage: AuditStorage;

  beforeEach(() => {
    database = new DatabaseSync(":memory:");
    storage = openAuditStorage(database);
  });
  afterEach(() => database.close());

  it("keeps what was computed when it is opened again, and when a reorganisation moves the result", () => {
    storage.addResult(result);
    expect(storage.audit(result.jobId)).to.deep.equal({ ...result, stage: "seen", positionsRoot: null });
    storage.setVerdict(result, { stage: "right", positionsRoot });
    storage.setNextBlock(9);
    const again = openAuditStorage(database);
    const moved = { ...result, createdBlock: 8, submittedAt: 1_012, windowEnd: 4_612 };
    again.addResult(moved);
    expect(again.audits()).to.deep.equal([{ ...moved, stage: "right", positionsRoot }]);
    expect(again.nextBlock()).to.equal(9);
    again.end(result.jobId);
    again.addResult(result);
    expect(again.audits()).to.deep.equal([]);
    expect(again.audit(result.jobId)!.stage).to.equal("over");
  });

  it("begins anew with a result whose answer a reorganisation replaced; what was computed for the other does not count for it", () => {
    storage.addResult(result);
    storage.setVerdict(result, { stage: "right", positionsRoot });
    const other = { ...result, outputRoot: hashOfText("another output") };
    storage.addResult(other);
    storage.setVerdict(result, { stage: "right", positionsRoot });
    expect(storage.audit(result.jobId)).to.deep.equal({ ...other, stage: "seen", positionsRoot: null });
    storage.setVerdict(other, { stage: "wrong", positionsRoot });
    expect(storage.audit(result.jobId)!.stage).to.equal("wrong");
  });

  it("gives the windows that end first before the others, and forgets those that ended, but not what is still to be shown", () => {
    const names = ["late", "early", "shown", "over"];
    const windows = [5_000, 3_000, 2_000, 1_000];
    names.forEach((name, index) => {
      const one = { ...result, jobId: hashOfText(name), windowEnd: windows[index]! };
      storage.addResult(one);
      if (name === "shown") storage.setVerdict(one, { stage: "right", positionsRoot });
      if (name === "over") storage.end(one.jobId);
    });
    const found = () => storage.audits().map(({ jobId }) => jobId);
    expect(found()).to.deep.equal(["shown", "early", "late"].map(hashOfText));
    storage.prune(3_000);
    expect(found()).to.deep.equal(["shown", "late"].map(hashOfText));
    expect(storage.audit(hashOfText("over"))).to.equal(null);
    storage.forget(hashOfText("late"));
    expect(found()).to.deep.equal([hashOfText("shown")]);
  });

  it("keeps what was proven wrong until it is dropped", () => {
    storage.addProvenWrong({ jobId: "0x02", block: 5 });
    storage.addProvenWrong({ jobId: "0x01", block: 6 });
    storage.addProvenWrong({ jobId: "0x02", block: 7 });
    expect(storage.provenWrong()).to.deep.equal([
      { jobId: "0x01", block: 6 },
      { jobId: "0x02", block: 7 },
    ]);
    storage.dropProvenWrong("0x01");
    expect(storage.provenWrong()).to.deep.equal([{ jobId: "0x02", block: 7 }]);
    expect(openAuditStorage(new DatabaseSync(":memory:")).nextBlock()).to.equal(null);
  });
});
