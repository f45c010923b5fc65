import type { TokenInfo } from "../amounts/token-info.ts";
import { tokenInfo, type ClientContext } from "../client/context.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import type { DelegationPool } from "../generated/contracts/DelegationPool.ts";
import { mapLimited } from "../internal/map-limited.ts";
import { logReaderOf, readLogs } from "../protocol/read-logs.ts";
import { readScore } from "../protocol/scores.ts";
import { connectPool } from "./contracts.ts";
import type { PoolEarnings, PoolExit, PoolPosition, PoolView } from "./types.ts";

const ONE = 10n ** 27n;
/** Of delegations to the own part, as in `PoolStake.sol`: a tenth of the whole. */
const MOST_PER_OWN = 9n;
/** Below it a pool takes no more delegations. */
const MINIMUM_PRICE = ONE / 1_000_000n;
/** Requests to the node under way at a time. */
const PARALLEL_READS = 8;

/** A pool as it is now, losses included that nobody has booked yet. */
export async function readPool(context: ClientContext, address: string): Promise<PoolView> {
  const { vault } = context.contracts;
  const pool = connectPool(context.reader.runner, address);
  const [label, manager, books, shares, commission, tokens, longestExit, stake, score] = await Promise.all([
    pool.label(),
    pool.manager(),
    pool.book(),
    pool.totalSupply(),
    pool.commission(),
    pool.tokens(),
    pool.longestExit(),
    vault.stakeOf(address),
    readScore(context.reader.runner, context.contracts.deployment, address),
  ]);
  const { own, backing, price, requested, served, retiredAt } = books;
  const [requiredOwn, leastOwn, earnings] = await Promise.all([
    pool.requiredOwn(backing),
    pool.requiredOwn(1n),
    Promise.all(tokens.map((token) => readEarnings(context, pool, address, token))),
  ]);
  const open = retiredAt === 0n && !stake.jailed && price >= MINIMUM_PRICE && own >= leastOwn;
  const room = own * MOST_PER_OWN - backing;
  return {
    address,
    label,
    manager,
    own,
    requiredOwn,
    delegated: (shares * price) / ONE,
    leaving: ((requested - served) * price) / ONE,
    room: open && room > 0n ? room : 0n,
    shares,
    price,
    commission: {
      current: Number(commission.current),
      next:
        commission.nextAt === 0n
          ? undefined
          : { commission: Number(commission.next), applicableAt: Number(commission.nextAt) },
    },
    resting: stake.resting,
    jailed: stake.jailed,
    score,
    retiredAt: retiredAt === 0n ? undefined : Number(retiredAt),
    longestExit: Number(longestExit),
    earnings,
  };
}

async function readEarnings(
  context: ClientContext,
  pool: DelegationPool,
  address: string,
  token: string,
): Promise<PoolEarnings> {
  const [info, { available }, stream, now] = await Promise.all([
    tokenInfo(context, token),
    context.contracts.vault.accountOf(token, address),
    pool.streamOf(token),
    context.reader.time().then(BigInt),
  ]);
  const left = stream.endsAt > now ? stream.endsAt - now : 0n;
  return {
    token: info,
    // Stake that came back is booked when the pool is called next; until then it is no income, and not told apart here.
    unharvested: available - stream.booked,
    unreleased: left === 0n ? 0n : (stream.remaining * left) / (stream.endsAt - stream.updatedAt),
    releasedAt: Number(stream.endsAt),
  };
}

/** What an account has in a pool, with all its exits that are not paid in full. */
export async function readPosition(
  context: ClientContext,
  address: string,
  account: string,
  signal?: AbortSignal,
): Promise<PoolPosition> {
  const pool = connectPool(context.reader.runner, address);
  const [shares, tokens, ids, books, unbonding] = await Promise.all([
    pool.balanceOf(account),
    pool.tokens(),
    exitsOf(context, pool, address, account, signal),
    pool.book(),
    context.contracts.vault.unbondingOf(address),
  ]);
  const round: Round = { served: books.served, begun: books.begun, releaseAt: Number(unbonding.releaseAt) };
  const earnedIn = async (token: string): Promise<{ token: TokenInfo; amount: bigint }> => ({
    token: await tokenInfo(context, token),
    amount: await pool.earned(token, account),
  });
  const [worth, earned, exits] = await Promise.all([
    pool.worthOf(shares),
    Promise.all(tokens.map(earnedIn)),
    mapLimited(ids, PARALLEL_READS, (id) => readExit(pool, id, round)),
  ]);
  return { account, shares, worth, earned, exits: exits.filter((exit) => exit.shares > 0n) };
}

async function exitsOf(
  { reader, contracts }: ClientContext,
  pool: DelegationPool,
  address: string,
  account: string,
  signal: AbortSignal | undefined,
): Promise<bigint[]> {
  const topics = pool.interface.encodeFilterTopics("ExitRequested", [null, account]) as (string | null)[];
  const from = contracts.deployment.startBlock ?? 0;
  const until = await reader.blockNumber(signal);
  const logs = await readLogs(logReaderOf(pool), { address, topics }, from, until, { signal });
  return logs.map(({ topics: found }) => BigInt(found[1]!));
}

/** How far the line of exits has left, how far it has begun to unbond, and when that is out. */
interface Round {
  readonly served: bigint;
  readonly begun: bigint;
  readonly releaseAt: number;
}

async function readExit(pool: DelegationPool, id: bigint, round: Round): Promise<PoolExit> {
  const { from, to } = await pool.exitOf(id);
  const shares = to - from;
  const unbonding = round.begun >= to ? round.releaseAt : undefined;
  const payableAt = round.served >= to ? 0 : unbonding;
  if (shares === 0n) return { id, shares, payable: 0n, payableAt };
  try {
    return { id, shares, payable: await pool.claimExit.staticCall(id), payableAt };
  } catch (error) {
    if (toAthanorError(error).code !== "NothingToPay") throw error;
    return { id, shares, payable: 0n, payableAt };
  }
}
