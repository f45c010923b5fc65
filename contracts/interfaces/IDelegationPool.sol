// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Channel} from "../types/Channel.sol";
import {IVault} from "./IVault.sol";

/// @title A provider whose stake others may add to
/// @notice The pool is the provider's owner account: it stakes, is registered and is paid. Its manager, the provider's cold key, acts through it; delegators hold its
/// shares. Its own part, plain ATH, bears every loss first. A share costs one ATH unit at first; its price changes by slashes alone, downwards.
/// Earnings never enter the price: they are split when they are harvested and released to the shares over seven days.
/// docs/staking.md explains the rules and their formulas.
interface IDelegationPool is IERC20 {
    /// @notice Whose the staked ATH is, ATH units; the sum of the first four is what the vault holds as stake and unbonding of the pool.
    /// @param own The manager's part.
    /// @param ownQueued What the manager asked to take out and does not unbond yet.
    /// @param ownUnbonding What of the manager's unbonds.
    /// @param backing What stands behind all shares, those that leave included.
    /// @param price ATH units of 10^27 shares. Only falls.
    /// @param roundLength Seconds that the round begun last takes.
    /// @param roundOpen Whether a round unbonds.
    /// @param resting Whether the manager keeps the pool from new work.
    /// @param slashed What the vault had ever taken when the pool last looked.
    /// @param retiredAt When the pool retired, seconds since 1970; 0 while it goes on.
    /// @param requested Shares whose exit was ever requested.
    /// @param begun Of these, how many have begun to unbond, oldest first.
    /// @param served Of these, how many can be claimed.
    struct Book {
        uint96 own;
        uint96 ownQueued;
        uint40 roundLength;
        bool roundOpen;
        bool resting;
        uint96 ownUnbonding;
        uint96 backing;
        uint96 price;
        uint112 slashed;
        uint40 retiredAt;
        uint128 requested;
        uint128 begun;
        uint128 served;
    }

    /// @notice Shares on their way out: they stand in one line, oldest first.
    /// @param owner Is paid.
    /// @param from Where in the line what is unpaid begins, shares.
    /// @param to Where it ends.
    struct Exit {
        address owner;
        uint128 from;
        uint128 to;
    }

    /// @notice A part of the line that left together.
    /// @param end Where in the line it ends, shares.
    /// @param price ATH units of 10^27 shares at which it is paid.
    struct Round {
        uint128 end;
        uint96 price;
    }

    /// @notice Earnings in one token, token units.
    /// @param remaining Of the delegators', what is not released yet.
    /// @param updatedAt Seconds since 1970 up to which it is released.
    /// @param endsAt When all of it is.
    /// @param booked What of the pool's vault account in this token has an owner.
    /// @param managers Of it, what the manager can claim.
    /// @param perShare Ever released to one share, in 10^-36 token units.
    struct Stream {
        uint112 remaining;
        uint40 updatedAt;
        uint40 endsAt;
        uint112 booked;
        uint112 managers;
        uint256 perShare;
    }

    /// @param current Basis points of the delegators' earnings that go to the manager.
    /// @param next What it rises to, if `nextAt` is not 0.
    /// @param nextAt Seconds since 1970 from which anybody can apply the rise.
    struct Commission {
        uint16 current;
        uint16 next;
        uint40 nextAt;
    }

    /// @notice The own part grew by `amount` ATH units.
    event Contributed(address indexed sender, uint256 amount);
    /// @notice The manager asked for `amount` ATH units of the own part.
    event OwnExitRequested(uint256 amount);
    /// @notice `amount` ATH units were delegated for `shares`.
    event Delegated(address indexed sender, address indexed receiver, uint256 amount, uint256 shares);
    /// @notice Shares were burned and stand in the line.
    event ExitRequested(uint256 indexed id, address indexed owner, uint256 shares);
    /// @notice ATH units of an exit were paid; those up to `from` in the line.
    event ExitPaid(uint256 indexed id, address indexed owner, uint256 amount, uint256 from);
    /// @notice Stake of the line up to `end`, and of the own part, began to unbond: ATH units.
    event RoundBegun(uint256 end, uint256 amount, uint256 own);
    /// @notice The line up to `end` can be claimed at `price` ATH units for 10^27 shares; `own` ATH units are the manager's.
    event RoundEnded(uint256 end, uint256 price, uint256 own);
    /// @notice Stake was slashed: `own` ATH units of the own part, `delegated` of what stands behind the shares, which are worth `price` now.
    event LossBooked(uint256 own, uint256 delegated, uint256 price);
    /// @notice Token units came in: `delegators` of it are released over time, the rest is the manager's.
    event Harvested(address indexed token, uint256 amount, uint256 delegators, uint256 manager);
    /// @notice Earnings were paid, token units.
    event Claimed(address indexed token, address indexed owner, address indexed recipient, uint256 amount);
    /// @notice The commission is this, basis points.
    event CommissionSet(uint16 commission);
    /// @notice The commission can rise to this from `applicableAt` on, seconds since 1970.
    event CommissionAnnounced(uint16 commission, uint40 applicableAt);
    /// @notice The pool takes no work and no delegations any more, for good.
    event Retired(address indexed caller);
    /// @notice The manager acted as the provider.
    event Executed(address indexed target, bytes data);

    /// @notice Only the manager may do this.
    error NotManager(address caller, address manager);
    error NotFactory(address caller);
    /// @notice The own part would not cover what is delegated: ATH units. Contribute the difference, or delegate less.
    error OwnPartTooSmall(uint256 own, uint256 required);
    /// @notice The pool has retired. Delegate to another one.
    error PoolRetired(uint40 retiredAt);
    /// @notice The pool goes on: this is for one that has retired.
    error PoolNotRetired();
    /// @notice The shares have lost nearly everything; the pool takes no more delegations. Choose another one.
    error PoolSpent(uint256 price, uint256 minimum);
    /// @notice Neither was the provider convicted nor has the line waited for too long: retirement is the manager's decision. What was requested before
    /// `since`, seconds since 1970, has begun to leave.
    error RetirementNotDue(uint256 since);
    /// @notice Channels are given notice first. Try again from this time, seconds since 1970.
    error NoticeNotOver(uint256 from);
    error ZeroAmount();
    error UnknownExit(uint256 id);
    /// @notice Nothing can be paid yet. Call again when the round that the exit is in has ended.
    error NothingToPay(uint256 id);
    /// @notice The account has earned nothing in this token that it has not claimed.
    error NothingEarned(address token, address owner);
    /// @notice The manager acts as the provider in those contracts alone that the factory names.
    error TargetNotAllowed(address target);
    error CommissionOutOfBounds(uint256 commission, uint256 maximum);
    /// @notice No rise was announced, or its notice is not over: seconds since 1970, 0 for none.
    error NoRiseDue(uint40 from);
    /// @notice The vault does not take this token, so it is none in which a pool earns.
    error TokenNotAccepted(address token);
    error TooManyTokens(uint256 maximum);
    error CannotReceiveShares(address receiver);

    /// @notice Called once, by the factory that made the pool.
    function initialise(uint16 commission) external;

    // ------------------------------------------------------------------------------------------ own part

    /// @notice Adds to the own part ATH units of the caller, who approved the pool for them.
    function contribute(uint256 amount) external;

    /// @notice Asks for a part of the own part, ATH units; paid to the manager as earnings in ATH when it has unbonded, behind the exits of
    /// delegators. Only the manager; while anything is delegated, what stays must cover it.
    function withdrawOwn(uint256 amount) external;

    // ---------------------------------------------------------------------------------------- delegators

    /// @notice Delegates ATH units of the caller, who approved the pool for them.
    /// @return shares Minted to `receiver`; rounded down.
    function delegate(uint256 amount, address receiver) external returns (uint256 shares);

    /// @notice The same with an ERC-2612 permit of the caller for the pool. Does not revert when somebody used the permit before.
    function delegateWithPermit(
        uint256 amount,
        address receiver,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 shares);

    /// @notice Burns shares of the caller, who is paid when they have left: at today's price, or at a lower one if something is slashed until then. They earn nothing more.
    /// @return id Of the exit.
    function requestExit(uint256 shares) external returns (uint256 id);

    /// @notice Pays what has left of an exit to its owner, at most 16 rounds at a time. Anyone may call.
    /// @return amount ATH units.
    function claimExit(uint256 id) external returns (uint256 amount);

    // ------------------------------------------------------------------------------------------ earnings

    /// @notice Splits what came in of a token since the last harvest. The first time, adds the token to those that the pool earns in. Anyone may call.
    /// Tokens that lie at the pool's own address count as earnings, too.
    function harvest(address token) external;

    /// @notice Pays the caller's released earnings in a token; to the manager also its own part's and the commission.
    /// @return amount Token units.
    function claim(address token, address recipient) external returns (uint256 amount);

    /// @notice Sets the commission, basis points, at most 5,000: at once if it falls, otherwise announces the rise. Only the manager.
    function setCommission(uint16 commission) external;

    /// @notice Applies an announced rise when its notice is over. Anyone may call.
    function applyCommission() external;

    // ---------------------------------------------------------------------------------------- the provider

    /// @notice Acts as the provider: calls the provider registry, the channel escrow, or another contract that the factory names. Only the manager, until the pool retires.
    function execute(address target, bytes calldata data) external returns (bytes memory result);

    /// @notice Keeps the pool from new work, or lets it take work again. Only the manager.
    function setResting(bool resting) external;

    /// @notice Pays coin that the dispute game owes the provider, the bonds of challenges that lost. Only the manager, whose keys paid for the moves.
    function claimCoin(address payable recipient) external;

    // --------------------------------------------------------------------------------------------- upkeep

    /// @notice Books losses, ends a round that is over, begins the next one, harvests, and puts the pool to rest or wakes it. Anyone may call; everything else does it first.
    function upkeep() external;

    /// @notice Retires the pool for good: the manager at any time; anyone after a conviction, or when exits have waited for longer than `patience`
    /// without beginning to unbond.
    function retire() external;

    /// @notice Takes an offer of a retired pool back. Anyone may call.
    function removeOffer(bytes32 modelRoot, address token) external;

    /// @notice Closes a channel of a pool that retired at least seven days ago. Anyone may call; vouchers have to be settled before.
    function closeChannel(Channel calldata channel) external;

    /// @notice Ends the registration of a retired pool; refused while work is open or offers stand. Anyone may call.
    function deregister() external;

    // ---------------------------------------------------------------------------------------------- views

    /// @notice The provider's cold key, for good.
    function manager() external view returns (address);

    /// @notice The provider's name, unique among the pools.
    function label() external view returns (string memory);

    /// @notice Where all money is.
    function vault() external view returns (IVault);

    /// @notice The books, with losses that nobody has booked yet; rounds are as they were booked.
    function book() external view returns (Book memory);

    /// @notice ATH units that the own part has to have for a total of `backing` behind the shares.
    function requiredOwn(uint256 backing) external view returns (uint256);

    /// @notice ATH units that these shares are worth now, rounded down.
    function worthOf(uint256 shares) external view returns (uint256);

    /// @notice An exit, as far as it is unpaid.
    function exitOf(uint256 id) external view returns (Exit memory);

    /// @notice Number of exits that were ever requested; their ids are below it.
    function exitCount() external view returns (uint256);

    /// @notice Rounds that have ended, oldest first.
    function roundAt(uint256 index) external view returns (Round memory);

    /// @notice Number of rounds that have ended.
    function roundCount() external view returns (uint256);

    /// @notice The commission in force, and a rise that was announced.
    function commission() external view returns (Commission memory);

    /// @notice The tokens that the pool earns in.
    function tokens() external view returns (address[] memory);

    /// @notice What the pool earns in a token, as it was booked.
    function streamOf(address token) external view returns (Stream memory);

    /// @notice Token units that an account could claim now, without what nobody has harvested.
    function earned(address token, address account) external view returns (uint256);

    /// @notice Seconds within which an exit has begun to unbond, or anyone can retire the pool.
    function patience() external view returns (uint256);

    /// @notice Seconds from a request to its payment at the most, outages of the chain's sequencer aside, if every call that anyone may send is sent when it can be.
    function longestExit() external view returns (uint256);
}
