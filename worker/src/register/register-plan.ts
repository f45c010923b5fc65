import { formatAmount, formatCents, type TokenInfo } from "@athanor/sdk";
import { missingProgramCalls } from "@athanor/sdk/protocol";
import { getAddress } from "ethers";
import type { ModelCommitment } from "@athanor/engine";
import type { Chain } from "../chain/chain.ts";
import type { Config } from "../config/schema.ts";
import { WorkerError } from "../errors.ts";
import { findOffers, readOffer, wantedOffer, type WantedOffer } from "../market/offers.ts";
import {
  hardwareStake,
  hardwareText,
  isSameHardware,
  profileHardware,
  stakeTable,
  wantedHardware,
  type WantedHardware,
} from "../market/hardware.ts";
import { readProviderState, type ProviderState } from "../market/provider-state.ts";
import { readToken } from "../market/tokens.ts";
import { readChannelNeeds, receiptKeySteps } from "./channel-steps.ts";
import { planOf, readOwnerAccount, type OwnerAccount } from "./owner-account.ts";
import type { Plan, PlanStep } from "./plan.ts";
import { contributionSteps, missingOwnPart } from "./pool-plans.ts";
import { stakeMore } from "./stake-more.ts";

/** The keys that a provider's profile names. */
export interface ProviderKeys {
  readonly operator: string;
  readonly watchtower?: string | undefined;
  readonly receipts?: string | undefined;
  readonly encryptionKey?: string | undefined;
}

/** A model of the configuration, loaded. */
export interface RegisterModel {
  readonly commitment: ModelCommitment;
  /** Its program's canonical bytes, part by part. */
  readonly programParts: readonly Uint8Array[];
  readonly uri: string | null;
  readonly offers: Config["models"][number]["offers"];
}

/**
 * The transactions that bring the chain to what the configuration says, and nothing else: run again, it plans nothing.
 *
 * @param keys addresses of the operator, the watchtower and the key that signs receipts of channels (default the operator's), and the public
 * encryption key; without watchtower or encryption key, the profile keeps what it has
 * @throws WorkerError MODEL_URI_MISSING, HARDWARE_CLASS_UNKNOWN, TOKEN_UNKNOWN, TRANSACTION_FAILED (too little ATH)
 */
export async function planRegistration(
  chain: Chain,
  config: Config,
  keys: ProviderKeys,
  models: readonly RegisterModel[],
): Promise<Plan> {
  const owner = config.provider.owner;
  const ath = await readToken(chain.provider, chain.contracts.deployment.ath);
  const account = await readOwnerAccount(chain, owner);
  const state = await readProviderState(chain, owner);
  const hardware = await wantedHardware(chain, config.hardware, state.hardware);
  // What is registered keeps its requirement; a deposit that was taken never falls.
  const keeps = state.registered && isSameHardware(hardware, state.hardware);
  const today = await chain.contracts.providerRegistry.fraudDepositFor(profileHardware(hardware));
  const deposit = today > state.fraudDeposit ? today : state.fraudDeposit;
  const reserve = keeps ? state.reserved : hardwareStake(hardware) + deposit;
  // The pool refuses a registration that would take more of its delegators.
  const ownPart = keeps ? 0n : await missingOwnPart(account, deposit);
  const done: string[] = [];
  const steps = [
    ...(await modelSteps(chain, models, done)),
    ...(await stakeSteps(chain, config, account, state, ath, reserve, ownPart, done)),
    ...profileSteps(chain, config, state, hardware, keys, done),
    ...(await receiptKeySteps(chain, config, [keys.operator, keys.receipts ?? keys.operator], done)),
    ...(await offerSteps(chain, owner, state, models, done)),
  ];
  const plan = planOf(chain, account, done, steps);
  return keeps ? plan : { ...plan, table: stakeTable(ath, hardware, deposit) };
}

async function modelSteps(
  chain: Chain,
  models: readonly RegisterModel[],
  done: string[],
): Promise<PlanStep[]> {
  const { modelRegistry, deployment } = chain.contracts;
  const steps: PlanStep[] = [];
  for (const { commitment, programParts, uri } of models) {
    const { modelRoot, ...properties } = commitment;
    if (await modelRegistry.isRegistered(modelRoot)) {
      done.push(`model ${modelRoot} is registered`);
      continue;
    }
    if (uri === null) {
      throw new WorkerError(
        "MODEL_URI_MISSING",
        `The model ${modelRoot} is not registered, and its uri is not configured.`,
        {
          remedy:
            "Set models[].uri to where clients find its files: without the tokenizer they cannot ask for anything.",
          details: { modelRoot },
        },
      );
    }
    steps.push(...(await missingProgramCalls(chain.contracts, programParts)), {
      title: `register the model ${modelRoot}, files at ${uri}`,
      to: deployment.modelRegistry,
      data: modelRegistry.interface.encodeFunctionData("register", [properties, uri]),
    });
  }
  return steps;
}

async function stakeSteps(
  chain: Chain,
  config: Config,
  account: OwnerAccount,
  state: ProviderState,
  ath: TokenInfo,
  reserve: bigint,
  ownPart: bigint,
  done: string[],
): Promise<PlanStep[]> {
  const { contracts } = chain;
  const { vault, deployment } = contracts;
  const forJobs = BigInt(config.limits.maxOpenJobs) * state.stakePerJob;
  const needs = await readChannelNeeds(chain, config);
  const needed = reserve + forJobs + needs.stake;
  const why = [
    `${formatAmount(ath, reserve)} for hardware and fraud deposit`,
    `${formatAmount(ath, forJobs)} for ${config.limits.maxOpenJobs} open jobs`,
    ...(needs.channels > 0 ? [`${formatAmount(ath, needs.stake)} for ${needs.channels} open channels`] : []),
  ].join(", ");
  const unstaked = needed > state.staked ? needed - state.staked : 0n;
  const missing = ownPart > unstaked ? ownPart : unstaked;
  const modules = state.stakeModules | needs.moduleBit;
  const isApproved = (state.approvedModules & modules) === modules;
  if (missing === 0n && isApproved) {
    done.push(`${formatAmount(ath, state.staked)} are staked (${why})`);
    return [];
  }
  // What delegators have put in backs work, too; the manager contributes the rest.
  if (account.pool !== null) {
    const covers = ownPart > unstaked ? `${why}; the own part covers the fraud deposit twice` : why;
    return contributionSteps(chain, account, missing, covers);
  }
  const owner = config.provider.owner;
  const more = await stakeMore(chain, owner, state, ath, {
    missing,
    why,
    otherwise: ", or lower limits.maxOpenJobs, channels.maxOpen or hardware[].count",
  });
  const steps: PlanStep[] = [...more.approvals];
  const calls = [...more.calls];
  if (!isApproved) calls.push(vault.interface.encodeFunctionData("approveStakeModules", [modules]));
  const parts = [
    ...more.parts,
    ...(isApproved
      ? []
      : [
          needs.channels > 0
            ? "let the provider registry and both escrows lock stake"
            : "let the provider registry and the job escrow lock stake",
        ]),
  ];
  steps.push({
    title: parts.join("; "),
    to: deployment.vault,
    data: vault.interface.encodeFunctionData("multicall", [calls]),
  });
  return steps;
}

function profileSteps(
  chain: Chain,
  config: Config,
  state: ProviderState,
  hardware: readonly WantedHardware[],
  { operator, watchtower = state.watchtower, encryptionKey = state.encryptionKey }: ProviderKeys,
  done: string[],
): PlanStep[] {
  const { providerRegistry, deployment } = chain.contracts;
  const profile = {
    operator,
    watchtower,
    encryptionKey,
    endpoint: config.provider.endpoint,
    hardware: profileHardware(hardware),
  };
  const what = `operator ${operator} and hardware ${hardwareText(hardware)}`;
  const matches =
    state.registered &&
    getAddress(state.operator) === getAddress(operator) &&
    getAddress(state.watchtower) === getAddress(watchtower) &&
    state.encryptionKey.toLowerCase() === encryptionKey.toLowerCase() &&
    isSameHardware(hardware, state.hardware) &&
    state.endpoint === profile.endpoint;
  if (matches) {
    done.push(`the provider is registered with ${what}`);
    return [];
  }
  const method = state.registered ? "update" : "register";
  return [
    {
      title: `${method} the provider: ${what}`,
      to: deployment.providerRegistry,
      data: providerRegistry.interface.encodeFunctionData(method as "register", [profile]),
    },
  ];
}

async function offerSteps(
  chain: Chain,
  owner: string,
  state: ProviderState,
  models: readonly RegisterModel[],
  done: string[],
): Promise<PlanStep[]> {
  const { providerRegistry, deployment } = chain.contracts;
  const wanted: WantedOffer[] = [];
  for (const { commitment, offers } of models) {
    for (const offer of offers) wanted.push(await wantedOffer(chain, commitment.modelRoot, offer));
  }
  const steps: PlanStep[] = [];
  let standing = 0;
  for (const { modelRoot, token, inputMicrocents, outputMicrocents } of wanted) {
    const offer = await readOffer(chain, owner, modelRoot, token.address);
    if (offer !== null) standing++;
    const prices = `${formatCents(inputMicrocents)} in, ${formatCents(outputMicrocents)} out for a million tokens, paid in ${token.symbol}`;
    if (offer?.inputMicrocents === inputMicrocents && offer.outputMicrocents === outputMicrocents) {
      done.push(`model ${modelRoot} is offered at ${prices}`);
      continue;
    }
    steps.push({
      title: `offer model ${modelRoot} at ${prices}`,
      to: deployment.providerRegistry,
      data: providerRegistry.interface.encodeFunctionData("setOffer", [
        modelRoot,
        token.address,
        inputMicrocents,
        outputMicrocents,
      ]),
    });
  }
  if (state.offerCount === standing) return steps;
  // The configuration is the whole truth: an offer that it does not name would bring jobs that nobody answers.
  for (const offer of await findOffers(chain, { provider: owner })) {
    const isWanted = wanted.some(
      ({ modelRoot, token }) => modelRoot === offer.modelRoot && token.address === offer.token,
    );
    if (isWanted) continue;
    steps.push({
      title: `remove the offer of model ${offer.modelRoot} for token ${offer.token}, which is not in the configuration`,
      to: deployment.providerRegistry,
      data: providerRegistry.interface.encodeFunctionData("removeOffer", [offer.modelRoot, offer.token]),
    });
  }
  return steps;
}
