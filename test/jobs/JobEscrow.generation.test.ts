// Requests that sample and that end at stop sequences: what is accepted, published and committed to.
import { expect } from "chai";
import { keccak256, concat, solidityPacked } from "ethers";
import { type GenerationWord, generationWord, packSequences } from "../support/generation.ts";
import {
  type Request,
  type System,
  VOCABULARY,
  freshSystem,
  jobsCreatedBy,
  requestTo,
} from "../support/system.ts";
import { tokensRoot } from "../support/tokens.ts";

const LAST = VOCABULARY - 1;
const ACCEPTED: [string, GenerationWord, number[][]][] = [
  ["greedy", {}, []],
  ["the coldest", { temperature: 50 }, []],
  ["the hottest", { temperature: 65_535 }, []],
  [
    "every option at its largest",
    { minTokens: 20, topK: 2n ** 32n - 1n, topP: 10_000, temperature: 700, repetitionPenalty: 10_000 },
    [],
  ],
  [
    "every option at its smallest",
    { minTokens: 1, topK: 1, topP: 1, temperature: 700, repetitionPenalty: 100 },
    [],
  ],
  ["greedy with a penalty", { repetitionPenalty: 1_100 }, []],
  ["cut-offs that greedy does not look at", { topK: 40, topP: 9_500 }, []],
  ["one stop sequence of one token", {}, [[LAST]]],
  [
    "as many and as long sequences as there may be",
    { temperature: 800 },
    Array.from({ length: 8 }, () => Array<number>(16).fill(LAST)),
  ],
];

async function created(system: System, request: Request) {
  const sent = await system.escrow.connect(system.client).create(request);
  const [opened] = await jobsCreatedBy(system, sent);
  const [log] = await system.escrow.queryFilter(system.escrow.filters.JobCreated(opened!.id));
  return { job: opened!.job, event: log!.args };
}

describe("JobEscrow.create: generation parameters and stop sequences", () => {
  for (const [what, parts, sequences] of ACCEPTED) {
    it(`takes ${what}, and publishes what the commitment is made of`, async () => {
      const system = await freshSystem();
      const request = await requestTo(system, {
        generation: generationWord(parts),
        stopSequences: packSequences(sequences),
      });
      const { job, event } = await created(system, request);
      expect(event.generation).to.equal(request.generation);
      expect(event.stopSequences).to.equal(request.stopSequences);
      expect(job.maxTokens).to.equal(20n);
      const stops = keccak256(concat(["0x07", event.stopSequences]));
      expect(job.inputRoot).to.equal(
        keccak256(
          solidityPacked(
            ["uint8", "uint32", "uint32", "uint64", "bytes32", "bytes32", "bytes32"],
            [4, 10, 0, event.seed, event.generation, stops, tokensRoot(request.promptTokens as string)],
          ),
        ),
      );
    });
  }

  it("makes another commitment of each difference in parameters or sequences", async () => {
    const system = await freshSystem();
    const requests: [GenerationWord, number[][]][] = [
      [{}, []],
      [{ temperature: 700 }, []],
      [{ temperature: 700, topK: 40 }, []],
      [{ temperature: 700, topP: 40 }, []],
      [{ temperature: 700, minTokens: 2 }, []],
      [{ temperature: 700, repetitionPenalty: 1_100 }, []],
      [{}, [[1], [2]]],
      [{}, [[1, 2]]],
      [{}, [[2], [1]]],
    ];
    const roots = new Set<string>();
    for (const [parts, sequences] of requests) {
      const overrides = { generation: generationWord(parts), stopSequences: packSequences(sequences) };
      const { job } = await created(system, await requestTo(system, overrides));
      roots.add(String(job.inputRoot));
    }
    expect(roots.size).to.equal(requests.length);
  });
});
