// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token with every bad habit, each off until it is switched on
/// @notice Takes a fee on transfers, calls somebody in the middle of them, refuses accounts or everybody, says no instead of reverting, changes balances
/// and decimals by itself, takes permits without heeding them.
contract HostileToken is ERC20 {
    uint256 public feeBasisPoints;
    address public blocked;
    bool public paused;
    bool public saysNo;
    uint8 private _decimals = 18;
    address private _callee;
    bytes private _callData;
    /// @notice What the call during the last transfer came back with.
    bool public callSucceeded;
    bytes public callResult;

    error Blocked(address account);
    error Paused();

    constructor() ERC20("Hostile", "HOST") {}

    function mint(address owner, uint256 amount) external {
        _mint(owner, amount);
    }

    function setFee(uint256 basisPoints) external {
        feeBasisPoints = basisPoints;
    }

    function setBlocked(address account) external {
        blocked = account;
    }

    function setPaused(bool paused_) external {
        paused = paused_;
    }

    /// @notice From now on transfers return false and move nothing.
    function setSaysNo(bool saysNo_) external {
        saysNo = saysNo_;
    }

    function setDecimals(uint8 decimals_) external {
        _decimals = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return !saysNo && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return !saysNo && super.transferFrom(from, to, value);
    }

    /// @notice Takes every signature and approves nothing.
    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32) external {
        _callOut();
    }

    /// @notice From now on each transfer calls `callee`, in the name of the token.
    function setCall(address callee, bytes calldata callData) external {
        _callee = callee;
        _callData = callData;
    }

    /// @notice Takes a part of somebody's balance away, or adds to it.
    function rebase(address account, uint256 balance) external {
        uint256 current = balanceOf(account);
        if (balance < current) _burn(account, current - balance);
        else _mint(account, balance - current);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (paused) revert Paused();
        if (blocked != address(0) && (from == blocked || to == blocked)) revert Blocked(blocked);
        bool transfers = from != address(0) && to != address(0);
        uint256 fee = transfers ? (value * feeBasisPoints) / 10_000 : 0;
        super._update(from, to, value - fee);
        if (fee != 0) super._update(from, address(0), fee);
        if (transfers) _callOut();
    }

    function _callOut() private {
        // solhint-disable-next-line avoid-low-level-calls
        if (_callee != address(0)) (callSucceeded, callResult) = _callee.call(_callData);
    }
}
