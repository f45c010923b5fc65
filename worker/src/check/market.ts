import { formatAmount, formatCents } from "@athanor/sdk";
import type { ModelCommitment } from "@athanor/engine";
import { readHardware, readRate, readStanding } from "@athanor/sdk/protocol";
import { formatEther, getAddress } from "ethers";
import type { Chain } from "../chain/chain.ts";
import type { Config } from "../config/schema.ts";
import { describeError } from "../errors.ts";
import { readOffer, wantedOffer } from "../market/offers.ts";
import { hardwareText, isSameHardware, wantedHardware } from "../market/hardware.ts";
import { readProviderState, type ProviderState } from "../market/provider-state.ts";
import { readToken } from "../market/tokens.ts";
import { hindrancesOf } from "../status/new-work.ts";
import { readQuality } from "../status/quality.ts";
import { failed, ok, warning, type CheckResult } from "./check.ts";

const REGISTER = "Run: athanor provider register --config FILE";

/** Gas of one job at worst: a submission of 256 tokens, and its own finalisation. */
export const GAS_PER_JOB = 200_000n;
const ENOUGH_JOBS = 50n;

export async function checkRegistration(
  chain: Chain,
  config: Config,
  operator: string | undefined,
): Promise<CheckResult[]> {
  const state = await readProviderState(chain, config.provider.owner);
  if (!state.registered) {
    return [failed("provider", `${config.provider.owner} is not registered`, REGISTER)];
  }
  return [
    checkOperator(state, operator),
    await checkHardware(chain, config, state),
    await checkStake(chain, config, state),
  ];
}

/** Whether new work begins, as far as stake and offers let it. */
export async function checkNewWork(chain: Chain, config: Config): Promise<CheckResult[]> {
  const state = await readProviderState(chain, config.provider.owner);
  if (state.convicted) {
    const remedy = "Get the rest of the stake back: athanor provider leave --config FILE";
    return [failed("new work", "a result of this provider was proven wrong: it takes none any more", remedy)];
  }
  const now = (await chain.provider.getBlock("latest"))!.timestamp;
  const [standing, quality] = await Promise.all([
    readStanding(chain.contracts, config.provider.owner),
    readQuality(chain, config.provider.owner),
  ]);
  const suspensions = { byCourt: standing.suspended, byExams: quality?.exam.pending ?? false };
  const hindrances = hindrancesOf(state, suspensions, now, config.channels !== null);
  if (hindrances.length === 0) return [ok("new work", "taken")];
  return hindrances.map(({ what, remedy }) => warning("new work", what, remedy));
}

function checkOperator(state: ProviderState, operator: string | undefined): CheckResult {
  if (operator === undefined) return ok("provider", `registered with operator ${state.operator}`);
  return getAddress(state.operator) === getAddress(operator)
    ? ok("provider", `registered with operator ${operator}`)
    : failed(
        "provider",
        `registered with operator ${state.operator}, the keystore holds ${operator}`,
        REGISTER,
      );
}

async function checkHardware(chain: Chain, config: Config, state: ProviderState): Promise<CheckResult> {
  const wanted = await wantedHardware(chain, config.hardware, state.hardware);
  if (isSameHardware(wanted, state.hardware)) return ok("hardware", hardwareText(wanted));
  const { classes } = await readHardware(chain.contracts, config.provider.owner);
  return failed(
    "hardware",
    `configured ${hardwareText(wanted)}, registered ${hardwareText(classes)}`,
    REGISTER,
  );
}

async function checkStake(chain: Chain, config: Config, state: ProviderState): Promise<CheckResult> {
  const ath = await readToken(chain.provider, chain.contracts.deployment.ath);
  const free = state.staked - state.locked;
  const jobs = state.stakePerJob === 0n ? BigInt(config.limits.maxOpenJobs) : free / state.stakePerJob;
  const detail =
    `${formatAmount(ath, state.staked)} staked, ${formatAmount(ath, free)} free: room for ${jobs} more jobs ` +
    `of ${formatAmount(ath, state.stakePerJob)}`;
  if (!state.stakeModulesApproved) return failed("stake", "the job escrow may not lock the stake", REGISTER);
  if (jobs === 0n && state.openWork === 0) return failed("stake", detail, REGISTER);
  if (jobs + BigInt(state.openWork) < BigInt(config.limits.maxOpenJobs)) {
    return warning("stake", `${detail}; limits.maxOpenJobs is ${config.limits.maxOpenJobs}`, REGISTER);
  }
  return ok("stake", detail);
}

export async function checkOffers(
  chain: Chain,
  config: Config,
  models: readonly {
    readonly commitment: ModelCommitment;
    readonly offers: Config["models"][number]["offers"];
  }[],
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { commitment, offers } of models) {
    for (const offer of offers) {
      try {
        results.push(await checkOffer(chain, config.provider.owner, commitment.modelRoot, offer));
      } catch (error) {
        const { message, remedy = "" } = describeError(error);
        results.push(failed("offer", message, remedy));
      }
    }
  }
  return results;
}

async function checkOffer(
  chain: Chain,
  owner: string,
  modelRoot: string,
  configured: Config["models"][number]["offers"][number],
): Promise<CheckResult> {
  const { token, inputMicrocents, outputMicrocents } = await wantedOffer(chain, modelRoot, configured);
  const prices = (input: bigint, output: bigint) => `${formatCents(input)} in, ${formatCents(output)} out`;
  const what = `model ${modelRoot.slice(0, 10)}… for ${token.symbol}`;
  const terms = await chain.contracts.jobEscrow.tokenTermsOf(token.address);
  if (!terms.accepted) {
    return failed(
      "offer",
      `${what}: the job escrow takes no jobs paid in ${token.symbol}`,
      "Offer another token.",
    );
  }
  // Throws why new jobs paid in the token would be refused.
  await readRate(chain.contracts, token.address);
  const standing = await readOffer(chain, owner, modelRoot, token.address);
  if (standing === null) return failed("offer", `${what}: none stands on chain`, REGISTER);
  if (standing.inputMicrocents !== inputMicrocents || standing.outputMicrocents !== outputMicrocents) {
    const found = prices(standing.inputMicrocents, standing.outputMicrocents);
    return failed(
      "offer",
      `${what}: on chain ${found}, configured ${prices(inputMicrocents, outputMicrocents)}`,
      REGISTER,
    );
  }
  return ok("offer", `${what}: ${prices(inputMicrocents, outputMicrocents)} for a million tokens`);
}

/** Whether the operator can pay for its transactions. */
export async function checkCoin(chain: Chain, operator: string): Promise<CheckResult> {
  const [balance, { gasPrice, maxFeePerGas }] = await Promise.all([
    chain.provider.getBalance(operator),
    chain.provider.getFeeData(),
  ]);
  const perJob = GAS_PER_JOB * (maxFeePerGas ?? gasPrice ?? 0n);
  const jobs = perJob === 0n ? ENOUGH_JOBS : balance / perJob;
  const detail = `the operator has ${formatEther(balance)} of the chain's coin, enough for about ${jobs} jobs`;
  const remedy = `Send at least ${formatEther(ENOUGH_JOBS * perJob)} of the chain's coin to ${operator}.`;
  if (jobs === 0n) return failed("gas", detail, remedy);
  return jobs < ENOUGH_JOBS ? warning("gas", detail, remedy) : ok("gas", detail);
}

/** Seconds by which the chain and this machine may disagree. */
const TOLERATED_SKEW = 60;
/** Seconds after which a chain without a new block is remarkable. */
const OLD_BLOCK = 600;

/** Deadlines are judged by the chain's clock; ours must not be ahead of it. */
export async function checkClock(chain: Chain, now: number): Promise<CheckResult> {
  const head = (await chain.provider.getBlock("latest"))!;
  const age = Math.round(now / 1_000) - head.timestamp;
  const remedy =
    "Synchronise this machine's clock (NTP). On a local chain whose clock was moved, ignore this.";
  if (age < -TOLERATED_SKEW) {
    return warning("clock", `the newest block is ${-age} seconds in this machine's future`, remedy);
  }
  if (age > OLD_BLOCK) {
    return warning(
      "clock",
      `the newest block is ${age} seconds old: the chain stands still, or this clock is ahead`,
      remedy,
    );
  }
  return ok("clock", `the newest block is ${Math.max(age, 0)} seconds old`);
}
