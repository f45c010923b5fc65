import {
  connectContracts,
  decodeJobState,
  deploymentOf,
  readOutcome,
  uploadProgram,
  type AthanorContracts,
} from "@athanor/sdk/protocol";
import { programParts, type GenerationParameters, type Model } from "@athanor/engine";
import { encodeGeneration, encodeStopSequences, encodeTokens } from "@athanor/engine/commitments";
import { hideRequest, sealRequest, type PrivateRequest } from "@athanor/sdk/private";
import { MaxUint256, parseEther, type ContractTransactionResponse, type Signer, type Wallet } from "ethers";
import "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { network } from "hardhat";
import type { MockStablecoin } from "../../../sdk/src/generated/contracts/MockStablecoin.ts";
import localAthanor from "../../../ignition/modules/LocalAthanor.ts";
import { serveRpc, type RpcServer } from "./rpc-server.ts";

const ATH = 10n ** 18n;

/** A chain of its own with the protocol deployed on it, and a client that has money. */
export interface TestChain {
  readonly rpc: RpcServer;
  readonly chainId: number;
  /** Connected to the deployer, who governs and has all ATH. */
  readonly contracts: AthanorContracts;
  readonly stablecoin: string;
  readonly client: Signer;
  readonly connection: Awaited<ReturnType<typeof network.create>>;
  /** Seconds since 1970 of the newest block. */
  now(): Promise<number>;
  /** Moves the chain's clock and makes a block. */
  pass(seconds: number): Promise<void>;
  mine(blocks: number): Promise<void>;
  /** Whether every transaction makes a block at once. */
  automine(on: boolean): Promise<void>;
  /** Makes the node forget a transaction that waits. */
  drop(hash: string): Promise<void>;
  /** The chain's coin, from nowhere. */
  fund(address: string, ether?: string): Promise<void>;
  ath(address: string, whole: number): Promise<void>;
  /** Gives the client stablecoins in its vault account. */
  fundStablecoin(whole: number): Promise<void>;
  /** Mined transactions of an account. */
  transactionsOf(address: string): Promise<number>;
  registerModel(model: Pick<Model, "commitment" | "program">, uri?: string): Promise<void>;
  /** Stakes and registers without the worker's help. */
  registerProvider(
    owner: Wallet,
    operator: string,
    offers: readonly [modelRoot: string, token: string][],
    /** Divides the prices of 1 and 2 tokens for a million. */
    cheaper?: bigint,
    encryptionKey?: string,
  ): Promise<void>;
  createJob(request: JobRequest): Promise<string>;
  /** The same, sealed to the provider's registered key. @param change what a client does that does not keep to the rules */
  createPrivateJob(request: JobRequest, change?: Partial<PrivateChange>): Promise<string>;
  status(id: string): Promise<string>;
  /** How many of the escrow's events with this name there are for a job. */
  count(
    event: "ResultSubmitted" | "JobFinalized" | "JobDeclined" | "JobExpired",
    id: string,
  ): Promise<number>;
  /** The tokens that were submitted for a job. */
  outputOf(id: string): Promise<readonly number[]>;
  /** Undoes everything since `snapshot`, as a reorganisation would. */
  snapshot(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** What a client may do wrong with a private request. */
export interface PrivateChange {
  /** Seals to this key instead. */
  readonly encryptionKey: string;
  /** Commits to one request and seals this one. */
  readonly sealed: PrivateRequest;
  readonly ciphertext: string;
  readonly secret: Uint8Array;
  readonly promptTokens: number;
}

export interface JobRequest {
  readonly provider: string;
  readonly modelRoot: string;
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  /** How tokens are chosen; default: greedily, with a seed that then means nothing. */
  readonly generation?: Omit<GenerationParameters, "maxTokens">;
  readonly token?: string;
  readonly seconds?: number;
  readonly salt?: number;
}

let salt = 1;

export async function startChain(path = ""): Promise<TestChain> {
  // Otherwise it begins when this process read its configuration, many tests ago.
  const connection = await network.create({ override: { initialDate: new Date() } });
  const { ethers, ignition, networkHelpers, provider } = connection;
  const deployed = await ignition.deploy(localAthanor);
  const [deployer, client] = await ethers.getSigners();
  const chainId = Number((await ethers.provider.getNetwork()).chainId);
  const contracts = connectContracts(deployer!, deploymentOf(chainId));
  const { deployment } = contracts;
  const stablecoin = await deployed.stablecoin.getAddress();
  const rpc = await serveRpc(provider, path);

  const asClient = connectContracts(client!, deployment);
  await contracts.ath.transfer(await client!.getAddress(), 1_000_000n * ATH);
  await asClient.ath.approve(deployment.vault, MaxUint256);
  await asClient.vault.deposit(deployment.ath, 100_000n * ATH, await client!.getAddress());
  await asClient.vault.approveModules(deployment.ath, 3);

  const chain: TestChain = {
    ...{ rpc, chainId, contracts, stablecoin, client: client!, connection },
    now: () => networkHelpers.time.latest(),
    pass: async (seconds) => {
      await networkHelpers.time.increase(seconds);
    },
    mine: (blocks) => networkHelpers.mine(blocks),
    automine: async (on) => {
      await provider.request({ method: "evm_setAutomine", params: [on] });
    },
    drop: async (hash) => {
      await networkHelpers.dropTransaction(hash);
    },
    fund: (address, ether = "10") => networkHelpers.setBalance(address, parseEther(ether)),
    ath: async (address, whole) => {
      await contracts.ath.transfer(address, BigInt(whole) * ATH);
    },
    async fundStablecoin(whole) {
      const units = BigInt(whole) * 10n ** 6n;
      const token = deployed.stablecoin.connect(client!) as MockStablecoin;
      await token.mint(await client!.getAddress(), units);
      await token.approve(deployment.vault, units);
      await asClient.vault.deposit(stablecoin, units, await client!.getAddress());
      await asClient.vault.approveModules(stablecoin, 3);
    },
    transactionsOf: (address) => ethers.provider.getTransactionCount(address),
    async registerModel({ commitment, program }, uri = "https://models.example/tiny/") {
      await uploadProgram(contracts, programParts(program));
      await contracts.modelRegistry.register(commitment, uri);
    },
    async registerProvider(owner, operator, offers, cheaper = 1n, encryptionKey = ethers.ZeroHash) {
      await chain.fund(owner.address);
      await chain.fund(operator);
      await chain.ath(owner.address, 20_000);
      const own = connectContracts(owner.connect(ethers.provider), deployment);
      await own.ath.approve(deployment.vault, MaxUint256);
      await own.vault.deposit(deployment.ath, 10_000n * ATH, owner.address);
      await own.vault.stake(10_000n * ATH);
      await own.vault.approveStakeModules(3);
      await own.providerRegistry.register({
        operator,
        watchtower: ethers.ZeroAddress,
        encryptionKey,
        endpoint: "",
        hardware: [{ hardwareClass: 0, count: 1 }],
      });
      for (const [modelRoot, token] of offers) {
        // An ATH is 2.5 cents here, a stablecoin a dollar: one token, or a part of it.
        const unit = (token === stablecoin ? 100_000_000n : 2_500_000n) / cheaper;
        await own.providerRegistry.setOffer(modelRoot, token, unit, 2n * unit);
      }
    },
    async createJob({ prompt, generation = { seed: 7n }, ...asked }) {
      const request = await requestOf({ prompt, generation, ...asked });
      return createdIn(
        asClient.jobEscrow.create({
          ...request,
          promptTokens: encodeTokens(prompt),
          stopSequences: encodeStopSequences(generation.stopSequences ?? []),
        }),
      );
    },
    async createPrivateJob({ prompt, generation = { seed: 7n }, ...asked }, change = {}) {
      const request = await requestOf({ prompt, generation, ...asked });
      const secret = change.secret ?? ethers.randomBytes(32);
      const { profile } = await contracts.providerRegistry.providerOf(asked.provider);
      const place = {
        chainId: BigInt(chainId),
        escrow: deployment.jobEscrow,
        provider: asked.provider,
        client: await client!.getAddress(),
        salt: BigInt(request.salt),
      };
      const complete = { ...noChoice, ...generation, maxTokens: asked.maxTokens };
      const own = { prompt, generation: complete, secret };
      const key = change.encryptionKey ?? profile.encryptionKey;
      const { inputRoot, hidden } = await hideRequest(own, place, key);
      const other =
        change.sealed && (await sealRequest(change.sealed, { kind: "job", ...place, inputRoot }, key));
      return createdIn(
        asClient.jobEscrow.createPrivate(
          { ...request, promptTokens: "0x", stopSequences: "0x" },
          {
            ...hidden,
            ...(other && { ciphertext: ethers.hexlify(other.sealed) }),
            ...(change.ciphertext !== undefined && { ciphertext: change.ciphertext }),
            ...(change.promptTokens !== undefined && { promptTokens: change.promptTokens }),
          },
        ),
      );
    },
    status: async (id) => decodeJobState(await contracts.jobEscrow.jobState(id)).status,
    async count(event, id) {
      const { topicHash } = contracts.jobEscrow.interface.getEvent(event);
      const filter = { address: deployment.jobEscrow, topics: [topicHash, id], fromBlock: 0 };
      return (await ethers.provider.getLogs(filter)).length;
    },
    async outputOf(id) {
      const head = await ethers.provider.getBlockNumber();
      return (await readOutcome(contracts, id, 0, head)).submitted!.tokens;
    },
    async snapshot() {
      const snapshot = await networkHelpers.takeSnapshot();
      return async () => {
        await snapshot.restore();
        await catchUp();
      };
    },
    async close() {
      await rpc.close();
      await connection.close();
    },
  };
  return chain;

  async function createdIn(sending: Promise<ContractTransactionResponse>): Promise<string> {
    const receipt = await (await sending).wait();
    const names = ["JobCreated", "PrivateJobCreated"] as const;
    const created = names.map(
      (name) => contracts.jobEscrow.interface.getEvent(name as "JobCreated").topicHash,
    );
    return receipt!.logs.find(({ topics }) => created.includes(topics[0]!))!.topics[1]!;
  }

  /** Back at a snapshot, the chain's clock is behind the machine's, which the worker knows, too. */
  async function catchUp(): Promise<boolean> {
    const now = Math.floor(Date.now() / 1000);
    if ((await networkHelpers.time.latest()) >= now) return false;
    await networkHelpers.time.increaseTo(now);
    return true;
  }

  async function requestOf({
    provider: owner,
    modelRoot,
    maxTokens,
    generation = {},
    token = deployment.ath,
    seconds = 3_000,
    ...rest
  }: JobRequest) {
    // Tests count seconds from here.
    if (!(await catchUp())) await networkHelpers.mine(1);
    return {
      provider: owner,
      modelRoot,
      token,
      generation: encodeGeneration({ maxTokens, ...generation }),
      maxCost: 1_000n * ATH,
      maxInputPrice: (1n << 80n) - 1n,
      maxOutputPrice: (1n << 80n) - 1n,
      submitDeadline: (await networkHelpers.time.latest()) + seconds,
      seed: generation.seed ?? 0n,
      salt: rest.salt ?? salt++,
    };
  }
}

const noChoice = {
  ...{ minTokens: 0, topK: 0, temperature: 0, topP: 0, repetitionPenalty: 0 },
  ...{ stopSequences: [], seed: 0n },
};
