// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The terms of a channel, fixed when it opens. They are not stored: their hash, with chain id and contract, is the channel's id, and whoever calls presents them.
/// @param client Pays, and receives whatever is left.
/// @param salt Chosen by the client so that equal channels have different ids.
/// @param notice Seconds from the client's announcement that it closes to the end of settlement.
/// @param provider Owner account of the provider, which is paid.
/// @param receiptLife Seconds from the signing of a receipt to its expiry, in which it can be challenged.
/// @param feeBasisPoints Protocol fee, in ten-thousandths of what is paid.
/// @param token ERC-20 in which the channel is paid.
/// @param exitBounty In `token` units, kept from the deposit; paid to whoever sends the call that releases the provider's stake.
/// @param voucherKey Signs vouchers for the client at first; see `rotateVoucherKey`.
/// @param expiresAt Last second in which vouchers settle, if nobody closes before. Seconds since 1970.
/// @param stakeLock In ATH units: the provider's stake bound to the channel until its last receipt has expired.
/// @param workPerSecond Multiply-adds a second that a challenger is assumed to recompute at least.
struct Channel {
    address client;
    uint64 salt;
    uint32 notice;
    address provider;
    uint32 receiptLife;
    uint16 feeBasisPoints;
    address token;
    uint96 exitBounty;
    address voucherKey;
    uint40 expiresAt;
    uint96 stakeLock;
    uint64 workPerSecond;
}

/// @notice Signed by the client's voucher key: pays for every receipt so far, and asks for one more.
/// @param nonce One more than that of the voucher before. It acknowledges receipts of lower nonces only.
/// @param requestHash `keccak256(abi.encode(modelRoot, inputRoot))` of the request that it pays next; 0 if there is none.
/// @param amount Paid for all acknowledged receipts of the channel together, in token units.
/// @param limit The most that the answer to `requestHash` may cost, in token units.
/// @param receiptCount Number of acknowledged receipts.
/// @param receiptsRoot Root over them, in the order of their nonces.
struct Voucher {
    uint64 nonce;
    bytes32 requestHash;
    uint96 amount;
    uint96 limit;
    uint32 receiptCount;
    bytes32 receiptsRoot;
}

/// @notice Signed by a receipt key of the provider: what it answered, and what that costs.
/// @param channel Id of the channel.
/// @param nonce That of the voucher which asked.
/// @param modelRoot Commitment to the model.
/// @param inputRoot Commitment to the request.
/// @param outputTokensRoot Root over the output's token ids.
/// @param outputCount Number of output tokens.
/// @param complete Whether they are the whole answer; otherwise the first `outputCount` tokens of it.
/// @param price In token units: what this answer adds to the amount.
/// @param expiry `receiptLife` after it was signed. Until then it can be challenged. Seconds since 1970.
// solhint-disable-next-line gas-struct-packing
struct Receipt {
    bytes32 channel;
    uint64 nonce;
    bytes32 modelRoot;
    bytes32 inputRoot;
    bytes32 outputTokensRoot;
    uint32 outputCount;
    bool complete;
    uint96 price;
    uint40 expiry;
}

/// @notice Where a channel stands. A status is never left backwards, so an id is used once.
enum ChannelStatus {
    None,
    Open,
    Closed,
    Released
}

/// @notice What the chain remembers of a channel: one storage slot.
/// @param deposit Token units that were put in, exit bounty included.
/// @param paid Token units that were paid to the provider and in fees.
/// @param closesAt Last second in which vouchers settle; see `effectiveCloseOf` for outages. Seconds since 1970.
/// @param liveChallenges Challenges of receipts that are undecided; they keep the stake locked.
/// @param status Where the channel stands.
/// @param keyRotated Whether the voucher key is, or was, another than the first.
// solhint-disable-next-line gas-struct-packing
struct ChannelState {
    uint88 deposit;
    uint88 paid;
    uint40 closesAt;
    uint16 liveChallenges;
    ChannelStatus status;
    bool keyRotated;
}
