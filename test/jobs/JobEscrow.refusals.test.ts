// What IJobEscrow refuses, and with which values. Longer than 400 lines: one table that must name every error.
import { ZeroAddress, concat, keccak256, toBeHex } from "ethers";
import { type Refusal, describeRefusals } from "../support/expect.ts";
import { closeChallenge, convict, openChallenge, speakAsSources } from "../support/game.ts";
import { type GenerationWord, generationWord, packSequences } from "../support/generation.ts";
import { type HiddenRequest, hiddenRequest } from "../support/private.ts";
import { errorsOf } from "../support/interfaces.ts";
import {
  ATH,
  ATH_BOUNTY,
  ATH_PRICES,
  CONTEXT,
  type Job,
  type OpenJob,
  type Output,
  RESPONSE_TIME,
  type RequestOverrides,
  type Signer,
  type System,
  VOCABULARY,
  createJob,
  ethers,
  freshSystem,
  networkHelpers,
  passWindow,
  registerModel,
  requestTo,
  submitResult,
  time,
} from "../support/system.ts";
import { packTokens, tokensRoot } from "../support/tokens.ts";

const PARAMETERS = {
  stakePerJob: 100n * ATH,
  challengeWindow: 3_600,
  minimumResponseTime: 30,
  maximumResponseTime: 86_400,
  workPerSecond: 1_000_000_000n,
};

/** A request that `create` must refuse. */
async function creating(
  overrides: RequestOverrides,
  values: readonly unknown[],
  by: (system: System) => Refusal["by"] = ({ escrow }) => escrow,
): Promise<Refusal> {
  const system = await freshSystem();
  const request = await requestTo(system, overrides);
  return { call: () => system.escrow.connect(system.client).create(request), by: by(system), values };
}

/** A private request that `createPrivate` must refuse. */
async function hiding(
  overrides: RequestOverrides,
  hidden: Partial<HiddenRequest>,
  values: readonly unknown[],
): Promise<Refusal> {
  const system = await freshSystem();
  const request = await requestTo(system, { promptTokens: "0x", ...overrides });
  const { escrow, client } = system;
  return {
    call: () => escrow.connect(client).createPrivate(request, hiddenRequest(hidden)),
    by: escrow,
    values,
  };
}

/** A request with a generation parameter that is out of its range. */
function creatingWith(parts: GenerationWord, name: string, value: number | bigint, from: number, to: number) {
  const values = [ethers.encodeBytes32String(name), value, from, to];
  return creating({ generation: generationWord(parts) }, values);
}

function creatingWithSequences(sequences: readonly (readonly number[])[], values: readonly unknown[]) {
  return creating({ stopSequences: packSequences(sequences) }, values);
}

/** A result that `submit` must refuse. */
async function submitting(
  tokens: string,
  values: readonly unknown[],
  sender: (system: System) => Signer = ({ operator }) => operator,
): Promise<Refusal> {
  const system = await freshSystem();
  const { job } = await createJob(system);
  return { call: () => system.escrow.connect(sender(system)).submit(job, tokens), by: system.escrow, values };
}

/** A deadline at a distance from the block of the creation, which the test fixes. */
async function creatingWithDeadline(distance: number): Promise<Refusal> {
  const system = await freshSystem();
  const now = (await time.latest()) + 100;
  await time.setNextBlockTimestamp(now);
  const request = await requestTo(system, { submitDeadline: now + distance });
  return {
    call: () => system.escrow.connect(system.client).create(request),
    by: system.escrow,
    values: [now + distance, now + 30, now + 86_400],
  };
}

/** The same request twice; something happens to the first job in between. */
async function creatingAgain(between: (system: System, job: Job) => Promise<unknown>): Promise<Refusal> {
  const system = await freshSystem();
  const request = await requestTo(system);
  const { id, job } = await createJob(system, request);
  await between(system, job);
  return {
    call: () => system.escrow.connect(system.client).create(request),
    by: system.escrow,
    values: [id],
  };
}

/** Calls of all exits for a job in a state in which none of them is allowed. */
async function ending(
  state: "created" | "submitted" | "declined" | "finalized" | "expired" | "refunded",
  exit: "finalize" | "expire" | "decline" | "submit" | "refund",
): Promise<Refusal> {
  const system = await freshSystem();
  const { escrow, operator, stranger } = system;
  const opened = await createJob(system);
  let output = { count: 1, tokensRoot: tokensRoot(packTokens([11])) };
  if (state === "submitted" || state === "finalized") output = await submitResult(system, opened);
  if (state === "refunded") {
    await convict(system);
    await escrow.refund(opened.job, stranger);
  }
  if (state === "declined") await escrow.connect(operator).decline(opened.job);
  if (state === "expired") {
    await time.increase(RESPONSE_TIME);
    await escrow.expire(opened.job, stranger);
  }
  if (state === "finalized") {
    await passWindow(opened);
    await escrow.finalize(opened.job, output, stranger);
  }
  const calls = {
    finalize: () => escrow.connect(stranger).finalize(opened.job, output, stranger),
    expire: () => escrow.connect(stranger).expire(opened.job, stranger),
    refund: () => escrow.connect(stranger).refund(opened.job, stranger),
    decline: () => escrow.connect(operator).decline(opened.job),
    submit: () => escrow.connect(operator).submit(opened.job, packTokens([11])),
  };
  return { call: calls[exit], by: escrow, values: [opened.id, await escrow.jobState(opened.id)] };
}

/** Terms that differ from the created ones in one field. */
async function forging(exit: "finalize" | "expire" | "decline" | "submit" | "refund"): Promise<Refusal> {
  const system = await freshSystem();
  const { escrow, operator, stranger } = system;
  const { job } = await createJob(system);
  const forged = { ...job, outputPrice: BigInt(job.outputPrice) + 1n };
  const output = { count: 1, tokensRoot: tokensRoot(packTokens([11])) };
  const calls = {
    finalize: () => escrow.finalize(forged, output, stranger),
    expire: () => escrow.expire(forged, stranger),
    refund: () => escrow.refund(forged, stranger),
    decline: () => escrow.connect(operator).decline(forged),
    submit: () => escrow.connect(operator).submit(forged, packTokens([11])),
  };
  return { call: calls[exit], by: escrow, values: [await escrow.jobIdOf(forged)] };
}

/** A finished window with challenges that the dispute game has not closed. */
async function challenged(liveChallenges: number): Promise<Refusal> {
  const system = await freshSystem();
  const opened = await createJob(system);
  const output = await submitResult(system, opened);
  for (let i = 0; i < liveChallenges; i += 1) await openChallenge(system, opened, output);
  await passWindow(opened);
  return {
    call: () => system.escrow.finalize(opened.job, output, system.stranger),
    by: system.escrow,
    values: [opened.id, liveChallenges],
  };
}

/** A challenge that the dispute game must not be able to open: something happens to the job or what is presented before. */
async function challenging(
  prepare: (
    system: System,
    opened: OpenJob,
    output: Output,
  ) => Promise<{ job?: Job; output?: Output; values: readonly unknown[] }>,
): Promise<Refusal> {
  const system = await freshSystem();
  const opened = await createJob(system);
  const output = await submitResult(system, opened);
  const sources = await speakAsSources(system);
  const { values, ...presented } = await prepare(system, opened, output);
  return {
    call: () =>
      system.escrow.connect(sources).challengeOpened(presented.job ?? opened.job, presented.output ?? output),
    by: system.escrow,
    values,
  };
}

/** As many live challenges as can be counted, which nobody can wait for. */
async function fillChallenges({ escrow, addresses }: System, { id }: OpenJob): Promise<void> {
  const state = (await escrow.jobState(id)) | (0xffffn << 48n);
  // `_states` comes after the variable of AccessManaged and the two of JobTerms.
  const slot = keccak256(concat([id, toBeHex(3, 32)]));
  await networkHelpers.setStorageAt(addresses.escrow, slot, toBeHex(state, 32));
}

/** A refund of a job whose provider has a clean slate. */
async function refunding(state: "created" | "submitted"): Promise<Refusal> {
  const system = await freshSystem();
  const opened = await createJob(system);
  if (state === "submitted") await submitResult(system, opened);
  return {
    call: () => system.escrow.refund(opened.job, system.stranger),
    by: system.escrow,
    values: [system.provider.address],
  };
}

/** A dispute game that is none, set in a fresh escrow, which has none yet. */
async function settingGame(game: (system: System) => string): Promise<Refusal> {
  const system = await freshSystem();
  const { manager, addresses } = system;
  const escrow = await ethers.deployContract("JobEscrow", [
    manager,
    addresses.vault,
    addresses.providers,
    addresses.currencies,
    addresses.fees,
    ZeroAddress,
    PARAMETERS,
  ]);
  return {
    call: () => escrow.getFunction("setDisputeGame")(game(system)) as Promise<unknown>,
    by: escrow,
    values: [game(system)],
  };
}

async function parameter(
  overrides: Partial<typeof PARAMETERS>,
  name: string,
  value: number,
  minimum: number,
  maximum: number | bigint,
): Promise<Refusal> {
  const { escrow, administrator } = await freshSystem();
  return {
    call: () => escrow.connect(administrator).setParameters({ ...PARAMETERS, ...overrides }),
    by: escrow,
    values: [ethers.encodeBytes32String(name), value, minimum, maximum],
  };
}

describeRefusals("IJobEscrow", () => errorsOf("IJobEscrow"), {
  UnknownJob: {
    "finalize, terms with another price": () => forging("finalize"),
    "expire, terms with another price": () => forging("expire"),
    "decline, terms with another price": () => forging("decline"),
    "submit, terms with another price": () => forging("submit"),
    "refund, terms with another price": () => forging("refund"),
    "challengeOpened, terms with another price": () =>
      challenging(async ({ escrow }, { job }) => {
        const forged = { ...job, outputPrice: 1n };
        return { job: forged, values: [await escrow.jobIdOf(forged)] };
      }),
  },
  JobAlreadyExists: {
    "create, the same request while the first is open": () => creatingAgain(() => Promise.resolve()),
    "create, the same request after the first has ended": () =>
      creatingAgain(({ escrow, operator }, job) => escrow.connect(operator).decline(job)),
  },
  JobNotOpen: {
    "submit, a second result": () => ending("submitted", "submit"),
    "submit, the job was declined": () => ending("declined", "submit"),
    "submit, the job was finalised": () => ending("finalized", "submit"),
    "decline, the job was answered": () => ending("submitted", "decline"),
    "decline, the job was declined": () => ending("declined", "decline"),
    "expire, the job was answered": () => ending("submitted", "expire"),
    "expire, the job was expired": () => ending("expired", "expire"),
    "expire, the job was finalised": () => ending("finalized", "expire"),
    "refund, the job was declined": () => ending("declined", "refund"),
    "refund, the job was expired": () => ending("expired", "refund"),
    "refund, the job was finalised": () => ending("finalized", "refund"),
    "submit, the job was refunded": () => ending("refunded", "submit"),
    "decline, the job was refunded": () => ending("refunded", "decline"),
    "expire, the job was refunded": () => ending("refunded", "expire"),
    "refund, a second time": () => ending("refunded", "refund"),
  },
  JobNotSubmitted: {
    "finalize, nothing was submitted": () => ending("created", "finalize"),
    "finalize, the job was declined": () => ending("declined", "finalize"),
    "finalize, the job was expired": () => ending("expired", "finalize"),
    "finalize, the job was finalised": () => ending("finalized", "finalize"),
    "finalize, the job was refunded": () => ending("refunded", "finalize"),
    "challengeOpened, nothing was submitted": () =>
      challenging(async (system) => {
        const { id, job } = await createJob(system);
        return { job, values: [id, await system.escrow.jobState(id)] };
      }),
    "challengeOpened, the job was refunded": () =>
      challenging(async (system, { id, job }) => {
        await convict(system);
        await system.escrow.refund(job, system.stranger);
        return { values: [id, await system.escrow.jobState(id)] };
      }),
  },
  PaymentTokenNotAccepted: {
    "create, a token without terms": async () => {
      const unknown = ethers.Wallet.createRandom().address;
      return creating({ token: unknown }, [unknown]);
    },
    "create, a token whose terms were closed": async () => {
      const system = await freshSystem();
      const { escrow, addresses, client } = system;
      await escrow.setTokenTerms(addresses.ath, {
        accepted: false,
        feeBasisPoints: 0,
        exitBounty: 0,
        minimumCharge: 0,
      });
      const request = await requestTo(system);
      return {
        call: () => escrow.connect(client).create(request),
        by: escrow,
        values: [addresses.ath],
      };
    },
  },
  EmptyPrompt: { "create, no prompt tokens": () => creating({ promptTokens: "0x" }, []) },
  NoTokensRequested: { "create, no tokens asked for": () => creating({ maxTokens: 0 }, []) },
  ContextExceeded: {
    "createPrivate, one token too many": () =>
      hiding({}, { promptTokens: CONTEXT - 19 }, [CONTEXT - 19, 20, CONTEXT]),
    "create, prompt and output one above the context": () =>
      creating({ maxTokens: CONTEXT - 9 }, [10, CONTEXT - 9, CONTEXT]),
    "create, a prompt longer than the context": () =>
      creating({ promptTokens: packTokens(Array<number>(CONTEXT + 1).fill(1)), maxTokens: 1 }, [
        CONTEXT + 1,
        1,
        CONTEXT,
      ]),
  },
  PromptNotHidden: {
    "createPrivate, with a prompt beside": () => hiding({ promptTokens: packTokens([1]) }, {}, [4, 0]),
    "createPrivate, with stop sequences beside": () =>
      hiding({ stopSequences: packSequences([[1]]) }, {}, [0, 5]),
  },
  CiphertextTooLong: {
    "createPrivate, a byte too many": () =>
      hiding({}, { ciphertext: toBeHex(0, 120_001) }, [120_001, 120_000]),
  },
  TooManyTokensRequested: {
    "create, the largest answer there is": () => creating({ maxTokens: 2 ** 32 - 1 }, [2 ** 32 - 1, 30_000]),
    "create, an answer that no transaction carries": async () => {
      const system = await freshSystem();
      const { escrow, providers, provider, client, addresses } = system;
      const modelRoot = await registerModel(system, { vocabulary: VOCABULARY, context: 40_000, width: 1 });
      await providers.connect(provider).setOffer(modelRoot, addresses.ath, 1, 1);
      const request = await requestTo(system, { modelRoot, maxTokens: 30_001 });
      return { call: () => escrow.connect(client).create(request), by: escrow, values: [30_001, 30_000] };
    },
  },
  OfferPriceAboveLimit: {
    "create, one unit more for the prompt": () => {
      const { input, output } = ATH_PRICES;
      const limits = { maxInputPrice: input - 1n, maxOutputPrice: output };
      return creating(limits, [input, input - 1n, output, output]);
    },
    "create, one unit more for the answer": () => {
      const { input, output } = ATH_PRICES;
      const limits = { maxInputPrice: input, maxOutputPrice: output - 1n };
      return creating(limits, [input, input, output, output - 1n]);
    },
  },
  PriceAboveLimit: {
    "create, one unit below price and bounty": async () => {
      const { escrow } = await freshSystem();
      const cost = (await escrow.costOf(10, 20, ATH_PRICES.input, ATH_PRICES.output)) + ATH_BOUNTY;
      return creating({ maxCost: cost - 1n }, [cost, cost - 1n]);
    },
    "create, the minimum charge is above the limit": async () => {
      const system = await freshSystem();
      const { escrow, client, addresses } = system;
      await escrow.setTokenTerms(addresses.ath, {
        accepted: true,
        feeBasisPoints: 0,
        exitBounty: 1,
        minimumCharge: 200n * ATH,
      });
      const request = await requestTo(system);
      return {
        call: () => escrow.connect(client).create(request),
        by: escrow,
        values: [200n * ATH + 1n, 100n * ATH],
      };
    },
  },
  DeadlineOutOfBounds: {
    "create, a deadline in the past": () => creatingWithDeadline(-1),
    "create, one second too early": () => creatingWithDeadline(29),
    "create, one second too late": () => creatingWithDeadline(86_401),
  },
  RequestTooLarge: {
    "create, recomputing takes longer than the longest window": async () => {
      const system = await freshSystem();
      const { escrow, client } = system;
      await escrow.setParameters({ ...PARAMETERS, workPerSecond: 1_000 });
      const request = await requestTo(system);
      // 30 positions of 10 million multiply-adds at a thousand a second.
      return {
        call: () => escrow.connect(client).create(request),
        by: escrow,
        values: [3_600 + 300_000, 259_200],
      };
    },
  },
  NotOperator: {
    "submit, sent by a stranger": async () => {
      const { stranger, operator } = await freshSystem();
      return submitting(packTokens([11]), [stranger.address, operator.address], (system) => system.stranger);
    },
    "submit, sent by the provider's cold key": async () => {
      const { provider, operator } = await freshSystem();
      return submitting(packTokens([11]), [provider.address, operator.address], (system) => system.provider);
    },
    "decline, sent by the client": async () => {
      const system = await freshSystem();
      const { escrow, client, operator } = system;
      const { job } = await createJob(system);
      return {
        call: () => escrow.connect(client).decline(job),
        by: escrow,
        values: [client.address, operator.address],
      };
    },
  },
  SubmissionTooLate: {
    "submit, one second after the deadline": () =>
      late(({ escrow, operator }, job) => escrow.connect(operator).submit(job, packTokens([11]))),
    "decline, one second after the deadline": () =>
      late(({ escrow, operator }, job) => escrow.connect(operator).decline(job)),
  },
  NotExpired: {
    "expire, in the last second of the deadline": async () => {
      const system = await freshSystem();
      const { job } = await createJob(system);
      await time.setNextBlockTimestamp(BigInt(job.submitDeadline));
      return {
        call: () => system.escrow.expire(job, system.stranger),
        by: system.escrow,
        values: [job.submitDeadline, job.submitDeadline],
      };
    },
  },
  OutputLengthOutOfBounds: {
    "submit, nothing": () => submitting("0x", [0, 20]),
    "submit, one token too many": () => submitting(packTokens(Array<number>(21).fill(1)), [21, 20]),
  },
  OutputMismatch: {
    "finalize, another number of tokens": async () => mismatch({ count: 2 }),
    "challengeOpened, another number of tokens": () =>
      challenging((_, { id }, output) =>
        Promise.resolve({
          output: { ...output, count: 2 },
          values: [id, outputRoot({ ...output, count: 2 })],
        }),
      ),
    "finalize, other tokens": async () => mismatch({ tokensRoot: tokensRoot(packTokens([11, 12, 14])) }),
  },
  ChallengeWindowOpen: {
    "finalize, one second before the window ends": async () => {
      const system = await freshSystem();
      const { escrow, stranger } = system;
      const opened = await createJob(system);
      const output = await submitResult(system, opened);
      const end = BigInt(await time.latest()) + BigInt(opened.job.challengeWindow);
      await time.setNextBlockTimestamp(end - 1n);
      return {
        call: () => escrow.finalize(opened.job, output, stranger),
        by: escrow,
        values: [opened.id, end, end - 1n],
      };
    },
  },
  ChallengesAlive: {
    "finalize, one challenge is undecided": () => challenged(1),
    "finalize, two challenges are undecided": () => challenged(2),
    "finalize, the largest number of challenges is undecided": async () => {
      const system = await freshSystem();
      const opened = await createJob(system);
      const output = await submitResult(system, opened);
      await fillChallenges(system, opened);
      await passWindow(opened);
      return {
        call: () => system.escrow.finalize(opened.job, output, system.stranger),
        by: system.escrow,
        values: [opened.id, 65_535],
      };
    },
  },
  ChallengeWindowOver: {
    "challengeOpened, in the first second in which the result can be final": () =>
      challenging(async ({ escrow }, { id, job }) => {
        const submittedAt = BigInt.asUintN(40, (await escrow.jobState(id)) >> 8n);
        const end = submittedAt + BigInt(job.challengeWindow);
        await time.setNextBlockTimestamp(end);
        return { values: [id, end, end] };
      }),
  },
  TooManyChallenges: {
    "challengeOpened, one more than can be counted": () =>
      challenging(async (system, opened) => {
        await fillChallenges(system, opened);
        return { values: [opened.id] };
      }),
  },
  NoChallengeAlive: {
    "challengeClosed, one more than was opened": async () => {
      const system = await freshSystem();
      const opened = await createJob(system);
      const output = await submitResult(system, opened);
      await openChallenge(system, opened, output);
      await closeChallenge(system, opened);
      return { call: () => closeChallenge(system, opened), by: system.escrow, values: [opened.id] };
    },
    "challengeClosed, a job that nobody answered": async () => {
      const system = await freshSystem();
      const opened = await createJob(system);
      return { call: () => closeChallenge(system, opened), by: system.escrow, values: [opened.id] };
    },
  },
  NotJailed: {
    "refund, the provider was never convicted": () => refunding("created"),
    "refund, the result of a provider that was never convicted": () => refunding("submitted"),
  },
  NotDisputeGame: {
    "challengeOpened, by a stranger": async () => {
      const system = await freshSystem();
      const { escrow, stranger } = system;
      const opened = await createJob(system);
      const output = await submitResult(system, opened);
      await speakAsSources(system);
      return {
        call: () => escrow.connect(stranger).challengeOpened(opened.job, output),
        by: escrow,
        values: [stranger.address],
      };
    },
    "challengeClosed, by the provider, to have its result final": async () => {
      const system = await freshSystem();
      const { escrow, provider } = system;
      const opened = await createJob(system);
      await openChallenge(system, opened, await submitResult(system, opened));
      return {
        call: () => escrow.connect(provider).challengeClosed(opened.id),
        by: escrow,
        values: [provider.address],
      };
    },
  },
  DisputeGameAlreadySet: {
    "setDisputeGame, a second time": async () => {
      const system = await freshSystem();
      const { address } = await speakAsSources(system);
      return {
        call: () => system.escrow.setDisputeGame(system.addresses.vault),
        by: system.escrow,
        values: [address],
      };
    },
  },
  DisputeGameWithoutCode: {
    "setDisputeGame, somebody's key": () => settingGame(({ stranger }) => stranger.address),
    "setDisputeGame, nobody": () => settingGame(() => ZeroAddress),
  },
  LengthMismatch: {
    "finalizeBatch, more jobs than outputs": async () => {
      const system = await freshSystem();
      const { job } = await createJob(system);
      return {
        call: () =>
          system.escrow.finalizeBatch([job, job], [{ count: 1, tokensRoot: job.modelRoot }], ZeroAddress),
        by: system.escrow,
        values: [2, 1],
      };
    },
  },
  TooManyStopSequences: {
    "create, nine": () =>
      creatingWithSequences(
        Array.from({ length: 9 }, () => [1]),
        [8],
      ),
    "create, a byte behind the eighth": () =>
      creating({ stopSequences: `${packSequences(Array.from({ length: 8 }, () => [1, 2]))}01` }, [8]),
  },
  StopSequenceLengthOutOfBounds: {
    "create, an empty one": () => creatingWithSequences([[1], []], [1, 0, 16]),
    "create, one of seventeen tokens": () => creatingWithSequences([Array<number>(17).fill(1)], [0, 17, 16]),
    "create, the longest that a byte can say": () => creating({ stopSequences: "0xff" }, [0, 255, 16]),
  },
  StopSequenceCutOff: {
    "create, one without its tokens": () => creating({ stopSequences: "0x01" }, [0, 5, 1]),
    "create, one without its last byte": () =>
      creating({ stopSequences: "0x010000000102000000010000" }, [1, 14, 12]),
  },
  ParameterOutOfBounds: {
    "create, more tokens at least than at most": () =>
      creatingWith({ minTokens: 21 }, "minTokens", 21, 0, 20),
    "create, a temperature that is too low": () =>
      creatingWith({ temperature: 49 }, "temperature", 49, 50, 65_535),
    "create, more than all of the probability": () =>
      creatingWith({ temperature: 700, topP: 10_001 }, "topP", 10_001, 0, 10_000),
    "create, too small a penalty": () =>
      creatingWith({ repetitionPenalty: 99 }, "repetitionPenalty", 99, 100, 10_000),
    "create, too large a penalty": () =>
      creatingWith({ repetitionPenalty: 10_001 }, "repetitionPenalty", 10_001, 100, 10_000),
    "create, the lowest bit that means nothing": () => creatingWith({ unused: 1n }, "unused", 1, 0, 0),
    "create, the highest bit that means nothing": () =>
      creatingWith({ unused: 1n << 111n }, "unused", 1n << 111n, 0, 0),
    "setParameters, a window that is too short": () =>
      parameter({ challengeWindow: 599 }, "challengeWindow", 599, 600, 86_400),
    "setParameters, a window that is too long": () =>
      parameter({ challengeWindow: 86_401 }, "challengeWindow", 86_401, 600, 86_400),
    "setParameters, no time to answer": () =>
      parameter({ minimumResponseTime: 9 }, "minimumResponseTime", 9, 10, 86_400),
    "setParameters, a minimum above the maximum": () =>
      parameter({ minimumResponseTime: 86_401 }, "minimumResponseTime", 86_401, 10, 86_400),
    "setParameters, a response time that is too long": () =>
      parameter({ maximumResponseTime: 259_201 }, "maximumResponseTime", 259_201, 10, 259_200),
    "setParameters, a challenger that computes nothing": () =>
      parameter({ workPerSecond: 0n }, "workPerSecond", 0, 1, 10n ** 13n),
    "setTokenTerms, a fee above a fifth": async () => {
      const { escrow, addresses } = await freshSystem();
      return {
        call: () =>
          escrow.setTokenTerms(addresses.ath, {
            accepted: true,
            feeBasisPoints: 2_001,
            exitBounty: 0,
            minimumCharge: 0,
          }),
        by: escrow,
        values: [ethers.encodeBytes32String("feeBasisPoints"), 2_001, 0, 2_000],
      };
    },
  },
});

function outputRoot({ count, tokensRoot }: Output): string {
  return ethers.solidityPackedKeccak256(["uint8", "uint32", "bool", "bytes32"], [3, count, true, tokensRoot]);
}

async function mismatch(change: { count?: number; tokensRoot?: string }): Promise<Refusal> {
  const system = await freshSystem();
  const opened = await createJob(system);
  const output = { ...(await submitResult(system, opened)), ...change };
  await passWindow(opened);
  return {
    call: () => system.escrow.finalize(opened.job, output, system.stranger),
    by: system.escrow,
    values: [opened.id, outputRoot(output)],
  };
}

async function late(call: (system: System, job: Job) => Promise<unknown>): Promise<Refusal> {
  const system = await freshSystem();
  const { job } = await createJob(system);
  const timestamp = BigInt(job.submitDeadline) + 1n;
  await time.setNextBlockTimestamp(timestamp);
  return { call: () => call(system, job), by: system.escrow, values: [job.submitDeadline, timestamp] };
}

describeRefusals("token ids in a request or result", () => errorsOf("TokenIds"), {
  TokenBytesNotAligned: {
    "create, a prompt with a byte too many": () =>
      creating({ promptTokens: `${packTokens([1, 2])}00` }, [9], ({ escrow }) => escrow),
    "submit, a result with a byte too few": () => submitting("0x000001", [3]),
  },
  TokenOutsideVocabulary: {
    "create, the first id above the vocabulary": () =>
      creating({ promptTokens: packTokens([1, VOCABULARY, 5]) }, [1, VOCABULARY, VOCABULARY]),
    "create, the second token of a stop sequence": () =>
      creatingWithSequences([[1], [2, VOCABULARY]], [1, VOCABULARY, VOCABULARY]),
    "submit, an id above 2^31 in the second word": () =>
      submitting(packTokens([1, 2, 3, 4, 5, 6, 7, 8, 9, 2 ** 32 - 1]), [9, 2 ** 32 - 1, VOCABULARY]),
  },
});
