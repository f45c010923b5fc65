// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";

/// @title What hardware there is, and what it needs
/// @notice The governed part of `IProviderRegistry`: hardware classes and the fraud deposit of today. What a provider registered keeps its own.
abstract contract HardwareClasses is IProviderRegistry, AccessManaged {
    using SafeCast for uint256;

    // ------------------------------------------------------------------------------------------ constants

    uint256 private constant MAX_GPU_COUNT = 100_000;
    uint256 private constant MAX_HARDWARE_LENGTH = 16;
    uint256 private constant MAX_HARDWARE_CLASSES = 256;
    uint256 private constant MAX_NAME_LENGTH = 64;
    // No hardware without stake, and none that nobody can stake: seven orders of magnitude for what an ATH may cost some day.
    uint256 private constant MIN_STAKE_PER_GPU = 1e18;
    uint256 private constant MAX_STAKE_PER_GPU = 10_000_000e18;
    // Above zero, for whatever is proven has to cost the provider something, and pay the challenger half of it.
    uint256 private constant MIN_FRAUD_DEPOSIT = 10e18;
    uint256 private constant MAX_FRAUD_DEPOSIT = 10_000_000e18;
    // Of the hardware's stake: from what two dozen answers that are not recomputed pay, to four times what is penalised, for chains whose disputes take weeks.
    uint256 private constant MIN_DEPOSIT_SHARE = 1_000;
    uint256 private constant MAX_DEPOSIT_SHARE = 40_000;
    uint256 private constant BASIS_POINTS = 10_000;
    // Multiply-adds a second: what the slowest processor does, and a thousand times what the fastest card of 2025 does.
    uint256 private constant MIN_THROUGHPUT = 1e6;
    uint256 private constant MAX_THROUGHPUT = 1e18;

    // -------------------------------------------------------------------------------------------- storage

    HardwareClass[] private _hardwareClasses;
    uint96 private _fraudDeposit = uint96(MIN_FRAUD_DEPOSIT);
    uint16 private _depositShare = uint16(MIN_DEPOSIT_SHARE);

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IProviderRegistry
    function setHardwareClass(uint32 hardwareClass, HardwareClass calldata terms) external restricted {
        uint256 classes = _hardwareClasses.length;
        if (hardwareClass > classes) revert HardwareClassNotOpen(hardwareClass, uint32(classes));
        if (hardwareClass == MAX_HARDWARE_CLASSES) revert TooManyHardwareClasses(MAX_HARDWARE_CLASSES);
        _requireBetween("name", bytes(terms.name).length, 1, MAX_NAME_LENGTH);
        _requireBetween("minimumStakePerGpu", terms.minimumStakePerGpu, MIN_STAKE_PER_GPU, MAX_STAKE_PER_GPU);
        _requireBetween("minimumThroughput", terms.minimumThroughput, MIN_THROUGHPUT, MAX_THROUGHPUT);
        if (hardwareClass == classes) _hardwareClasses.push(terms);
        else _hardwareClasses[hardwareClass] = terms;
        emit HardwareClassSet(
            hardwareClass,
            terms.name,
            terms.minimumStakePerGpu,
            terms.minimumThroughput,
            terms.open
        );
    }

    /// @inheritdoc IProviderRegistry
    function setFraudDeposit(uint96 amount) external restricted {
        _requireBetween("fraudDeposit", amount, MIN_FRAUD_DEPOSIT, MAX_FRAUD_DEPOSIT);
        _fraudDeposit = amount;
        emit FraudDepositSet(amount);
    }

    /// @inheritdoc IProviderRegistry
    /// @dev The dispatcher compares selectors in their order: those of jobs and channels come before this one and `fraudDepositFor`.
    function setHardwareDepositShare(uint16 share) external restricted {
        _requireBetween("depositShare", share, MIN_DEPOSIT_SHARE, MAX_DEPOSIT_SHARE);
        _depositShare = share;
        emit DepositShareSet(share);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IProviderRegistry
    function requiredStake(Hardware[] calldata hardware) external view returns (uint96) {
        _requireHardware(hardware);
        (uint256 stake, ) = _demandOf(hardware);
        return (stake + _depositOf(stake)).toUint96();
    }

    /// @inheritdoc IProviderRegistry
    function fraudDepositFor(Hardware[] calldata hardware) external view returns (uint96) {
        _requireHardware(hardware);
        (uint256 stake, ) = _demandOf(hardware);
        return _depositOf(stake).toUint96();
    }

    /// @inheritdoc IProviderRegistry
    function hardwareClassOf(uint32 hardwareClass) external view returns (HardwareClass memory) {
        if (hardwareClass >= _hardwareClasses.length)
            revert HardwareClassNotOpen(hardwareClass, hardwareClassCount());
        return _hardwareClasses[hardwareClass];
    }

    /// @inheritdoc IProviderRegistry
    function hardwareClassCount() public view returns (uint32) {
        return uint32(_hardwareClasses.length);
    }

    /// @inheritdoc IProviderRegistry
    function fraudDeposit() external view returns (uint96) {
        return _fraudDeposit;
    }

    /// @inheritdoc IProviderRegistry
    function depositShare() external view returns (uint16) {
        return _depositShare;
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev What hardware of known classes takes and promises today: ATH units, multiply-adds a second.
    function _demandOf(
        Hardware[] calldata hardware
    ) internal view returns (uint256 stake, uint256 throughput) {
        for (uint256 i = 0; i < hardware.length; ++i) {
            HardwareClass storage terms = _hardwareClasses[hardware[i].hardwareClass];
            stake += uint256(terms.minimumStakePerGpu) * hardware[i].count;
            throughput += uint256(terms.minimumThroughput) * hardware[i].count;
        }
    }

    /// @dev The fraud deposit beside so much stake of hardware today, ATH units: what a GPU gains by wrong answers, each GPU can lose.
    function _depositOf(uint256 stake) internal view returns (uint256) {
        return Math.max(_fraudDeposit, (stake * _depositShare) / BASIS_POINTS);
    }

    /// @dev ATH units that registered hardware takes today, of closed classes too.
    function _stakeOf(uint64[] memory hardware) internal view returns (uint256 stake) {
        for (uint256 i = 0; i < hardware.length; ++i) {
            stake +=
                uint256(_hardwareClasses[_classOf(hardware[i])].minimumStakePerGpu) * _countOf(hardware[i]);
        }
    }

    /// @dev A closed class takes no more hardware than what is registered of it already.
    function _requireOpen(Hardware[] calldata hardware, uint64[] memory before) internal view {
        for (uint256 i = 0; i < hardware.length; ++i) {
            uint32 hardwareClass = hardware[i].hardwareClass;
            if (_hardwareClasses[hardwareClass].open) continue;
            uint256 registered = 0;
            for (uint256 j = 0; j < before.length; ++j) {
                if (_classOf(before[j]) == hardwareClass) registered = _countOf(before[j]);
            }
            if (hardware[i].count > registered) {
                revert HardwareClassNotOpen(hardwareClass, hardwareClassCount());
            }
        }
    }

    function _requireHardware(Hardware[] calldata hardware) internal view {
        uint256 length = hardware.length;
        if (length == 0 || length > MAX_HARDWARE_LENGTH) {
            revert HardwareLengthOutOfBounds(length, MAX_HARDWARE_LENGTH);
        }
        uint256 total = 0;
        for (uint256 i = 0; i < length; ++i) {
            Hardware calldata entry = hardware[i];
            if (entry.hardwareClass >= _hardwareClasses.length) {
                revert HardwareClassNotOpen(entry.hardwareClass, hardwareClassCount());
            }
            // INVARIANT: each class once, so that there is one count of it.
            if (i != 0 && entry.hardwareClass <= hardware[i - 1].hardwareClass) {
                revert HardwareNotAscending(hardware[i - 1].hardwareClass, entry.hardwareClass);
            }
            total += entry.count;
            if (entry.count == 0) revert GpuCountOutOfBounds(0, MAX_GPU_COUNT);
        }
        if (total > MAX_GPU_COUNT) revert GpuCountOutOfBounds(total, MAX_GPU_COUNT);
    }

    function _requireBetween(
        bytes32 parameter,
        uint256 value,
        uint256 minimum,
        uint256 maximum
    ) private pure {
        if (value < minimum || value > maximum)
            revert ParameterOutOfBounds(parameter, value, minimum, maximum);
    }

    function _isSame(Hardware[] calldata hardware, uint64[] memory before) internal pure returns (bool) {
        return keccak256(abi.encodePacked(_pack(hardware))) == keccak256(abi.encodePacked(before));
    }

    function _pack(Hardware[] calldata hardware) internal pure returns (uint64[] memory packed) {
        packed = new uint64[](hardware.length);
        for (uint256 i = 0; i < hardware.length; ++i) {
            packed[i] = (uint64(hardware[i].hardwareClass) << 32) | hardware[i].count;
        }
    }

    function _classOf(uint64 packed) internal pure returns (uint32) {
        return uint32(packed >> 32);
    }

    function _countOf(uint64 packed) internal pure returns (uint32) {
        return uint32(packed);
    }
}
