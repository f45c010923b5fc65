// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorPreventLateQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";

/// @title Governor
/// @notice OpenZeppelin's, with votes of ATH. Votes count as they stood when voting began: who buys ATH after a proposal was made and before that moment can vote, who
/// buys later cannot. ATH in the vault is the vault's, which delegates to nobody: staked ATH does not vote. Its settings never leave the bounds below, whatever is voted.
contract AthanorGovernor is
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorPreventLateQuorum,
    GovernorTimelockControl
{
    /// @notice Settings of the governor.
    /// @param proposalThreshold Votes that a proposer has at least; ATH units.
    /// @param quorumPercent Votes for and abstaining together, at least, in percent of the supply.
    /// @param votingDelay Seconds from a proposal to the beginning of its vote.
    /// @param votingPeriod Seconds of the vote.
    /// @param lateQuorumExtension Seconds that a vote goes on at least after its quorum was reached.
    struct Settings {
        uint256 proposalThreshold;
        uint256 quorumPercent;
        uint48 votingDelay;
        uint32 votingPeriod;
        uint48 lateQuorumExtension;
    }

    /// @notice A setting would leave its bounds; in the unit of the setting.
    error SettingOutOfBounds(bytes32 setting, uint256 value, uint256 minimum, uint256 maximum);
    /// @notice The timelock that executes is this one for good.
    error TimelockFixed(address timelock);

    constructor(
        IVotes ath,
        TimelockController timelock_,
        Settings memory settings
    )
        Governor("Athanor")
        GovernorSettings(settings.votingDelay, settings.votingPeriod, settings.proposalThreshold)
        GovernorVotes(ath)
        GovernorVotesQuorumFraction(settings.quorumPercent)
        GovernorPreventLateQuorum(settings.lateQuorumExtension)
        GovernorTimelockControl(timelock_)
    {}

    /// @notice Refused: another timelock would have no power over anything, and governance would end.
    function updateTimelock(TimelockController) public override onlyGovernance {
        revert TimelockFixed(timelock());
    }

    // ---------------------------------------------------------------------------------------------- bounds

    function _setVotingDelay(uint48 seconds_) internal override {
        _requireBetween("votingDelay", seconds_, 1 days, 14 days);
        super._setVotingDelay(seconds_);
    }

    function _setVotingPeriod(uint32 seconds_) internal override {
        _requireBetween("votingPeriod", seconds_, 3 days, 30 days);
        super._setVotingPeriod(seconds_);
    }

    /// @dev INVARIANT: one percent of the genesis supply can always propose, so that governance cannot lock itself out.
    function _setProposalThreshold(uint256 votes) internal override {
        _requireBetween("proposalThreshold", votes, 1e18, 420_000_000e18);
        super._setProposalThreshold(votes);
    }

    function _updateQuorumNumerator(uint256 percent) internal override {
        _requireBetween("quorumPercent", percent, 1, 20);
        super._updateQuorumNumerator(percent);
    }

    function _setLateQuorumVoteExtension(uint48 seconds_) internal override {
        _requireBetween("lateQuorumExtension", seconds_, 0, 7 days);
        super._setLateQuorumVoteExtension(seconds_);
    }

    function _requireBetween(bytes32 setting, uint256 value, uint256 minimum, uint256 maximum) private pure {
        if (value < minimum || value > maximum) revert SettingOutOfBounds(setting, value, minimum, maximum);
    }

    // ------------------------------------------------------- which of OpenZeppelin's extensions answers what

    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function state(
        uint256 proposalId
    ) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(proposalId);
    }

    function proposalDeadline(
        uint256 proposalId
    ) public view override(Governor, GovernorPreventLateQuorum) returns (uint256) {
        return super.proposalDeadline(proposalId);
    }

    function proposalNeedsQueuing(
        uint256 proposalId
    ) public view override(Governor, GovernorTimelockControl) returns (bool) {
        return super.proposalNeedsQueuing(proposalId);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}
