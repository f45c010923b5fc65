// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {Assert} from "../../support/Assert.sol";

/// @notice What everybody owns, wherever it lies: purse, vault account, stake, on its way out. Whatever is not written here by the rules must not change anything.
abstract contract Book is Assert {
    struct Slashes {
        uint256 forfeited;
        uint256 toOthers;
        uint256 burned;
    }

    uint256 internal constant BASIS_POINTS = 10_000;

    IVault internal _vault;
    IERC20 internal _ath;
    IERC20 internal _coin;
    address[] internal _accounts;
    mapping(address token => mapping(address who => uint256)) internal _owned;
    /// @dev Given to the vault without a deposit: nobody's.
    mapping(address token => uint256) internal _donated;
    uint256 internal _burned;
    mapping(address provider => Slashes) internal _slashes;
    /// @dev Ever moved to an account by somebody else.
    mapping(address token => mapping(address who => uint256)) internal _received;

    /// @notice Token units that an account has in the vault.
    function heldInVault(address token, address who) public view returns (uint256 amount) {
        IVault.Account memory account = _vault.accountOf(token, who);
        amount = uint256(account.available) + account.escrowed;
        if (token != address(_ath)) return amount;
        amount += uint256(_vault.stakeOf(who).staked) + _vault.unbondingOf(who).amount;
    }

    /// @notice Holds every account to this book.
    /// @return inVault What all of them have in the vault, token units.
    function compare(address token) external view returns (uint256 inVault) {
        for (uint256 i = 0; i < _accounts.length; ++i) {
            address who = _accounts[i];
            uint256 amount = heldInVault(token, who);
            inVault += amount;
            amount += IERC20(token).balanceOf(who);
            assertEqual(amount, _owned[token][who], "BOOK-1: everybody has what the rules say");
        }
    }

    function donated(address token) external view returns (uint256) {
        return _donated[token];
    }

    function burned() external view returns (uint256) {
        return _burned;
    }

    function slashesOf(address provider) external view returns (Slashes memory) {
        return _slashes[provider];
    }

    function accounts() external view returns (address[] memory) {
        return _accounts;
    }

    function _move(address token, address from, address to, uint256 amount) internal {
        _owned[token][from] -= amount;
        _owned[token][to] += amount;
        _received[token][to] += amount;
    }

    function _burn(address from, uint256 amount) internal {
        _owned[address(_ath)][from] -= amount;
        _burned += amount;
    }

    /// @dev A slash takes no more than there is, and of it at least half burns: so nobody gains by slashing itself, whoever is paid.
    function _slash(address provider, uint256 amount, address recipient, uint256 payout) internal {
        _move(address(_ath), provider, recipient, payout);
        _burn(provider, amount - payout);
        Slashes storage slashes = _slashes[provider];
        slashes.forfeited += amount;
        slashes.toOthers += payout;
        slashes.burned += amount - payout;
    }

    /// @dev Writes an account's first line.
    function _open(address who) internal {
        _accounts.push(who);
        address[2] memory tokens = [address(_ath), address(_coin)];
        for (uint256 i = 0; i < 2; ++i) {
            _owned[tokens[i]][who] = heldInVault(tokens[i], who) + IERC20(tokens[i]).balanceOf(who);
        }
    }

    function _ceilDiv(uint256 value, uint256 divisor) internal pure returns (uint256) {
        return value / divisor + (value % divisor == 0 ? 0 : 1);
    }
}
