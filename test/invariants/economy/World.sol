// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Currencies} from "../../../contracts/currencies/Currencies.sol";
import {ChannelEscrow} from "../../../contracts/channels/ChannelEscrow.sol";
import {FeeDistributor} from "../../../contracts/fees/FeeDistributor.sol";
import {InsuranceFund} from "../../../contracts/fees/InsuranceFund.sol";
import {IDelegationPool} from "../../../contracts/interfaces/IDelegationPool.sol";
import {IProviderRegistry} from "../../../contracts/interfaces/IProviderRegistry.sol";
import {IQualityCourt} from "../../../contracts/interfaces/IQualityCourt.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {JobEscrow} from "../../../contracts/jobs/JobEscrow.sol";
import {ProviderRegistry} from "../../../contracts/registry/ProviderRegistry.sol";
import {DelegationPools} from "../../../contracts/staking/DelegationPools.sol";
import {QualityCourt} from "../../../contracts/staking/QualityCourt.sol";
import {deploy} from "../../support/Deploy.sol";
import {gpus} from "../../support/Hardware.sol";
import {System} from "../../support/System.sol";
import {vm} from "../../support/Vm.sol";
import {Book} from "./Book.sol";

/// @notice Everybody at once: two clients, a provider with a stake of its own, one whose stake is a delegation pool, its manager, two delegators, a reporter, a guardian, a
/// stranger who gives, a challenger, and a dispute game that convicts whom it likes. This contract governs.
abstract contract World is Book {
    uint64 internal constant GUARDIAN_ROLE = 1;
    uint64 internal constant REPORTER_ROLE = 2;
    uint256 internal constant ONE_YEAR = 365 days;

    address public constant PLAIN = address(0x91a14);
    address public constant MANAGER = address(0x3a4a6e4);
    address public constant REPORTER = address(0x4e904);
    address public constant GUARDIAN = address(0x66a4d);
    address public constant STRANGER = address(0x5712a96e7);
    address public constant CHALLENGER = address(0xc4a11e);
    address public constant TREASURY = address(0x74ea5);
    address public constant CHECKERS = address(0xc4ec4e45);
    address public constant GAME = address(0x6a3e);

    System public system;
    QualityCourt public court;
    IDelegationPool public pool;
    ProviderRegistry internal _providers;
    JobEscrow internal _escrow;
    ChannelEscrow internal _channels;
    Currencies internal _currencies;
    FeeDistributor internal _fees;
    InsuranceFund internal _insurance;
    bytes32 internal _modelRoot;
    address[2] public clients = [address(0xc11e00), address(0xc11e01)];
    address[2] public delegators = [address(0xde1e00), address(0xde1e01)];
    /// @notice How often an action did what it is for.
    mapping(bytes4 action => uint256) public done;
    address private _test = msg.sender;

    constructor() {
        // Pools look back over their patience.
        vm.warp(1_800_000_000);
        system = new System(address(this));
        (_vault, _ath, _coin) = (
            IVault(address(system.vault())),
            IERC20(address(system.ath())),
            IERC20(address(system.coin()))
        );
        (_providers, _escrow, _channels) = (system.providers(), system.escrow(), system.channels());
        (_currencies, _fees, _insurance) = (system.currencies(), system.fees(), system.insurance());
        _modelRoot = system.modelRoot();
        _deployCourt();
        vm.etch(GAME, hex"00");
        vm.etch(CHECKERS, hex"00");
        _providers.setDisputeGame(GAME);
        _escrow.setDisputeGame(GAME);
        _fees.setTreasury(TREASURY);
        _equip();
        _found();
        _openBook();
    }

    // ---------------------------------------------------------------------------------------- construction

    function _deployCourt() private {
        AccessManager manager = system.manager();
        court = QualityCourt(
            deploy(
                "QualityCourt",
                abi.encode(
                    manager,
                    _providers,
                    _insurance,
                    IQualityCourt.Parameters(3 days, 14 days, 7 days, 7 days, 4, 3_000, 1_000, 2_000)
                )
            )
        );
        _providers.setCourt(address(court));
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IQualityCourt.announce.selector;
        manager.setTargetFunctionRole(address(court), selectors, REPORTER_ROLE);
        manager.grantRole(REPORTER_ROLE, REPORTER, 0);
        selectors = new bytes4[](2);
        (selectors[0], selectors[1]) = (IVault.pauseModule.selector, IVault.resumeModule.selector);
        manager.setTargetFunctionRole(address(_vault), selectors, GUARDIAN_ROLE);
        manager.grantRole(GUARDIAN_ROLE, GUARDIAN, 0);
    }

    function _equip() private {
        address[6] memory rich = [clients[0], clients[1], delegators[0], delegators[1], STRANGER, MANAGER];
        for (uint256 i = 0; i < rich.length; ++i) {
            _ath.transfer(rich[i], 60_000e18);
            system.coin().mint(rich[i], 60_000e6);
            _do(rich[i], address(_ath), abi.encodeCall(IERC20.approve, (address(_vault), type(uint256).max)));
            _do(
                rich[i],
                address(_coin),
                abi.encodeCall(IERC20.approve, (address(_vault), type(uint256).max))
            );
            if (i > 1) continue;
            for (uint256 j = 0; j < 2; ++j) {
                address token = _token(j == 0);
                uint256 amount = j == 0 ? 30_000e18 : 30_000e6;
                _do(rich[i], address(_vault), abi.encodeCall(IVault.deposit, (token, amount, rich[i])));
                _do(rich[i], address(_vault), abi.encodeCall(IVault.approveModules, (token, 2)));
            }
        }
        _do(STRANGER, address(_ath), abi.encodeCall(IERC20.approve, (address(_fees), type(uint256).max)));
    }

    /// @dev The two providers: stake, hardware, offers.
    function _found() private {
        _ath.approve(address(_vault), type(uint256).max);
        _vault.deposit(address(_ath), 30_000e18, PLAIN);
        _do(PLAIN, address(_vault), abi.encodeCall(IVault.stake, (20_000e18)));
        _do(PLAIN, address(_vault), abi.encodeCall(IVault.approveStakeModules, (7)));

        address[] memory modules = new address[](3);
        (modules[0], modules[1], modules[2]) = (address(_providers), address(_escrow), address(_channels));
        address[] memory targets = new address[](3);
        (targets[0], targets[1], targets[2]) = (address(_providers), address(_channels), address(court));
        address factory = deploy(
            "DelegationPools",
            abi.encode(_vault, _providers, _channels, modules, targets)
        );
        bytes memory made = _do(
            MANAGER,
            factory,
            abi.encodeCall(DelegationPools.create, ("hearth", uint16(1_234)))
        );
        pool = IDelegationPool(abi.decode(made, (address)));
        address[3] memory payers = [MANAGER, delegators[0], delegators[1]];
        for (uint256 i = 0; i < 3; ++i) {
            _do(payers[i], address(_ath), abi.encodeCall(IERC20.approve, (address(pool), type(uint256).max)));
        }
        _do(MANAGER, address(pool), abi.encodeCall(IDelegationPool.contribute, (5_000e18)));
        for (uint256 i = 0; i < 2; ++i) {
            address owner = provider(i);
            _act(owner, address(_providers), abi.encodeCall(IProviderRegistry.register, (_profile(i, 30))));
            for (uint256 j = 0; j < 2; ++j) {
                _act(
                    owner,
                    address(_providers),
                    abi.encodeCall(IProviderRegistry.setOffer, (_modelRoot, _token(j == 0), 2e11, 3e11))
                );
            }
            _act(
                owner,
                address(_channels),
                abi.encodeWithSignature("addReceiptKey(address)", _receiptSigner(i))
            );
        }
    }

    function _openBook() private {
        _open(address(this));
        for (uint256 i = 0; i < 2; ++i) {
            _open(clients[i]);
            _open(delegators[i]);
        }
        _open(PLAIN);
        _open(address(pool));
        _open(MANAGER);
        _open(STRANGER);
        _open(CHALLENGER);
        _open(TREASURY);
        _open(CHECKERS);
        _open(address(_fees));
        _open(address(_insurance));
        _open(address(_escrow));
        _open(address(_channels));
        _open(address(_providers));
    }

    // ---------------------------------------------------------------------------------------------- actors

    /// @notice The one with a stake of its own, and the pool.
    function provider(uint256 index) public view returns (address) {
        return index % 2 == 0 ? PLAIN : address(pool);
    }

    function operator(uint256 index) public pure returns (address) {
        return address(uint160(0x09e7a7000 + (index % 2)));
    }

    /// @notice Whoever has a purse and may take part in anything.
    function person(uint256 index) public view returns (address) {
        index %= 7;
        if (index < 2) return clients[index];
        if (index < 4) return delegators[index - 2];
        return
            index == 4
                ? STRANGER
                : index == 5
                    ? PLAIN
                    : MANAGER;
    }

    // -------------------------------------------------------------------------------------------- internal

    /// @dev An action did what it is for.
    function _count(bytes4 action) internal {
        ++done[action];
        _observe();
    }

    /// @dev What is looked at after each action.
    function _observe() internal virtual;

    /// @dev A call that must succeed: what it says when it fails is a finding.
    function _do(address sender, address target, bytes memory data) internal returns (bytes memory result) {
        bool success;
        (success, result) = _try(sender, target, data);
        if (success) return result;
        assembly ("memory-safe") {
            revert(add(result, 0x20), mload(result))
        }
    }

    function _try(address sender, address target, bytes memory data) internal returns (bool, bytes memory) {
        vm.prank(sender);
        return target.call(data);
    }

    /// @dev As a provider: by its own key, or by the pool's manager through the pool.
    function _act(address owner, address target, bytes memory data) internal {
        if (owner == PLAIN) _do(owner, target, data);
        else _do(MANAGER, address(pool), abi.encodeCall(IDelegationPool.execute, (target, data)));
    }

    /// @dev Whether somebody can act as the provider: nobody for a pool that has retired.
    function _canAct(address owner) internal view returns (bool) {
        return owner == PLAIN || (pool.book().retiredAt == 0 && !_vault.isJailed(owner));
    }

    function _isRegistered(address owner) internal view returns (bool) {
        return _providers.operatorOf(owner) != address(0);
    }

    function _free(address owner) internal view returns (uint256) {
        IVault.Stake memory position = _vault.stakeOf(owner);
        return position.staked - position.locked;
    }

    /// @dev Whether an owner may get new work from a module at all.
    function _takesWork(address owner, address module) internal view returns (bool) {
        IVault.Stake memory position = _vault.stakeOf(owner);
        (uint40 until, ) = _vault.pauseOf(module);
        return
            _isRegistered(owner) &&
            !position.jailed &&
            !position.suspended &&
            !position.resting &&
            _now() >= until;
    }

    function _profile(uint256 index, uint256 count) internal pure returns (IProviderRegistry.Profile memory) {
        return
            IProviderRegistry.Profile({
                operator: operator(index),
                watchtower: address(0),
                encryptionKey: 0,
                endpoint: "",
                hardware: gpus(uint32(count), 0)
            });
    }

    function _token(bool inAth) internal view returns (address) {
        return inAth ? address(_ath) : address(_coin);
    }

    function _receiptKey(uint256 index) internal pure returns (uint256) {
        return 0xa11ce + (index % 2);
    }

    function _receiptSigner(uint256 index) internal pure returns (address) {
        return vm.addr(_receiptKey(index));
    }

    /// @dev The compiler reads the time once in a call.
    function _now() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    /// @dev Mostly a small part, so that something is left for other actions.
    function _part(uint256 dice, uint256 whole) internal pure returns (uint256) {
        return bound(dice >> 3, 0, dice % 8 == 0 ? whole : whole / 8);
    }

    /// @dev The runner may pick the test's own address as a sender; it then is the origin, too.
    function _isTest() internal view returns (bool) {
        // solhint-disable-next-line avoid-tx-origin
        return msg.sender == _test && tx.origin != _test;
    }
}
