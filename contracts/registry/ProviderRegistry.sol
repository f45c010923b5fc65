// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";

/// @title Provider registry
/// @notice See `IProviderRegistry`, which is the specification.
contract ProviderRegistry is IProviderRegistry, AccessManaged {
    using SafeCast for uint256;

    // ------------------------------------------------------------------------------------------ constants

    uint32 private constant MAX_GPU_COUNT = 100_000;
    uint256 private constant MAX_ENDPOINT_LENGTH = 256;

    IVault public immutable vault;
    IModelRegistry public immutable models;

    // -------------------------------------------------------------------------------------------- storage

    mapping(address provider => Provider) private _providers;
    mapping(address provider => mapping(bytes32 modelRoot => mapping(address token => Offer)))
        private _offers;
    HardwareClass[] private _hardwareClasses;
    uint96 private _fraudDeposit;
    /// @inheritdoc IProviderRegistry
    address public disputeGame;

    // ---------------------------------------------------------------------------------------- construction

    constructor(address authority, IVault vault_, IModelRegistry models_) AccessManaged(authority) {
        vault = vault_;
        models = models_;
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IProviderRegistry
    function register(Profile calldata profile) external {
        Provider storage provider = _providers[msg.sender];
        if (provider.registered) revert AlreadyRegistered(msg.sender);
        _requireNotJailed(msg.sender);
        _requireValid(profile);
        uint96 reserved = requiredStake(profile.hardwareClass, profile.gpuCount);

        provider.registered = true;
        provider.profile = profile;
        provider.reserved = reserved;
        provider.fraudDeposit = _fraudDeposit;
        emit ProviderRegistered(msg.sender, profile, reserved);

        vault.lockStake(msg.sender, reserved);
    }

    /// @inheritdoc IProviderRegistry
    function update(Profile calldata profile) external {
        Provider storage provider = _registered(msg.sender);
        _requireNotJailed(msg.sender);
        _requireValid(profile);
        uint96 before = provider.reserved;
        uint96 reserved = before;
        if (
            profile.hardwareClass != provider.profile.hardwareClass ||
            profile.gpuCount != provider.profile.gpuCount
        ) {
            // INVARIANT: the fraud deposit of a provider never falls, for challenges of its results count on it.
            uint96 deposit = uint96(Math.max(provider.fraudDeposit, _fraudDeposit));
            reserved = (_hardwareStake(profile.hardwareClass, profile.gpuCount) + deposit).toUint96();
            provider.fraudDeposit = deposit;
        }
        provider.profile = profile;
        provider.reserved = reserved;
        emit ProviderUpdated(msg.sender, profile, reserved);

        if (reserved > before) vault.lockStake(msg.sender, reserved - before);
        if (reserved < before) vault.unlockStake(msg.sender, before - reserved);
    }

    /// @inheritdoc IProviderRegistry
    function deregister() external {
        Provider storage provider = _registered(msg.sender);
        // INVARIANT: the fraud deposit stays while anything can still be proven against the provider.
        IVault.Stake memory position = vault.stakeOf(msg.sender);
        // Offers of a convicted provider can never be taken again.
        if (provider.offerCount != 0 && !position.jailed) {
            revert OffersStanding(msg.sender, provider.offerCount);
        }
        if (position.openWork != 0) revert WorkOpen(msg.sender, position.openWork);
        uint96 reserved = provider.reserved;
        delete _providers[msg.sender];
        emit ProviderDeregistered(msg.sender);

        vault.unlockStake(msg.sender, reserved);
    }

    /// @inheritdoc IProviderRegistry
    function setOffer(
        bytes32 modelRoot,
        address token,
        uint64 inputMicrocents,
        uint64 outputMicrocents
    ) external {
        Provider storage provider = _registered(msg.sender);
        _requireNotJailed(msg.sender);
        if (!vault.tokenState(token).accepted) revert OfferTokenNotAccepted(token);
        IModelRegistry.Model memory model = models.modelOf(modelRoot);

        Offer storage offer = _offers[msg.sender][modelRoot][token];
        if (offer.contextLength == 0) provider.offerCount += 1;
        _offers[msg.sender][modelRoot][token] = Offer({
            inputMicrocents: inputMicrocents,
            outputMicrocents: outputMicrocents,
            contextLength: uint256(model.contextLength).toUint24(),
            vocabularySize: uint256(model.vocabularySize).toUint24(),
            workPerPosition: uint256(model.workPerPosition).toUint48()
        });
        emit OfferSet(msg.sender, modelRoot, token, inputMicrocents, outputMicrocents);
    }

    /// @inheritdoc IProviderRegistry
    function removeOffer(bytes32 modelRoot, address token) external {
        Provider storage provider = _registered(msg.sender);
        if (_offers[msg.sender][modelRoot][token].contextLength == 0)
            revert NoSuchOffer(msg.sender, modelRoot, token);
        delete _offers[msg.sender][modelRoot][token];
        provider.offerCount -= 1;
        emit OfferRemoved(msg.sender, modelRoot, token);
    }

    /// @inheritdoc IProviderRegistry
    function convict(
        address owner,
        uint256 payout,
        address recipient
    ) external returns (uint256 forfeited, uint256 paid) {
        if (msg.sender != disputeGame) revert NotDisputeGame(msg.sender);
        Provider storage provider = _registered(owner);
        _requireNotJailed(owner);
        uint96 deposit = provider.fraudDeposit;
        provider.fraudDeposit = 0;
        provider.reserved -= deposit;
        (forfeited, paid) = vault.slash(owner, deposit, payout, recipient);
        emit ProviderConvicted(owner, forfeited, paid);
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IProviderRegistry
    function setDisputeGame(address game) external restricted {
        // INVARIANT: whoever can convict is known before anyone registers, and never changes.
        if (disputeGame != address(0)) revert DisputeGameAlreadySet(disputeGame);
        if (game.code.length == 0) revert DisputeGameWithoutCode(game);
        disputeGame = game;
        emit DisputeGameSet(game);
    }

    /// @inheritdoc IProviderRegistry
    function setHardwareClass(uint32 hardwareClass, HardwareClass calldata terms) external restricted {
        if (hardwareClass > _hardwareClasses.length)
            revert HardwareClassNotOpen(hardwareClass, hardwareClassCount());
        if (hardwareClass == _hardwareClasses.length) _hardwareClasses.push(terms);
        else _hardwareClasses[hardwareClass] = terms;
        emit HardwareClassSet(hardwareClass, terms.name, terms.minimumStakePerGpu, terms.open);
    }

    /// @inheritdoc IProviderRegistry
    function setFraudDeposit(uint96 amount) external restricted {
        _fraudDeposit = amount;
        emit FraudDepositSet(amount);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IProviderRegistry
    function requiredStake(uint32 hardwareClass, uint32 gpuCount) public view returns (uint96) {
        return (_hardwareStake(hardwareClass, gpuCount) + _fraudDeposit).toUint96();
    }

    /// @inheritdoc IProviderRegistry
    function providerOf(address provider) external view returns (Provider memory) {
        return _providers[provider];
    }

    /// @inheritdoc IProviderRegistry
    function operatorOf(address provider) external view returns (address) {
        return _providers[provider].profile.operator;
    }

    /// @inheritdoc IProviderRegistry
    function fraudDepositOf(address provider) external view returns (uint96) {
        return _providers[provider].fraudDeposit;
    }

    /// @inheritdoc IProviderRegistry
    function offerOf(
        address provider,
        bytes32 modelRoot,
        address token
    ) external view returns (Offer memory offer) {
        _requireNotJailed(provider);
        offer = _offers[provider][modelRoot][token];
        if (offer.contextLength == 0) revert NoSuchOffer(provider, modelRoot, token);
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

    // ------------------------------------------------------------------------------------------- internal

    function _registered(address owner) private view returns (Provider storage provider) {
        provider = _providers[owner];
        if (!provider.registered) revert NotRegistered(owner);
    }

    function _requireNotJailed(address owner) private view {
        if (vault.isJailed(owner)) revert IVault.ProviderJailed(owner);
    }

    /// @dev ATH units that hardware of an open class needs.
    function _hardwareStake(uint32 hardwareClass, uint32 gpuCount) private view returns (uint256) {
        if (hardwareClass >= _hardwareClasses.length || !_hardwareClasses[hardwareClass].open) {
            revert HardwareClassNotOpen(hardwareClass, hardwareClassCount());
        }
        return uint256(_hardwareClasses[hardwareClass].minimumStakePerGpu) * gpuCount;
    }

    function _requireValid(Profile calldata profile) private view {
        if (profile.operator == address(0) || profile.operator == msg.sender)
            revert InvalidOperator(profile.operator);
        if (profile.watchtower == msg.sender || profile.watchtower == profile.operator) {
            revert InvalidWatchtower(profile.watchtower);
        }
        if (profile.gpuCount == 0 || profile.gpuCount > MAX_GPU_COUNT) {
            revert GpuCountOutOfBounds(profile.gpuCount, MAX_GPU_COUNT);
        }
        uint256 length = bytes(profile.endpoint).length;
        if (length > MAX_ENDPOINT_LENGTH) revert EndpointTooLong(length, MAX_ENDPOINT_LENGTH);
    }
}
