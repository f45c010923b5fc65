import { expect } from "chai";
import { parseCheckerConfig } from "./load.ts";

const owner = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc";

/** The smallest configuration. */
const minimal = `chain: { rpcUrl: "http://127.0.0.1:8545", chainId: 31337 }
keys:
  operatorKeystore: operator.json
  buyerKeystores: [buyer.json]
checker:
  owner: "${owner}"
  budgetPerEpoch: ["5 ATH"]
  maximumBond: 0.5 ETH
`;
const parse = (text: string) => parseCheckerConfig(text, "/etc/athanor/checker.yaml");

describe("parseCheckerConfig", () => {
  it("fills in what is left out and makes paths absolute", () => {
    expect(parse(minimal)).to.deep.equal({
      chain: { rpcUrl: "http://127.0.0.1:8545", chainId: 31_337, confirmations: 1, pollInterval: 2_000 },
      keys: {
        operatorKeystore: "/etc/athanor/operator.json",
        ownerKeystore: null,
        buyerKeystores: ["/etc/athanor/buyer.json"],
      },
      checker: {
        owner,
        tokens: ["ATH"],
        budgetPerEpoch: [{ number: "5", unit: "ATH" }],
        prompts: [],
        measuredAtOnce: 4,
        commitBefore: null,
        faults: "always",
        coinInAth: null,
        maximumBond: 5n * 10n ** 17n,
        leaving: false,
      },
      models: [],
      storage: "/etc/athanor/checker.sqlite",
      logLevel: "info",
      metrics: null,
    });
  });

  it("reads what a coin is worth exactly", () => {
    const { checker } = parse(`${minimal}  faults: worthwhile\n  coinInAth: 4000.5 ATH\n`);
    expect(checker).to.include({ faults: "worthwhile", coinInAth: 40_005n * 10n ** 17n });
  });

  const refused: Record<string, [change: (text: string) => string, said: string]> = {
    "no account that buys": [(text) => text.replace("[buyer.json]", "[]"), "keys.buyerKeystores"],
    "no budget": [(text) => text.replace('["5 ATH"]', "[]"), "checker.budgetPerEpoch"],
    "a budget without a unit": [(text) => text.replace('"5 ATH"', '"5"'), "checker.budgetPerEpoch"],
    "no owner": [(text) => text.replace(owner, "0x1"), "checker.owner"],
    "gas weighed against faults without a price": [(text) => `${text}  faults: worthwhile\n`, "coinInAth"],
    "a coin's worth in coins": [(text) => `${text}  coinInAth: 1 ETH\n`, "checker.coinInAth"],
    "a field that is none": [(text) => `${text}  stake: 1 ATH\n`, "checker.stake"],
  };
  for (const [reason, [change, said]] of Object.entries(refused)) {
    it(`refuses ${reason}`, () => {
      expect(() => parse(change(minimal))).to.throw(said);
    });
  }
});
