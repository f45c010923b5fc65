import { type NamedMutant, inFile } from "../named.ts";

const tests = ["fees/*.test.ts", "attacks/fees.test.ts"];
const parameters = ["governance/parameters.test.ts"];

/** Rules of fees: who gets them, what a sale costs, what the insurance pays; and bounds that a parameter leaves. */
export const fees: readonly NamedMutant[] = [
  ...inFile("fees/FeeDistributor.sol", tests, [
    {
      name: "what rounding leaves is nobody's",
      original: "amount - toCheckers - toInsurance - toTreasury",
      mutated: "Math.mulDiv(amount, split.burn, BASIS_POINTS)",
    },
    {
      name: "ATH that is to be burned stays",
      original: "ERC20Burnable(ath).burn(toBurn);",
      mutated: "",
    },
    {
      name: "a credit is paid twice",
      original: "_credits[beneficiary][token] = 0;",
      mutated: "",
    },
    {
      name: "what was paid counts as there",
      after: "_credits[beneficiary][token] = 0;",
      original: "_credited[token] -= amount;",
      mutated: "",
    },
    {
      name: "the part to burn is paid out",
      original: "if (beneficiary == Beneficiary.Burn) revert NotClaimable(beneficiary);",
      mutated: "",
    },
    {
      name: "a token that took balances away is split below nothing",
      original: "if (balance <= credited) return 0;",
      mutated: "",
    },
    { name: "all is sold in a day", original: "amount > available", mutated: "false" },
    {
      name: "what was sold today is forgotten",
      original: "sales.day == day ? sales.sold : 0",
      mutated: "uint256(0)",
    },
    {
      name: "a buyer pays above its limit",
      original: "if (cost > maximumCost) revert CostAboveLimit(cost, maximumCost);",
      mutated: "",
    },
    {
      name: "a purchase is rounded down",
      original: "Math.Rounding.Ceil",
      mutated: "Math.Rounding.Floor",
    },
    {
      name: "ATH of a buyer stays",
      original: "ERC20Burnable(ath).burnFrom(msg.sender, cost);",
      mutated: "",
    },
    {
      name: "the checkers are named anew",
      original: "if (_checkers != address(0)) revert CheckersAlreadySet(_checkers);",
      mutated: "",
    },
    {
      name: "a split of more than the whole",
      original: "if (sum != BASIS_POINTS) revert SplitIncomplete(sum, BASIS_POINTS);",
      mutated: "",
    },
  ]),
  ...inFile("fees/InsuranceFund.sol", tests, [
    {
      name: "the insurance pays all at once",
      original: "if (amount > limit) revert PaymentAboveLimit(token, amount, limit);",
      mutated: "",
    },
    {
      name: "what was paid is forgotten at once",
      original: "paid.push(uint48(block.timestamp), (paid.latest() + amount).toUint208());",
      mutated: "",
    },
    {
      name: "a payment counts a second too long",
      original: "uint48(block.timestamp - PERIOD)",
      mutated: "uint48(block.timestamp - PERIOD - 1)",
    },
  ]),
  ...inFile(
    "jobs/JobEscrow.sol",
    ["jobs/JobEscrow.test.ts", ...tests],
    [
      {
        name: "collected fees wait for another split",
        original: "distributor.distribute(token);",
        mutated: "",
      },
    ],
  ),
  ...inFile("jobs/JobTerms.sol", parameters, [
    {
      name: "an exit bounty without a bound",
      original: '_requireBetween("exitBounty", terms.exitBounty, 0, maximum);',
      mutated: "",
    },
    {
      name: "a minimum charge without a bound",
      original: '_requireBetween("minimumCharge", terms.minimumCharge, 0, maximum);',
      mutated: "",
    },
    {
      name: "jobs that bind no stake",
      original: '_requireBetween("stakePerJob", next.stakePerJob, MIN_STAKE_PER_JOB, MAX_STAKE_PER_JOB);',
      mutated: "",
    },
  ]),
  ...inFile("channels/ChannelTerms.sol", parameters, [
    {
      name: "an exit bounty of channels without a bound",
      original: '_requireBetween("exitBounty", terms.exitBounty, 0, maximum);',
      mutated: "",
    },
  ]),
];
