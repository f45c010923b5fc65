import type { TokenInfo } from "@athanor/sdk";
import type { Wallet } from "ethers";
import type { Chain } from "../chain/chain.ts";
import { toTokenUnits, type Amount } from "../config/amount.ts";
import type { Config } from "../config/schema.ts";
import { WorkerError } from "../errors.ts";
import { resolveToken } from "../market/tokens.ts";
import type { ProviderContext } from "../provider/context.ts";
import { Desk, type ChannelSettings } from "./desk.ts";
import { ExamDesk } from "./exam-desk.ts";
import { ExamRules } from "./exam-rules.ts";

/** The largest value of the escrow's times: a key that signs receipts and was not removed. */
const IN_USE = 2n ** 40n - 1n;

/**
 * Makes the desk that a configuration describes.
 *
 * @throws WorkerError AMOUNT_INVALID, TOKEN_UNKNOWN, NOT_REGISTERED when the escrow does not know the receipt key
 */
export async function openDesk(
  context: Omit<ProviderContext, "desk">,
  config: Config,
  settings: ChannelSettings,
  signer: Wallet,
): Promise<Desk> {
  const { chain, owner } = context;
  await requireReceiptKey(chain, owner, signer.address);
  const tokens = await offeredTokens(chain, config);
  return new Desk({
    ...{ context, settings, signer },
    tokens: tokens.map(({ address }) => address),
    minimumDeposits: byToken(settings.minimumDeposits, tokens, "channels.minimumDeposits"),
    settleAbove: byToken(settings.settleAbove, tokens, "channels.settleAbove"),
  });
}

/** What examines the hardware of a provider; null where the deployment has no checkers. */
export async function openExamDesk(
  context: Omit<ProviderContext, "desk">,
  desk: Desk,
  signer: Wallet,
): Promise<ExamDesk | null> {
  const rules = await ExamRules.connect(context.chain, context.owner, context.clock);
  return rules === undefined ? null : new ExamDesk({ context, desk, signer, rules });
}

async function requireReceiptKey(chain: Chain, owner: string, key: string): Promise<void> {
  if ((await chain.contracts.channelEscrow.receiptKeyUntil(owner, key)) === IN_USE) return;
  throw new WorkerError("NOT_REGISTERED", `${key} is no receipt key of the provider ${owner}.`, {
    remedy: "Run: athanor provider register --config FILE",
    details: { owner, key },
  });
}

async function offeredTokens(chain: Chain, config: Config): Promise<TokenInfo[]> {
  const names = new Set(config.models.flatMap(({ offers }) => offers.map(({ token }) => token)));
  return Promise.all([...names].map((name) => resolveToken(chain, name)));
}

function byToken(
  amounts: readonly Amount[],
  tokens: readonly TokenInfo[],
  field: string,
): ReadonlyMap<string, bigint> {
  return new Map(
    amounts.map((amount) => {
      const token = tokens.find(({ symbol }) => symbol.toLowerCase() === amount.unit.toLowerCase());
      if (token !== undefined) return [token.address, toTokenUnits(amount, token)];
      throw new WorkerError("AMOUNT_INVALID", `${field} names ${amount.unit}, in which nothing is offered.`, {
        remedy: `Write amounts in: ${tokens.map(({ symbol }) => symbol).join(", ")}.`,
        details: { field, unit: amount.unit },
      });
    }),
  );
}
