// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CaseStatus} from "../types/CaseStatus.sol";

/// @title Quality court: penalties for bad service, announced before they are taken
/// @notice A wrong result is proven on chain and convicts at once (`IDisputeGame`). That a provider was slow or absent cannot be proven to a chain: it is measured.
/// So a part of the stake of its hardware is frozen first, the provider can appeal, and only then it is taken: at most a tenth, half of it burned at least.
///
/// Every case ends: at the latest in second `decideUntil` + 1 if it was appealed, else as soon as the appeal period is over, by anyone's call. Nothing that
/// ends one is governed or can be paused. What nobody decides in time is dropped: silence penalises nobody.
/// Warning: whether a report is true is decided by people: the reporters, whom governance names, and on appeal governance itself. Bounds limit what their error costs.
interface IQualityCourt {
    /// @notice What governance sets for cases that are announced afterwards. One storage slot.
    /// @param appealPeriod Seconds from the announcement in which the provider can appeal.
    /// @param decisionPeriod Seconds after the appeal period in which governance can decide an appeal.
    /// @param caseInterval Seconds from the end of a provider's case to its next announcement, at least.
    /// @param suspension Seconds without new work after the first penalty within a year; the n-th takes n times as long.
    /// @param removalAfter With this many penalties within a year the suspension has no end.
    /// @param harmedBasisPoints Part of a penalty for the clients that were harmed, of 10,000.
    /// @param insuredBasisPoints Part of a penalty for the insurance, of 10,000. The rest is burned.
    /// @param discountBasisPoints Part of the announced amount that is not taken from whoever does not appeal, of 10,000: what a lost appeal costs.
    struct Parameters {
        uint32 appealPeriod;
        uint32 decisionPeriod;
        uint32 caseInterval;
        uint32 suspension;
        uint8 removalAfter;
        uint16 harmedBasisPoints;
        uint16 insuredBasisPoints;
        uint16 discountBasisPoints;
    }

    /// @param provider The accused.
    /// @param amount ATH units frozen when it was announced.
    /// @param harmedRoot Merkle root over the harmed clients' shares; zero if there are none.
    /// @param status Where it stands.
    /// @param appealUntil Last second in which the provider can appeal, since 1970.
    /// @param decideUntil Last second in which an appeal can be decided.
    /// @param claimUntil Last second in which harmed clients can claim; zero before the penalty was executed.
    /// @param harmed ATH units that the harmed clients share.
    /// @param unclaimed ATH units of it that are still there.
    /// @param terms The parameters it was announced under.
    struct Case {
        address provider;
        uint96 amount;
        bytes32 harmedRoot;
        CaseStatus status;
        uint40 appealUntil;
        uint40 decideUntil;
        uint40 claimUntil;
        uint96 harmed;
        uint96 unclaimed;
        Parameters terms;
    }

    /// @notice A provider's record.
    /// @param cases Number of cases there ever were; the last may be open.
    /// @param open Whether the last one is open.
    /// @param nextCaseAt Seconds since 1970 from which a further case can be announced.
    /// @param suspendedUntil Seconds since 1970 from which the provider can be reinstated; zero if it is not suspended, the largest number if it was removed.
    /// @param penalties Number of penalties executed within the last 365 days.
    struct Standing {
        uint32 cases;
        bool open;
        uint40 nextCaseAt;
        uint40 suspendedUntil;
        uint32 penalties;
    }

    /// @notice A case was announced and `amount` ATH units were frozen.
    event CaseAnnounced(
        bytes32 indexed caseId,
        address indexed provider,
        address indexed reporter,
        uint96 amount,
        bytes32 harmedRoot,
        uint40 appealUntil,
        uint40 decideUntil,
        string evidence
    );
    /// @notice The provider appealed; now it is up to governance.
    event CaseAppealed(bytes32 indexed caseId, address indexed provider, string reasons);
    /// @notice The case is over without a penalty; what was frozen is given back.
    event CaseDropped(bytes32 indexed caseId, address indexed provider);
    /// @notice `penalty` ATH units were taken, of which `harmed` wait for the harmed clients and `insured` went to the insurance; the provider is suspended.
    event CaseExecuted(
        bytes32 indexed caseId,
        address indexed provider,
        uint256 penalty,
        uint256 harmed,
        uint256 insured,
        uint40 claimUntil,
        uint40 suspendedUntil
    );
    /// @notice A harmed client's share, in ATH units, was sent to it.
    event ShareClaimed(bytes32 indexed caseId, address indexed client, uint256 amount);
    /// @notice What nobody claimed, in ATH units, went to the insurance.
    event UnclaimedSwept(bytes32 indexed caseId, uint256 amount);
    /// @notice The provider takes work again.
    event ProviderReinstated(address indexed provider);
    /// @notice Cases announced from now on have these parameters.
    event ParametersSet(Parameters parameters);

    /// @notice There was never such a case.
    error UnknownCase(bytes32 caseId);
    /// @notice The case is not in a state in which this can be done.
    error WrongCaseStatus(bytes32 caseId, CaseStatus status);
    /// @notice The provider has an open case. Wait for its end.
    error CaseStillOpen(address provider, bytes32 caseId);
    /// @notice The provider's last case ended not long ago. Wait until this time, in seconds.
    error CaseTooSoon(address provider, uint40 nextCaseAt);
    /// @notice A penalty is 1 % of the stake of the provider's hardware at least, ATH units.
    error PenaltyTooSmall(uint256 amount, uint256 minimum);
    /// @notice Publish the text elsewhere and give its address and hash.
    error TextTooLong(uint256 length, uint256 maximum);
    /// @notice Only the provider appeals: its owner account or its operator key.
    error NotTheAccused(address caller, address provider);
    /// @notice The appeal period is over.
    error AppealTooLate(uint40 appealUntil, uint256 timestamp);
    /// @notice The provider can still appeal. Execute the penalty afterwards.
    error AppealPeriodRunning(uint40 appealUntil, uint256 timestamp);
    /// @notice The time to decide is over: anyone drops the case by `lapse`.
    error DecisionTooLate(uint40 decideUntil, uint256 timestamp);
    /// @notice The appeal can still be decided.
    error DecisionPending(uint40 decideUntil, uint256 timestamp);
    /// @notice The year in which harmed clients can claim is over.
    error ClaimsOver(uint40 claimUntil, uint256 timestamp);
    /// @notice Harmed clients can still claim.
    error ClaimsRunning(uint40 claimUntil, uint256 timestamp);
    /// @notice The path does not lead from this share to the case's root. Take it from the report's evidence.
    error InvalidShareProof(bytes32 caseId, address client, uint64 share);
    /// @notice This share was paid.
    error ShareAlreadyClaimed(bytes32 caseId, address client);
    /// @notice Nothing of the case is left.
    error NothingToSweep(bytes32 caseId);
    /// @notice The caller is not suspended.
    error NotSuspended(address provider);
    /// @notice The suspension is not over. Wait until this time, in seconds.
    error StillSuspended(address provider, uint40 suspendedUntil, uint256 timestamp);
    /// @notice The provider was removed for repeated bad service. Deregister and take the stake out.
    error ProviderRemoved(address provider);
    /// @notice A parameter lies outside its fixed bounds.
    error ParameterOutOfBounds(bytes32 parameter, uint256 value, uint256 minimum, uint256 maximum);
    /// @notice The court needs an insurance.
    error ZeroAddress();

    // -------------------------------------------------------------------------------------------- reporters

    /// @notice Announces a penalty and freezes it. Only reporters.
    /// @param amount ATH units: 1 % of the stake of the provider's hardware at least. Above 10 % of it, 10 % are frozen: nobody escapes by giving up some hardware just before.
    /// @param harmedRoot Root of the tree over the harmed clients' shares, with leaves `0x00 ‖ caseId ‖ client ‖ share` and nodes as in `Commitments`; zero if nobody was harmed.
    /// @param evidence What was measured, in words, or where it is published and its hash; at most 4,096 bytes.
    /// @return caseId `caseIdOf` this provider's next case.
    function announce(
        address provider,
        uint96 amount,
        bytes32 harmedRoot,
        string calldata evidence
    ) external returns (bytes32 caseId);

    // -------------------------------------------------------------------------------------------- provider

    /// @notice Appeals, as the provider's owner account or operator key, within the appeal period. Costs nothing now; the appeal lost, the discount is.
    /// @param reasons At most 4,096 bytes.
    function appeal(bytes32 caseId, string calldata reasons) external;

    /// @notice Lets the caller take work again, when its suspension is over: its lock is brought to what its hardware requires today. Refused with the
    /// vault's `InsufficientStake` if the stake does not suffice.
    function reinstate() external;

    // -------------------------------------------------------------------------------------------- anyone

    /// @notice Takes the penalty of a case whose appeal period passed without an appeal, less the discount.
    function execute(bytes32 caseId) external;

    /// @notice Drops an appealed case that was not decided in time.
    function lapse(bytes32 caseId) external;

    /// @notice Sends a harmed client its share, in ATH, once.
    /// @param share Of the part of the harmed clients, in parts of 10^18.
    /// @param index Of its leaf in the tree.
    /// @param path The leaf's siblings, from the leaf upwards.
    function claim(
        bytes32 caseId,
        address client,
        uint64 share,
        uint256 index,
        bytes32[] calldata path
    ) external;

    /// @notice Sends what nobody claimed within a year to the insurance.
    function sweep(bytes32 caseId) external;

    // ----------------------------------------------------------------------------------------- governance

    /// @notice Decides an appeal in time: upholds the penalty, which is taken in full at once, or drops the case. A case that was not appealed can only be dropped.
    function decide(bytes32 caseId, bool uphold) external;

    /// @notice Sets the parameters of cases that are announced afterwards.
    function setParameters(Parameters calldata next) external;

    // ---------------------------------------------------------------------------------------------- views

    /// @notice The parameters of cases that are announced now.
    function parameters() external view returns (Parameters memory);

    /// @notice Who receives the insured part, and what nobody claims. It never changes.
    function insurance() external view returns (address);

    /// @notice The id of a provider's n-th case, counted from 1, on this chain and of this court.
    function caseIdOf(address provider, uint32 number) external view returns (bytes32);

    /// @notice A case; its status is `None` if there was never one.
    function caseOf(bytes32 caseId) external view returns (Case memory);

    /// @notice A provider's record.
    function standingOf(address provider) external view returns (Standing memory);

    /// @notice Whether a harmed client's share was paid.
    function isClaimed(bytes32 caseId, address client, uint64 share) external view returns (bool);
}
