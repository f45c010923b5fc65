// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {
    JobState,
    JobStatus,
    createdJobState,
    endedJobState,
    submittedJobState
} from "../../contracts/types/JobState.sol";
import {Assert} from "../support/Assert.sol";

contract JobStateTest is Assert {
    function test_createdJobState_hasOnlyItsStatus() public pure {
        assertEqual(JobState.unwrap(createdJobState()), uint256(JobStatus.Created), "state");
    }

    function testFuzz_submittedJobState_packsWhatItIsGiven(uint40 timestamp, bytes32 root) public pure {
        JobState state = submittedJobState(timestamp, root);
        assertTrue(state.status() == JobStatus.Submitted, "status");
        assertEqual(state.submittedAt(), timestamp, "submittedAt");
        assertEqual(state.liveChallenges(), 0, "liveChallenges");
        assertTrue(state.matchesOutputRoot(root), "root");
        assertEqual(JobState.unwrap(state) >> 64, uint256(root) >> 64, "upper bits of the root");
    }

    function testFuzz_matchesOutputRoot_onlyIfTheUpper192BitsAgree(bytes32 root, bytes32 other) public pure {
        JobState state = submittedJobState(1, root);
        assertTrue(state.matchesOutputRoot(other) == (bytes24(root) == bytes24(other)), "another root");
        for (uint256 bit = 64; bit < 256; ++bit) {
            assertTrue(!state.matchesOutputRoot(bytes32(uint256(root) ^ (1 << bit))), "one bit changed");
        }
    }

    function testFuzz_challenges_changeTheirNumberAlone(uint256 word) public pure {
        JobState state = JobState.wrap(word);
        uint256 rest = ~(uint256(type(uint16).max) << 48);
        if (state.liveChallenges() != type(uint16).max) {
            assertEqual(state.withChallenge().liveChallenges(), state.liveChallenges() + 1, "one more");
            assertEqual(JobState.unwrap(state.withChallenge()) & rest, word & rest, "everything else");
        }
        if (state.liveChallenges() != 0) {
            assertEqual(state.withoutChallenge().liveChallenges(), state.liveChallenges() - 1, "one less");
            assertEqual(JobState.unwrap(state.withoutChallenge()) & rest, word & rest, "everything else");
        }
    }

    function testFuzz_endedJobState_changesTheStatusAlone(uint256 word, uint8 ending) public pure {
        JobStatus status = JobStatus(bound(ending, 3, 6));
        JobState state = endedJobState(JobState.wrap(word), status);
        assertTrue(state.status() == status, "status");
        assertEqual(JobState.unwrap(state) >> 8, word >> 8, "everything else");
    }
}
