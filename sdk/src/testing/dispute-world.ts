import { importModel, type Model } from "@athanor/engine";
import {
  encodeGeneration,
  encodeStopSequences,
  encryptTokens,
  type GenerationParameters,
} from "@athanor/engine/commitments";
import { createTraceTree, type TraceTree } from "@athanor/engine/dispute";
import { referenceExecutor, type Executor } from "@athanor/engine/trace";
import { hexlify, randomBytes, type Signer } from "ethers";
import { programParts } from "../../../engine/src/program/encode.ts";
import { alteredTree, type Leaf } from "../../../engine/src/testing/altered-tree.ts";
import { faultyExecutor, type Fault } from "../../../engine/src/testing/faulty-executor.ts";
import { tinySource } from "../../../engine/src/testing/tiny-checkpoint.ts";
import { Disputes } from "../disputes/disputes.ts";
import type { DisputesOptions } from "../disputes/types.ts";
import { connectContracts } from "../protocol/connect-contracts.ts";
import { EncryptionKey } from "../private/encryption-key.ts";
import { hideRequest } from "../private/hide-request.ts";
import { withRequest } from "../private/with-request.ts";
import { jobIdOf, type JobRecord } from "../protocol/job.ts";
import { decodeJob } from "../protocol/read-jobs.ts";
import { tokenBytes } from "../protocol/tokens.ts";
import { uploadProgram } from "../protocol/upload-program.ts";
import {
  fundClient,
  mined,
  OFFER,
  registerProvider,
  startLocalChain,
  type LocalChain,
} from "./local-chain.ts";

const ONE = 10n ** 18n;
const NO_LIMIT = 2n ** 80n - 1n;

export const PROMPT: readonly number[] = [3, 1, 4, 1, 5];
export const MAX_TOKENS = 4;

/** A chain with a provider of a tiny model, disputes included. */
export interface DisputeWorld {
  readonly chain: LocalChain;
  readonly model: Model;
  /** What the model answers. */
  readonly answer: readonly number[];
  /** A request, greedy unless it has parameters, that the provider answered with these tokens; the job's id. */
  submitted(tokens: readonly number[], parameters?: GenerationParameters): Promise<string>;
  /** The same, private: the provider answered with these tokens, or posted these bytes. The opened job. */
  submittedPrivately(answer: readonly number[] | string): Promise<JobRecord>;
  /** A party with this key. */
  party(signer: Signer, changes?: Partial<DisputesOptions>): Promise<Disputes>;
  /** Computes with this fault. */
  executorWith(fault: Fault): Executor;
  /** The provider's other key. */
  readonly watchtower: Signer;
  /** The provider's operator, who holds a computation with this fault for right. */
  faulty(fault: Fault): Promise<Disputes>;
  /** The provider's operator, who stands for a trace with other bytes in one leaf. */
  altered(leaf: Leaf, data: Uint8Array | undefined): Promise<Disputes>;
  /** Everything back to how it was when the world began. */
  restore(): Promise<void>;
}

const noChoice = {
  ...{ minTokens: 0, topK: 0, temperature: 0, topP: 0, repetitionPenalty: 0 },
  ...{ stopSequences: [], seed: 0n },
};

function tinyModel(): Promise<Model> {
  const shape = {
    vocabulary: 12,
    context: 20,
    hidden: 6,
    feedForward: 8,
    layers: 1,
    heads: 2,
    keyValueHeads: 1,
  };
  return importModel(tinySource({ ...shape, tied: false }));
}

/** @param given default: a tiny model */
export async function startDisputeWorld(given?: Model): Promise<DisputeWorld> {
  const chain = await startLocalChain();
  const model = given ?? (await tinyModel());
  const { administrator, owner, operator, client } = chain.accounts;
  const own = connectContracts(administrator, chain.deployment);
  await uploadProgram(own, programParts(model.program));
  await mined(own.modelRegistry.register(model.commitment, "https://models.example/tiny/"));
  await registerProvider(chain);
  const { modelRoot } = model.commitment;
  const asOwner = connectContracts(owner, chain.deployment);
  const { ath } = chain.deployment;
  await mined(
    asOwner.providerRegistry.setOffer(modelRoot, ath, OFFER.inputMicrocents, OFFER.outputMicrocents),
  );
  await fundClient(chain, client.address);
  const asClient = connectContracts(client, chain.deployment);
  await mined(asClient.ath.approve(chain.deployment.vault, 1_000n * ONE));
  await mined(asClient.vault.deposit(ath, 1_000n * ONE, client.address));
  await mined(asClient.vault.approveModules(ath, await own.vault.moduleBit(chain.deployment.jobEscrow)));

  const party = (signer: Signer, changes: Partial<DisputesOptions> = {}) =>
    Disputes.connect({
      signer,
      deployment: chain.deployment,
      model: (root) => (root === modelRoot ? model : undefined),
      pollingInterval: 15,
      ...changes,
    });
  const { tokens: answer } = await referenceExecutor(model, { prompt: PROMPT, maxTokens: MAX_TOKENS });
  const watchtower = await chain.newWallet();
  const { profile } = await asOwner.providerRegistry.providerOf(owner.address);
  await mined(
    asOwner.providerRegistry.update({
      operator: profile.operator,
      watchtower: watchtower.address,
      encryptionKey: profile.encryptionKey,
      endpoint: "",
      hardware: [{ hardwareClass: 0, count: 1 }],
    }),
  );
  let snapshot = await chain.rpc("evm_snapshot");
  let salt = 0;
  return {
    ...{ chain, model, answer, party, watchtower },
    async submitted(tokens, parameters = { maxTokens: MAX_TOKENS, seed: 7n }) {
      const latest = (await chain.provider.getBlock("latest"))!.timestamp;
      const request = {
        ...{ provider: owner.address, modelRoot, token: ath, maxCost: 900n * ONE },
        ...{ maxInputPrice: NO_LIMIT, maxOutputPrice: NO_LIMIT, submitDeadline: latest + 3_000 },
        ...{ generation: encodeGeneration(parameters), seed: parameters.seed ?? 0n, salt: ++salt },
        promptTokens: tokenBytes(PROMPT),
        stopSequences: encodeStopSequences(parameters.stopSequences ?? []),
      };
      const receipt = (await (await asClient.jobEscrow.create(request)).wait())!;
      const topic = asClient.jobEscrow.interface.getEvent("JobCreated").topicHash;
      const { terms } = decodeJob(
        asClient,
        receipt.logs.find(({ topics }) => topics[0] === topic)!,
      );
      await mined(connectContracts(operator, chain.deployment).jobEscrow.submit(terms, tokenBytes(tokens)));
      return jobIdOf(terms, 31_337n, chain.deployment.jobEscrow);
    },
    async submittedPrivately(answer) {
      const latest = (await chain.provider.getBlock("latest"))!.timestamp;
      const secret = randomBytes(32);
      const generation = { ...noChoice, maxTokens: MAX_TOKENS };
      const asked = { prompt: PROMPT, generation, secret };
      const clientAddress = await client.getAddress();
      const place = { chainId: 31_337n, escrow: chain.deployment.jobEscrow, provider: owner.address };
      const key = await EncryptionKey.fromSeed(randomBytes(32));
      const { hidden } = await hideRequest(
        asked,
        { ...place, client: clientAddress, salt: BigInt(++salt) },
        key.publicKey,
      );
      const request = {
        ...{ provider: owner.address, modelRoot, token: ath, maxCost: 900n * ONE },
        ...{ maxInputPrice: NO_LIMIT, maxOutputPrice: NO_LIMIT, submitDeadline: latest + 3_000 },
        ...{
          generation: encodeGeneration(generation),
          seed: 0n,
          salt,
          promptTokens: "0x",
          stopSequences: "0x",
        },
      };
      const receipt = (await (await asClient.jobEscrow.createPrivate(request, hidden)).wait())!;
      const topic = asClient.jobEscrow.interface.getEvent("PrivateJobCreated").topicHash;
      const job = decodeJob(
        asClient,
        receipt.logs.find(({ topics }) => topics[0] === topic)!,
      );
      const posted = typeof answer === "string" ? answer : hexlify(encryptTokens(answer, secret));
      await mined(connectContracts(operator, chain.deployment).jobEscrow.submit(job.terms, posted));
      return withRequest(job, asked);
    },
    executorWith: (fault) => faultyExecutor(fault, referenceExecutor),
    faulty: (fault) => party(operator, { executor: faultyExecutor(fault, referenceExecutor) }),
    altered: (leaf, data) =>
      party(operator, {
        traceTree: (its, request): TraceTree => alteredTree(createTraceTree(its, request), leaf, data),
      }),
    async restore() {
      await chain.rpc("evm_revert", [snapshot]);
      snapshot = await chain.rpc("evm_snapshot");
      // The block gone back to may be as old as the world; the chain's clock went on.
      await chain.rpc("evm_mine", []);
    },
  };
}
