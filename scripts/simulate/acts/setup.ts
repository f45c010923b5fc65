import { importModel } from "@athanor/engine";
import { ZeroAddress, ZeroHash } from "ethers";
import { programParts } from "../../../engine/src/program/encode.ts";
import { tinySource } from "../../../engine/src/testing/tiny-checkpoint.ts";
import { missingProgramCalls } from "../../../sdk/src/protocol/upload-program.ts";
import { connectContracts } from "../../../sdk/src/protocol/connect-contracts.ts";
import type { Deployment } from "../../../sdk/src/protocol/deployment.ts";
import { COINS, DayChain } from "../chain.ts";
import { ConversationPool } from "../conversation-pool.ts";
import { Lots } from "../lots.ts";
import { coin, wallet } from "../model/ledger.ts";
import { Model } from "../model/model.ts";
import { tokenOf, TOKENS, type TokenSymbol } from "../tokens.ts";
import { receiptAddress } from "./keys.ts";
import { offer } from "./offers.ts";
import { Day, type DaySize, type ProviderState } from "./day.ts";
import {
  CHANNEL_RULES,
  FRAUD_DEPOSIT,
  GAME_RULES,
  HARDWARE_STAKES,
  JOB_RULES,
  MODULE_BITS,
} from "./rules.ts";

/** The first second of the day. */
const MORNING = Date.UTC(2030, 0, 1) / 1_000;
export const ADMINISTRATOR = "administrator";
/** Ends what others leave, for the bounties. */
export const COLLECTOR = "collector";
export const CHALLENGERS = ["challenger 1", "challenger 2"] as const;
export const GRIEFER = "griefer";
const CONTRACTS = ["job escrow", "channel escrow", "dispute game", "fee distributor"] as const;

/** Deploys, governs, funds and registers everybody: how things stand when the day begins. */
export async function beginDay(seed: string, size: DaySize, threads: number): Promise<Day> {
  const lots = new Lots(seed);
  const numbered = (role: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${role} ${index + 1}`);
  const [clients, providers] = [numbered("client", size.clients), numbered("provider", size.providers)];
  const operators = numbered("operator", size.providers);
  const people = [ADMINISTRATOR, COLLECTOR, ...CHALLENGERS, GRIEFER, ...clients, ...providers, ...operators];
  const chain = await DayChain.start(people, lots, MORNING);
  const model = new Model(GAME_RULES);
  const liars = liarsAmong(size.providers);
  const day = new Day({
    ...{ seed, size, chain, model, lots, people: [...people, ...CONTRACTS, "nobody"] },
    pool: new ConversationPool(threads),
    providers: providers.map((name, index): ProviderState => ({
      name,
      operator: operators[index]!,
      receiptKeys: [lots.bytes32(`receipt key 1 of ${name}`)],
      offers: Object.fromEntries(
        TOKENS.map(({ symbol, offer: morning }) => [symbol, morning]),
      ) as ProviderState["offers"],
      isLiar: index >= size.providers - liars,
    })),
    computed: await importModel(
      tinySource({
        vocabulary: 12,
        context: 20,
        hidden: 6,
        feedForward: 8,
        layers: 1,
        heads: 2,
        keyValueHeads: 1,
        tied: false,
      }),
    ),
  });
  for (const name of [...CHALLENGERS, GRIEFER, ...operators, ...providers]) {
    model.ledger.begin(coin(name), COINS);
  }
  await govern(day);
  await publishModel(day);
  for (const client of clients) await joinAsClient(day, client);
  for (const provider of day.providers) await joinAsProvider(day, provider);
  return day;
}

/** A tenth of the providers, and one for each way to be convicted at least. */
export function liarsAmong(providers: number): number {
  return Math.max(4, Math.floor(providers / 10));
}

async function govern({ chain, model }: Day): Promise<void> {
  const [supply] = await chain.read("ath", "totalSupply");
  model.ledger.begin(wallet("ATH", ADMINISTRATOR), supply as bigint);
  const send = (contract: Parameters<DayChain["send"]>[1], method: string, ...args: unknown[]) =>
    chain.send(ADMINISTRATOR, contract, method, args);
  const { microcents } = tokenOf("mBTC");
  await send("currencies", "list", chain.token("mBTC"), microcents, 2 ** 32 - 1);
  await send("vault", "setTokenAccepted", chain.token("mBTC"), true);
  for (const { symbol, jobs, channels } of TOKENS) {
    await send("job escrow", "setTokenTerms", chain.token(symbol), { accepted: true, ...jobs });
    await send("channel escrow", "setTokenTerms", chain.token(symbol), { accepted: true, ...channels });
  }
  await send("job escrow", "setParameters", JOB_RULES);
  await send("channel escrow", "setParameters", CHANNEL_RULES);
  await send("dispute game", "setParameters", GAME_RULES);
  await send("provider registry", "setFraudDeposit", FRAUD_DEPOSIT);
}

async function publishModel({ chain, computed }: Day): Promise<void> {
  const contracts = connectContracts(chain.provider, deploymentOf(chain));
  for (const { data } of await missingProgramCalls(contracts, programParts(computed.program))) {
    const { name, args } = chain.interfaceOf("program registry").parseTransaction({ data })!;
    await chain.send(ADMINISTRATOR, "program registry", name, args.toArray());
  }
  await chain.send(ADMINISTRATOR, "model registry", "register", [computed.commitment, ""]);
}

export function deploymentOf(chain: DayChain): Deployment {
  return {
    ath: chain.addressOf("ath"),
    vault: chain.addressOf("vault"),
    providerRegistry: chain.addressOf("provider registry"),
    modelRegistry: chain.addressOf("model registry"),
    programRegistry: chain.addressOf("program registry"),
    jobEscrow: chain.addressOf("job escrow"),
    channelEscrow: chain.addressOf("channel escrow"),
    receiptResults: chain.addressOf("receipt results"),
    resultSources: chain.addressOf("result sources"),
    disputeGame: chain.addressOf("dispute game"),
  };
}

/** Gives somebody tokens; stablecoins and bitcoins are made for it. */
async function give(
  { chain, model }: Day,
  symbol: TokenSymbol,
  receiver: string,
  amount: bigint,
): Promise<void> {
  const address = chain.addressOf(receiver);
  if (symbol === "ATH") {
    await chain.send(ADMINISTRATOR, "ath", "transfer", [address, amount]);
    model.ledger.move(amount, wallet("ATH", ADMINISTRATOR), wallet("ATH", receiver), "is given");
  } else {
    await chain.send(ADMINISTRATOR, symbol, "mint", [address, amount]);
    model.ledger.begin(wallet(symbol, receiver), amount);
  }
}

/** Half of a client's money goes into the vault, half stays in its wallet. */
async function joinAsClient(day: Day, client: string): Promise<void> {
  const { chain, model } = day;
  for (const { symbol, funds } of TOKENS) {
    await give(day, symbol, client, funds);
    const contract = symbol === "ATH" ? "ath" : symbol;
    await chain.send(client, contract, "approve", [chain.addressOf("vault"), funds]);
    await chain.send(client, "vault", "deposit", [chain.token(symbol), funds / 2n, chain.addressOf(client)]);
    model.deposit(symbol, client, funds / 2n);
    await chain.send(client, "vault", "approveModules", [chain.token(symbol), MODULE_BITS.jobs]);
  }
}

async function joinAsProvider(day: Day, provider: ProviderState): Promise<void> {
  const { chain, model, size } = day;
  const { name } = provider;
  // Enough for the channels and jobs that come to it at a time.
  const stake = BigInt(20_000 + 2_000 * Math.ceil((3 * size.clients) / size.providers)) * 10n ** 18n;
  await give(day, "ATH", name, stake);
  await chain.send(name, "ath", "approve", [chain.addressOf("vault"), stake]);
  await chain.send(name, "vault", "deposit", [chain.token("ATH"), stake, chain.addressOf(name)]);
  model.deposit("ATH", name, stake);
  await chain.send(name, "vault", "stake", [stake]);
  model.stakes.stake(name, stake);
  const all = MODULE_BITS.registry | MODULE_BITS.jobs | MODULE_BITS.channels;
  await chain.send(name, "vault", "approveStakeModules", [all]);
  await chain.send(name, "provider registry", "register", [profileOf(day, provider, [1])]);
  model.stakes.register(name, HARDWARE_STAKES[0], FRAUD_DEPOSIT);
  for (const { symbol } of TOKENS) await offer(day, provider, symbol);
  await chain.send(name, "channel escrow", "addReceiptKey", [receiptAddress(provider)]);
}

export function profileOf({ chain }: Day, { operator }: ProviderState, counts: readonly number[]) {
  return {
    operator: chain.addressOf(operator),
    watchtower: ZeroAddress,
    encryptionKey: ZeroHash,
    endpoint: "",
    hardware: counts
      .map((count, hardwareClass) => ({ hardwareClass, count }))
      .filter(({ count }) => count > 0),
  };
}
