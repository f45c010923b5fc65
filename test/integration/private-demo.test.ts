import { expect } from "chai";
import { runDemoProcess as demo } from "./demo-process.ts";

interface Report {
  readonly status: string;
  readonly text: string;
  readonly tokens: readonly number[];
  readonly private: boolean;
  /** The tokens as they stand on chain. */
  readonly published: readonly number[];
  readonly privacy: { readonly disclosures: readonly { readonly moment: string }[] };
}

/** The demo as its user starts it: keys of the provider's own command, a worker of its own process. */
describe("npm run demo -- --private", function () {
  this.timeout(240_000);

  it("answers in text, shows the client what others learn, and puts no token of the answer on chain", async () => {
    const { code, stdout, stderr } = await demo("--private", "--json", "--max-tokens", "8");
    expect(code, stderr).to.equal(0);
    const report = JSON.parse(stdout) as Report;
    expect(report.status).to.equal("Finalized");
    expect(report.private).to.equal(true);
    expect(report.text).to.match(/[a-z]{2,}/);
    expect(report.published).to.have.length(report.tokens.length);
    for (const [index, token] of report.tokens.entries()) {
      expect(report.published[index], `token ${index}`).to.not.equal(token);
    }
    expect(report.privacy.disclosures[0]!.moment).to.equal("job");
  });
});
