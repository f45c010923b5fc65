// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ICheckers} from "../interfaces/ICheckers.sol";
import {IVault} from "../interfaces/IVault.sol";
import {CheckerParameters} from "./CheckerParameters.sol";

/// @title The stakes and keys of checkers
/// @notice A module of the vault: it locks, frees and penalises stakes of owners who approved it, and touches nothing else.
abstract contract CheckerStakes is CheckerParameters {
    /// @dev Of a penalty, for whoever shows a fault: so little that to show one's own costs nearly all of it.
    uint256 internal constant FINDERS_SHARE = 1_000;

    /// @inheritdoc ICheckers
    IVault public immutable vault;

    // -------------------------------------------------------------------------------------------- storage

    mapping(address owner => Checker) internal _checkers;
    mapping(address operator => address owner) private _owners;
    /// @inheritdoc ICheckers
    mapping(address task => bool) public isTask;
    bool private _tasksSet;

    // ---------------------------------------------------------------------------------------- construction

    constructor(IVault vault_) {
        vault = vault_;
    }

    modifier onlyTask() {
        if (!isTask[msg.sender]) revert NotATask(msg.sender);
        _;
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc ICheckers
    function join(address operator) external {
        if (_checkers[msg.sender].operator != address(0)) revert AlreadyChecker(msg.sender);
        if (vault.isJailed(msg.sender)) revert Convicted(msg.sender);
        uint96 stake = parametersAt(currentEpoch() + 1).stake;
        _setOperator(operator);
        _checkers[msg.sender].locked = stake;
        emit CheckerJoined(msg.sender, operator, stake);

        vault.lockStake(msg.sender, stake);
    }

    /// @inheritdoc ICheckers
    function setOperator(address operator) external {
        delete _owners[_requireChecker(msg.sender).operator];
        _setOperator(operator);
        emit OperatorSet(msg.sender, operator);
    }

    /// @inheritdoc ICheckers
    function topUp() external {
        Checker storage checker = _requireChecker(msg.sender);
        uint96 stake = parametersAt(currentEpoch() + 1).stake;
        uint96 locked = checker.locked;
        if (locked >= stake) return;
        checker.locked = stake;
        emit CheckerToppedUp(msg.sender, stake);

        vault.lockStake(msg.sender, stake - locked);
    }

    /// @inheritdoc ICheckers
    function resign() external {
        Checker memory checker = _requireChecker(msg.sender);
        // INVARIANT: the lock stays while anything can be held against the checker. Nobody commits to epoch 0.
        uint32 free = checker.lastEpoch == 0 ? 0 : checker.lastEpoch + EPOCH_LIFE;
        if (currentEpoch() < free || checker.held != 0) revert StillLiable(msg.sender, free, checker.held);
        delete _owners[checker.operator];
        delete _checkers[msg.sender];
        emit CheckerLeft(msg.sender, checker.locked);

        vault.unlockStake(msg.sender, checker.locked);
    }

    /// @inheritdoc ICheckers
    function penalise(address checker, uint256 amount, address finder) external onlyTask {
        _penalise(checker, amount, finder, FINDERS_SHARE);
    }

    /// @inheritdoc ICheckers
    function hold(address checker) external onlyTask {
        _requireChecker(checker).held += 1;
    }

    /// @inheritdoc ICheckers
    function unhold(address checker) external onlyTask {
        _checkers[checker].held -= 1;
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc ICheckers
    function setTasks(address[] calldata tasks) external restricted {
        // INVARIANT: whoever can penalise is known before anyone joins, and never changes.
        if (_tasksSet) revert TasksAlreadySet();
        _tasksSet = true;
        for (uint256 i = 0; i < tasks.length; ++i) {
            if (tasks[i].code.length == 0) revert TaskWithoutCode(tasks[i]);
            isTask[tasks[i]] = true;
        }
        emit TasksSet(tasks);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc ICheckers
    function checkerOf(address checker) external view returns (Checker memory) {
        return _checkers[checker];
    }

    /// @inheritdoc ICheckers
    function ownerOf(address operator) public view returns (address checker) {
        checker = _owners[operator];
        if (checker == address(0)) revert NotOperator(operator);
    }

    // ------------------------------------------------------------------------------------------- internal

    function _requireChecker(address owner) internal view returns (Checker storage checker) {
        checker = _checkers[owner];
        if (checker.operator == address(0)) revert NotChecker(owner);
    }

    /// @dev INVARIANT: never fails for lack of stake, and takes nothing but what is locked here.
    function _penalise(address owner, uint256 penalty, address finder, uint256 findersShare) internal {
        Checker storage checker = _checkers[owner];
        uint256 amount = Math.min(checker.locked, penalty);
        if (amount == 0) return;
        checker.locked -= uint96(amount);
        uint256 paid = (amount * findersShare) / BASIS_POINTS;
        emit CheckerPenalised(owner, amount, paid, finder);

        vault.penalise(owner, amount, paid);
        if (paid != 0) vault.withdraw(vault.ath(), paid, finder);
    }

    function _setOperator(address operator) private {
        if (operator == address(0) || operator == msg.sender || _owners[operator] != address(0))
            revert InvalidOperator(operator);
        _owners[operator] = msg.sender;
        _checkers[msg.sender].operator = operator;
    }
}
