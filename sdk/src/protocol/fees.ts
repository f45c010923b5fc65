import { toAthanorError } from "../errors/to-athanor-error.ts";
import { Beneficiary } from "../generated/enums.ts";
import { connectFees, type AthanorContracts } from "./connect-contracts.ts";

/** A quantity for each beneficiary of the fees. */
export interface FeeShares {
  readonly checkers: bigint;
  readonly insurance: bigint;
  readonly burn: bigint;
  readonly treasury: bigint;
}

/** Fees in one token, in its units. */
export interface TokenFees {
  /** In the escrows' accounts: `collectFees` has them split, whoever calls it. */
  readonly uncollected: bigint;
  /** Split, and not claimed yet; `burn` is what is left to sell. */
  readonly waiting: FeeShares;
  /** Of `waiting.burn`, what can still be bought today. */
  readonly forSale: bigint;
}

/** Who gets the protocol's fees. docs/fees.md. */
export interface Fees {
  /** Address of the distributor. */
  readonly distributor: string;
  /** Ten-thousandths of what is collected from now on. */
  readonly split: FeeShares;
  /** By how much the sale is cheaper than the price of the currencies, ten-thousandths. */
  readonly saleDiscount: bigint;
  /** Burned so far, ATH units. */
  readonly burned: bigint;
  /** By the address of the token. */
  readonly tokens: ReadonlyMap<string, TokenFees>;
}

/**
 * Reads the split of the fees, what was burned, and what waits in each of some tokens.
 *
 * @param tokens addresses
 * @throws AthanorError when the chain cannot be read
 */
export async function readFees(contracts: AthanorContracts, tokens: readonly string[]): Promise<Fees> {
  const { jobEscrow, vault, deployment } = contracts;
  try {
    const { distributor } = await jobEscrow.collectFees.staticCall(deployment.ath);
    const fees = connectFees(jobEscrow.runner, distributor);
    const inToken = async (token: string): Promise<TokenFees> => {
      const credit = (beneficiary: number) => fees.creditOf(beneficiary, token);
      const [jobs, channels, checkers, insurance, burn, treasury, forSale] = await Promise.all([
        vault.accountOf(token, deployment.jobEscrow),
        vault.accountOf(token, deployment.channelEscrow),
        credit(Beneficiary.Checkers),
        credit(Beneficiary.Insurance),
        credit(Beneficiary.Burn),
        credit(Beneficiary.Treasury),
        fees.forSale(token),
      ]);
      const uncollected = jobs.available + channels.available;
      return { uncollected, waiting: { checkers, insurance, burn, treasury }, forSale };
    };
    const [{ checkers, insurance, burn, treasury, saleDiscount }, burned, states] = await Promise.all([
      fees.parameters(),
      fees.burned(),
      Promise.all(tokens.map(inToken)),
    ]);
    return {
      distributor,
      split: { checkers, insurance, burn, treasury },
      saleDiscount,
      burned,
      tokens: new Map(tokens.map((token, i) => [token, states[i]!])),
    };
  } catch (error) {
    throw toAthanorError(error);
  }
}
