import { type NamedMutant, inFile } from "../named.ts";

const court = ["staking/QualityCourt.*test.ts", "attacks/quality*.test.ts"];
const registry = ["registry/ProviderPenalties.test.ts", "attacks/quality*.test.ts"];

/** Rules of penalties for bad service. */
export const quality: readonly NamedMutant[] = [
  ...inFile("staking/QualityCourt.sol", court, [
    {
      name: "a provider has two cases at a time",
      original: "if (record.open) revert CaseStillOpen(provider, caseIdOf(provider, record.cases));",
      mutated: "",
    },
    {
      name: "one case follows the other at once",
      original: "block.timestamp < record.nextCaseAt",
      mutated: "false",
    },
    {
      name: "a penalty has no least amount",
      original: "if (amount < least) revert PenaltyTooSmall(amount, least);",
      mutated: "",
    },
    {
      name: "a penalty has no largest amount",
      original: "Math.min(amount, (stake * LARGEST_PENALTY) / BASIS_POINTS)",
      mutated: "amount",
    },
    {
      name: "anybody appeals in the provider's name",
      original: "msg.sender != provider",
      mutated: "false",
    },
    {
      name: "an operator has to wake its owner to appeal",
      original: "msg.sender != IProviderRegistry(address(providers)).operatorOf(provider)",
      mutated: "true",
    },
    {
      name: "an appeal comes too late",
      original: "block.timestamp > appealed.appealUntil",
      mutated: "false",
    },
    {
      name: "an appeal in the last second is late",
      original: "block.timestamp > appealed.appealUntil",
      mutated: "block.timestamp >= appealed.appealUntil",
    },
    {
      name: "a penalty is taken before the provider could appeal",
      original: "block.timestamp <= announced.appealUntil",
      mutated: "false",
    },
    {
      name: "whoever does not appeal pays all",
      original: "amount - (amount * announced.terms.discountBasisPoints) / BASIS_POINTS",
      mutated: "amount",
    },
    {
      name: "an appeal is dropped before it could be decided",
      original: "block.timestamp <= appealed.decideUntil",
      mutated: "false",
    },
    {
      name: "governance decides too late",
      original: "block.timestamp > pending.decideUntil",
      mutated: "false",
    },
    {
      name: "governance upholds what was not appealed",
      original: "!uphold && pending.status == CaseStatus.Announced",
      mutated: "pending.status == CaseStatus.Announced",
    },
    {
      name: "a case is ended twice",
      original: "if (found.status != wanted) revert WrongCaseStatus(caseId, found.status);",
      mutated: "",
    },
    {
      name: "the harmed clients' part is paid for a share that was not reported",
      original: "Merkle.climb(leaf, index, path.length, offset) != executed.harmedRoot",
      mutated: "false",
    },
    { name: "a share is paid twice", original: "_claimed[leaf] = true;", mutated: "" },
    {
      name: "a share of one case is paid by another",
      original: "abi.encodePacked(Commitments.LEAF_TAG, caseId, client, share)",
      mutated: "abi.encodePacked(Commitments.LEAF_TAG, bytes32(0), client, share)",
    },
    {
      name: "a report takes more than its case set aside",
      original: "Math.min((uint256(executed.harmed) * share) / SHARES, unclaimed)",
      mutated: "(uint256(executed.harmed) * share) / SHARES",
    },
    {
      name: "shares are claimed for ever",
      original: "block.timestamp > executed.claimUntil",
      mutated: "false",
    },
    {
      name: "shares are swept before their clients could claim",
      original: "block.timestamp <= executed.claimUntil",
      mutated: "false",
    },
    { name: "what nobody claimed is swept twice", original: "executed.unclaimed = 0;", mutated: "" },
    {
      name: "where nobody was harmed, the insurance goes without their part",
      original: "if (pending.harmedRoot == 0) (harmed, insured) = (0, insured + harmed);",
      mutated: "if (pending.harmedRoot == 0) harmed = 0;",
    },
    { name: "a provider is reinstated too early", original: "block.timestamp < until", mutated: "false" },
    {
      name: "a removed provider comes back",
      original: "if (until == FOR_EVER) revert ProviderRemoved(msg.sender);",
      mutated: "",
    },
    {
      name: "the second suspension is as short as the first",
      original: "penalties * terms.suspension",
      mutated: "terms.suspension",
    },
    {
      name: "a later penalty shortens a suspension",
      original: "uint40(Math.max(until, record.suspendedUntil))",
      mutated: "uint40(until)",
    },
    {
      name: "penalties are never forgotten",
      original: "uint256(record.penalisedAt[length - 1 - count]) + YEAR < block.timestamp",
      mutated: "false",
    },
    {
      name: "more than half of a penalty is promised",
      original: "BASIS_POINTS / 2 - next.harmedBasisPoints",
      mutated: "BASIS_POINTS / 2",
    },
    {
      name: "parameters change during a case",
      original: "_suspensionOf(record, terms)",
      mutated: "_suspensionOf(record, _parameters)",
    },
  ]),
  ...inFile("registry/ProviderPenalties.sol", registry, [
    { name: "anybody freezes a provider's stake", original: "msg.sender != penaltyCourt", mutated: "false" },
    {
      name: "the court is replaced",
      original: "if (penaltyCourt != address(0)) revert CourtAlreadySet(penaltyCourt);",
      mutated: "",
    },
    {
      name: "all of the hardware's stake is frozen",
      original: "(reserved - deposit) / 2",
      mutated: "reserved - deposit",
    },
    { name: "the fraud deposit is frozen", original: "(reserved - deposit) / 2", mutated: "reserved / 2" },
    {
      name: "frozen stake backs the hardware all the same",
      original: "reserved -= amount;",
      mutated: "",
    },
    {
      name: "more is taken than was frozen",
      original: "if (frozen.amount < amount) revert FrozenTooLittle(owner, frozen.amount, amount);",
      mutated: "",
    },
    {
      name: "a penalised provider takes work",
      original: "_suspend(owner, BY_COURT, true);",
      mutated: "",
    },
    {
      name: "the discount is kept",
      original: "_giveBack(owner, frozen, frozen.amount - amount);",
      mutated: "",
    },
    {
      name: "stake that was given back is locked twice",
      original: "reserved == frozen.reserved && reserved != 0",
      mutated: "reserved != 0",
    },
    {
      name: "stake that was given back is free though its hardware lacks it",
      original: "reserved == frozen.reserved && reserved != 0",
      mutated: "false",
    },
    {
      name: "a convicted provider is reinstated",
      original: "if (vault.isJailed(owner)) revert IVault.ProviderJailed(owner);",
      mutated: "",
    },
    {
      name: "a provider works again without the stake it lacks",
      original: "if (reserved > before) vault.lockStake(owner, reserved - before);",
      mutated: "",
    },
  ]),
  ...inFile("registry/ProviderRegistry.sol", court, [
    {
      name: "the fraud deposit falls with a reinstatement",
      after: "function _requiredOf",
      original: "Math.max(provider.fraudDeposit, _depositOf(stake))",
      mutated: "_depositOf(stake)",
    },
    {
      name: "a reinstated provider locks nothing for its hardware",
      after: "function _requiredOf",
      original: "stake + due",
      mutated: "due",
    },
  ]),
];
