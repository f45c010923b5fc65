// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {IOperatorSteps, Step} from "./Step.sol";
import {Reader, Witness} from "./Witness.sol";

/// @title What all contracts that execute operators have in common
abstract contract OperatorSteps is IOperatorSteps {
    using Witness for Reader;

    /// @inheritdoc IOperatorSteps
    function execute(
        Step calldata step,
        bytes calldata inputs
    ) external view override returns (int256 value) {
        Reader memory reader = Witness.read(inputs);
        value = _execute(step.operator.opcode, step, reader);
        reader.finish();
    }

    /// @dev Reads the inputs, in the order of docs/dispute.md, "Inputs", and computes the element.
    function _execute(
        uint8 opcode,
        Step memory step,
        Reader memory reader
    ) internal view virtual returns (int256);

    function _unknown(uint8 opcode) internal pure returns (int256) {
        revert IStepVerifier.UnknownOpcode(opcode);
    }
}
