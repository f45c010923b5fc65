// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Channel, ChannelState, Receipt, Voucher} from "../types/Channel.sol";
import {IFeeDistributor} from "./IFeeDistributor.sol";
import {IVaultModule} from "./IVaultModule.sol";

/// @title Channel escrow: many requests, one payment
/// @notice One client, one provider, one deposit. The client signs vouchers, the provider receipts, both off chain; one transaction pays for all of it.
///
///   None ──entrust──▶ Open ──close (provider) ─────────────▶ Closed ──release──▶ Released
///                       └──startClosing (client) … finish ──▶    the stake is free when the last receipt has expired
///
/// The terms are not stored: a channel's id is their hash, and callers present them. Nothing here can be paused. docs/channels.md specifies it all.
interface IChannelEscrow is IVaultModule {
    /// @notice Governed parameters of new channels. One storage slot.
    /// @param stakePerChannel ATH units of the provider's stake that a channel locks at least.
    /// @param notice Seconds from the announcement of closing to its end.
    /// @param receiptLife Seconds in which a receipt can be challenged.
    /// @param workPerSecond Multiply-adds a second that a challenger is assumed to recompute at least.
    struct Parameters {
        uint96 stakePerChannel;
        uint32 notice;
        uint32 receiptLife;
        uint64 workPerSecond;
    }

    /// @notice Governed terms of payment of new channels in one token. One storage slot.
    /// @param accepted Whether new channels may be paid in it.
    /// @param feeBasisPoints Protocol fee in ten-thousandths of what is paid.
    /// @param exitBounty Token units for whoever releases the stake.
    struct TokenTerms {
        bool accepted;
        uint16 feeBasisPoints;
        uint96 exitBounty;
    }

    /// @notice What a provider agreed to, signed by one of its receipt keys: EIP-712 `Acceptance(bytes32 channel,uint96 minimumDeposit,uint40 validUntil)`.
    /// @param r,vs The signature in its compact form (EIP-2098).
    struct Acceptance {
        uint96 minimumDeposit;
        uint40 validUntil;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice The `data` of `Vault.entrust` that opens a channel; `abi.encode` of it. The terms alone add to a channel.
    struct Opening {
        Channel channel;
        Acceptance accepted;
    }

    /// @notice A voucher with what a batch needs to settle it.
    struct Claim {
        Channel channel;
        Voucher voucher;
        bytes signature;
    }

    /// @notice A channel opened; its terms, as later calls must present them.
    event ChannelOpened(
        bytes32 indexed id,
        address indexed client,
        address indexed provider,
        Channel channel,
        uint256 deposit
    );
    /// @notice More was put in; `deposit` token units in all.
    event ChannelToppedUp(bytes32 indexed id, address indexed payer, uint256 deposit);
    /// @notice A voucher was settled: `paid` token units in all, fees included, for `receiptCount` acknowledged receipts under `receiptsRoot` and, unless it
    /// is 0, the receipt with the hash `lastReceipt`.
    event ChannelSettled(
        bytes32 indexed id,
        address indexed provider,
        uint256 paid,
        uint64 nonce,
        uint32 receiptCount,
        bytes32 receiptsRoot,
        bytes32 lastReceipt
    );
    /// @notice The client wants to close: vouchers settle until `closesAt`, in seconds since 1970.
    event ChannelClosing(bytes32 indexed id, uint40 closesAt);
    /// @notice What nobody had earned, `refund` token units, is in the client's account.
    event ChannelClosed(bytes32 indexed id, address indexed client, address indexed provider, uint256 refund);
    /// @notice The provider's stake is free again.
    event ChannelReleased(
        bytes32 indexed id,
        address indexed provider,
        uint256 bounty,
        address bountyRecipient
    );
    /// @notice The client's vouchers are signed by `key` from now on; those of `previous` settle until `previousUntil`, in seconds since 1970.
    event VoucherKeyRotated(bytes32 indexed id, address key, address previous, uint40 previousUntil);
    /// @notice Until when signatures of a provider's receipt key count; the largest value for one in use. Seconds since 1970.
    event ReceiptKeySet(address indexed provider, address indexed key, uint40 validUntil);
    /// @notice The contract whose challenges keep stake locked is this one, for good.
    event ReceiptResultsSet(address results);
    /// @notice The parameters of new channels changed.
    event ParametersSet(Parameters parameters);
    /// @notice The terms of new channels paid in a token changed.
    event TokenTermsSet(address indexed token, TokenTerms terms);
    /// @notice The fees collected so far went to the distributor, token units.
    event FeesCollected(address indexed token, uint256 amount);

    /// @notice Only the vault hands money over. Call `Vault.entrust`.
    error NotVault(address caller);
    /// @notice Only the channel's client may do this.
    error NotClient(address caller, address client);
    /// @notice Only the provider's owner or one of its receipt keys may do this.
    error NotProvider(address caller, address provider);
    /// @notice The terms hash to no channel here. Present them exactly as `ChannelOpened` published them.
    error UnknownChannel(bytes32 id);
    /// @notice There is, or was, a channel with these terms. Choose another salt.
    error ChannelExists(bytes32 id);
    /// @notice The channel is not in a status that allows this.
    error WrongStatus(bytes32 id, uint8 status);
    /// @notice A term is not the one that new channels have now. Ask for a new quote.
    error TermDiffers(bytes32 term, uint256 found, uint256 expected);
    /// @notice The data is neither an opening nor terms: it has another number of bytes.
    error UnknownData(uint256 length);
    error TokenDiffers(address found, address expected);
    /// @notice New channels are not paid in this token.
    error ChannelTokenNotAccepted(address token);
    /// @notice The provider is not registered.
    error UnknownProvider(address provider);
    error ExpiryOutOfBounds(uint256 expiresAt, uint256 earliest, uint256 latest);
    /// @notice The deposit covers less than the provider wants, or nothing beside the exit bounty.
    error DepositTooSmall(uint256 deposit, uint256 minimum);
    error DepositTooLarge(uint256 deposit, uint256 maximum);
    error AcceptanceExpired(uint256 validUntil, uint256 timestamp);
    /// @notice The signature is not of a key that counts: not the voucher key's, not a receipt key's, or that of a key which was removed.
    error InvalidSigner(bytes32 digest);
    /// @notice The voucher pays no more than was paid already.
    error VoucherOutdated(uint256 amount, uint256 paid);
    /// @notice The voucher promises more than the channel holds.
    error Overspent(uint256 amount, uint256 spendable);
    /// @notice Vouchers of this channel no longer settle. Seconds since 1970.
    error SettlementOver(uint256 closesAt, uint256 timestamp);
    /// @notice Vouchers of this channel still settle. Seconds since 1970.
    error SettlementOpen(uint256 closesAt, uint256 timestamp);
    /// @notice The channel closes already, and not later.
    error ClosingAlready(uint256 closesAt);
    /// @notice The receipt does not answer the voucher: another channel, nonce or request.
    error ReceiptMismatch(bytes32 channel, uint64 nonce, bytes32 requestHash);
    /// @notice The receipt costs more than the voucher allows.
    error ReceiptPriceAboveLimit(uint256 price, uint256 limit);
    /// @notice The receipt is too old, or was not signed yet. Seconds since 1970.
    error ReceiptOutOfTime(uint256 expiry, uint256 earliest, uint256 latest);
    /// @notice The receipt has no tokens.
    error OutputLengthOutOfBounds(uint256 count, uint256 maxTokens);
    /// @notice The channel has as many live challenges as can be counted.
    error TooManyChallenges(bytes32 id);
    /// @notice A challenge of a receipt is undecided.
    error ChallengesAlive(bytes32 id, uint16 liveChallenges);
    /// @notice Receipts of the channel can still be challenged. Seconds since 1970.
    error ReceiptsAlive(uint256 until, uint256 timestamp);
    /// @notice The voucher keys rotate one at a time: wait until the previous one no longer counts. Seconds since 1970.
    error RotationUnderWay(uint256 previousUntil);
    error InvalidKey(address key);
    /// @notice Only the contract that makes receipts results opens and closes challenges.
    error NotReceiptResults(address caller);
    error ReceiptResultsAlreadySet(address results);
    error ReceiptResultsWithoutCode(address results);
    error ParameterOutOfBounds(bytes32 parameter, uint256 value, uint256 minimum, uint256 maximum);

    // ---------------------------------------------------------------------------------------------- money

    /// @notice Pays what a voucher promises and was not paid yet. Anyone may send it.
    function settle(Channel calldata channel, Voucher calldata voucher, bytes calldata signature) external;

    /// @notice Pays what a voucher promises, and the receipt that answers its request.
    function settleWithReceipt(
        Channel calldata channel,
        Voucher calldata voucher,
        bytes calldata signature,
        Receipt calldata receipt,
        bytes calldata receiptSignature
    ) external;

    /// @notice Settles all of the given vouchers that can be; skips the others, so that nobody spoils a batch. Cheapest with vouchers for one provider and token
    /// next to each other.
    /// @return settled How many were settled by this call.
    function settleBatch(Claim[] calldata claims) external returns (uint256 settled);

    /// @notice Ends settlement at once and returns the rest to the client. Only the provider, who settles before: `multicall` makes it one transaction.
    function close(Channel calldata channel) external;

    /// @notice Announces that the client closes: vouchers settle for `notice` seconds more, not after. Only the client.
    function startClosing(Channel calldata channel) external;

    /// @notice Returns the rest to the client when settlement is over, or at once when the provider was convicted. Anyone.
    function finish(Channel calldata channel) external;

    /// @notice Frees the provider's stake when the last receipt has expired and no challenge is alive, or at once when the provider was convicted. Anyone
    /// may call and name the account that receives the exit bounty. Does what `finish` does where nobody did.
    function release(Channel calldata channel, address bountyRecipient) external;

    // ----------------------------------------------------------------------------------------------- keys

    /// @notice Has vouchers signed by another key. Those of the previous one settle for `notice` seconds more. Only the client.
    function rotateVoucherKey(Channel calldata channel, address key) external;

    /// @notice Signatures of this key count as the calling provider's, in all its channels.
    function addReceiptKey(address key) external;

    /// @notice Signatures of this key of the calling provider no longer settle or accept anything; those made are held against the provider until the
    /// longest life of a receipt is over.
    function removeReceiptKey(address key) external;

    // ----------------------------------------------------------------------------------------- challenges

    /// @notice Notes a challenge of a receipt of this channel: its stake stays locked meanwhile. Only `receiptResults`.
    function challengeOpened(bytes32 id) external;

    /// @notice Notes the end of a challenge. Only `receiptResults`.
    function challengeClosed(bytes32 id) external;

    // ----------------------------------------------------------------------------------------- governance

    /// @notice Names the contract that opens and closes challenges, once and for good; see `IReceiptResults`.
    function setReceiptResults(address results) external;

    /// @notice Sets the parameters of channels that open from now on.
    function setParameters(Parameters calldata parameters) external;

    /// @notice Sets the terms of channels that open from now on and are paid in `token`.
    function setTokenTerms(address token, TokenTerms calldata terms) external;

    /// @notice Has all fees that came together in a token split by the distributor, at the split in force. Anyone; cannot reach anything else.
    /// @return distributor Where fees go, for good.
    /// @return amount Token units; with none nothing happens.
    function collectFees(address token) external returns (IFeeDistributor distributor, uint256 amount);

    // ---------------------------------------------------------------------------------------------- views

    /// @notice The id of a channel with these terms, whether it exists or not.
    function channelIdOf(Channel calldata channel) external view returns (bytes32);

    /// @notice What the chain remembers of a channel; all zero for an id that names none.
    function channelState(bytes32 id) external view returns (ChannelState memory);

    /// @notice EIP-712 digest that the voucher key signs.
    function voucherDigest(bytes32 id, Voucher calldata voucher) external view returns (bytes32);

    /// @notice EIP-712 digest that a receipt key signs.
    function receiptDigest(Receipt calldata receipt) external view returns (bytes32);

    /// @notice EIP-712 digest that a receipt key signs to accept a channel.
    function acceptanceDigest(
        bytes32 id,
        uint96 minimumDeposit,
        uint40 validUntil
    ) external view returns (bytes32);

    /// @notice The last second in which signatures of a provider's receipt key count; 0 if it never was one.
    function receiptKeyUntil(address provider, address key) external view returns (uint40);

    /// @notice Keys that sign a channel's vouchers: the one in use and, until a second, the one before.
    function voucherKeysOf(
        Channel calldata channel
    ) external view returns (address key, address previous, uint40 previousUntil);

    /// @notice The contract that opens and closes challenges; zero until it is set.
    function receiptResults() external view returns (address);

    /// @notice The parameters of channels that open now.
    function parameters() external view returns (Parameters memory);

    /// @notice The terms of channels that open now and are paid in `token`.
    function tokenTermsOf(address token) external view returns (TokenTerms memory);
}
