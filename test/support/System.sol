// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {IProviderRegistry} from "../../contracts/interfaces/IProviderRegistry.sol";
import {JobEscrow} from "../../contracts/jobs/JobEscrow.sol";
import {MockStablecoin} from "../../contracts/mocks/MockStablecoin.sol";
import {ModelRegistry} from "../../contracts/registry/ModelRegistry.sol";
import {ProviderRegistry} from "../../contracts/registry/ProviderRegistry.sol";
import {Vault} from "../../contracts/staking/Vault.sol";
import {AthToken} from "../../contracts/token/AthToken.sol";

/// @notice The whole protocol, governed by whoever deploys it, with one registered model.
contract System {
    AthToken public immutable ath;
    MockStablecoin public immutable coin;
    Vault public immutable vault;
    ModelRegistry public immutable models;
    ProviderRegistry public immutable providers;
    JobEscrow public immutable escrow;
    bytes32 public immutable modelRoot;

    uint32 public constant REGISTRY_BIT = 1;
    uint32 public constant ESCROW_BIT = 2;
    uint32 public constant VOCABULARY = 1_000;
    uint32 public constant CONTEXT = 64;

    /// @param governor Governs, and receives all ATH.
    constructor(address governor) {
        AccessManager manager = new AccessManager(address(this));
        ath = new AthToken(governor);
        coin = new MockStablecoin();
        vault = new Vault(address(manager), address(ath));
        models = new ModelRegistry();
        providers = new ProviderRegistry(address(manager), vault, models);
        escrow = new JobEscrow(address(manager), vault, providers, defaultParameters(100e18, 1 hours));
        vault.addModule(address(providers));
        vault.addModule(address(escrow));
        vault.setTokenAccepted(address(coin), true);
        providers.setFraudDeposit(500e18);
        providers.setHardwareClass(0, IProviderRegistry.HardwareClass("any", 100e18, true));
        escrow.setTokenTerms(address(ath), IJobEscrow.TokenTerms(true, 100, 1e17, 5e16));
        escrow.setTokenTerms(address(coin), IJobEscrow.TokenTerms(true, 300, 10_000, 1_000));
        modelRoot = models.register(
            IModelRegistry.Model(VOCABULARY, CONTEXT, 1e6, "program", "weights", "tokenizer"),
            ""
        );
        manager.grantRole(manager.ADMIN_ROLE(), governor, 0);
        manager.renounceRole(manager.ADMIN_ROLE(), address(this));
    }

    function defaultParameters(
        uint96 stakePerJob,
        uint32 window
    ) public pure returns (IJobEscrow.Parameters memory) {
        return IJobEscrow.Parameters(stakePerJob, window, 30, 1 days, 1e9);
    }
}
