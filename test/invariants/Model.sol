// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Job} from "../../contracts/types/Job.sol";

/// @notice What every account must hold, kept from the definitions of the specification and from nothing the contracts compute.
contract Model {
    mapping(address token => mapping(address owner => uint256)) public available;
    mapping(address token => mapping(address owner => uint256)) public escrowed;
    uint256 public burned;

    function credit(address token, address owner, uint256 amount) public {
        available[token][owner] += amount;
    }

    /// @notice Fees leave for the distributor, which burns of ATH what the others' seven tenths, each rounded down, leave.
    function collect(address token, address feeAccount, uint256 amount, bool inAth) external {
        available[token][feeAccount] -= amount;
        if (inAth) burned += amount - (amount * 4) / 10 - amount / 10 - (amount * 2) / 10;
    }

    function debit(address token, address owner, uint256 amount) public {
        available[token][owner] -= amount;
    }

    function escrow(address token, address client, uint256 amount) external {
        debit(token, client, amount);
        escrowed[token][client] += amount;
    }

    /// @notice A deposit of a channel, from somebody's free balance.
    function entrust(address token, address payer, address module, uint256 amount) external {
        debit(token, payer, amount);
        escrowed[token][module] += amount;
    }

    /// @notice A part of a channel's deposit is paid: the fee, rounded up, is the module's.
    function settle(
        address token,
        address module,
        address provider,
        uint256 due,
        uint256 basisPoints
    ) external {
        uint256 fee = (due * basisPoints) / 10_000;
        if ((due * basisPoints) % 10_000 != 0) fee += 1;
        escrowed[token][module] -= due;
        credit(token, provider, due - fee);
        credit(token, module, fee);
    }

    /// @notice A part of a channel's deposit goes to somebody as it is.
    function giveBack(address token, address module, address recipient, uint256 amount) external {
        escrowed[token][module] -= amount;
        credit(token, recipient, amount);
    }

    /// @notice The price of a result: millionths of token units, rounded up once, and never below the minimum.
    function priceOf(Job memory job, uint256 outputTokens) public pure returns (uint256 price) {
        uint256 millionths = uint256(job.promptTokens) * job.inputPrice + outputTokens * job.outputPrice;
        price = millionths / 1e6;
        if (millionths % 1e6 != 0) price += 1;
        if (price < job.minimumCharge) price = job.minimumCharge;
    }

    function pay(Job memory job, uint256 outputTokens, address feeAccount, address bountyRecipient) external {
        uint256 charge = priceOf(job, outputTokens);
        uint256 fee = (charge * job.feeBasisPoints) / 10_000;
        if ((charge * job.feeBasisPoints) % 10_000 != 0) fee += 1;
        credit(job.token, job.provider, charge - fee);
        credit(job.token, feeAccount, fee);
        credit(job.token, bountyRecipient, job.exitBounty);
        _release(job, charge + job.exitBounty);
    }

    function refund(Job memory job, uint256 bounty, address bountyRecipient) external {
        credit(job.token, bountyRecipient, bounty);
        _release(job, bounty);
    }

    function slash(address ath, address recipient, uint256 forfeited, uint256 payout) external {
        credit(ath, recipient, payout);
        burned += forfeited - payout;
    }

    function _release(Job memory job, uint256 spent) private {
        uint256 total = priceOf(job, job.maxTokens) + job.exitBounty;
        escrowed[job.token][job.client] -= total;
        credit(job.token, job.client, total - spent);
    }
}
