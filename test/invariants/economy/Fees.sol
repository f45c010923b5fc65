// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IFeeDistributor} from "../../../contracts/interfaces/IFeeDistributor.sol";
import {Beneficiary} from "../../../contracts/types/Beneficiary.sol";
import {Sessions} from "./Sessions.sol";

/// @notice Fees: collected, split, claimed, sold; and what the insurance pays.
abstract contract Fees is Sessions {
    /// @dev Token units that wait for a beneficiary, by the split in force when they came.
    mapping(address token => uint256[4]) private _credits;
    IFeeDistributor.Parameters internal _split;

    constructor() {
        _split = _fees.parameters();
    }

    function collectFees(bool ofJobs, bool inAth) external {
        _collect(ofJobs, _token(inAth));
    }

    function giveToFees(uint256 amount, bool inAth) external {
        address token = _token(inAth);
        amount = _part(amount, IERC20(token).balanceOf(STRANGER)) / 8;
        _do(STRANGER, token, abi.encodeCall(IERC20.transfer, (address(_fees), amount)));
        _move(token, STRANGER, address(_fees), amount);
        _count(msg.sig);
        if (amount % 2 == 0) this.distribute(inAth);
    }

    function distribute(bool inAth) external {
        uint256 amount = _fees.distribute(_token(inAth));
        assertEqual(_distribute(_token(inAth)), amount, "FEE-4: all that is not credited is split");
        if (amount != 0) _count(msg.sig);
    }

    function claimFees(uint256 whose, bool inAth) external {
        _claimFees(Beneficiary(whose % 4), _token(inAth));
    }

    /// @notice Fees in the stablecoin, for ATH that burns.
    function buyFees(uint256 amount) external {
        uint256 available = _fees.forSale(address(_coin));
        if (available == 0) return;
        amount = bound(amount, 1, available);
        // ATH units: the coin's price less the discount over that of ATH, rounded up.
        uint256 price =
            uint256(_currencies.currencyOf(address(_coin)).referenceMicrocents) *
                (BASIS_POINTS - _split.saleDiscount);
        uint256 athPrice = uint256(_currencies.currencyOf(address(_ath)).referenceMicrocents) * BASIS_POINTS;
        uint256 cost = _ceilDiv(amount * price * 1e12, athPrice);
        if (cost > _ath.balanceOf(STRANGER)) return;
        _do(
            STRANGER,
            address(_fees),
            abi.encodeCall(IFeeDistributor.buy, (address(_coin), amount, cost, STRANGER))
        );
        _burn(STRANGER, cost);
        _move(address(_coin), address(_fees), STRANGER, amount);
        _credits[address(_coin)][uint256(Beneficiary.Burn)] -= amount;
        _count(msg.sig);
    }

    /// @notice Governance pays damages.
    function payDamages(uint256 amount, bool inAth, uint256 who) external {
        address token = _token(inAth);
        uint256 most = _insurance.payableNow(token);
        if (most == 0) return;
        amount = bound(amount, 1, most);
        assertAtMost(4 * amount, _owned[token][address(_insurance)], "FEE-3: a quarter at the most");
        _insurance.pay(token, amount, clients[who % 2], "an outage");
        _move(token, address(_insurance), clients[who % 2], amount);
        _count(msg.sig);
    }

    // ----------------------------------------------------------------------------------------------- views

    /// @notice Token units that wait for beneficiaries.
    function credited(address token) public view returns (uint256 amount) {
        for (uint256 i = 0; i < 4; ++i) amount += _credits[token][i];
    }

    function creditOf(address token, uint256 beneficiary) external view returns (uint256) {
        return _credits[token][beneficiary];
    }

    /// @notice The same by the contract.
    function creditFound(address token, uint256 beneficiary) external view returns (uint256) {
        return _fees.creditOf(Beneficiary(beneficiary), token);
    }

    // -------------------------------------------------------------------------------------------- internal

    function _collect(bool ofJobs, address token) internal {
        address escrow = ofJobs ? address(_escrow) : address(_channels);
        // All that belongs to the escrow itself, but deposits.
        uint256 amount = _owned[token][escrow] - (ofJobs ? 0 : depositsIn(token));
        _do(STRANGER, escrow, abi.encodeCall(_escrow.collectFees, (token)));
        if (amount == 0) return;
        _move(token, escrow, address(_fees), amount);
        _distribute(token);
        _count(this.collectFees.selector);
    }

    function _claimFees(Beneficiary beneficiary, address token) internal {
        address receiver = _fees.receiverOf(beneficiary);
        uint256 amount = _credits[token][uint256(beneficiary)];
        if (amount == 0 || receiver == address(0)) return;
        _do(STRANGER, address(_fees), abi.encodeCall(IFeeDistributor.claim, (beneficiary, token)));
        _move(token, address(_fees), receiver, amount);
        _credits[token][uint256(beneficiary)] = 0;
        _count(this.claimFees.selector);
    }

    /// @dev What a distribution does by the split in force; what rounding leaves is to be burned, ATH at once.
    function _distribute(address token) private returns (uint256 amount) {
        amount = _owned[token][address(_fees)] - credited(token);
        uint256 checkers = (amount * _split.checkers) / BASIS_POINTS;
        uint256 insurance = (amount * _split.insurance) / BASIS_POINTS;
        uint256 treasury = (amount * _split.treasury) / BASIS_POINTS;
        uint256 burn = amount - checkers - insurance - treasury;
        uint256[4] storage credits = _credits[token];
        credits[uint256(Beneficiary.Checkers)] += checkers;
        credits[uint256(Beneficiary.Insurance)] += insurance;
        credits[uint256(Beneficiary.Treasury)] += treasury;
        if (token == address(_ath)) _burn(address(_fees), burn);
        else credits[uint256(Beneficiary.Burn)] += burn;
    }
}
