import { encodeBytes32String } from "ethers";
import { expect } from "chai";
import { athanorError } from "./athanor-error.ts";

const token = { address: "0x52908400098527886E0F7030069857D2E4169EE7", symbol: "mUSD", decimals: 6 };
const owner = "0xde709f2102306220921060314715629080e2fb77";

describe("error messages", () => {
  it("show amounts in the units of the token they name, when it is known", () => {
    const values = { token: token.address, owner, available: 1_500_000n, required: 2_000_001n };
    const known = athanorError("InsufficientBalance", values, { tokens: [token] });
    expect(known.shortMessage).to.include("has 1.5 mUSD free, 2.000001 mUSD are needed");
    const unknown = athanorError("InsufficientBalance", values);
    expect(unknown.shortMessage).to.include(`1500000 units of the token ${token.address}`);
    expect(known.values).to.equal(values);
  });

  it("show amounts of errors that name no token in the token at hand", () => {
    const error = athanorError("PriceAboveLimit", { cost: 3_000_000n, maxCost: 1n }, { token });
    expect(error.shortMessage).to.equal(
      "The request costs 3 mUSD with its bounty, more than the limit of 0.000001 mUSD.",
    );
  });

  it("show times, statuses, texts and stake readably, and times that are none as they are", () => {
    const late = athanorError("SubmissionTooLate", { submitDeadline: 1_700_000_000n, timestamp: 2n ** 200n });
    expect(late.shortMessage).to.include("2023-11-14T22:13:20Z (1700000000)");
    expect(late.shortMessage).to.include(`second ${2n ** 200n}`);
    expect(athanorError("JobNotOpen", { id: "0x01", state: (7n << 64n) | 4n }).shortMessage).to.include(
      "is Expired,",
    );
    const parameter = { parameter: encodeBytes32String("workPerSecond"), value: 0, minimum: 1, maximum: 2 };
    expect(athanorError("ParameterOutOfBounds", parameter).shortMessage).to.include(
      "The parameter workPerSecond is 0",
    );
    const stake = { owner, free: 25n * 10n ** 17n, required: 10n ** 20n };
    expect(athanorError("InsufficientStake", stake).shortMessage).to.include(
      "has 2.5 ATH free, 100.0 ATH are needed",
    );
  });

  it("leave doubled braces as single ones", () => {
    expect(athanorError("SignerRequired", { action: "pay" }).remedy).to.equal(
      "Connect with AthanorClient.connect({ signer }).",
    );
  });
});
