import { id, ZeroHash, type HDNodeWallet } from "ethers";
import { Channels } from "../channels/channels.ts";
import { channelIdOf, signAcceptance, signReceipt } from "../channels/typed-data.ts";
import { Checkers } from "../checkers/checkers.ts";
import { encodeChannelEvidence } from "../checkers/evidence.ts";
import { channelSalt, secretCommitment } from "../checkers/hashes.ts";
import { reportsTip } from "../checkers/reports.ts";
import type { QualityReport } from "../checkers/types.ts";
import { connectContracts } from "../protocol/connect-contracts.ts";
import { mined, type LocalChain } from "./local-chain.ts";

const ONE = 10n ** 18n;
/** ATH units: what the channels of checkers have to put down besides their bounty. */
const DEPOSIT = 10n * ONE;

/** A checker: the account that staked, its operator key, and the client of both. */
export interface Member {
  readonly owner: HDNodeWallet;
  readonly operator: HDNodeWallet;
  readonly byOwner: Checkers;
  readonly byOperator: Checkers;
  readonly channels: Channels;
}

/** What a checker measures; a provider that did not answer is `undefined`. */
export type Measured = Pick<QualityReport, "latency" | "throughput" | "uptime"> | undefined;

/** A client of the checkers' contracts for an account. */
export function connectChecker(chain: LocalChain, signer: HDNodeWallet): Promise<Checkers> {
  return Checkers.connect({ signer, deployment: chain.deployment, pollingInterval: 20 });
}

/** Gives an account ATH to ask with, and a checker's stake in the vault. */
export async function stakeForChecker(chain: LocalChain, owner: HDNodeWallet, amount: bigint): Promise<void> {
  const { ath } = connectContracts(chain.accounts.administrator, chain.deployment);
  await mined(ath.transfer(owner.address, amount + 100n * ONE));
  const own = connectContracts(owner, chain.deployment);
  await mined(own.ath.approve(chain.deployment.vault, amount));
  await mined(own.vault.deposit(chain.deployment.ath, amount, owner.address));
  await mined(own.vault.stake(amount));
}

/** So many checkers, each with the stake in force. */
export async function joinCheckers(chain: LocalChain, count: number): Promise<Member[]> {
  const members: Member[] = [];
  for (let index = 0; index < count; index += 1) {
    const [owner, operator] = [await chain.newWallet(), await chain.newWallet()];
    const [byOwner, byOperator] = [await connectChecker(chain, owner), await connectChecker(chain, operator)];
    const { stake } = await byOwner.rulesOf(1);
    await stakeForChecker(chain, owner, stake);
    const options = { signer: owner, deployment: chain.deployment, pollingInterval: 20 };
    members.push({ owner, operator, byOwner, byOperator, channels: await Channels.connect(options) });
  }
  await Promise.all(members.map(({ byOwner, operator }) => byOwner.join({ operator: operator.address })));
  return members;
}

/** Lets the chain's provider answer in channels, each of which binds so little of its stake that checkers can open many. */
export async function openToChannels({ accounts, deployment, provider }: LocalChain): Promise<void> {
  const { channelEscrow } = connectContracts(accounts.administrator, deployment);
  const { notice, receiptLife, workPerSecond } = await channelEscrow.parameters();
  await mined(channelEscrow.setParameters({ stakePerChannel: ONE, notice, receiptLife, workPerSecond }));
  const own = connectContracts(accounts.owner.connect(provider), deployment);
  await mined(own.vault.approveStakeModules(await own.vault.moduleBit(deployment.channelEscrow)));
  await mined(own.channelEscrow.addReceiptKey(accounts.operator));
}

/** The secret of a checker in an epoch, and what blinds its salts there. */
export const secretOf = ({ owner }: Member, epoch: number): string => id(`secret ${owner.address} ${epoch}`);
export const blindingOf = ({ owner }: Member, epoch: number): string =>
  id(`blinding ${owner.address} ${epoch}`);

/** Moves the clock into an epoch, so many seconds after its beginning. */
export async function toEpoch(chain: LocalChain, checkers: Checkers, epoch: number, seconds = 10) {
  const { timestamp } = (await chain.provider.getBlock("latest"))!;
  const ahead = checkers.startOf(epoch) + seconds - timestamp;
  if (ahead > 0) await chain.advance(ahead);
}

/** Has checkers commit to their secrets of the next epoch. */
export async function commitSecrets(members: readonly Member[]): Promise<number> {
  const { contracts, chainId } = members[0]!.byOwner;
  const checkers = await contracts.checkers.getAddress();
  const epoch = (await members[0]!.byOwner.currentEpoch()) + 1;
  const send = (member: Member) => {
    const place = { chainId, checkers, checker: member.owner.address, epoch };
    return member.byOperator.commitSecret(secretCommitment({ ...place, secret: secretOf(member, epoch) }), {
      epoch,
    });
  };
  await Promise.all(members.map(send));
  return epoch;
}

/** Draws the current epoch's seed. */
export async function drawSeed(chain: LocalChain, checkers: Checkers): Promise<string> {
  const { round } = await checkers.requestRound();
  await chain.rpc("evm_mine");
  await checkers.fixRound();
  return (await checkers.draw(round)).seed;
}

/** What a checker that opened a channel with the chain's provider, and got so many answers, shows of it. */
export async function askByChannel(
  chain: LocalChain,
  member: Member,
  epoch: number,
  answers = 1,
): Promise<string> {
  const { operator, owner: provider } = chain.accounts;
  const blinding = blindingOf(member, epoch);
  const { channels } = member;
  const salt = channelSalt({ checker: member.owner.address, epoch, blinding });
  const channel = await channels.quote({ provider: provider.address, salt, lifetime: 2 * 86_400 });
  const { contract } = channels;
  const channelId = channelIdOf(channel, contract);
  const terms = { minimumDeposit: DEPOSIT, validUntil: channel.expiresAt };
  const acceptance = await signAcceptance(operator, contract, channelId, terms);
  await channels.open({ terms: channel, amount: DEPOSIT }, acceptance);
  const { timestamp } = (await chain.provider.getBlock("latest"))!;
  const signed = await Promise.all(
    Array.from({ length: answers }, (_, index) =>
      signReceipt(operator, contract, {
        channel: channelId,
        nonce: BigInt(index + 1),
        modelRoot: chain.model,
        inputRoot: id(`input ${index}`),
        outputTokensRoot: id(`output ${index}`),
        outputCount: 1n,
        complete: true,
        price: 1n,
        expiry: BigInt(timestamp) + channel.receiptLife,
      }),
    ),
  );
  return encodeChannelEvidence({
    ...{ blinding, channel },
    receipts: signed.map(({ message }) => message),
    signatures: signed.map(({ signature }) => signature),
  });
}

/** Has each of the members measure the chain's provider in the current epoch, and commit to it. */
export async function commitMeasured(
  chain: LocalChain,
  members: readonly Member[],
  measured: readonly Measured[],
): Promise<QualityReport[]> {
  const epoch = await members[0]!.byOwner.currentEpoch();
  const provider = chain.accounts.owner.address;
  const send = async (member: Member, index: number): Promise<QualityReport> => {
    const values = measured[index];
    const report = values
      ? { provider, ...values, evidence: await askByChannel(chain, member, epoch) }
      : { provider, latency: 0, throughput: 0, uptime: 0, evidence: "0x" };
    await member.byOperator.commitReports(reportsTip([report]), { epoch });
    return report;
  };
  return Promise.all(members.map(send));
}

/** Reveals secrets and reports of the epoch before the current one. */
export async function revealAll(
  members: readonly Member[],
  reports: readonly QualityReport[],
): Promise<void> {
  const epoch = (await members[0]!.byOwner.currentEpoch()) - 1;
  const send = async (member: Member, index: number) => {
    const { address } = member.owner;
    await member.byOwner.revealSecret(address, secretOf(member, epoch));
    await member.byOwner.revealReports(address, ZeroHash, [reports[index]!]);
  };
  await Promise.all(members.map(send));
}

/**
 * Has the members measure the chain's provider in the next epoch, and scores it. The clock is two epochs later.
 *
 * @param meanwhile what else happens in that epoch
 */
export async function playEpoch(
  chain: LocalChain,
  members: readonly Member[],
  measured: readonly Measured[],
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<number> {
  const [{ byOwner }] = members as [Member];
  const epoch = await commitSecrets(members);
  await toEpoch(chain, byOwner, epoch);
  await drawSeed(chain, byOwner);
  const reports = await commitMeasured(chain, members, measured);
  await meanwhile();
  await toEpoch(chain, byOwner, epoch + 1);
  await revealAll(members, reports);
  await toEpoch(chain, byOwner, epoch + 2);
  await byOwner.score(chain.accounts.owner.address);
  return epoch;
}
