// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Beneficiary} from "../types/Beneficiary.sol";

/// @title The fees of the protocol: who gets which part of them
/// @notice Escrows send collected fees here. They are split at once, at the split in force, and each part waits for whom it is for: anyone has it paid out,
/// a token and a beneficiary at a time, so that a token or a receiver that fails holds up nothing else. The part to burn is burned, if it is ATH; of other
/// tokens it is for sale against ATH, which is burned.
/// What comes from elsewhere is split the same way.
interface IFeeDistributor {
    /// @notice The governed parameters: the split, in ten-thousandths of what is distributed, and the sale's. One storage slot.
    /// @param checkers 2,000 to 8,000.
    /// @param insurance 500 to 3,000.
    /// @param burn 1,000 to 5,000.
    /// @param treasury 0 to 3,000. The four sum up to 10,000.
    /// @param saleDiscount By how much the sale is cheaper than the price of `ICurrencies`, ten-thousandths; 0 to 300.
    struct Parameters {
        uint16 checkers;
        uint16 insurance;
        uint16 burn;
        uint16 treasury;
        uint16 saleDiscount;
    }

    /// @notice The split of fees that are distributed from now on, and the discount of purchases from now on.
    event ParametersSet(Parameters parameters);
    /// @notice The checkers' part is paid to this contract, for good.
    event CheckersSet(address checkers);
    /// @notice The treasury's part is paid to this account.
    event TreasurySet(address treasury);
    /// @notice Fees were split; token units.
    event FeesDistributed(
        address indexed token,
        uint256 checkers,
        uint256 insurance,
        uint256 burn,
        uint256 treasury
    );
    /// @notice A beneficiary was paid what had come together for it; token units.
    event FeesClaimed(
        Beneficiary indexed beneficiary,
        address indexed token,
        address receiver,
        uint256 amount
    );
    /// @notice Fees were sold; `cost` ATH units were burned.
    event FeesSold(
        address indexed token,
        address indexed buyer,
        address recipient,
        uint256 amount,
        uint256 cost
    );

    /// @notice The parameter is outside its bounds.
    error ParameterOutOfBounds(bytes32 parameter, uint256 value, uint256 minimum, uint256 maximum);
    /// @notice The parts do not sum up to the whole, 10,000.
    error SplitIncomplete(uint256 sum, uint256 whole);
    error ZeroAddress();
    error CheckersAlreadySet(address checkers);
    error CheckersWithoutCode(address checkers);
    /// @notice There is nothing of the token for this beneficiary. Have fees collected first.
    error NoFeesToClaim(Beneficiary beneficiary, address token);
    /// @notice Nobody is named for this part yet. It waits.
    error BeneficiaryNotSet(Beneficiary beneficiary);
    /// @notice What is to be burned is paid to nobody. Buy it.
    error NotClaimable(Beneficiary beneficiary);
    error ZeroAmount();
    /// @notice Less of the token is for sale today. Buy less, or another day.
    error NotForSale(address token, uint256 available, uint256 amount);
    /// @notice The purchase costs more than the buyer's limit; ATH units. Raise the limit or buy less.
    error CostAboveLimit(uint256 cost, uint256 maximumCost);

    /// @notice Splits what came in since the last call, at the split in force. Rounded down for all but the part to burn, which gets the rest. Anyone.
    /// @return amount Token units that were split; 0 if there were none.
    function distribute(address token) external returns (uint256 amount);

    /// @notice Pays a beneficiary all that came together for it. Anyone.
    function claim(Beneficiary beneficiary, address token) external returns (uint256 amount);

    /// @notice Buys fees that are to be burned, for ATH of the caller, which are burned: it needs the caller's allowance. Reverts when `ICurrencies` has no
    /// price for either token.
    /// @param amount Token units.
    /// @param maximumCost The most that the caller pays, ATH units.
    /// @return cost ATH units, rounded up.
    function buy(
        address token,
        uint256 amount,
        uint256 maximumCost,
        address recipient
    ) external returns (uint256 cost);

    /// @notice Sets split and discount.
    function setParameters(Parameters calldata parameters) external;

    /// @notice Names the contract that is paid the checkers' part, once and for good.
    function setCheckers(address checkers) external;

    /// @notice Names the account that is paid the treasury's part, what has come together already included.
    function setTreasury(address treasury) external;

    /// @notice The split and the discount in force.
    function parameters() external view returns (Parameters memory);

    /// @notice Who is paid a part; zero if nobody is named yet, and for the part to burn.
    function receiverOf(Beneficiary beneficiary) external view returns (address);

    /// @notice What has come together for a beneficiary; of `Burn` what is left to sell. Token units.
    function creditOf(Beneficiary beneficiary, address token) external view returns (uint256);

    /// @notice ATH units burned so far, by distribution and by sale.
    function burned() external view returns (uint256);

    /// @notice How much of a token can still be bought today: a quarter of what there was, rounded up. Token units; days are those of UTC.
    function forSale(address token) external view returns (uint256);

    /// @notice What an amount of a token costs now, ATH units. Reverts when `ICurrencies` has no price for either token.
    function costOf(address token, uint256 amount) external view returns (uint256);
}
