// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {Claim, ElementAddress} from "../types/Claim.sol";

/// @title Asks a step verifier many questions in one call
contract StepBatch {
    struct Question {
        ElementAddress target;
        bytes32 leaf;
        bytes witness;
    }

    /// @return answers For each question 0x00 (wrong), 0x01 (correct) or the error.
    /// @return gas_ What each call took, without its calldata.
    function judge(
        IStepVerifier verifier,
        Claim calldata claim,
        Question[] calldata questions
    ) external view returns (bytes[] memory answers, uint256[] memory gas_) {
        answers = new bytes[](questions.length);
        gas_ = new uint256[](questions.length);
        for (uint256 i = 0; i < questions.length; ++i) {
            uint256 before = gasleft();
            try
                verifier.isCorrect(claim, questions[i].target, questions[i].leaf, questions[i].witness)
            returns (bool correct) {
                answers[i] = correct ? bytes(hex"01") : bytes(hex"00");
            } catch (bytes memory reason) {
                answers[i] = reason;
            }
            gas_[i] = before - gasleft();
        }
    }
}
