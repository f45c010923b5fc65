// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IResultSource} from "./IResultSource.sol";

/// @title All sources of results as one: jobs, and receipts of channels
/// @notice What the dispute game knows as the escrow, and what the escrows know as the dispute game. It holds nothing and decides nothing: it passes calls
/// on to the contract that knows the result.
interface IResultSources is IResultSource {
    /// @notice The dispute game is this one, for good.
    event DisputeGameSet(address game);

    /// @notice Only the dispute game opens and closes challenges.
    error NotDisputeGame(address caller);
    /// @notice Only the contract that makes receipts results reports proofs.
    error NotReceiptResults(address caller);
    /// @notice The dispute game is set once, for good.
    error DisputeGameAlreadySet(address game);
    /// @notice The dispute game is a contract.
    error DisputeGameWithoutCode(address game);

    /// @notice Has the dispute game convict a provider of what its own signatures prove. Only the contract that makes receipts results.
    /// @param proof Hash of what proves it.
    /// @param reporter Who receives the reward.
    function convict(address provider, bytes32 proof, address reporter) external;

    /// @notice Names the dispute game, once and for good.
    function setDisputeGame(address game) external;

    /// @notice The dispute game; zero until it is set.
    function disputeGame() external view returns (address);

    /// @notice See `IJobEscrow.costOf`.
    function costOf(
        uint256 promptTokens,
        uint256 outputTokens,
        uint256 inputPrice,
        uint256 outputPrice
    ) external view returns (uint256);

    /// @notice See `IJobEscrow.sequencerFeed`.
    function sequencerFeed() external view returns (address);
}
