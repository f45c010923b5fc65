// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {ChannelEscrow} from "../../contracts/channels/ChannelEscrow.sol";
import {ReceiptResults} from "../../contracts/channels/ReceiptResults.sol";
import {Currencies} from "../../contracts/currencies/Currencies.sol";
import {FeeDistributor} from "../../contracts/fees/FeeDistributor.sol";
import {InsuranceFund} from "../../contracts/fees/InsuranceFund.sol";
import {IChannelEscrow} from "../../contracts/interfaces/IChannelEscrow.sol";
import {IFeeDistributor} from "../../contracts/interfaces/IFeeDistributor.sol";
import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {IProviderRegistry} from "../../contracts/interfaces/IProviderRegistry.sol";
import {JobEscrow} from "../../contracts/jobs/JobEscrow.sol";
import {MockStablecoin} from "../../contracts/mocks/MockStablecoin.sol";
import {ModelRegistry} from "../../contracts/registry/ModelRegistry.sol";
import {ProgramRegistry} from "../../contracts/registry/ProgramRegistry.sol";
import {ProviderRegistry} from "../../contracts/registry/ProviderRegistry.sol";
import {DelegationPools} from "../../contracts/staking/DelegationPools.sol";
import {Vault} from "../../contracts/staking/Vault.sol";
import {AthToken} from "../../contracts/token/AthToken.sol";
import {deploy} from "./Deploy.sol";

/// @notice The whole protocol, governed by whoever deploys it, with one registered model.
contract System {
    AccessManager public immutable manager;
    AthToken public immutable ath;
    MockStablecoin public immutable coin;
    Vault public immutable vault;
    ProgramRegistry public immutable programs;
    ModelRegistry public immutable models;
    ProviderRegistry public immutable providers;
    Currencies public immutable currencies;
    JobEscrow public immutable escrow;
    ChannelEscrow public immutable channels;
    ReceiptResults public immutable receipts;
    DelegationPools public immutable pools;
    InsuranceFund public immutable insurance;
    FeeDistributor public immutable fees;
    bytes32 public immutable modelRoot;

    uint32 public constant REGISTRY_BIT = 1;
    uint32 public constant ESCROW_BIT = 2;
    uint32 public constant CHANNEL_BIT = 4;
    uint32 public constant VOCABULARY = 1_000;
    uint32 public constant CONTEXT = 64;

    /// @dev Root of the program of `_addProgram`, which the registry computes from its parts.
    bytes32 private constant PROGRAM = 0x977292a93d71a76010112f7ba46e75d020a744dfa3b28efca1ebc07ea69df471;

    /// @param governor Governs, and receives all ATH.
    constructor(address governor) {
        manager = AccessManager(deploy("AccessManager", abi.encode(address(this))));
        ath = AthToken(deploy("AthToken", abi.encode(governor)));
        coin = MockStablecoin(deploy("MockStablecoin", ""));
        vault = Vault(deploy("Vault", abi.encode(manager, ath)));
        programs = ProgramRegistry(deploy("ProgramRegistry", ""));
        models = ModelRegistry(deploy("ModelRegistry", abi.encode(programs)));
        providers = ProviderRegistry(deploy("ProviderRegistry", abi.encode(manager, vault, models)));
        currencies = Currencies(deploy("Currencies", abi.encode(manager)));
        insurance = InsuranceFund(deploy("InsuranceFund", abi.encode(manager)));
        fees = FeeDistributor(
            deploy(
                "FeeDistributor",
                abi.encode(
                    manager,
                    ath,
                    currencies,
                    insurance,
                    governor,
                    IFeeDistributor.Parameters(4_000, 1_000, 3_000, 2_000, 100)
                )
            )
        );
        escrow = JobEscrow(
            deploy(
                "JobEscrow",
                abi.encode(
                    manager,
                    vault,
                    providers,
                    currencies,
                    fees,
                    address(0),
                    defaultParameters(100e18, 1 hours)
                )
            )
        );
        vault.addModule(address(providers));
        vault.addModule(address(escrow));
        channels = ChannelEscrow(
            deploy(
                "ChannelEscrow",
                abi.encode(
                    manager,
                    vault,
                    providers,
                    currencies,
                    fees,
                    address(0),
                    IChannelEscrow.Parameters(50e18, 1 hours, 2 hours, 1e9)
                )
            )
        );
        receipts = ReceiptResults(
            deploy("ReceiptResults", abi.encode(manager, channels, models, vault, address(0)))
        );
        channels.setReceiptResults(address(receipts));
        vault.addModule(address(channels));
        address[] memory modules = new address[](3);
        (modules[0], modules[1], modules[2]) = (address(providers), address(escrow), address(channels));
        address[] memory targets = new address[](2);
        (targets[0], targets[1]) = (address(providers), address(channels));
        pools = DelegationPools(
            deploy("DelegationPools", abi.encode(vault, providers, channels, modules, targets))
        );
        vault.setTokenAccepted(address(coin), true);
        providers.setFraudDeposit(500e18);
        providers.setHardwareDepositShare(2_500);
        providers.setHardwareClass(0, IProviderRegistry.HardwareClass("small", 100e18, 1e9, true));
        providers.setHardwareClass(1, IProviderRegistry.HardwareClass("large", 250e18, 3e9, true));
        // Crooked, so that rounding shows.
        currencies.list(address(ath), 2_500_003, type(uint32).max);
        currencies.list(address(coin), 99_999_989, type(uint32).max);
        escrow.setTokenTerms(address(ath), IJobEscrow.TokenTerms(true, 100, 1e17, 5e16));
        escrow.setTokenTerms(address(coin), IJobEscrow.TokenTerms(true, 300, 10_000, 1_000));
        channels.setTokenTerms(address(ath), IChannelEscrow.TokenTerms(true, 100, 1e18));
        channels.setTokenTerms(address(coin), IChannelEscrow.TokenTerms(true, 300, 100_000));
        _addProgram();
        modelRoot = models.register(
            IModelRegistry.Model(VOCABULARY, CONTEXT, 1e6, PROGRAM, "weights", "tokenizer"),
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

    /// @dev A program of seven operators, a matrix of 1,000 × 1,000 weights and a table: the smallest kind that there is.
    function _addProgram() private {
        bytes[] memory parts = new bytes[](10);
        parts[0] = hex"617468616e6f720a000003e8000000400000000700000002";
        parts[1] = hex"0100000103050000000000000000000003e800000000000003e80000000000000000656d626564";
        parts[2] = hex"03000100020600000000000000000000000100000000000003e86e6172726f77";
        parts[3] =
            hex"040001010306000000010000000000000000000003e800000000000003e800000000000000006c696e656172";
        parts[4] = hex"0e000000010400000000000003e87365656e";
        parts[5] = hex"0f0000000006726563656e74";
        parts[6] = hex"0c010201020600000002000000030000000100000000000003e8000000000000000073616d706c65";
        parts[7] = hex"0d01020001040000000500000004000000000000000073746f70";
        parts[8] = hex"00000003e8000003e8";
        parts[9] = hex"010000010000000002";
        programs.addChunk(PROGRAM, 0, parts, new bytes32[](0));
        programs.validate(PROGRAM, 7);
    }
}
