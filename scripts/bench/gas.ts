import { concat, type ContractTransactionResponse, hexlify, toBeHex } from "ethers";
import { network } from "hardhat";
import type {} from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { encodeTokens, tokensRoot } from "../../engine/src/commitments.ts";
import { encodeGeneration, type GenerationParameters } from "../../engine/src/commitments/generation.ts";
import { programParts } from "../../engine/src/program/encode.ts";
import { workPerPosition } from "../../engine/src/program/work.ts";
import { minimalProgram } from "../../engine/src/testing/minimal-program.ts";
import localAthanor from "../../ignition/modules/LocalAthanor.ts";
import { connectContracts } from "../../sdk/src/protocol/connect-contracts.ts";
import { uploadProgram } from "../../sdk/src/protocol/upload-program.ts";
import { readJobs } from "../../sdk/src/protocol/read-jobs.ts";
import { formatTable } from "../lib/table.ts";
import { benchChannelGas, channelGasTable, type ChannelGas } from "./channel-gas.ts";

/** Gas of one job in each step, execution, calldata and the transaction's base cost included. */
export interface JobGas {
  readonly create: number;
  /** As `create`, of a request that samples with every parameter and ends at a stop sequence of two tokens. */
  readonly createSampled: number;
  readonly submit: number;
  readonly finalize: number;
  readonly total: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Gas a job when `batchSize` are finalised in one transaction. */
  readonly batchedTotal: number;
  readonly batchSize: number;
}

export interface GasResult {
  /** A model with Llama 3's vocabulary of 128,256 tokens, random ids: the dearer calldata. */
  readonly direct: JobGas;
  /** A model with 1,024 tokens, as the bundled one. */
  readonly directSmallVocabulary: JobGas;
  /** Many requests with one payment; see docs/channels.md. */
  readonly channel: ChannelGas;
}

const PROMPT_TOKENS = 64;
const OUTPUT_TOKENS = 256;
const BATCH_SIZE = 10;
/** Temperature 0.8, top-p 0.95, top-k 40, a penalty of 1.1: none of them 0. */
const SAMPLING: GenerationParameters = {
  ...{ maxTokens: OUTPUT_TOKENS, minTokens: 1, topK: 40 },
  ...{ temperature: 800, topP: 9_500, repetitionPenalty: 1_100 },
};
const ONE = 10n ** 18n;
/** Seconds since 1970 at which the measured chain starts. */
const START = 2_000_000_000;

/**
 * Measures jobs as a returning client and a working provider meet them: from funded balances, every account in use
 * before. What a client's first deposit or a provider's first payment costs more is paid once.
 */
export async function benchGas(): Promise<GasResult> {
  return {
    direct: await measure(128_256),
    directSmallVocabulary: await measure(1024),
    channel: await benchChannelGas(),
  };
}

async function measure(vocabularySize: number): Promise<JobGas> {
  const connection = await network.create();
  try {
    const { provider } = connection.ethers;
    const deployed = await connection.ignition.deploy(localAthanor);
    const [administrator, owner, operator, client] = await connection.ethers.getSigners();
    if (!administrator || !owner || !operator || !client) {
      throw new RangeError("the local chain has too few accounts");
    }
    const deployment = {
      ath: await deployed.ath.getAddress(),
      vault: await deployed.vault.getAddress(),
      providerRegistry: await deployed.providerRegistry.getAddress(),
      modelRegistry: await deployed.modelRegistry.getAddress(),
      programRegistry: await deployed.programRegistry.getAddress(),
      jobEscrow: await deployed.jobEscrow.getAddress(),
      channelEscrow: await deployed.channelEscrow.getAddress(),
      receiptResults: await deployed.receiptResults.getAddress(),
      resultSources: await deployed.resultSources.getAddress(),
      disputeGame: await deployed.disputeGame.getAddress(),
    };
    const as = (signer: typeof owner) => connectContracts(signer, deployment);
    // Timestamps are part of the calldata, whose zero bytes are cheaper: a clock of its own keeps the figures the same.
    let now = START;
    const gasOf = async (send: () => Promise<ContractTransactionResponse>) => {
      await connection.networkHelpers.time.setNextBlockTimestamp(++now);
      return Number((await (await send()).wait())?.gasUsed ?? 0n);
    };
    const random = xorshift(0x5eed);
    const ids = (count: number) => Array.from({ length: count }, () => random() % vocabularySize);

    const program = minimalProgram({ vocabulary: vocabularySize, context: 8192, width: 1280 });
    const model = {
      vocabularySize,
      contextLength: 8192,
      workPerPosition: workPerPosition(program),
      programRoot: await uploadProgram(as(owner), programParts(program)),
      weightsRoot: `0x${"22".repeat(32)}`,
      tokenizerHash: `0x${"33".repeat(32)}`,
    };
    await gasOf(() => as(owner).modelRegistry.register(model, ""));
    const modelRoot = await as(owner).modelRegistry.rootOf(model);
    for (const account of [owner, client]) {
      await gasOf(() => as(administrator).ath.transfer(account.address, 50_000n * ONE));
      await gasOf(() => as(account).ath.approve(deployment.vault, 50_000n * ONE));
      await gasOf(() => as(account).vault.deposit(deployment.ath, 50_000n * ONE, account.address));
    }
    await gasOf(() => as(client).vault.approveModules(deployment.ath, 0b11));
    await gasOf(() => as(owner).vault.approveStakeModules(0b11));
    await gasOf(() => as(owner).vault.stake(40_000n * ONE));
    await gasOf(() =>
      as(owner).providerRegistry.register({
        operator: operator.address,
        watchtower: "0x0000000000000000000000000000000000000000",
        encryptionKey: `0x${"00".repeat(32)}`,
        endpoint: "",
        hardware: [{ hardwareClass: 0, count: 1 }],
      }),
    );
    await gasOf(() =>
      // 100,000 and 200,000 ATH of 2.5 cents.
      as(owner).providerRegistry.setOffer(modelRoot, deployment.ath, 250_000_000_000n, 500_000_000_000n),
    );

    /** Creates and submits one job; `finish` presents it to be finalised. */
    const open = async (generation = toBeHex(OUTPUT_TOKENS, 32), stopSequences = "0x") => {
      const create = await gasOf(() =>
        as(client).jobEscrow.create({
          provider: owner.address,
          modelRoot,
          token: deployment.ath,
          generation,
          maxCost: 1000n * ONE,
          maxInputPrice: 100_000n * ONE,
          maxOutputPrice: 200_000n * ONE,
          submitDeadline: now + 3600,
          seed: 0,
          salt: random(),
          promptTokens: encodeTokens(ids(PROMPT_TOKENS)),
          stopSequences,
        }),
      );
      const block = await provider.getBlockNumber();
      const [job] = await readJobs(as(client), {}, block, block);
      const tokens = ids(OUTPUT_TOKENS);
      const submit = await gasOf(() => as(operator).jobEscrow.submit(job!.terms, encodeTokens(tokens)));
      return {
        create,
        submit,
        terms: job!.terms,
        output: { count: OUTPUT_TOKENS, tokensRoot: tokensRoot(tokens) },
      };
    };

    // The first job writes slots that later ones only change.
    const first = await open();
    now += 7200;
    await gasOf(() => as(operator).jobEscrow.finalize(first.terms, first.output, owner.address));

    const job = await open();
    now += 7200;
    const finalize = await gasOf(() => as(operator).jobEscrow.finalize(job.terms, job.output, owner.address));

    const sampled = await open(hexlify(encodeGeneration(SAMPLING)), concat(["0x02", encodeTokens(ids(2))]));

    const batch: Awaited<ReturnType<typeof open>>[] = [];
    for (let i = 0; i < BATCH_SIZE; i++) batch.push(await open());
    now += 7200;
    const finalizeBatch = await gasOf(() =>
      as(operator).jobEscrow.finalizeBatch(
        batch.map(({ terms }) => terms),
        batch.map(({ output }) => output),
        owner.address,
      ),
    );
    const opened = batch.reduce((sum, { create, submit }) => sum + create + submit, 0);
    return {
      create: job.create,
      createSampled: sampled.create,
      submit: job.submit,
      finalize,
      total: job.create + job.submit + finalize,
      promptTokens: PROMPT_TOKENS,
      outputTokens: OUTPUT_TOKENS,
      batchedTotal: Math.round((opened + finalizeBatch) / BATCH_SIZE),
      batchSize: BATCH_SIZE,
    };
  } finally {
    await connection.close();
  }
}

/** Marsaglia's 32-bit xorshift: the same ids in every run. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
}

/** One row a vocabulary; then the calls of a channel. */
export function gasTable(result: GasResult): string {
  const row = (name: string, gas: JobGas) =>
    [
      name,
      ...[
        gas.promptTokens,
        gas.outputTokens,
        gas.create,
        gas.createSampled,
        gas.submit,
        gas.finalize,
        gas.total,
        gas.batchedTotal,
      ].map((n) => n.toLocaleString("en")),
    ] as const;
  const jobs = formatTable(
    [
      { heading: "vocabulary" },
      ...[
        "prompt tokens",
        "output tokens",
        "create",
        "create, sampled",
        "submit",
        "finalize",
        "total",
        `total, ${BATCH_SIZE} finalised together`,
      ].map((heading) => ({ heading, align: "right" as const })),
    ],
    [row("128,256", result.direct), row("1,024", result.directSmallVocabulary)],
  );
  return `${jobs}\n\n${channelGasTable(result.channel)}`;
}
