import { type NamedMutant, inFile } from "../named.ts";

const attacks = ["attacks/delegation.test.ts"];
const pool = ["staking/DelegationPool.test.ts"];
const refusals = ["staking/DelegationPool.refusals.test.ts"];

/** Rules of delegation pools. */
export const delegation: readonly NamedMutant[] = [
  ...inFile("staking/DelegationPool.sol", attacks, [
    {
      name: "a manager raises its pool's fraud deposit above what the own part covers",
      original: "if (_providers.fraudDepositOf(address(this)) > deposit) _requireOwn(books);",
      mutated: "",
    },
    {
      name: "a pool that its own part does not cover cannot have less hardware",
      original: "_providers.fraudDepositOf(address(this)) > deposit",
      mutated: "true",
    },
    {
      name: "a convicted provider's pool goes on",
      original: "if (books.retiredAt == 0 && vault.isJailed(address(this))) _retire(books);",
      mutated: "",
    },
    {
      name: "income is split after somebody joined",
      original: "_harvestAll(books.own, Math.mulDiv(totalSupply(), books.price, ONE));",
      mutated: "",
    },
    {
      name: "a pool whose own part is too small goes on working",
      tests: pool,
      original: "books.own < requiredOwn(books.backing)",
      mutated: "false",
    },
    {
      name: "a retired pool takes work again",
      original: "books.retiredAt != 0 || books.resting",
      mutated: "books.resting",
    },
    {
      name: "delegations are not covered",
      tests: refusals,
      original: "if (books.own < required) revert OwnPartTooSmall(books.own, required);",
      mutated: "",
    },
    {
      name: "the manager takes its cover out",
      original: "if (books.own < amount + required) revert OwnPartTooSmall(books.own, amount + required);",
      mutated: "",
    },
    {
      name: "the manager is kept for ever by whoever stays",
      tests: pool,
      original: "_isFreeOfDuties(books) ? 0 : requiredOwn(books.backing)",
      mutated: "requiredOwn(books.backing)",
    },
    {
      name: "the manager calls what it likes",
      tests: refusals,
      original: "if (!IDelegationPools(_factory).isTarget(target)) revert TargetNotAllowed(target);",
      mutated: "",
    },
    {
      name: "the manager of a retired pool goes on",
      after: "function execute",
      original: "if (books.retiredAt != 0) revert PoolRetired(books.retiredAt);",
      mutated: "",
    },
    {
      name: "a retired pool takes delegations",
      after: "function _delegate",
      original: "if (books.retiredAt != 0) revert PoolRetired(books.retiredAt);",
      mutated: "",
    },
    {
      name: "worthless shares are sold",
      tests: refusals,
      original: "if (books.price < MIN_PRICE) revert PoolSpent(books.price, MIN_PRICE);",
      mutated: "",
    },
    {
      name: "a commission rises at once",
      original: "announced.nextAt == 0 || block.timestamp < announced.nextAt",
      mutated: "announced.nextAt == 0",
    },
    {
      name: "channels are closed without notice",
      original: "if (block.timestamp < from) revert NoticeNotOver(from);",
      mutated: "",
    },
    {
      name: "anybody retires a pool",
      original: "_requirePatienceOver(books);",
      mutated: "",
    },
  ]),
  ...inFile("staking/PoolStake.sol", attacks, [
    {
      name: "delegators lose before the manager does",
      original: "Math.min(loss, books.own)",
      mutated: "0",
    },
    {
      name: "what the manager takes out bears no losses",
      tests: pool,
      original: "part = Math.min(loss - own, books.ownQueued);",
      mutated: "part = 0;",
    },
    {
      name: "whoever leaves bears no losses",
      original: "_shareCount() + books.requested - books.served",
      mutated: "_shareCount()",
    },
    {
      name: "the price stays whatever is lost",
      original: "if (price < books.price) books.price = uint96(price);",
      mutated: "",
    },
    {
      name: "what was claimed is taken for lost",
      tests: pool,
      original: "if (claimed > delegated + own) vault.stake(claimed - delegated - own);",
      mutated: "",
    },
    {
      name: "a request starts the round under way anew",
      after: "function _beginRound",
      original: "if (books.roundOpen) return;",
      mutated: "",
    },
    {
      name: "the own part needs to cover one deposit only",
      tests: pool,
      original: "deposit * DEPOSITS_COVERED",
      mutated: "deposit",
    },
    {
      name: "the own part needs to be no share of the whole",
      tests: pool,
      original: "Math.max(part, deposit * DEPOSITS_COVERED)",
      mutated: "deposit * DEPOSITS_COVERED",
    },
    {
      name: "a pool counts the deposit that governance asks of others",
      tests: pool,
      original: "_isRegistered() ? _providers.fraudDepositOf(address(this)) : _providers.fraudDeposit()",
      mutated: "_providers.fraudDeposit()",
    },
    {
      name: "patience begins anew when a little leaves",
      original: "_requests.upperLookupRecent(uint48(since)) <= books.begun",
      mutated: "_requests.upperLookupRecent(uint48(since)) <= books.begun || books.begun != 0",
    },
    {
      name: "an exit is paid at the price of another round",
      tests: pool,
      original: "_rounds[index + i]",
      mutated: "_rounds[0]",
    },
    {
      name: "an exit is paid twice",
      tests: pool,
      original: "_exits[id].from = exit.from;",
      mutated: "",
    },
  ]),
  ...inFile("staking/PoolEarnings.sol", attacks, [
    {
      name: "a transfer doubles earnings",
      original: "if (to != address(0)) _accrue(token, stream, to);",
      mutated: "",
    },
    {
      name: "a transfer takes the sender's earnings along",
      original: "if (from != address(0)) _accrue(token, stream, from);",
      mutated: "",
    },
    {
      name: "dust stretches the release",
      original: "(stream.remaining * left + amount * RELEASE_PERIOD) / total",
      mutated: "RELEASE_PERIOD",
    },
    {
      name: "dust stretches the release by a second at a time",
      original: "(stream.remaining * left + amount * RELEASE_PERIOD) / total",
      mutated: "Math.ceilDiv(stream.remaining * left + amount * RELEASE_PERIOD, total)",
    },
    {
      name: "income is released at once",
      original: "due = (due * (block.timestamp - stream.updatedAt)) / (stream.endsAt - stream.updatedAt);",
      mutated: "",
    },
    {
      name: "earnings are claimed twice",
      original: "(accrual.owed, accrual.perShare) = (0, stream.perShare);",
      mutated: "accrual.perShare = stream.perShare;",
    },
    {
      name: "whoever comes to an empty pool earns what others left",
      tests: pool,
      original: "stream.managers += uint112(due);",
      mutated: "return;",
    },
    {
      name: "the commission has no bound",
      tests: refusals,
      original: "value > MAX_COMMISSION",
      mutated: "false",
    },
  ]),
  ...inFile("staking/DelegationPools.sol", refusals, [
    {
      name: "two pools have one label",
      original: "if (_poolOf[labelHash] != address(0)) revert LabelTaken(label, _poolOf[labelHash]);",
      mutated: "",
    },
    { name: "labels are of any length", original: "length < MIN_LABEL_LENGTH", mutated: "false" },
    { name: "labels end in hyphens", original: "i != length - 1", mutated: "true" },
  ]),
];
