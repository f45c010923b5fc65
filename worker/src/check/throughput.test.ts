import { expect } from "chai";
import type { WantedHardware } from "../market/hardware.ts";
import { compareThroughput, type Measured } from "./throughput.ts";

const hardware = (name: string, minimumThroughput: bigint, count: number, index = 0): WantedHardware => ({
  hardwareClass: { index, name, minimumStakePerGpu: 1n, minimumThroughput, open: true },
  count,
});
const cpu = hardware("cpu", 10n ** 9n, 1);
const card = hardware("data-centre-80gb", 480n * 10n ** 9n, 1, 3);
const onProcessor = (throughput: number, path = "bard"): Measured => ({
  path,
  throughput,
  computes: { by: "cpu", because: "compute is cpu" },
});
const onCard = (throughput: number, software = false): Measured => ({
  path: "large",
  throughput,
  computes: {
    ...{ by: "gpu", adapter: "ampere A100", vendor: "nvidia", driver: "580", software },
    ...{ memoryBytes: 1, maxBufferSize: 1 },
  },
});

describe("the throughput that hardware promises", () => {
  const cases: readonly [string, WantedHardware[], Measured[], "ok" | "warning" | "skipped", string][] = [
    [
      "holds when it is delivered to the last multiply-add",
      [cpu],
      [onProcessor(1e9)],
      "ok",
      'the processor delivers 1 billion multiply-adds/s with bard; 1 × "cpu" promises 1 billion',
    ],
    [
      "does not hold when a little is missing",
      [cpu],
      [onProcessor(0.985e9)],
      "warning",
      'the processor delivers 0.985 billion multiply-adds/s with bard; each GPU of "cpu" promises 1 billion: the claim will not hold, and fails an exam of the hardware',
    ],
    [
      "is measured by the fastest model, for a small one does not fill a card",
      [card],
      [onProcessor(2e8), onCard(1.234e12)],
      "ok",
      'nvidia ampere A100 delivers 1,234 billion multiply-adds/s with large; 1 × "data-centre-80gb" promises 480 billion',
    ],
    [
      "does not hold for a card that a processor plays, alone or beside what does hold",
      [cpu, card],
      [onCard(3e9, true)],
      "warning",
      'nvidia ampere A100 (in software) delivers 3 billion multiply-adds/s with large; each GPU of "data-centre-80gb" promises 480 billion: the claim will not hold, and fails an exam of the hardware',
    ],
    [
      "does not hold for cards that this program does not use",
      [cpu, { ...card, count: 4 }],
      [onCard(5e11)],
      "warning",
      'nvidia ampere A100 delivers 500 billion multiply-adds/s with large, and this program computes on nothing else; 1 × "cpu", 4 × "data-centre-80gb" promise 1,921 billion: the claim will not hold, and fails an exam of the hardware',
    ],
    ["is not judged without a model", [cpu], [], "skipped", "not checked: no model could be measured"],
  ];
  for (const [name, wanted, measured, status, detail] of cases) {
    it(name, () => {
      const result = compareThroughput(wanted, measured);
      expect(result).to.deep.include({ name: "throughput", status, detail });
      if (status === "warning") expect(result.remedy).to.contain("athanor provider register");
    });
  }
});
