// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IChannelEscrow} from "../../../contracts/interfaces/IChannelEscrow.sol";
import {ICurrencies} from "../../../contracts/interfaces/ICurrencies.sol";
import {IFeeDistributor} from "../../../contracts/interfaces/IFeeDistributor.sol";
import {IJobEscrow} from "../../../contracts/interfaces/IJobEscrow.sol";
import {IProviderRegistry} from "../../../contracts/interfaces/IProviderRegistry.sol";
import {IQualityCourt} from "../../../contracts/interfaces/IQualityCourt.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {Beneficiary} from "../../../contracts/types/Beneficiary.sol";
import {vm} from "../../support/Vm.sol";
import {Fees} from "./Fees.sol";

/// @notice Governance and the guardian, who write nothing into the book: whatever they do, nobody's money moves. And time.
abstract contract Governing is Fees {
    function passTime(uint256 time) external {
        uint256 most =
            time % 8 == 0
                ? 200 days
                : time % 8 < 3
                    ? 3 days
                    : 2 hours;
        vm.warp(_now() + bound(time >> 3, 1, most));
        _count(msg.sig);
    }

    function donate(uint256 amount, bool inAth) external {
        address token = _token(inAth);
        amount = _part(amount, IERC20(token).balanceOf(STRANGER)) / 8;
        _do(STRANGER, token, abi.encodeCall(IERC20.transfer, (address(_vault), amount)));
        _owned[token][STRANGER] -= amount;
        _donated[token] += amount;
        _count(msg.sig);
    }

    /// @notice Free money moves in and out of the vault.
    function moveMoney(uint256 who, bool inAth, uint256 amount, bool inwards) external {
        address token = _token(inAth);
        address owner = person(who);
        if (inwards) {
            amount = _part(amount, IERC20(token).balanceOf(owner));
            if (amount == 0 || owner == PLAIN || !_vault.tokenState(token).accepted) return;
            _do(owner, address(_vault), abi.encodeCall(IVault.deposit, (token, amount, owner)));
        } else {
            amount = _part(amount, _vault.accountOf(token, owner).available);
            if (amount == 0) return;
            _do(owner, address(_vault), abi.encodeCall(IVault.withdraw, (token, amount, owner)));
        }
        _count(msg.sig);
    }

    /// @notice The guardian pauses new work of a module, or ends a pause.
    function pause(uint256 which, uint256 time) external {
        address module = which % 2 == 0 ? address(_escrow) : address(_channels);
        (uint40 until, uint40 from) = _vault.pauseOf(module);
        if (_now() < until) {
            _do(GUARDIAN, address(_vault), abi.encodeCall(IVault.resumeModule, (module)));
        } else if (_now() >= from) {
            uint40 duration = uint40(bound(time >> 1, 1, time % 2 == 0 ? 7 days : 1 hours));
            _do(GUARDIAN, address(_vault), abi.encodeCall(IVault.pauseModule, (module, duration)));
        } else {
            return;
        }
        _count(msg.sig);
    }

    /// @notice Governance moves parameters within their bounds, one of each part of the protocol.
    function govern(uint256 what, uint256 value) external {
        _governStake(what, value);
        _governWork(what >> 8, value);
        if (what % 4 == 0) _governCourt(value);
        _governFees(what >> 16, value);
        _count(msg.sig);
    }

    function _governStake(uint256 what, uint256 value) private {
        if (what % 3 == 0) {
            system.vault().setUnbondingPeriod(uint40(bound(value, 14 days, 90 days)));
        } else if (what % 3 == 1) {
            _providers.setFraudDeposit(uint96(bound(value, 10e18, 900e18)));
            _providers.setHardwareDepositShare(uint16(bound(value >> 96, 1_000, 6_000)));
        } else {
            IProviderRegistry.HardwareClass memory terms = _providers.hardwareClassOf(0);
            terms.minimumStakePerGpu = uint96(bound(value >> 8, 1e18, 150e18));
            terms.open = value % 4 != 0;
            _providers.setHardwareClass(0, terms);
        }
    }

    function _governWork(uint256 what, uint256 value) private {
        bool inAth = value % 2 == 0;
        uint96 unit = inAth ? 1e17 : 1e5;
        uint16 fee = uint16(bound(value >> 16, 0, 2_000));
        bool accepted = (value >> 8) % 8 != 0;
        if (what % 6 == 0) {
            _escrow.setParameters(
                system.defaultParameters(
                    uint96(bound(value, 1e18, 200e18)),
                    uint32(bound(value, 10 minutes, 1 days))
                )
            );
        } else if (what % 6 == 1) {
            _escrow.setTokenTerms(
                _token(inAth),
                IJobEscrow.TokenTerms(
                    accepted,
                    fee,
                    uint96(bound(value >> 32, 0, unit)),
                    uint96(bound(value >> 96, 0, unit))
                )
            );
        } else if (what % 6 == 2) {
            _channels.setParameters(
                IChannelEscrow.Parameters(
                    uint96(bound(value, 1e18, 200e18)),
                    uint32(bound(value >> 8, 1 hours, 7 days)),
                    uint32(bound(value >> 40, 1 hours, 3 days)),
                    uint64(bound(value >> 72, 1e9, 1e13))
                )
            );
        } else if (what % 6 == 3) {
            _channels.setTokenTerms(
                _token(inAth),
                IChannelEscrow.TokenTerms(accepted, fee, uint96(bound(value >> 32, 0, unit)))
            );
        } else if (what % 6 == 4) {
            _movePrice(_token(inAth), value);
        } else {
            system.vault().setTokenAccepted(address(_coin), accepted);
        }
    }

    function _governCourt(uint256 value) private {
        uint256 harmed = bound(value >> 8, 0, 5_000);
        court.setParameters(
            IQualityCourt.Parameters({
                appealPeriod: uint32(bound(value >> 16, 3 days, 10 days)),
                decisionPeriod: uint32(bound(value >> 48, 14 days, 30 days)),
                caseInterval: uint32(bound(value >> 80, 7 days, 20 days)),
                suspension: uint32(bound(value >> 112, 1 days, 30 days)),
                removalAfter: uint8(bound(value >> 144, 3, 12)),
                harmedBasisPoints: uint16(harmed),
                insuredBasisPoints: uint16(bound(value >> 160, 0, 5_000 - harmed)),
                discountBasisPoints: uint16(bound(value >> 176, 500, 5_000))
            })
        );
    }

    /// @notice Governance changes the split of fees, and names who gets its parts.
    function _governFees(uint256 what, uint256 value) private {
        if (what % 3 == 0) {
            uint256 insurance = bound(value >> 8, 500, 3_000);
            uint256 burn = bound(value >> 24, 1_000, 5_000);
            uint256 rest = BASIS_POINTS - insurance - burn;
            uint256 checkers = bound(value >> 40, rest > 5_000 ? rest - 3_000 : 2_000, rest);
            if (checkers > 8_000) checkers = 8_000;
            uint256 treasury = rest - checkers;
            _split = IFeeDistributor.Parameters(
                uint16(checkers),
                uint16(insurance),
                uint16(burn),
                uint16(treasury),
                uint16(bound(value >> 56, 0, 300))
            );
            _fees.setParameters(_split);
        } else if (what % 3 == 1) {
            _fees.setTreasury(value % 2 == 0 ? TREASURY : CHALLENGER);
        } else {
            if (done[this.govern.selector] < 8 || _fees.receiverOf(Beneficiary.Checkers) != address(0))
                return;
            _fees.setCheckers(CHECKERS);
        }
    }

    /// @dev As far as one step goes, and as soon as it may.
    function _movePrice(address token, uint256 value) private {
        ICurrencies.Currency memory currency = _currencies.currencyOf(token);
        if (_now() < uint256(currency.changedAt) + 6 hours) return;
        uint256 current = currency.referenceMicrocents;
        uint256 moved = bound(value, current - current / 10, current + current / 10);
        // Where the dearest offer still fits a job, and bounties their bounds.
        if (moved < 1_000_000 || moved > 1e10) return;
        _currencies.setReference(token, uint56(moved), type(uint32).max);
    }
}
