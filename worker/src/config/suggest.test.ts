import { expect } from "chai";
import { suggest } from "./suggest.ts";

describe("suggest", () => {
  const fields = ["rpcUrl", "chainId", "confirmations", "pollInterval"];
  const cases: readonly [word: string, meant: string | undefined][] = [
    ["rpc_url", "rpcUrl"],
    ["confirmation", "confirmations"],
    ["polInterval", "pollInterval"],
    ["chain-id", "chainId"],
    ["banana", undefined],
  ];
  for (const [word, meant] of cases) {
    it(`takes ${word} for ${meant ?? "nothing known"}`, () => {
      expect(suggest(word, fields)).to.equal(meant);
    });
  }
});
