// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";
import {HardwareClasses} from "./HardwareClasses.sol";
import {ProviderPenalties} from "./ProviderPenalties.sol";

/// @title Provider registry
/// @notice See `IProviderRegistry`, which is the specification.
contract ProviderRegistry is HardwareClasses, ProviderPenalties {
    using SafeCast for uint256;

    // ------------------------------------------------------------------------------------------ constants

    uint256 private constant MAX_ENDPOINT_LENGTH = 256;

    IModelRegistry public immutable models;

    // -------------------------------------------------------------------------------------------- storage

    /// @param throughput Multiply-adds a second, as of the last change of hardware.
    /// @param hardware `Hardware`, 64 bits each: the class above the count.
    struct Registration {
        address operator;
        uint96 throughput;
        address watchtower;
        bytes32 encryptionKey;
        bool registered;
        uint32 offerCount;
        uint96 reserved;
        uint96 fraudDeposit;
        string endpoint;
        uint64[] hardware;
    }

    mapping(address provider => Registration) private _providers;
    mapping(address provider => mapping(bytes32 modelRoot => mapping(address token => Offer)))
        private _offers;
    /// @inheritdoc IProviderRegistry
    address public disputeGame;

    // ---------------------------------------------------------------------------------------- construction

    constructor(
        address authority,
        IVault vault_,
        IModelRegistry models_
    ) AccessManaged(authority) ProviderPenalties(vault_) {
        models = models_;
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IProviderRegistry
    function register(Profile calldata profile) external {
        Registration storage provider = _providers[msg.sender];
        if (provider.registered) revert AlreadyRegistered(msg.sender);
        _requireNotJailed(msg.sender);
        _requireValid(profile);
        _requireOpen(profile.hardware, provider.hardware);

        provider.registered = true;
        uint96 reserved = _install(provider, profile.hardware);
        _write(provider, profile);
        emit ProviderRegistered(msg.sender, profile, reserved);

        vault.lockStake(msg.sender, reserved);
    }

    /// @inheritdoc IProviderRegistry
    function update(Profile calldata profile) external {
        Registration storage provider = _registered(msg.sender);
        _requireNotJailed(msg.sender);
        _requireValid(profile);
        uint96 before = provider.reserved;
        uint96 reserved = before;
        if (!_isSame(profile.hardware, provider.hardware)) {
            _requireOpen(profile.hardware, provider.hardware);
            reserved = _install(provider, profile.hardware);
        }
        _write(provider, profile);
        emit ProviderUpdated(msg.sender, profile, reserved);

        if (reserved > before) vault.lockStake(msg.sender, reserved - before);
        if (reserved < before) vault.unlockStake(msg.sender, before - reserved);
    }

    /// @inheritdoc IProviderRegistry
    function deregister() external {
        Registration storage provider = _registered(msg.sender);
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
        Registration storage provider = _registered(msg.sender);
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
        Registration storage provider = _registered(msg.sender);
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
        Registration storage provider = _registered(owner);
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

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IProviderRegistry
    function providerOf(address owner) external view returns (Provider memory) {
        Registration storage provider = _providers[owner];
        uint64[] memory packed = provider.hardware;
        Hardware[] memory hardware = new Hardware[](packed.length);
        for (uint256 i = 0; i < packed.length; ++i) {
            hardware[i] = Hardware(_classOf(packed[i]), _countOf(packed[i]));
        }
        return
            Provider({
                profile: Profile(
                    provider.operator,
                    provider.watchtower,
                    provider.encryptionKey,
                    provider.endpoint,
                    hardware
                ),
                registered: provider.registered,
                offerCount: provider.offerCount,
                reserved: provider.reserved,
                fraudDeposit: provider.fraudDeposit
            });
    }

    /// @inheritdoc IProviderRegistry
    function operatorOf(address provider) external view returns (address) {
        return _providers[provider].operator;
    }

    /// @inheritdoc IProviderRegistry
    function defenderKeysOf(address provider) external view returns (address operator, address watchtower) {
        return (_providers[provider].operator, _providers[provider].watchtower);
    }

    /// @inheritdoc IProviderRegistry
    function throughputOf(address provider) external view returns (uint96) {
        return _providers[provider].throughput;
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
        // Field by field: a copy of the whole would take memory twice.
        Offer storage found = _offers[provider][modelRoot][token];
        offer.inputMicrocents = found.inputMicrocents;
        offer.outputMicrocents = found.outputMicrocents;
        offer.contextLength = found.contextLength;
        offer.vocabularySize = found.vocabularySize;
        offer.workPerPosition = found.workPerPosition;
        if (offer.contextLength == 0) revert NoSuchOffer(provider, modelRoot, token);
    }

    // ---------------------------------------------------------------------------------- of the quality court

    /// @inheritdoc ProviderPenalties
    function _locksOf(address owner) internal view override returns (uint96, uint96) {
        Registration storage provider = _registered(owner);
        return (provider.reserved, provider.fraudDeposit);
    }

    /// @inheritdoc ProviderPenalties
    function _requiredOf(address owner) internal view override returns (uint96 reserved, uint96 deposit) {
        Registration storage provider = _registered(owner);
        uint256 stake = _stakeOf(provider.hardware);
        uint256 due = Math.max(provider.fraudDeposit, _depositOf(stake));
        (reserved, deposit) = ((stake + due).toUint96(), due.toUint96());
    }

    /// @inheritdoc ProviderPenalties
    function _reservedOf(address owner) internal view override returns (uint96) {
        return _providers[owner].reserved;
    }

    /// @inheritdoc ProviderPenalties
    function _setLocks(address owner, uint96 reserved, uint96 deposit) internal override {
        (_providers[owner].reserved, _providers[owner].fraudDeposit) = (reserved, deposit);
    }

    // ------------------------------------------------------------------------------------------- internal

    function _registered(address owner) private view returns (Registration storage provider) {
        provider = _providers[owner];
        if (!provider.registered) revert NotRegistered(owner);
    }

    function _requireNotJailed(address owner) private view {
        if (vault.isJailed(owner)) revert IVault.ProviderJailed(owner);
    }

    /// @dev What may change at any time, without money.
    function _write(Registration storage provider, Profile calldata profile) private {
        provider.operator = profile.operator;
        provider.watchtower = profile.watchtower;
        provider.encryptionKey = profile.encryptionKey;
        provider.endpoint = profile.endpoint;
    }

    /// @dev Gives a provider this hardware at today's requirements.
    /// @return reserved ATH units that it has to lock now, the fraud deposit included.
    function _install(
        Registration storage provider,
        Hardware[] calldata hardware
    ) private returns (uint96 reserved) {
        (uint256 stake, uint256 throughput) = _demandOf(hardware);
        // INVARIANT: the fraud deposit of a provider never falls, for challenges of its results count on it.
        uint256 deposit = Math.max(provider.fraudDeposit, _depositOf(stake));
        reserved = (stake + deposit).toUint96();
        (provider.reserved, provider.fraudDeposit) = (reserved, deposit.toUint96());
        provider.throughput = throughput.toUint96();
        provider.hardware = _pack(hardware);
    }

    function _requireValid(Profile calldata profile) private view {
        if (profile.operator == address(0) || profile.operator == msg.sender)
            revert InvalidOperator(profile.operator);
        if (profile.watchtower == msg.sender || profile.watchtower == profile.operator) {
            revert InvalidWatchtower(profile.watchtower);
        }
        uint256 length = bytes(profile.endpoint).length;
        if (length > MAX_ENDPOINT_LENGTH) revert EndpointTooLong(length, MAX_ENDPOINT_LENGTH);
        _requireHardware(profile.hardware);
    }
}
