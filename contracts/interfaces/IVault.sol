// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Vault: the only contract of Athanor that holds money
/// @notice Internal balances in every accepted token, escrowed parts of them, and staked ATH.
/// Modules (job escrow, provider registry, …) move money inside the vault; only its owner takes money out.
///
/// A module can touch an account only after the account's owner approved that module, and an approval cannot be
/// withdrawn while the module may still need it. So nobody, governance included, can reach funds by adding a module.
/// Warning: approving a module means trusting its code with everything in that account or stake, escrows and locks of other modules included.
/// Warning: a token whose balances shrink by themselves would break the ledger of that token, and of no other; governance must not accept one.
interface IVault {
    /// @notice A balance in one token, in that token's units.
    /// @param available Free to withdraw, stake or escrow.
    /// @param escrowed Bound to open work; a module pays it out or gives it back.
    /// @param modules Bit i is set when the owner approved the module with index i.
    struct Account {
        uint112 available;
        uint112 escrowed;
        uint32 modules;
    }

    /// @notice Staked ATH of one owner, in ATH units (18 decimals).
    /// @param staked Everything staked, without what is unbonding.
    /// @param locked The part of `staked` that backs registered hardware and open work; the same unit never backs two things.
    /// @param openWork Number of open locks taken for work.
    /// @param modules Bit i is set when the owner approved the module with index i.
    /// @param jailed Whether the owner was convicted: it takes no work and earns nothing, for good. What is left of its stake stays its own.
    /// @param suspended Whether a module keeps the owner from new work for now. Open work goes on and earns.
    /// @param resting Whether the owner keeps itself from new work. Open work goes on and earns.
    struct Stake {
        uint96 staked;
        uint96 locked;
        uint24 openWork;
        uint16 modules;
        bool jailed;
        bool suspended;
        bool resting;
    }

    /// @notice ATH on its way out of the stake.
    /// @param amount ATH units (18 decimals).
    /// @param releaseAt Seconds since 1970 from which it can be claimed.
    struct Unbonding {
        uint96 amount;
        uint40 releaseAt;
    }

    /// @notice What the vault knows of a token.
    /// @param accepted Whether deposits are taken; withdrawals always work.
    /// @param ledger Sum of all accounts, stakes and unbondings in token units; never above the vault's token balance.
    struct TokenState {
        bool accepted;
        uint112 ledger;
    }

    /// @notice How one escrow is divided. What is left over goes back to the payer.
    /// @param payer Whose escrow it is.
    /// @param token The token of the escrow.
    /// @param escrowed Amount bound by `openWork`, token units.
    /// @param provider Who worked, or was to work.
    /// @param earned Paid to the provider, token units.
    /// @param fee Paid to the calling module's own account, token units.
    /// @param bountyRecipient Whom the sender of the call that ended the work named.
    /// @param bounty Paid to `bountyRecipient`, token units.
    /// @param stakeLock ATH units to free of the provider's lock.
    struct Settlement {
        address payer;
        address token;
        uint256 escrowed;
        address provider;
        uint256 earned;
        uint256 fee;
        address bountyRecipient;
        uint256 bounty;
        uint256 stakeLock;
    }

    /// @notice Tokens of `sender` came into the account of `owner`, token units.
    event Deposited(address indexed token, address indexed sender, address indexed owner, uint256 amount);
    /// @notice Tokens left the account of `owner` for `recipient`, token units.
    event Withdrawn(address indexed token, address indexed owner, address indexed recipient, uint256 amount);
    /// @notice The modules that may use an account in a token are now these.
    event ModulesApproved(address indexed token, address indexed owner, uint32 modules);
    /// @notice The modules that may lock a stake are now these.
    event StakeModulesApproved(address indexed owner, uint32 modules);
    /// @notice ATH units moved from an account into its owner's stake.
    event Staked(address indexed owner, uint256 amount);
    /// @notice Stake started to leave: `totalUnbonding` ATH units can be claimed from `releaseAt`.
    event UnbondingStarted(address indexed owner, uint256 amount, uint256 totalUnbonding, uint40 releaseAt);
    /// @notice Unbonded ATH units are back in the owner's account.
    event UnbondingClaimed(address indexed owner, uint256 amount);
    /// @notice A module slashed and jailed an owner: of `forfeited` ATH units, `paid` went to `recipient`, the rest was burned.
    event Slashed(
        address indexed owner,
        address indexed module,
        uint256 forfeited,
        uint256 paid,
        address indexed recipient
    );
    /// @notice A module took `forfeited` ATH units that it had locked: `paid` went to the module's own account, the rest was burned.
    event Penalised(address indexed owner, address indexed module, uint256 forfeited, uint256 paid);
    /// @notice A module keeps an owner from new work, or no longer.
    event Suspended(address indexed owner, address indexed module, bool suspended);
    /// @notice An owner keeps itself from new work, or no longer.
    event Resting(address indexed owner, bool resting);
    /// @notice A module opens no new work before `until`, seconds since 1970; it can be paused again from `pausableFrom`.
    event ModulePaused(address indexed module, uint40 until, uint40 pausableFrom);
    /// @notice A module opens work again.
    event ModuleResumed(address indexed module);
    /// @notice A module was added, for good.
    event ModuleAdded(address indexed module, uint8 index);
    /// @notice Deposits in a token are taken from now on, or no longer.
    event TokenAccepted(address indexed token, bool accepted);
    /// @notice Unbondings that start from now on take this many seconds.
    event UnbondingPeriodSet(uint40 period);

    /// @notice The token is not one the vault takes. Use an accepted one; see `tokenState`.
    error TokenNotAccepted(address token);
    /// @notice The token moved another amount than asked for (a fee on transfer, say). Such tokens are refused.
    error TransferAmountMismatch(address token, uint256 expected, uint256 received);
    /// @notice The account holds too little that is free. Deposit the difference or wait for open work to end.
    error InsufficientBalance(address token, address owner, uint256 available, uint256 required);
    /// @notice The stake has too little that is free. Stake the difference in ATH, or end open work.
    error InsufficientStake(address owner, uint256 free, uint256 required);
    /// @notice The owner has not approved this module for the account. Call `approveModules` first.
    error ModuleNotApproved(address token, address owner, address module);
    /// @notice The owner has not approved this module for the stake. Call `approveStakeModules` first.
    error StakeModuleNotApproved(address owner, address module);
    /// @notice An approval can be withdrawn only while nothing is escrowed, respectively locked.
    error ApprovalInUse(address owner, uint256 bound);
    /// @notice The bits name a module that does not exist.
    error UnknownModules(uint32 modules, uint8 moduleCount);
    /// @notice Only a module may call this.
    error NotAModule(address caller);
    error ModuleAlreadyAdded(address module);
    /// @notice A module is a contract.
    error ModuleWithoutCode(address module);
    error TooManyModules(uint256 maximum);
    /// @notice Nothing is unbonding.
    error NothingToClaim(address owner);
    /// @notice The unbonding period is not over.
    error StillUnbonding(uint40 releaseAt, uint256 timestamp);
    /// @notice The period lies outside its fixed bounds, in seconds.
    error UnbondingPeriodOutOfBounds(uint40 period, uint40 minimum, uint40 maximum);
    error ZeroAmount();
    error ZeroAddress();
    /// @notice A module asked to pay out more than it had escrowed.
    error SettlementExceedsEscrow(uint256 escrowed, uint256 payouts);
    /// @notice A module settled more than the payer has escrowed.
    error EscrowUnderflow(address payer, uint256 escrowed, uint256 settled);
    /// @notice A module freed more stake than is locked.
    error LockUnderflow(address owner, uint256 locked, uint256 freed);
    /// @notice The provider was convicted of a wrong result: it takes no work and is paid for none. Choose another provider; refund open jobs.
    error ProviderJailed(address provider);
    /// @notice The provider takes no new work at present. Choose another provider; what is open goes on.
    error ProviderTakesNoWork(address provider);
    /// @notice The module opens no new work before this time, in seconds. Open work goes on; nothing that ends work is ever paused.
    error ModulePausedUntil(address module, uint40 until);
    /// @notice A pause lasts so many seconds at the most.
    error PauseOutOfBounds(uint40 duration, uint40 maximum);
    /// @notice After a pause, a module works for a while before it can be paused again. Wait until this time, in seconds.
    error PausedRecently(address module, uint40 pausableFrom);
    /// @notice The module is not paused.
    error NotPaused(address module);
    /// @notice A module asked to pay out more than half of what it slashes, ATH units.
    error PayoutAboveHalf(uint256 payout, uint256 maximum);

    // ------------------------------------------------------------------------------------------- accounts

    /// @notice Moves tokens from the caller, who approved the vault for them, into `owner`'s account.
    function deposit(address token, uint256 amount, address owner) external;

    /// @notice Uses an ERC-2612 permit of the caller for the vault. Meant for `multicall` before `deposit`.
    /// Does not revert when the permit was already used (somebody may send it first); the deposit then decides.
    function permit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Pays the caller's free balance out to `recipient`.
    function withdraw(address token, uint256 amount, address recipient) external;

    /// @notice Moves tokens from the caller, who approved the vault for them, into a module's own account, bound to work that `data` describes to the
    /// module: it opens a channel, say, or adds to one. Reverts if the module wants none of it. The module emits what it did with the
    /// money; the vault emits nothing of its own.
    function entrust(address module, address token, uint256 amount, bytes calldata data) external;

    /// @notice The same with an ERC-2612 permit of the caller for the vault over `amount`, which somebody may have sent before; see `permit`.
    function entrustWithPermit(
        address module,
        address token,
        uint256 amount,
        bytes calldata data,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice The same from the caller's free balance.
    function entrustBalance(address module, address token, uint256 amount, bytes calldata data) external;

    /// @notice Lets the modules named by the bits use the caller's account in `token`.
    function approveModules(address token, uint32 modules) external;

    /// @notice Withdraws all module approvals of the caller's account in `token`; refused while anything is escrowed.
    function revokeModules(address token) external;

    // ---------------------------------------------------------------------------------------------- stake

    /// @notice Moves ATH from the caller's account into its stake.
    function stake(uint256 amount) external;

    /// @notice Lets the modules named by the bits lock the caller's stake.
    function approveStakeModules(uint32 modules) external;

    /// @notice Withdraws all module approvals of the caller's stake; refused while anything is locked.
    function revokeStakeModules() external;

    /// @notice Starts to take free stake out. A further call adds to the amount and starts the period anew for all of it, never to an earlier end.
    function unbond(uint256 amount) external;

    /// @notice Moves `owner`'s unbonded ATH into its account. Anyone may call.
    function claimUnbonded(address owner) external;

    /// @notice Keeps the caller from new work, or lets it take work again. Open work goes on: so stake that backs it gets free, and can be unbonded.
    function setResting(bool resting) external;

    // -------------------------------------------------------------------------------------------- modules

    /// @notice Binds `amount` of the payer's account and `stakeLock` of the provider's stake to open work. Refused for a jailed, suspended or
    /// resting provider, and while the calling module is paused.
    function openWork(
        address payer,
        address token,
        uint256 amount,
        address provider,
        uint256 stakeLock
    ) external;

    /// @notice Ends open work: divides the escrow and frees the stake. With a jailed provider nothing is earned: only refunds and bounties pass.
    function settle(Settlement calldata settlement) external;

    /// @notice Divides part of an escrow whose work goes on: the same, but for the stake, which stays locked whatever `stakeLock` says.
    function settlePart(Settlement calldata settlement) external;

    /// @notice Locks stake that backs registered hardware.
    function lockStake(address owner, uint256 amount) external;

    /// @notice Frees stake that backed registered hardware.
    function unlockStake(address owner, uint256 amount) external;

    /// @notice Takes `amount` of the owner's stake and jails the owner, for good. Locked stake goes first; stake that is unbonding is taken if the rest does
    /// not suffice. At most half of it is paid out, the rest is burned. Never fails for lack of stake.
    /// @param amount ATH units.
    /// @param payout ATH units of it for the account of `recipient`, at most half.
    /// @return forfeited ATH units taken: `amount`, or all there was.
    /// @return paid ATH units credited: `payout`, but at most half of `forfeited`.
    function slash(
        address owner,
        uint256 amount,
        uint256 payout,
        address recipient
    ) external returns (uint256 forfeited, uint256 paid);

    /// @notice Takes `amount` of what is locked of the owner's stake, and jails nobody. At most half of it is paid out, the rest is burned.
    /// @param amount ATH units; the calling module locked them before.
    /// @param payout ATH units of it for the calling module's own account, at most half.
    function penalise(address owner, uint256 amount, uint256 payout) external;

    /// @notice Keeps an owner from new work, or no longer. Open work goes on.
    function setSuspended(address owner, bool suspended) external;

    // ----------------------------------------------------------------------------------------- governance

    /// @notice Keeps a module from opening new work for `duration` seconds, at most 7 days; then not again for 30 days.
    /// Whatever ends work, pays or frees stake goes on. Meant for a guardian: a role of its own in the access manager.
    function pauseModule(address module, uint40 duration) external;

    /// @notice Ends a pause early.
    function resumeModule(address module) external;

    /// @notice Adds a module, for good: work that a module opened can always be ended.
    function addModule(address module) external returns (uint8 index);

    /// @notice Starts or stops taking deposits in a token.
    function setTokenAccepted(address token, bool accepted) external;

    /// @notice Sets how long stake unbonds, in seconds; applies to unbondings that start afterwards.
    function setUnbondingPeriod(uint40 period) external;

    // ---------------------------------------------------------------------------------------------- views

    /// @notice The token of stakes.
    function ath() external view returns (address);

    /// @notice An owner's account in a token.
    function accountOf(address token, address owner) external view returns (Account memory);

    /// @notice An owner's stake.
    function stakeOf(address owner) external view returns (Stake memory);

    /// @notice Whether an owner was slashed.
    function isJailed(address owner) external view returns (bool);

    /// @notice ATH units that were ever taken of an owner's stake, unbonding or not. Never falls.
    function slashedOf(address owner) external view returns (uint256);

    /// @notice The time before which a module opens no new work, and the time from which it can be paused again, in seconds.
    function pauseOf(address module) external view returns (uint40 until, uint40 pausableFrom);

    /// @notice An owner's ATH on its way out of the stake.
    function unbondingOf(address owner) external view returns (Unbonding memory);

    /// @notice What the vault knows of a token.
    function tokenState(address token) external view returns (TokenState memory);

    /// @notice Seconds that unbondings starting now take.
    function unbondingPeriod() external view returns (uint40);

    /// @notice Number of modules; their indices are below it.
    function moduleCount() external view returns (uint8);

    /// @notice The approval bit of a module, 0 if it is none.
    function moduleBit(address module) external view returns (uint32);
}
