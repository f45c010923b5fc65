// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IJobEscrow} from "../../../contracts/interfaces/IJobEscrow.sol";
import {Job, JobId} from "../../../contracts/types/Job.sol";
import {JobStatus} from "../../../contracts/types/JobState.sol";
import {Vm, vm} from "../../support/Vm.sol";
import {World} from "./World.sol";

/// @notice Jobs between the clients and both providers.
abstract contract Jobs is World {
    // solhint-disable-next-line gas-struct-packing
    struct Task {
        Job job;
        JobId id;
        uint40 submittedAt;
        uint32 count;
        bytes32 root;
        bool open;
    }

    uint256 private constant MOST_JOBS = 24;
    uint256 private constant GRACE = 10 minutes;

    uint64 private _salt;
    Task[] private _tasks;

    function createJob(uint256 who, uint256 which, bool inAth, uint256 output, uint256 time) external {
        address owner = provider(which);
        if (_tasks.length >= MOST_JOBS || !_takesWork(owner, address(_escrow))) return;
        if (_free(owner) < _escrow.parameters().stakePerJob) return;
        IJobEscrow.Request memory request = IJobEscrow.Request({
            provider: owner,
            modelRoot: _modelRoot,
            token: _token(inAth),
            generation: bytes32(bound(output, 1, 24)),
            maxInputPrice: type(uint80).max,
            maxOutputPrice: type(uint80).max,
            maxCost: type(uint128).max,
            submitDeadline: uint40(block.timestamp + bound(time, 1 hours, 1 days)),
            seed: 1,
            salt: ++_salt,
            promptTokens: new bytes(4 * 8),
            stopSequences: ""
        });
        vm.recordLogs();
        for (
            uint256 i = 0;
            i < 1 + ((who >> 8) % 3) && _free(owner) >= _escrow.parameters().stakePerJob;
            ++i
        ) {
            // Fails without an offer, or without the money for it.
            _try(clients[who % 2], address(_escrow), abi.encodeCall(IJobEscrow.create, (request)));
            request.salt = ++_salt;
        }
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IJobEscrow.JobCreated.selector) continue;
            (Job memory job, , , , ) = abi.decode(logs[i].data, (Job, uint64, bytes32, bytes, bytes));
            _tasks.push(Task(job, JobId.wrap(logs[i].topics[1]), 0, 0, 0, true));
            _count(msg.sig);
        }
    }

    function submit(uint256 which, uint256 count) external {
        (bool found, uint256 index) = _find(which, _isAnswerable);
        if (!found) return;
        Task storage task = _tasks[index];
        count = bound(count, 1, task.job.maxTokens);
        address key = _providers.operatorOf(task.job.provider);
        _do(key, address(_escrow), abi.encodeCall(IJobEscrow.submit, (task.job, new bytes(4 * count))));
        (task.submittedAt, task.count) = (uint40(_now()), uint32(count));
        task.root = keccak256(abi.encodePacked(uint8(0), new bytes(128)));
        _count(msg.sig);
    }

    function finalize(uint256 which, uint256 forWhom) external {
        (bool found, uint256 index) = _find(which, _isFinalizable);
        if (found) _finalize(_tasks[index], person(forWhom));
    }

    function expire(uint256 which, uint256 forWhom) external {
        (bool found, uint256 index) = _find(which, _isExpirable);
        if (found) _expire(_tasks[index], person(forWhom));
    }

    function decline(uint256 which) external {
        (bool found, uint256 index) = _find(which, _isAnswerable);
        if (!found) return;
        Task storage task = _tasks[index];
        address key = _providers.operatorOf(task.job.provider);
        _do(key, address(_escrow), abi.encodeCall(IJobEscrow.decline, (task.job)));
        task.open = false;
        _count(msg.sig);
    }

    function refund(uint256 which, uint256 forWhom) external {
        (bool found, uint256 index) = _find(which, _isRefundable);
        if (found) _refund(_tasks[index], person(forWhom));
    }

    // ----------------------------------------------------------------------------------------------- views

    /// @notice Number of a provider's open jobs, and ATH units of its stake that back them.
    function jobsOf(address owner) public view returns (uint256 count, uint256 locked) {
        for (uint256 i = 0; i < _tasks.length; ++i) {
            if (!_tasks[i].open || _tasks[i].job.provider != owner) continue;
            ++count;
            locked += _tasks[i].job.stakeLock;
        }
    }

    /// @notice What each job's state must be.
    function jobsAreAsTheyShould() external view returns (bool) {
        for (uint256 i = 0; i < _tasks.length; ++i) {
            JobStatus status = _escrow.jobState(_tasks[i].id).status();
            bool open = status == JobStatus.Created || status == JobStatus.Submitted;
            if (open != _tasks[i].open) return false;
        }
        return true;
    }

    // -------------------------------------------------------------------------------------------- internal

    /// @dev Ends what can be ended without client, provider and operator.
    function _endJobs() internal {
        for (uint256 i = 0; i < _tasks.length; ++i) {
            Task storage task = _tasks[i];
            if (_isExpirable(task)) _expire(task, STRANGER);
            if (_isRefundable(task)) _refund(task, STRANGER);
            if (_isFinalizable(task)) _finalize(task, STRANGER);
        }
    }

    /// @dev The price by the specification: millionths of token units, rounded up once, at least the minimum; the fee, rounded up, is the provider's to pay.
    function _finalize(Task storage task, address recipient) private {
        Job memory job = task.job;
        _do(
            STRANGER,
            address(_escrow),
            abi.encodeCall(IJobEscrow.finalize, (job, IJobEscrow.Output(task.count, task.root), recipient))
        );
        uint256 millionths =
            uint256(job.promptTokens) * job.inputPrice + uint256(task.count) * job.outputPrice;
        uint256 charge = _ceilDiv(millionths, 1e6);
        if (charge < job.minimumCharge) charge = job.minimumCharge;
        uint256 fee = _ceilDiv(charge * job.feeBasisPoints, BASIS_POINTS);
        _move(job.token, job.client, job.provider, charge - fee);
        _move(job.token, job.client, address(_escrow), fee);
        _move(job.token, job.client, recipient, job.exitBounty);
        task.open = false;
        _count(this.finalize.selector);
    }

    function _expire(Task storage task, address recipient) private {
        Job memory job = task.job;
        _do(STRANGER, address(_escrow), abi.encodeCall(IJobEscrow.expire, (job, recipient)));
        if (_now() > job.submitDeadline + GRACE) _move(job.token, job.client, recipient, job.exitBounty);
        task.open = false;
        _count(this.expire.selector);
    }

    function _refund(Task storage task, address recipient) private {
        Job memory job = task.job;
        _do(STRANGER, address(_escrow), abi.encodeCall(IJobEscrow.refund, (job, recipient)));
        uint256 end = task.submittedAt == 0 ? job.submitDeadline : task.submittedAt + job.challengeWindow;
        if (_now() > end + GRACE) _move(job.token, job.client, recipient, job.exitBounty);
        task.open = false;
        _count(this.refund.selector);
    }

    function _isAnswerable(Task storage task) private view returns (bool) {
        return
            task.open &&
            task.submittedAt == 0 &&
            _now() <= task.job.submitDeadline &&
            _isRegistered(task.job.provider);
    }

    function _isExpirable(Task storage task) private view returns (bool) {
        return task.open && task.submittedAt == 0 && _now() > task.job.submitDeadline;
    }

    function _isFinalizable(Task storage task) private view returns (bool) {
        return
            task.open &&
            task.submittedAt != 0 &&
            _now() >= uint256(task.submittedAt) + task.job.challengeWindow &&
            !_vault.isJailed(task.job.provider);
    }

    function _isRefundable(Task storage task) private view returns (bool) {
        return task.open && _vault.isJailed(task.job.provider);
    }

    function _find(
        uint256 which,
        function(Task storage) view returns (bool) holds
    ) private view returns (bool found, uint256 index) {
        for (uint256 i = 0; i < _tasks.length; ++i) {
            index = ((which % _tasks.length) + i) % _tasks.length;
            if (holds(_tasks[index])) return (true, index);
        }
    }
}
