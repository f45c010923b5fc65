// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IDelegationPool} from "../../contracts/interfaces/IDelegationPool.sol";
import {IProviderRegistry} from "../../contracts/interfaces/IProviderRegistry.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {ProviderRegistry} from "../../contracts/registry/ProviderRegistry.sol";
import {Assert} from "../support/Assert.sol";
import {System} from "../support/System.sol";
import {deploy} from "../support/Deploy.sol";
import {vm} from "../support/Vm.sol";
import {Book} from "./economy/Book.sol";
import {Economy} from "./economy/Economy.sol";

/// @notice The properties of PROPERTIES.md that concern everything at once, after any sequence of actions of `Economy`.
contract EconomyInvariantsTest is Assert {
    struct Action {
        string name;
        bytes4 selector;
        /// @dev Bit i is set when argument i, from 0, is a boolean.
        uint8 booleans;
    }

    uint256 private constant RUNS = 16;
    uint256 private constant DEPTH = 300;
    uint256 private constant SUPPLY = 42_000_000_000e18;
    /// @dev What rounding may leave in a pool, token units.
    uint256 private constant DUST = 1_000;

    Economy private world;
    System private system;
    IVault private vault;
    IDelegationPool private pool;

    function setUp() public {
        world = Economy(deploy("Economy", ""));
        (system, pool) = (world.system(), world.pool());
        vault = IVault(address(system.vault()));
    }

    struct TargetInterface {
        address target;
        string[] artifacts;
    }

    /// @notice By which interface the runner calls it.
    function targetInterfaces() external view returns (TargetInterface[] memory targets) {
        targets = new TargetInterface[](1);
        targets[0].target = address(world);
        targets[0].artifacts = new string[](1);
        targets[0].artifacts[0] = "Economy";
    }

    /// @notice What the runner may call.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(world);
    }

    /// @notice One campaign for all of them, so that each state that is reached is held to every property.
    function invariant_everyPropertyHolds() public view {
        _ledgersAreCovered();
        _stakeIsCountedOnce();
        _slashesNeverPay();
        _poolOwesNoMoreThanItHas();
        assertTrue(world.jobsAreAsTheyShould(), "JOB-2: status");
        assertTrue(world.casesAreAsTheyShould(), "CASE-1: status");
    }

    /// @notice An action that never happens proves nothing: played by fixed dice, as long as the campaign, each does what it is for.
    function test_campaign_everyActionHappens() external {
        Action[] memory actions = _actions();
        uint256[] memory done = new uint256[](actions.length);
        for (uint256 run = 0; run < RUNS; ++run) {
            setUp();
            for (uint256 step = 0; step < DEPTH; ++step) {
                uint256 dice = uint256(keccak256(abi.encode(run, step)));
                _play(actions[dice % actions.length], dice);
                if (step % 16 == 0) invariant_everyPropertyHolds();
            }
            afterInvariant();
            for (uint256 i = 0; i < actions.length; ++i) done[i] += world.done(actions[i].selector);
        }
        for (uint256 i = 0; i < actions.length; ++i) {
            assertAtMost(1, done[i], string.concat("done: ", actions[i].name));
        }
    }

    /// @notice EXIT-2 to EXIT-4: at the end of every run everybody leaves with what the book says, and next to nothing is left.
    function afterInvariant() public {
        world.delegatorsLeave();
        invariant_everyPropertyHolds();
        world.othersLeave();
        invariant_everyPropertyHolds();
        address[] memory accounts = world.accounts();
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 j = 0; j < accounts.length; ++j) {
                if (accounts[j] == address(pool) || accounts[j] == world.MANAGER()) continue;
                assertEqual(world.heldInVault(_token(i), accounts[j]), 0, "EXIT-3: everybody is out");
            }
        }
        world.managerLeaves();
        invariant_everyPropertyHolds();
        for (uint256 i = 0; i < 2; ++i) {
            uint256 left = world.heldInVault(_token(i), address(pool));
            assertEqual(vault.tokenState(_token(i)).ledger, left, "EXIT-4: the vault is empty but for it");
            assertAtMost(left, DUST, "EXIT-4: what rounding leaves in the pool");
        }
    }

    /// @dev BOOK-1 with it, and therefore that governance moves nobody's money: what it does is not in the book.
    function _ledgersAreCovered() private view {
        assertEqual(system.ath().totalSupply(), SUPPLY - world.burned(), "BOOK-2: what burns");
        for (uint256 i = 0; i < 2; ++i) {
            address token = _token(i);
            uint256 sum = world.compare(token);
            uint256 ledger = vault.tokenState(token).ledger;
            assertEqual(ledger, sum, "LEDGER-1");
            uint256 balance = IERC20(token).balanceOf(address(vault));
            assertEqual(balance, ledger + world.donated(token), "LEDGER-2");
            uint256 deposits = vault.accountOf(token, address(system.channels())).escrowed;
            assertEqual(deposits, world.depositsIn(token), "CHANNEL-3: deposits lie in the vault");
            assertAtMost(
                world.credited(token),
                IERC20(token).balanceOf(address(system.fees())),
                "FEE-1: what is credited is there"
            );
            for (uint256 j = 0; j < 4; ++j) {
                assertEqual(world.creditFound(token, j), world.creditOf(token, j), "FEE-4: split");
            }
        }
        assertEqual(
            vault.accountOf(_token(0), address(system.providers())).available,
            world.unclaimed(),
            "CASE-4: what penalties set aside is there"
        );
    }

    function _stakeIsCountedOnce() private view {
        ProviderRegistry providers = system.providers();
        for (uint256 i = 0; i < 2; ++i) {
            address owner = world.provider(i);
            IVault.Stake memory position = vault.stakeOf(owner);
            IProviderRegistry.Provider memory provider = providers.providerOf(owner);
            (uint256 jobs, uint256 byJobs) = world.jobsOf(owner);
            (uint256 channels, uint256 byChannels) = world.channelsOf(owner);
            uint256 frozen = world.frozenOf(owner);
            assertEqual(providers.frozenStakeOf(owner), frozen, "STAKE-4: what a case froze");
            assertAtMost(provider.fraudDeposit, provider.reserved, "STAKE-4: the deposit is reserved");
            assertEqual(
                position.locked,
                provider.reserved + frozen + byJobs + byChannels,
                "STAKE-4: one unit backs one thing"
            );
            assertEqual(position.openWork, jobs + channels, "STAKE-1: open work");
            assertAtMost(position.locked, position.staked, "STAKE-2: locked is staked");
        }
    }

    function _slashesNeverPay() private view {
        for (uint256 i = 0; i < 2; ++i) {
            Book.Slashes memory slashes = world.slashesOf(world.provider(i));
            assertEqual(vault.slashedOf(world.provider(i)), slashes.forfeited, "SLASH-4: what was slashed");
            assertAtMost(2 * slashes.toOthers, slashes.forfeited, "SLASH-6: half is paid at the most");
            assertEqual(slashes.toOthers + slashes.burned, slashes.forfeited, "SLASH-6: and the rest burns");
        }
    }

    function _poolOwesNoMoreThanItHas() private view {
        IDelegationPool.Book memory books = pool.book();
        uint256 unbonding = vault.unbondingOf(address(pool)).amount;
        uint256 staked = unbonding + vault.stakeOf(address(pool)).staked;
        uint256 booked = uint256(books.own) + books.ownQueued + books.ownUnbonding + books.backing;
        // What was claimed past the pool is in its account, until the pool looks.
        if (books.roundOpen && unbonding == 0) assertAtMost(staked, booked, "POOL-1: no more than is booked");
        else assertEqual(staked, booked, "POOL-1: the books are what the vault holds");
        uint256 shares = pool.totalSupply() + books.requested - books.served;
        assertAtMost((shares * books.price) / 1e27, books.backing, "POOL-2: all shares are covered");
        assertAtMost(
            books.backing + world.principalOut(),
            world.principalIn(),
            "POOL-8: principal goes out once"
        );
        for (uint256 i = 0; i < 2; ++i) {
            address token = _token(i);
            IDelegationPool.Stream memory stream = pool.streamOf(token);
            uint256 available = vault.accountOf(token, address(pool)).available;
            assertAtMost(stream.booked, available, "POOL-4: what has an owner is there");
            uint256 owed = _unreleased(stream);
            for (uint256 j = 0; j < 2; ++j) owed += pool.earned(token, world.delegators(j));
            assertAtMost(
                owed + world.claimedOf(token),
                world.incomeOf(token),
                "POOL-5: no more is claimed than came in"
            );
            assertAtMost(owed, stream.booked, "POOL-5: no more is owed than there is");
        }
    }

    /// @dev Of the delegators' earnings, what is not released by now.
    function _unreleased(IDelegationPool.Stream memory stream) private view returns (uint256) {
        uint256 time = vm.getBlockTimestamp();
        if (time >= stream.endsAt || stream.remaining == 0) return 0;
        uint256 period = stream.endsAt - stream.updatedAt;
        return stream.remaining - (stream.remaining * (time - stream.updatedAt)) / period;
    }

    function _play(Action memory action, uint256 dice) private {
        bytes memory arguments = "";
        for (uint256 i = 0; i < 6; ++i) {
            uint256 argument = uint256(keccak256(abi.encode(dice, i)));
            if ((action.booleans >> i) & 1 == 1)
                argument %= 2;
                // Shares are words of 64 bits.
            else if (action.selector == world.announce.selector) argument &= type(uint64).max;
            arguments = abi.encodePacked(arguments, argument);
        }
        (bool success, bytes memory reason) = address(world).call(
            abi.encodePacked(action.selector, arguments)
        );
        if (success) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function _actions() private view returns (Action[] memory actions) {
        actions = new Action[](53);
        actions[0] = Action("createJob", world.createJob.selector, 4);
        actions[1] = Action("submit", world.submit.selector, 0);
        actions[2] = Action("finalize", world.finalize.selector, 0);
        actions[3] = Action("expire", world.expire.selector, 0);
        actions[4] = Action("decline", world.decline.selector, 0);
        actions[5] = Action("refund", world.refund.selector, 0);
        actions[6] = Action("openChannel", world.openChannel.selector, 4);
        actions[7] = Action("settleChannel", world.settleChannel.selector, 0);
        actions[8] = Action("closeChannel", world.closeChannel.selector, 0);
        actions[9] = Action("finishChannel", world.finishChannel.selector, 0);
        actions[10] = Action("releaseChannel", world.releaseChannel.selector, 0);
        actions[11] = Action("contribute", world.contribute.selector, 0);
        actions[12] = Action("withdrawOwn", world.withdrawOwn.selector, 0);
        actions[13] = Action("setCommission", world.setCommission.selector, 0);
        actions[14] = Action("applyCommission", world.applyCommission.selector, 0);
        actions[15] = Action("delegate", world.delegate.selector, 0);
        actions[16] = Action("transferShares", world.transferShares.selector, 0);
        actions[17] = Action("requestExit", world.requestExit.selector, 0);
        actions[18] = Action("claimExit", world.claimExit.selector, 0);
        actions[19] = Action("giveToPool", world.giveToPool.selector, 6);
        actions[20] = Action("harvest", world.harvest.selector, 1);
        actions[21] = Action("claimEarnings", world.claimEarnings.selector, 2);
        actions[22] = Action("upkeep", world.upkeep.selector, 0);
        actions[23] = Action("claimUnbondedOfPool", world.claimUnbondedOfPool.selector, 0);
        actions[24] = Action("retire", world.retire.selector, 0);
        actions[25] = Action("announce", world.announce.selector, 0);
        actions[26] = Action("appeal", world.appeal.selector, 0);
        actions[27] = Action("decide", world.decide.selector, 2);
        actions[28] = Action("execute", world.execute.selector, 0);
        actions[29] = Action("lapse", world.lapse.selector, 0);
        actions[30] = Action("claimShare", world.claimShare.selector, 0);
        actions[31] = Action("sweep", world.sweep.selector, 0);
        actions[32] = Action("reinstate", world.reinstate.selector, 0);
        actions[33] = Action("convict", world.convict.selector, 0);
        actions[34] = Action("stake", world.stake.selector, 0);
        actions[35] = Action("unbond", world.unbond.selector, 0);
        actions[36] = Action("claimUnbonded", world.claimUnbonded.selector, 0);
        actions[37] = Action("register", world.register.selector, 0);
        actions[38] = Action("changeHardware", world.changeHardware.selector, 0);
        actions[39] = Action("deregister", world.deregister.selector, 0);
        actions[40] = Action("setOffer", world.setOffer.selector, 2);
        actions[41] = Action("rest", world.rest.selector, 0);
        actions[42] = Action("collectFees", world.collectFees.selector, 3);
        actions[43] = Action("giveToFees", world.giveToFees.selector, 2);
        actions[44] = Action("distribute", world.distribute.selector, 1);
        actions[45] = Action("claimFees", world.claimFees.selector, 2);
        actions[46] = Action("buyFees", world.buyFees.selector, 0);
        actions[47] = Action("payDamages", world.payDamages.selector, 2);
        actions[48] = Action("passTime", world.passTime.selector, 0);
        actions[49] = Action("moveMoney", world.moveMoney.selector, 10);
        actions[50] = Action("pause", world.pause.selector, 0);
        actions[51] = Action("donate", world.donate.selector, 2);
        actions[52] = Action("govern", world.govern.selector, 0);
    }

    function _token(uint256 index) private view returns (address) {
        return index == 0 ? address(system.ath()) : address(system.coin());
    }
}
