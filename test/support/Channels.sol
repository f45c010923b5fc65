// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ChannelEscrow} from "../../contracts/channels/ChannelEscrow.sol";
import {IChannelEscrow} from "../../contracts/interfaces/IChannelEscrow.sol";
import {IProviderRegistry} from "../../contracts/interfaces/IProviderRegistry.sol";
import {Vault} from "../../contracts/staking/Vault.sol";
import {Channel} from "../../contracts/types/Channel.sol";
import {gpus} from "./Hardware.sol";
import {sign, signCompactly} from "./Signing.sol";
import {System} from "./System.sol";
import {vm} from "./Vm.sol";

/// @notice A protocol of its own with one rich client and two providers, for channels in any terms. It governs.
contract Channels {
    System public system;
    ChannelEscrow public escrow;
    Vault public vault;
    /// @notice In token units: what the client has of each token at first.
    uint256 public constant MONEY = 1e28;
    address public constant CLIENT = address(0xc11e27);
    uint256 private constant VOUCHER_KEY = 0xa11ce;
    uint256 private constant RECEIPT_KEY = 0xb0b;
    uint64 private _salt;

    constructor() {
        system = new System(address(this));
        (escrow, vault) = (system.channels(), system.vault());
        system.coin().mint(address(this), MONEY);
        system.coin().approve(address(vault), MONEY);
        vault.deposit(address(system.coin()), MONEY, CLIENT);
        system.ath().approve(address(vault), type(uint256).max);
        vault.deposit(address(system.ath()), MONEY, CLIENT);
        for (uint256 i = 0; i < 2; ++i) _join(providerAt(i));
    }

    function providerAt(uint256 index) public pure returns (address) {
        return address(uint160(0x90e00 + index));
    }

    function tokenAt(uint256 index) public view returns (address) {
        return index == 0 ? address(system.ath()) : address(system.coin());
    }

    /// @notice What a channel's provider has free in the vault, and what the escrow earned in its token.
    function earned(Channel calldata channel) external view returns (uint256 provider, uint256 fees) {
        provider = vault.accountOf(channel.token, channel.provider).available;
        fees = vault.accountOf(channel.token, address(escrow)).available;
    }

    function paid(Channel calldata channel) external view returns (uint256) {
        return escrow.channelState(escrow.channelIdOf(channel)).paid;
    }

    /// @notice What $10 come to.
    function largestExitBounty(uint256 token) external view returns (uint256 units) {
        (units, ) = system.currencies().tokenPrices(tokenAt(token), 1e9, 0);
    }

    function open(
        uint256 provider,
        uint256 token,
        uint256 deposit,
        uint16 feeBasisPoints,
        uint96 exitBounty
    ) external returns (Channel memory channel) {
        IChannelEscrow.Parameters memory current = escrow.parameters();
        escrow.setTokenTerms(tokenAt(token), IChannelEscrow.TokenTerms(true, feeBasisPoints, exitBounty));
        channel = Channel({
            client: CLIENT,
            salt: ++_salt,
            notice: current.notice,
            provider: providerAt(provider),
            receiptLife: current.receiptLife,
            feeBasisPoints: feeBasisPoints,
            token: tokenAt(token),
            exitBounty: exitBounty,
            voucherKey: vm.addr(VOUCHER_KEY),
            expiresAt: uint40(block.timestamp + 30 days),
            stakeLock: current.stakePerChannel,
            workPerSecond: current.workPerSecond
        });
        (bytes32 r, bytes32 vs) = signCompactly(
            RECEIPT_KEY + provider,
            escrow.acceptanceDigest(escrow.channelIdOf(channel), 0, type(uint40).max)
        );
        bytes memory data = abi.encode(
            IChannelEscrow.Opening(channel, IChannelEscrow.Acceptance(0, type(uint40).max, r, vs))
        );
        vm.prank(CLIENT);
        vault.entrustBalance(address(escrow), channel.token, deposit, data);
    }

    /// @notice A claim of `amount` in all, signed by the client.
    function claimOf(
        Channel calldata channel,
        uint96 amount
    ) public view returns (IChannelEscrow.Claim memory claim) {
        claim.channel = channel;
        claim.voucher.amount = amount;
        claim.voucher.receiptsRoot = keccak256(hex"02");
        claim.signature = sign(VOUCHER_KEY, escrow.voucherDigest(escrow.channelIdOf(channel), claim.voucher));
    }

    /// @notice Settles, or reverts as the escrow does.
    function settle(Channel calldata channel, uint96 amount) external {
        IChannelEscrow.Claim memory claim = claimOf(channel, amount);
        escrow.settle(claim.channel, claim.voucher, claim.signature);
    }

    function _join(address provider) private {
        vault.deposit(address(system.ath()), 2_000e18, provider);
        vm.startPrank(provider);
        vault.stake(2_000e18);
        vault.approveStakeModules(5);
        system.providers().register(
            IProviderRegistry.Profile({
                operator: address(uint160(provider) + 0x1000),
                watchtower: address(0),
                encryptionKey: 0,
                endpoint: "",
                hardware: gpus(1, 0)
            })
        );
        escrow.addReceiptKey(vm.addr(RECEIPT_KEY + uint160(provider) - 0x90e00));
        vm.stopPrank();
    }
}
