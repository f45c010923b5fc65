// Builds every usual mistake into the contracts, folder by folder, and prints those that no test of theirs notices.
import { expect } from "chai";
import { type Result, generatedFaults, tryFaults } from "./faults.ts";
import { isNoticed, reportOf } from "./report.ts";
import { readContracts } from "./syntax.ts";

/** Some mistakes change nothing that can be seen: a limit that is never met, memory that is cleared twice. */
const minimumPercent = 85;

const sources = readContracts();
const faults = generatedFaults(sources);
const folders = [...new Set(faults.map(({ file }) => file.split("/").slice(0, 2).join("/")))];

describe("mistakes in the contracts are noticed by their tests", () => {
  for (const folder of folders) {
    it(`at least ${minimumPercent} % of those in ${folder}`, async function () {
      this.timeout(0);
      const those = faults.filter(({ file }) => file.startsWith(`${folder}/`));
      const results: readonly Result[] = await tryFaults(folder.replace("/", "-"), sources, those);
      console.log(`\n${reportOf(results)}\n`);
      expect(results.length).to.equal(those.length);
      const percent = (100 * results.filter(isNoticed).length) / results.length;
      expect(percent).to.be.at.least(minimumPercent);
    });
  }
});
