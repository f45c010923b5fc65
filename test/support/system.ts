import type {} from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { type Addressable, type ContractTransactionResponse, toBeHex } from "ethers";
import { network } from "hardhat";
import localAthanor from "../../ignition/modules/LocalAthanor.ts";
import { programParts } from "../../engine/src/program/encode.ts";
import type { AskedEvidence } from "../../sdk/src/generated/contracts/AskedEvidence.ts";
import type { AthToken } from "../../sdk/src/generated/contracts/AthToken.ts";
import type { ChannelEscrow } from "../../sdk/src/generated/contracts/ChannelEscrow.ts";
import type { CheckerPay } from "../../sdk/src/generated/contracts/CheckerPay.ts";
import type { Checkers } from "../../sdk/src/generated/contracts/Checkers.ts";
import type { Currencies } from "../../sdk/src/generated/contracts/Currencies.ts";
import type { DelegationPools } from "../../sdk/src/generated/contracts/DelegationPools.ts";
import type { DisputeGame } from "../../sdk/src/generated/contracts/DisputeGame.ts";
import type { DrawBeacon } from "../../sdk/src/generated/contracts/DrawBeacon.ts";
import type { FeeDistributor } from "../../sdk/src/generated/contracts/FeeDistributor.ts";
import type { HardwareExams } from "../../sdk/src/generated/contracts/HardwareExams.ts";
import type { InsuranceFund } from "../../sdk/src/generated/contracts/InsuranceFund.ts";
import type { IJobEscrow, JobEscrow, JobStruct } from "../../sdk/src/generated/contracts/JobEscrow.ts";
import type { MockStablecoin } from "../../sdk/src/generated/contracts/MockStablecoin.ts";
import type { ModelRegistry } from "../../sdk/src/generated/contracts/ModelRegistry.ts";
import type { ProgramRegistry } from "../../sdk/src/generated/contracts/ProgramRegistry.ts";
import type { ProviderRegistry } from "../../sdk/src/generated/contracts/ProviderRegistry.ts";
import type { QualityCourt } from "../../sdk/src/generated/contracts/QualityCourt.ts";
import type { QualityReports } from "../../sdk/src/generated/contracts/QualityReports.ts";
import type { ReceiptResults } from "../../sdk/src/generated/contracts/ReceiptResults.ts";
import type { ResultAudits } from "../../sdk/src/generated/contracts/ResultAudits.ts";
import type { ResultSources } from "../../sdk/src/generated/contracts/ResultSources.ts";
import type { Vault } from "../../sdk/src/generated/contracts/Vault.ts";
import { workPerPosition } from "../../engine/src/program/work.ts";
import { minimalProgram } from "../../engine/src/testing/minimal-program.ts";
import { programChunks, rootOfParts } from "../../sdk/src/protocol/program-chunks.ts";
import { packTokens, tokensRoot } from "./tokens.ts";

/** One chain for all test files of a run; each test starts from a snapshot (`deploySystem` by `loadFixture`). */
export const { ethers, ignition, networkHelpers } = await network.getOrCreate();
export const { time } = networkHelpers;
export const loadFixture: typeof networkHelpers.loadFixture = (fixture) =>
  networkHelpers.loadFixture(fixture);

export type Signer = Awaited<ReturnType<typeof ethers.getSigners>>[number];
export type Job = { [Key in keyof JobStruct]: Exclude<JobStruct[Key], Promise<unknown> | Addressable> };
export type Request = IJobEscrow.RequestStruct;

export const ATH = 10n ** 18n;
export const USD = 10n ** 6n;
export const REGISTRY_BIT = 1n;
export const ESCROW_BIT = 2n;
export const VOCABULARY = 1_000;
export const CONTEXT = 128;
/** One second of recomputing at the deployed parameters for a request of 100 positions. */
export const WORK = 10_000_000;
export const WINDOW = 3_600n;
export const RESPONSE_TIME = 600n;
export const STAKE_PER_JOB = 100n * ATH;
export const RESERVED = 6_000n * ATH;
export const ATH_BOUNTY = ATH / 10n;
/** Microcents of a whole token; crooked, so that rounding shows. */
export const ATH_MICROCENTS = 2_500_003n;
export const USD_MICROCENTS = 100_000_000n;
/** Microcents for a million tokens. */
export const ATH_OFFER = { input: 250_000_308_641n, output: 500_002_469_137n };
export const USD_OFFER = { input: 123_456_789_049n, output: 765_432_198_651n };
const ceilDiv = (dividend: bigint, divisor: bigint) => (dividend + divisor - 1n) / divisor;
/** ATH units of microcents, rounded up, at the deployed rate. */
export const athOf = (microcents: bigint) => ceilDiv(microcents * ATH, ATH_MICROCENTS);
const usdOf = (microcents: bigint) => ceilDiv(microcents * USD, USD_MICROCENTS);
/** What the offers come to: token units for a million tokens. */
export const ATH_PRICES = { input: athOf(ATH_OFFER.input), output: athOf(ATH_OFFER.output) };
export const USD_PRICES = { input: usdOf(USD_OFFER.input), output: usdOf(USD_OFFER.output) };
export const NO_LIMIT = 2n ** 80n - 1n;

/** Two heads of 5,000 × 1,000 multiply-adds. */
export const PROGRAM_PARTS = programParts(
  minimalProgram({ vocabulary: VOCABULARY, context: CONTEXT, width: 5_000, heads: 2 }),
);

export const MODEL = {
  vocabularySize: VOCABULARY,
  contextLength: CONTEXT,
  workPerPosition: WORK,
  programRoot: rootOfParts(PROGRAM_PARTS),
  weightsRoot: ethers.id("weights"),
  tokenizerHash: ethers.id("tokenizer"),
};

/** The whole protocol with two funded clients and a registered provider. */
export async function deploySystem() {
  const parameters = { Athanor: { athMicrocents: ATH_MICROCENTS } };
  const deployed = await ignition.deploy(localAthanor, { parameters });
  const ath = deployed.ath as unknown as AthToken;
  const stablecoin = deployed.stablecoin as unknown as MockStablecoin;
  const vault = deployed.vault as unknown as Vault;
  const programs = deployed.programRegistry as unknown as ProgramRegistry;
  const models = deployed.modelRegistry as unknown as ModelRegistry;
  const providers = deployed.providerRegistry as unknown as ProviderRegistry;
  const currencies = deployed.currencies as unknown as Currencies;
  const fees = deployed.feeDistributor as unknown as FeeDistributor;
  const insurance = deployed.insuranceFund as unknown as InsuranceFund;
  const escrow = deployed.jobEscrow as unknown as JobEscrow;
  const game = deployed.disputeGame as unknown as DisputeGame;
  const channels = deployed.channelEscrow as unknown as ChannelEscrow;
  const receipts = deployed.receiptResults as unknown as ReceiptResults;
  const sources = deployed.resultSources as unknown as ResultSources;
  const pools = deployed.delegationPools as unknown as DelegationPools;
  const court = deployed.qualityCourt as unknown as QualityCourt;
  const beacon = deployed.drawBeacon as unknown as DrawBeacon;
  const checkers = deployed.checkers as unknown as Checkers;
  const pay = deployed.checkerPay as unknown as CheckerPay;
  const asked = deployed.askedEvidence as unknown as AskedEvidence;
  const reports = deployed.qualityReports as unknown as QualityReports;
  const audits = deployed.resultAudits as unknown as ResultAudits;
  const exams = deployed.hardwareExams as unknown as HardwareExams;
  const manager = deployed.accessManager;
  const [administrator, client, otherClient, provider, operator, watchtower, stranger, newcomer] =
    (await ethers.getSigners()) as [Signer, Signer, Signer, Signer, Signer, Signer, Signer, Signer];
  const addresses = {
    ath: await ath.getAddress(),
    stablecoin: await stablecoin.getAddress(),
    vault: await vault.getAddress(),
    programs: await programs.getAddress(),
    models: await models.getAddress(),
    providers: await providers.getAddress(),
    currencies: await currencies.getAddress(),
    fees: await fees.getAddress(),
    insurance: await insurance.getAddress(),
    escrow: await escrow.getAddress(),
    game: await game.getAddress(),
    channels: await channels.getAddress(),
    receipts: await receipts.getAddress(),
    sources: await sources.getAddress(),
    pools: await pools.getAddress(),
    court: await court.getAddress(),
    checkers: await checkers.getAddress(),
  };
  await addProgram(programs, PROGRAM_PARTS);
  await models.register(MODEL, "https://models.example/");
  const system = {
    ath,
    stablecoin,
    vault,
    programs,
    models,
    providers,
    currencies,
    fees,
    insurance,
    escrow,
    game,
    channels,
    receipts,
    sources,
    pools,
    court,
    beacon,
    checkers,
    pay,
    asked,
    reports,
    audits,
    exams,
    manager,
    addresses,
    modelRoot: await models.rootOf(MODEL),
    administrator,
    client,
    otherClient,
    provider,
    operator,
    watchtower,
    stranger,
    newcomer,
  };
  for (const account of [client, otherClient]) {
    await fund(system, account, 1_000n * ATH, 1_000n * USD);
    await vault.connect(account).approveModules(addresses.ath, ESCROW_BIT);
    await vault.connect(account).approveModules(addresses.stablecoin, ESCROW_BIT);
  }
  await joinAsProvider(system, provider, operator, watchtower);
  return system;
}

export type System = Awaited<ReturnType<typeof deploySystem>>;

/** Adds a program to the registry and validates it. */
export async function addProgram(programs: ProgramRegistry, parts: readonly Uint8Array[]): Promise<string> {
  const root = rootOfParts(parts);
  for (const { chunk, parts: chunkParts, path } of programChunks(parts)) {
    await programs.addChunk(root, chunk, chunkParts, path);
  }
  await programs.validate(root, parts.length);
  return root;
}

/** Registers a model with the smallest kind of program; its work is vocabulary × width. */
export async function registerModel(
  { programs, models }: System,
  shape: { vocabulary: number; context: number; width: number },
): Promise<string> {
  const program = minimalProgram(shape);
  const model = {
    ...MODEL,
    vocabularySize: shape.vocabulary,
    contextLength: shape.context,
    workPerPosition: workPerPosition(program),
    programRoot: await addProgram(programs, programParts(program)),
  };
  await models.register(model, "");
  return models.rootOf(model);
}

/** A fresh system, as it was deployed. */
export const freshSystem = (): Promise<System> => loadFixture(deploySystem);

/** Puts ATH and stablecoins into an account's vault balance. */
export async function fund(
  { ath, stablecoin, vault, addresses, administrator }: System,
  account: Signer,
  athAmount: bigint,
  usdAmount = 0n,
): Promise<void> {
  await ath.connect(administrator).transfer(account, athAmount);
  await ath.connect(account).approve(addresses.vault, athAmount);
  await vault.connect(account).deposit(addresses.ath, athAmount, account);
  if (usdAmount === 0n) return;
  await stablecoin.mint(account, usdAmount);
  await stablecoin.connect(account).approve(addresses.vault, usdAmount);
  await vault.connect(account).deposit(addresses.stablecoin, usdAmount, account);
}

/** Stakes 10,000 ATH, registers one GPU and offers the model in both tokens. */
export async function joinAsProvider(system: System, owner: Signer, operator: Signer, watchtower?: Signer) {
  const { vault, providers, addresses, modelRoot } = system;
  await fund(system, owner, 10_000n * ATH);
  await vault.connect(owner).stake(10_000n * ATH);
  await vault.connect(owner).approveStakeModules(REGISTRY_BIT | ESCROW_BIT);
  await providers.connect(owner).register(profileOf(operator, watchtower));
  await providers.connect(owner).setOffer(modelRoot, addresses.ath, ATH_OFFER.input, ATH_OFFER.output);
  await providers.connect(owner).setOffer(modelRoot, addresses.stablecoin, USD_OFFER.input, USD_OFFER.output);
}

export function profileOf(operator: { address: string }, watchtower?: { address: string }) {
  return {
    operator: operator.address,
    watchtower: watchtower?.address ?? ethers.ZeroAddress,
    encryptionKey: ethers.id("encryption key"),
    endpoint: "https://provider.example/",
    hardware: gpus(1),
  };
}

/** So many GPUs of the classes 0, 1, …; classes without any are left out. */
export function gpus(...counts: readonly number[]) {
  return counts.map((count, hardwareClass) => ({ hardwareClass, count })).filter(({ count }) => count !== 0);
}

let salts = 0n;

/** Of a request; `maxTokens` is short for the generation word of a greedy one. */
export type RequestOverrides = Partial<Request> & { readonly maxTokens?: number };

/** A valid request for 10 prompt tokens and at most 20 generated ones, greedy, paid in ATH. */
export async function requestTo(
  system: System,
  { maxTokens = 20, ...overrides }: RequestOverrides = {},
): Promise<Request> {
  return {
    provider: system.provider.address,
    modelRoot: system.modelRoot,
    token: system.addresses.ath,
    generation: toBeHex(maxTokens, 32),
    maxInputPrice: NO_LIMIT,
    maxOutputPrice: NO_LIMIT,
    maxCost: 100n * ATH,
    submitDeadline: BigInt(await time.latest()) + RESPONSE_TIME,
    seed: 7,
    salt: ++salts,
    promptTokens: packTokens([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    stopSequences: "0x",
    ...overrides,
  };
}

export interface OpenJob {
  readonly id: string;
  readonly job: Job;
}

/** Creates a job and reads its terms from the event, as everybody has to. */
export async function createJob(
  system: System,
  overrides: RequestOverrides = {},
  client: Signer = system.client,
): Promise<OpenJob> {
  const creation = await system.escrow.connect(client).create(await requestTo(system, overrides));
  const [opened] = await jobsCreatedBy(system, creation);
  if (opened === undefined) throw new Error("no JobCreated event");
  return opened;
}

/** The jobs that a transaction created. */
export async function jobsCreatedBy(system: System, sent: ContractTransactionResponse): Promise<OpenJob[]> {
  const receipt = await sent.wait();
  return (receipt?.logs ?? []).flatMap((log) => {
    const parsed = system.escrow.interface.parseLog(log);
    if (parsed?.name !== "JobCreated") return [];
    const args = parsed.args as unknown as { id: string; job: { toObject(): Job } };
    return [{ id: args.id, job: args.job.toObject() }];
  });
}

export interface Output {
  readonly count: number;
  readonly tokensRoot: string;
}

/** Submits tokens as the provider's operator. */
export async function submitResult(
  system: System,
  { job }: OpenJob,
  tokens: readonly number[] = [11, 12, 13],
  operator: Signer = system.operator,
): Promise<Output> {
  await system.escrow.connect(operator).submit(job, packTokens(tokens));
  return { count: tokens.length, tokensRoot: tokensRoot(packTokens(tokens)) };
}

/** Moves the clock to the first second in which the job's result can be final, if it was submitted just now. */
export async function passWindow({ job }: OpenJob): Promise<void> {
  await time.increase(BigInt(job.challengeWindow));
}

/** The address of a contract that nobody has seen before. */
export async function newContract(): Promise<string> {
  const { address } = ethers.Wallet.createRandom();
  await networkHelpers.setCode(address, "0x00");
  return address;
}

/** Gives the vault's module of this address a voice. */
export async function speakAs(address: string): Promise<Signer> {
  await networkHelpers.impersonateAccount(address);
  await networkHelpers.setBalance(address, 10n ** 18n);
  return ethers.getSigner(address);
}
