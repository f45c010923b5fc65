// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IVault} from "../interfaces/IVault.sol";
import {IVaultModule} from "../interfaces/IVaultModule.sol";
import {OneWrite} from "../libraries/OneWrite.sol";

/// @title Vault
/// @dev Longer than 400 lines: one contract holds all money, so that one ledger accounts for it.
/// @notice See `IVault`, which is the specification.
contract Vault is IVault, AccessManaged, Multicall, ReentrancyGuardTransient {
    using OneWrite for Account;
    using OneWrite for Stake;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    // ------------------------------------------------------------------------------------------ constants

    uint8 private constant MAX_MODULES = 16;
    /// @dev Nothing is slashed for that is not locked: what unbonds was free. It outlasts usual disputes all the same, should a module free too much.
    uint40 private constant MIN_UNBONDING_PERIOD = 14 days;
    uint40 private constant MAX_UNBONDING_PERIOD = 90 days;
    uint40 private constant MAX_PAUSE = 7 days;
    uint40 private constant PAUSE_INTERVAL = 30 days;

    /// @inheritdoc IVault
    address public immutable ath;

    // -------------------------------------------------------------------------------------------- storage

    /// @param bit Its bit in approvals.
    /// @param pausedUntil Before this time it opens no new work.
    /// @param pausableFrom From this time on it can be paused again.
    struct Module {
        uint32 bit;
        uint40 pausedUntil;
        uint40 pausableFrom;
    }

    mapping(address token => mapping(address owner => Account)) private _accounts;
    mapping(address owner => Stake) private _stakes;
    mapping(address owner => Unbonding) private _unbondings;
    mapping(address token => TokenState) private _tokens;
    /// @dev Empty for every address that is no module.
    mapping(address module => Module) private _modules;
    mapping(address owner => uint256) private _slashed;
    uint40 private _unbondingPeriod;
    uint8 private _moduleCount;

    // ---------------------------------------------------------------------------------------- construction

    /// @param authority The AccessManager that decides who may call the functions of the governance section.
    /// @param athToken The token of stakes; accepted from the start.
    constructor(address authority, address athToken) AccessManaged(authority) {
        if (athToken == address(0)) revert ZeroAddress();
        ath = athToken;
        _setTokenAccepted(athToken, true);
        _setUnbondingPeriod(MIN_UNBONDING_PERIOD);
    }

    // ------------------------------------------------------------------------------------------- accounts

    /// @inheritdoc IVault
    function deposit(address token, uint256 amount, address owner) external nonReentrant {
        uint112 credited = _addToLedger(token, amount);
        if (owner == address(0)) revert ZeroAddress();
        _accounts[token][owner].available += credited;
        emit Deposited(token, msg.sender, owner, amount);
        _pull(token, amount);
    }

    /// @inheritdoc IVault
    function entrust(
        address module,
        address token,
        uint256 amount,
        bytes calldata data
    ) external nonReentrant {
        uint112 credited = _addToLedger(token, amount);
        _pull(token, amount);
        _entrust(module, token, credited, data);
    }

    /// @inheritdoc IVault
    function entrustWithPermit(
        address module,
        address token,
        uint256 amount,
        bytes calldata data,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        uint112 credited = _addToLedger(token, amount);
        _permit(token, amount, deadline, v, r, s);
        _pull(token, amount);
        _entrust(module, token, credited, data);
    }

    /// @inheritdoc IVault
    function entrustBalance(
        address module,
        address token,
        uint256 amount,
        bytes calldata data
    ) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        _debit(token, amount);
        _entrust(module, token, uint112(amount), data);
    }

    /// @inheritdoc IVault
    function permit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        // Only accepted tokens are called, so that nobody makes the vault call a contract of his choice.
        if (!_tokens[token].accepted) revert TokenNotAccepted(token);
        _permit(token, amount, deadline, v, r, s);
    }

    /// @inheritdoc IVault
    function withdraw(address token, uint256 amount, address recipient) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        if (recipient == address(0)) revert ZeroAddress();
        _debit(token, amount);
        // INVARIANT: the ledger is the sum of all accounts, so it covers every part of it.
        _tokens[token].ledger -= uint112(amount);
        emit Withdrawn(token, msg.sender, recipient, amount);

        IERC20(token).safeTransfer(recipient, amount);
    }

    /// @inheritdoc IVault
    function approveModules(address token, uint32 modules) external {
        Account storage account = _accounts[token][msg.sender];
        uint32 approved = account.modules | _knownModules(modules);
        account.modules = approved;
        emit ModulesApproved(token, msg.sender, approved);
    }

    /// @inheritdoc IVault
    function revokeModules(address token) external {
        Account storage account = _accounts[token][msg.sender];
        // INVARIANT: what a module has escrowed, it can settle.
        if (account.escrowed != 0) revert ApprovalInUse(msg.sender, account.escrowed);
        account.modules = 0;
        emit ModulesApproved(token, msg.sender, 0);
    }

    // ---------------------------------------------------------------------------------------------- stake

    /// @inheritdoc IVault
    function stake(uint256 amount) external {
        if (amount == 0) revert ZeroAmount();
        _debit(ath, amount);
        Stake storage position = _stakes[msg.sender];
        position.staked = (position.staked + amount).toUint96();
        emit Staked(msg.sender, amount);
    }

    /// @inheritdoc IVault
    function approveStakeModules(uint32 modules) external {
        Stake storage position = _stakes[msg.sender];
        uint32 approved = position.modules | _knownModules(modules);
        // All that exist have a bit below 16.
        position.modules = uint16(approved);
        emit StakeModulesApproved(msg.sender, approved);
    }

    /// @inheritdoc IVault
    function revokeStakeModules() external {
        Stake storage position = _stakes[msg.sender];
        // INVARIANT: what a module has locked, it can free.
        if (position.locked != 0 || position.openWork != 0) revert ApprovalInUse(msg.sender, position.locked);
        position.modules = 0;
        emit StakeModulesApproved(msg.sender, 0);
    }

    /// @inheritdoc IVault
    function unbond(uint256 amount) external {
        if (amount == 0) revert ZeroAmount();
        Stake storage position = _stakes[msg.sender];
        // INVARIANT: locked stake cannot leave.
        uint256 free = position.staked - position.locked;
        if (free < amount) revert InsufficientStake(msg.sender, free, amount);
        position.staked -= uint96(amount);

        Unbonding storage unbonding = _unbondings[msg.sender];
        uint96 total = unbonding.amount + uint96(amount);
        uint40 releaseAt = uint40(block.timestamp) + _unbondingPeriod;
        // INVARIANT: a shorter period never shortens what unbonds already.
        if (releaseAt < unbonding.releaseAt) releaseAt = unbonding.releaseAt;
        (unbonding.amount, unbonding.releaseAt) = (total, releaseAt);
        emit UnbondingStarted(msg.sender, amount, total, releaseAt);
    }

    /// @inheritdoc IVault
    function claimUnbonded(address owner) external {
        Unbonding memory unbonding = _unbondings[owner];
        if (unbonding.amount == 0) revert NothingToClaim(owner);
        if (block.timestamp < unbonding.releaseAt)
            revert StillUnbonding(unbonding.releaseAt, block.timestamp);
        delete _unbondings[owner];
        _accounts[ath][owner].available += unbonding.amount;
        emit UnbondingClaimed(owner, unbonding.amount);
    }

    /// @inheritdoc IVault
    function setResting(bool resting) external {
        _stakes[msg.sender].resting = resting;
        emit Resting(msg.sender, resting);
    }

    // -------------------------------------------------------------------------------------------- modules

    /// @inheritdoc IVault
    function openWork(
        address payer,
        address token,
        uint256 amount,
        address provider,
        uint256 stakeLock
    ) external {
        (uint32 bit, uint40 pausedUntil) = _moduleOf(msg.sender);

        Account memory account = _accounts[token][payer];
        if (account.modules & bit == 0) revert ModuleNotApproved(token, payer, msg.sender);
        if (account.available < amount) revert InsufficientBalance(token, payer, account.available, amount);
        unchecked {
            account.available -= uint112(amount);
        }
        account.escrowed += uint112(amount);
        _accounts[token][payer].store(account);

        _openWork(msg.sender, bit, pausedUntil, provider, stakeLock);
    }

    /// @inheritdoc IVault
    function settle(Settlement calldata settlement) external {
        uint32 bit = _callingModule();
        _divide(settlement, bit);
        Stake memory position = _stakes[settlement.provider];
        _requireEarnable(position, settlement);
        _unlock(position, bit, settlement.provider, settlement.stakeLock);
        position.openWork -= 1;
        _stakes[settlement.provider].store(position);
    }

    /// @inheritdoc IVault
    function settlePart(Settlement calldata settlement) external {
        _divide(settlement, _callingModule());
        _requireEarnable(_stakes[settlement.provider], settlement);
    }

    /// @inheritdoc IVault
    function lockStake(address owner, uint256 amount) external {
        Stake memory position = _stakes[owner];
        _lock(position, msg.sender, _callingModule(), owner, amount);
        _stakes[owner].store(position);
    }

    /// @inheritdoc IVault
    function unlockStake(address owner, uint256 amount) external {
        Stake memory position = _stakes[owner];
        _unlock(position, _callingModule(), owner, amount);
        _stakes[owner].store(position);
    }

    /// @inheritdoc IVault
    function slash(
        address owner,
        uint256 amount,
        uint256 payout,
        address recipient
    ) external returns (uint256 forfeited, uint256 paid) {
        Stake memory position = _stakes[owner];
        if (position.modules & _callingModule() == 0) revert StakeModuleNotApproved(owner, msg.sender);
        if (payout > amount / 2) revert PayoutAboveHalf(payout, amount / 2);

        // INVARIANT: a slash never fails for lack of stake: it takes what there is, that on its way out last.
        uint256 fromStake = Math.min(amount, position.staked);
        uint256 fromUnbonding = Math.min(amount - fromStake, _unbondings[owner].amount);
        forfeited = fromStake + fromUnbonding;
        // INVARIANT: at least half of what is forfeited is burned, so that slashing oneself always costs.
        paid = Math.min(payout, forfeited / 2);
        position.staked -= uint96(fromStake);
        position.locked -= uint96(Math.min(fromStake, position.locked));
        position.jailed = true;
        _stakes[owner].store(position);
        if (fromUnbonding != 0) _unbondings[owner].amount -= uint96(fromUnbonding);
        emit Slashed(owner, msg.sender, forfeited, paid, recipient);
        _forfeit(owner, forfeited, paid, recipient);
    }

    /// @inheritdoc IVault
    function penalise(address owner, uint256 amount, uint256 payout) external {
        Stake memory position = _stakes[owner];
        _unlock(position, _callingModule(), owner, amount);
        // INVARIANT: what is locked is staked.
        position.staked -= uint96(amount);
        // INVARIANT: at least half of what is forfeited is burned, so that a penalty against oneself always costs.
        if (payout > amount / 2) revert PayoutAboveHalf(payout, amount / 2);
        _stakes[owner].store(position);
        emit Penalised(owner, msg.sender, amount, payout);
        _forfeit(owner, amount, payout, msg.sender);
    }

    /// @inheritdoc IVault
    function setSuspended(address owner, bool suspended) external {
        Stake storage position = _stakes[owner];
        if (position.modules & _callingModule() == 0) revert StakeModuleNotApproved(owner, msg.sender);
        position.suspended = suspended;
        emit Suspended(owner, msg.sender, suspended);
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IVault
    function addModule(address module) external restricted returns (uint8 index) {
        if (module.code.length == 0) revert ModuleWithoutCode(module);
        if (_modules[module].bit != 0) revert ModuleAlreadyAdded(module);
        index = _moduleCount;
        if (index == MAX_MODULES) revert TooManyModules(MAX_MODULES);
        _moduleCount = index + 1;
        _modules[module].bit = uint32(1) << index;
        emit ModuleAdded(module, index);
    }

    /// @inheritdoc IVault
    function pauseModule(address module, uint40 duration) external restricted {
        Module storage paused = _modules[module];
        if (paused.bit == 0) revert NotAModule(module);
        if (duration == 0 || duration > MAX_PAUSE) revert PauseOutOfBounds(duration, MAX_PAUSE);
        // INVARIANT: of any 37 days, new work is refused for 7 at the most.
        if (block.timestamp < paused.pausableFrom) revert PausedRecently(module, paused.pausableFrom);
        uint40 until = uint40(block.timestamp) + duration;
        (paused.pausedUntil, paused.pausableFrom) = (until, until + PAUSE_INTERVAL);
        emit ModulePaused(module, until, until + PAUSE_INTERVAL);
    }

    /// @inheritdoc IVault
    function resumeModule(address module) external restricted {
        Module storage paused = _modules[module];
        if (block.timestamp >= paused.pausedUntil) revert NotPaused(module);
        paused.pausedUntil = 0;
        emit ModuleResumed(module);
    }

    /// @inheritdoc IVault
    function setTokenAccepted(address token, bool accepted) external restricted {
        _setTokenAccepted(token, accepted);
    }

    /// @inheritdoc IVault
    function setUnbondingPeriod(uint40 period) external restricted {
        _setUnbondingPeriod(period);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IVault
    function accountOf(address token, address owner) external view returns (Account memory) {
        return _accounts[token][owner];
    }

    /// @inheritdoc IVault
    function stakeOf(address owner) external view returns (Stake memory) {
        return _stakes[owner];
    }

    /// @inheritdoc IVault
    function isJailed(address owner) external view returns (bool) {
        return _stakes[owner].jailed;
    }

    /// @inheritdoc IVault
    function slashedOf(address owner) external view returns (uint256) {
        return _slashed[owner];
    }

    /// @inheritdoc IVault
    function pauseOf(address module) external view returns (uint40 until, uint40 pausableFrom) {
        Module storage paused = _modules[module];
        return (paused.pausedUntil, paused.pausableFrom);
    }

    /// @inheritdoc IVault
    function unbondingOf(address owner) external view returns (Unbonding memory) {
        return _unbondings[owner];
    }

    /// @inheritdoc IVault
    function tokenState(address token) external view returns (TokenState memory) {
        return _tokens[token];
    }

    /// @inheritdoc IVault
    function unbondingPeriod() external view returns (uint40) {
        return _unbondingPeriod;
    }

    /// @inheritdoc IVault
    function moduleCount() external view returns (uint8) {
        return _moduleCount;
    }

    /// @inheritdoc IVault
    function moduleBit(address module) external view returns (uint32) {
        return _modules[module].bit;
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev INVARIANT: the ledger is the sum of all accounts and fits 112 bits, so no account can ever overflow.
    function _addToLedger(address token, uint256 amount) private returns (uint112) {
        TokenState storage state = _tokens[token];
        if (!state.accepted) revert TokenNotAccepted(token);
        if (amount == 0) revert ZeroAmount();
        state.ledger = (state.ledger + amount).toUint112();
        return uint112(amount);
    }

    /// @dev INVARIANT: ledger <= token balance. A token that moves less than it says is refused.
    function _pull(address token, uint256 amount) private {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert TransferAmountMismatch(token, amount, received);
    }

    /// @dev A permit that somebody sent before us has left the allowance behind; without one, the transfer reverts.
    function _permit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) private {
        // solhint-disable-next-line no-empty-blocks
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
    }

    /// @dev Binds an amount to work of a module, in the module's own account, and opens the work that the module wants for it.
    function _entrust(address module, address token, uint112 amount, bytes calldata data) private {
        // INVARIANT: nobody makes the vault call a contract of his choice.
        (uint32 bit, uint40 pausedUntil) = _moduleOf(module);
        Account storage account = _accounts[token][module];
        // INVARIANT: what a module has escrowed, it can settle.
        if (account.modules & bit == 0) revert ModuleNotApproved(token, module, module);
        account.escrowed += amount;
        (address provider, uint256 stakeLock) = IVaultModule(module).onEntrusted(
            msg.sender,
            token,
            amount,
            data
        );
        if (provider != address(0)) _openWork(module, bit, pausedUntil, provider, stakeLock);
    }

    /// @dev Counts a work of a provider, and locks its stake for it. INVARIANT: this, and nothing else, can be paused.
    function _openWork(
        address module,
        uint32 bit,
        uint40 pausedUntil,
        address provider,
        uint256 stakeLock
    ) private {
        if (block.timestamp < pausedUntil) revert ModulePausedUntil(module, pausedUntil);
        Stake memory position = _stakes[provider];
        if (position.jailed) revert ProviderJailed(provider);
        if (position.suspended || position.resting) revert ProviderTakesNoWork(provider);
        _lock(position, module, bit, provider, stakeLock);
        position.openWork += 1;
        _stakes[provider].store(position);
    }

    /// @dev Pays out and burns what was taken of a stake.
    function _forfeit(address owner, uint256 amount, uint256 payout, address recipient) private {
        _slashed[owner] += amount;
        _credit(ath, recipient, payout);
        _tokens[ath].ledger -= uint112(amount - payout);
        ERC20Burnable(ath).burn(amount - payout);
    }

    /// @dev Divides a part of what a payer has escrowed.
    function _divide(Settlement calldata settlement, uint32 bit) private {
        address token = settlement.token;
        uint256 payouts = settlement.earned + settlement.fee + settlement.bounty;
        // INVARIANT: a module pays out no more than the escrow it settles.
        if (payouts > settlement.escrowed) revert SettlementExceedsEscrow(settlement.escrowed, payouts);

        Account memory payer = _accounts[token][settlement.payer];
        // INVARIANT: only a module the payer approved touches the payer's escrow. A payer with nothing escrowed may have withdrawn its
        // approval; work that cost nothing must end all the same.
        if (settlement.escrowed != 0 && payer.modules & bit == 0)
            revert ModuleNotApproved(token, settlement.payer, msg.sender);
        if (payer.escrowed < settlement.escrowed)
            revert EscrowUnderflow(settlement.payer, payer.escrowed, settlement.escrowed);
        unchecked {
            payer.escrowed -= uint112(settlement.escrowed);
            payer.available += uint112(settlement.escrowed - payouts);
        }
        _accounts[token][settlement.payer].store(payer);
        _credit(token, settlement.provider, settlement.earned);
        _credit(token, msg.sender, settlement.fee);
        _credit(token, settlement.bountyRecipient, settlement.bounty);
    }

    /// @dev INVARIANT: nothing is earned with a convicted provider, by itself or by the protocol.
    function _requireEarnable(Stake memory position, Settlement calldata settlement) private pure {
        if (position.jailed && settlement.earned + settlement.fee != 0)
            revert ProviderJailed(settlement.provider);
    }

    function _callingModule() private view returns (uint32 bit) {
        bit = _modules[msg.sender].bit;
        if (bit == 0) revert NotAModule(msg.sender);
    }

    function _moduleOf(address module) private view returns (uint32 bit, uint40 pausedUntil) {
        Module storage found = _modules[module];
        (bit, pausedUntil) = (found.bit, found.pausedUntil);
        if (bit == 0) revert NotAModule(module);
    }

    function _knownModules(uint32 modules) private view returns (uint32) {
        // INVARIANT: nobody approves a module that does not exist yet.
        if (modules >> _moduleCount != 0) revert UnknownModules(modules, _moduleCount);
        return modules;
    }

    /// @dev Takes from what the caller has free.
    function _debit(address token, uint256 amount) private {
        Account storage account = _accounts[token][msg.sender];
        uint256 available = account.available;
        if (available < amount) revert InsufficientBalance(token, msg.sender, available, amount);
        account.available = uint112(available - amount);
    }

    function _credit(address token, address owner, uint256 amount) private {
        if (amount == 0) return;
        if (owner == address(0)) revert ZeroAddress();
        _accounts[token][owner].available += uint112(amount);
    }

    function _lock(
        Stake memory position,
        address module,
        uint32 bit,
        address owner,
        uint256 amount
    ) private pure {
        // INVARIANT: a unit of stake backs one thing at a time.
        if (position.modules & bit == 0) revert StakeModuleNotApproved(owner, module);
        uint256 free = position.staked - position.locked;
        if (free < amount) revert InsufficientStake(owner, free, amount);
        unchecked {
            position.locked += uint96(amount);
        }
    }

    function _unlock(Stake memory position, uint32 bit, address owner, uint256 amount) private view {
        if (position.modules & bit == 0) revert StakeModuleNotApproved(owner, msg.sender);
        if (position.locked < amount) revert LockUnderflow(owner, position.locked, amount);
        position.locked -= uint96(amount);
    }

    function _setTokenAccepted(address token, bool accepted) private {
        if (token == address(0)) revert ZeroAddress();
        _tokens[token].accepted = accepted;
        emit TokenAccepted(token, accepted);
    }

    function _setUnbondingPeriod(uint40 period) private {
        if (period < MIN_UNBONDING_PERIOD || period > MAX_UNBONDING_PERIOD)
            revert UnbondingPeriodOutOfBounds(period, MIN_UNBONDING_PERIOD, MAX_UNBONDING_PERIOD);
        _unbondingPeriod = period;
        emit UnbondingPeriodSet(period);
    }
}
