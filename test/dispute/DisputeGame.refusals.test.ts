// Every refusal of the dispute game, by error and reason.
import { CountingTrace, elements } from "../support/counting.ts";
import {
  type Arena,
  challenge,
  commit,
  defend,
  type Dispute,
  freshArena,
  narrowTo,
  open,
  parametersOf,
  play,
  playUntil,
  resultWith,
  stateOf,
  step,
} from "../support/dispute.ts";
import { describeRefusals, type Refusal } from "../support/expect.ts";
import { errorsOf } from "../support/interfaces.ts";
import { createJob, ethers, speakAs, submitResult, time } from "../support/system.ts";

const DEEP = { "7/2/33": elements(5_000) };
const WRONG = new CountingTrace(DEEP);
const NOWHERE = ethers.id("no challenge");

type Provocation = (arena: Arena) => Promise<Pick<Refusal, "call" | "values">>;

const refused = (provoke: Provocation) => async (): Promise<Refusal> => {
  const arena = await freshArena();
  return { by: arena.game, ...(await provoke(arena)) };
};

/** A challenge of a wrong result, at a stage. */
async function at(arena: Arena, stage: "Root" | "Descent" | "Tile" | "Named"): Promise<Dispute> {
  const dispute = await challenge(arena, await resultWith(arena, DEEP), arena.stranger);
  await playUntil(arena, dispute, stage);
  return dispute;
}

/** The second in which the next transaction is mined. */
async function inSeconds(seconds: number): Promise<bigint> {
  const timestamp = BigInt(await time.latest()) + BigInt(seconds);
  await time.setNextBlockTimestamp(timestamp);
  return timestamp;
}

/** Lost by a step. */
async function lost(arena: Arena): Promise<Dispute> {
  const dispute = await challenge(arena, await resultWith(arena), arena.stranger, WRONG);
  await play(arena, dispute);
  return dispute;
}

const PARAMETERS = [
  ["clock", 59n, 60n, 259_200n],
  ["clock", 259_201n, 60n, 259_200n],
  ["grace", 59n, 60n, 259_200n],
  ["openPeriod", 59n, 60n, 259_200n],
  ["openPeriod", 259_201n, 60n, 259_200n],
  ["stressGasPrice", 0n, 1n, 10n ** 14n],
  ["stressGasPrice", 10n ** 14n + 1n, 1n, 10n ** 14n],
  ["tracePricePerSecond", 10n ** 15n + 1n, 0n, 10n ** 15n],
  ["priceMultiple", 0n, 1n, 10_000n],
  ["priceMultiple", 10_001n, 1n, 10_000n],
  ["minimumReward", 0n, 1n, 10n ** 27n],
  ["minimumReward", 10n ** 27n + 1n, 1n, 10n ** 27n],
  ["athPerCoin", 0n, 1n, 10n ** 30n],
  ["athPerCoin", 10n ** 30n + 1n, 1n, 10n ** 30n],
] as const;

const outOfBounds = (name: string, change: object, value: bigint, minimum: bigint, maximum: bigint) =>
  refused(async ({ game }) => {
    const next = { ...(await parametersOf({ game })), ...change };
    return {
      call: () => game.setParameters(next),
      values: [ethers.encodeBytes32String(name), value, minimum, maximum],
    };
  });

describeRefusals("DisputeGame", () => errorsOf("IDisputeGame"), {
  BondTooSmall: {
    "commit, nothing": refused(({ game }) =>
      Promise.resolve({ call: () => game.commit(NOWHERE), values: [0, 1] }),
    ),
    "open, a wei too little": refused(async (arena) => {
      const result = await resultWith(arena);
      const bond = await arena.game.bondOf(result.job.job);
      const dispute = await commit(arena, result, arena.stranger, { bond: bond - 1n });
      return { call: () => open(arena, dispute), values: [bond - 1n, bond] };
    }),
  },
  ChallengeExists: {
    "commit, to an open challenge": refused(async (arena) => {
      const { id } = await at(arena, "Root");
      return { call: () => arena.game.commit(id, { value: 1 }), values: [id] };
    }),
    "open, twice": refused(async (arena) => {
      const dispute = await at(arena, "Root");
      return { call: () => open(arena, dispute), values: [dispute.id] };
    }),
  },
  UnknownChallenge: Object.fromEntries(
    (["timeout", "reclaim", "burnUnopened"] as const).map((name) => [
      name,
      refused(({ game }) => Promise.resolve({ call: () => game[name](NOWHERE), values: [NOWHERE] })),
    ]),
  ),
  NotLive: {
    "timeout, not opened yet": refused(async (arena) => {
      const { id } = await commit(arena, await resultWith(arena), arena.stranger);
      return { call: () => arena.game.timeout(id), values: [id, 1] };
    }),
    "turnOf, lost": refused(async (arena) => {
      const { id } = await lost(arena);
      return { call: () => arena.game.turnOf(id), values: [id, 3] };
    }),
    "reclaim, lost": refused(async (arena) => {
      const { id } = await lost(arena);
      return { call: () => arena.game.reclaim(id), values: [id, 3] };
    }),
    "burnUnopened, opened": refused(async (arena) => {
      const { id } = await at(arena, "Root");
      return { call: () => arena.game.burnUnopened(id), values: [id, 2] };
    }),
  },
  NotChallenger: {
    "narrow, by another": refused(async (arena) => {
      const dispute = await at(arena, "Root");
      await defend(arena, dispute);
      const { newcomer, stranger } = arena;
      return {
        call: () => narrowTo(arena, dispute, 7, newcomer),
        values: [newcomer.address, stranger.address],
      };
    }),
  },
  NotDefender: {
    "postTrace, by the owner": refused(async (arena) => {
      const dispute = await at(arena, "Root");
      const { provider, operator, watchtower } = arena;
      return {
        call: () => defend(arena, dispute, provider),
        values: [provider.address, operator.address, watchtower.address],
      };
    }),
  },
  WrongStage: {
    "nameElement, in the descent": refused(async (arena) => {
      const { id } = await at(arena, "Descent");
      return {
        call: () => arena.game.connect(arena.stranger).nameElement(id, ethers.ZeroHash, 0),
        values: [id, 1],
      };
    }),
    "narrow, at a tile": refused(async (arena) => {
      const { id } = await at(arena, "Tile");
      return {
        call: () => arena.game.connect(arena.stranger).narrow(id, 0, ethers.ZeroHash, []),
        values: [id, 2],
      };
    }),
    "disputeOutput, in the descent": refused(async (arena) => {
      const { id } = await at(arena, "Descent");
      return {
        call: () => arena.game.connect(arena.stranger).disputeOutput(id, ethers.ZeroHash, 0),
        values: [id, 1],
      };
    }),
    "reveal, at the root": refused(async (arena) => {
      const { id } = await at(arena, "Root");
      return { call: () => arena.game.reveal(id, []), values: [id, 0] };
    }),
    "revealTile, in the descent": refused(async (arena) => {
      const { id } = await at(arena, "Descent");
      return { call: () => arena.game.revealTile(id, "0x"), values: [id, 1] };
    }),
    "step, nothing named": refused(async (arena) => {
      const dispute = await at(arena, "Tile");
      return { call: () => step(arena, dispute, arena.operator), values: [dispute.id, 2] };
    }),
  },
  UnexpectedNode: {
    "revealTile, other bytes": refused(async (arena) => {
      const { id } = await at(arena, "Tile");
      const { node } = await stateOf(arena, id);
      return { call: () => arena.game.revealTile(id, "0x"), values: [node, ethers.keccak256("0x00")] };
    }),
  },
  TraceNotPosted: {
    "narrow, before the trace": refused(async (arena) => {
      const dispute = await at(arena, "Root");
      return { call: () => narrowTo(arena, dispute, 7), values: [dispute.result.job.id] };
    }),
  },
  TraceAlreadyPosted: {
    "postTrace, twice": refused(async (arena) => {
      const dispute = await at(arena, "Root");
      await defend(arena, dispute);
      return { call: () => defend(arena, dispute), values: [dispute.result.job.id] };
    }),
  },
  NotRevealed: {
    "narrow, before the reveal": refused(async (arena) => {
      const dispute = await at(arena, "Descent");
      const { node } = await stateOf(arena, dispute.id);
      return { call: () => narrowTo(arena, dispute, 0), values: [node] };
    }),
  },
  AlreadyRevealed: {
    "reveal, twice": refused(async (arena) => {
      const dispute = await at(arena, "Descent");
      await defend(arena, dispute);
      const { node } = await stateOf(arena, dispute.id);
      return { call: () => defend(arena, dispute), values: [node] };
    }),
  },
  WrongNumberOfChildren: {
    "reveal, none": refused(async (arena) => {
      const { id } = await at(arena, "Descent");
      return { call: () => arena.game.reveal(id, []), values: [0, 4] };
    }),
  },
  TooLate: {
    "postTrace, a second after the deadline": refused(async (arena) => {
      const dispute = await at(arena, "Root");
      const { deadline } = await arena.game.turnOf(dispute.id);
      const { tree, at: where, level } = await stateOf(arena, dispute.id);
      const children = dispute.result.trace.descendants(tree, where, level, 0, level);
      await time.setNextBlockTimestamp(deadline + 1n);
      return {
        call: () => arena.game.connect(arena.operator).postTrace(dispute.id, children),
        values: [deadline, deadline + 1n],
      };
    }),
  },
  NotTooLate: {
    "timeout, in the last second": refused(async (arena) => {
      const { id } = await at(arena, "Root");
      const { deadline } = await arena.game.turnOf(id);
      await time.setNextBlockTimestamp(deadline);
      return { call: () => arena.game.timeout(id), values: [deadline, deadline] };
    }),
  },
  OpeningOutOfTime: {
    "open, too late": refused(async (arena) => {
      const dispute = await commit(arena, await resultWith(arena), arena.stranger);
      const committedAt = BigInt(await time.latest());
      const timestamp = await inSeconds(3_601);
      return {
        call: () => open(arena, dispute),
        values: [committedAt + 1n, committedAt + 3_600n, timestamp],
      };
    }),
  },
  CommittedBeforeResult: {
    "open, committed for a job without a result": refused(async (arena) => {
      const job = await createJob(arena);
      const { game, stranger } = arena;
      const salt = ethers.id("salt");
      await game
        .connect(stranger)
        .commit(await game.challengeIdOf(stranger, job.id, salt), { value: await game.bondOf(job.job) });
      const committedAt = BigInt(await time.latest());
      await time.increase(10);
      const output = await submitResult(arena, job);
      const submittedAt = BigInt(await time.latest());
      return {
        call: () => game.connect(stranger).open(job.job, output, salt),
        values: [committedAt, submittedAt],
      };
    }),
  },
  ClaimMismatch: {
    "step, of another trace": refused(async (arena) => {
      const dispute = await at(arena, "Named");
      const other: Dispute = { ...dispute, result: { ...dispute.result, trace: new CountingTrace() } };
      return {
        call: () => step(arena, other, arena.operator),
        values: [dispute.result.trace.root, other.result.trace.root],
      };
    }),
  },
  AlreadyConvicted: {
    "timeout, of a second challenge": refused(async (arena) => {
      const first = await at(arena, "Root");
      const second = await challenge(arena, first.result, arena.newcomer);
      await play(arena, first);
      return { call: () => arena.game.timeout(second.id), values: [arena.provider.address] };
    }),
  },
  NotConvicted: {
    "reclaim, while it is played": refused(async (arena) => {
      const { id } = await at(arena, "Root");
      return { call: () => arena.game.reclaim(id), values: [arena.provider.address] };
    }),
  },
  NotResultSource: {
    "convictProven, by a stranger": refused(({ game, provider, stranger }) =>
      Promise.resolve({
        call: () => game.connect(stranger).convictProven(provider, ethers.ZeroHash, stranger),
        values: [stranger.address],
      }),
    ),
    "convictProven, by the job escrow": refused(async ({ game, provider, stranger, addresses }) => {
      const escrow = await speakAs(addresses.escrow);
      return {
        call: () => game.connect(escrow).convictProven(provider, ethers.ZeroHash, stranger),
        values: [addresses.escrow],
      };
    }),
  },
  NothingToWithdraw: {
    "withdraw, by a stranger": refused(({ game, stranger }) =>
      Promise.resolve({ call: () => game.connect(stranger).withdraw(stranger), values: [stranger.address] }),
    ),
  },
  TransferFailed: {
    "withdraw, to a contract that takes nothing": refused(async (arena) => {
      const { bond, spent } = await stateOf(arena, (await lost(arena)).id);
      const { game, provider, addresses } = arena;
      return {
        call: () => game.connect(provider).withdraw(addresses.vault),
        values: [addresses.vault, bond / 2n - spent],
      };
    }),
  },
  ParameterOutOfBounds: {
    ...Object.fromEntries(
      PARAMETERS.map(([name, value, minimum, maximum]) => [
        `setParameters, ${name} ${value}`,
        outOfBounds(name, { [name]: value }, value, minimum, maximum),
      ]),
    ),
    "setParameters, disputes of more than 45 days": outOfBounds(
      "longestDispute",
      { clock: 3_600n, grace: 134_922n },
      9n * 86_400n + 7_200n + 23n * 134_922n,
      0n,
      45n * 86_400n,
    ),
  },
});
