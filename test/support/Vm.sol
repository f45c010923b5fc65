// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The cheatcodes of Hardhat's Solidity tests that ours use.
interface Vm {
    function getCode(string calldata artifact) external view returns (bytes memory code);
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function addr(uint256 privateKey) external pure returns (address);
    function etch(address target, bytes calldata code) external;
    function warp(uint256 timestamp) external;
    /// @dev The compiler reads `block.timestamp` once and does not expect it to change within a call.
    function getBlockTimestamp() external view returns (uint256 timestamp);
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function expectRevert(bytes calldata revertData) external;
    function assume(bool condition) external pure;
    function deal(address account, uint256 balance) external;
    function txGasPrice(uint256 price) external;

    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory logs);
}

/// @dev The address at which the cheatcodes live: keccak-256 of "hevm cheat code".
Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
