import {
  connectCheckers,
  reportsTip,
  secretCommitment,
  type CheckerContracts,
  type QualityReport,
} from "@athanor/sdk/checkers";
import { connectContracts } from "@athanor/sdk/protocol";
import { id, MaxUint256, parseEther, Wallet, ZeroHash } from "ethers";
import type { ICheckers } from "../../../sdk/src/generated/contracts/Checkers.ts";
import type { TestChain } from "./chain.ts";

/** A checker: the account that staked, and its operator key, both connected to the chain. */
export interface Member {
  readonly owner: Wallet;
  readonly operator: Wallet;
}

/** Checkers on a local chain whose moves a test makes, and the chain's clock between them. Everything is real but who they are. */
export interface Crowd {
  readonly contracts: CheckerContracts;
  readonly members: readonly Member[];
  readonly secretOf: (member: Member, epoch: number) => string;
  /** Moves the clock so many seconds into an epoch. */
  toEpoch(epoch: number, seconds?: number): Promise<void>;
  /** Has members commit to the next epoch, which is returned. */
  commitSecrets(members: readonly Member[]): Promise<number>;
  /** The first sixteen commit to the next epoch, it begins, and its seed is drawn. Returns it. */
  nextEpoch(): Promise<number>;
  /** Has members commit to reports in the current epoch. */
  commitReports(reports: ReadonlyMap<Member, readonly QualityReport[]>): Promise<void>;
  /** In the epoch after the reports: reveals secrets and reports. */
  reveal(reports: ReadonlyMap<Member, readonly QualityReport[]>): Promise<void>;
}

/** Governance's choice: all of sixteen are drawn for everything, and hardware is examined from epoch 2 on, at random never. */
export async function gatherCrowd(chain: TestChain, size = 16): Promise<Crowd> {
  const { deployment, vault } = chain.contracts;
  const node = vault.runner!.provider!;
  const contracts = await connectCheckers(chain.contracts.vault.runner!, deployment);
  const { checkers, drawBeacon, qualityReports } = contracts;
  const { stake } = await checkers.parametersAt(0);
  const module = await vault.moduleBit(checkers);
  const members: Member[] = [];
  for (let index = 0; index < size; index++) {
    const account = () => new Wallet(Wallet.createRandom().privateKey, node);
    const member = { owner: account(), operator: account() };
    const { owner, operator } = member;
    await Promise.all([chain.fund(owner.address), chain.fund(operator.address)]);
    await chain.ath(owner.address, Number(stake / parseEther("1")));
    const own = connectContracts(owner, deployment);
    await own.ath.approve(deployment.vault, MaxUint256);
    await own.vault.deposit(deployment.ath, stake, owner.address);
    await own.vault.stake(stake);
    await own.vault.approveStakeModules(module);
    await checkers.connect(owner).join(operator.address);
    members.push(member);
  }
  const rules = (await checkers.parametersAt(0)) as unknown as { toObject(): ICheckers.ParametersStruct };
  await checkers.setParameters({
    ...rules.toObject(),
    expectedCheckers: 16,
    minimumCheckers: 16,
    examRate: 0,
  });
  const place = { chainId: BigInt(chain.chainId), checkers: await checkers.getAddress() };
  const secretOf = ({ owner }: Member, epoch: number) => id(`${owner.address} ${epoch}`);
  const current = async () => Number(await checkers.currentEpoch());
  const crowd: Crowd = {
    ...{ contracts, members, secretOf },
    async toEpoch(epoch, seconds = 10) {
      const at = Number(await checkers.startOf(epoch)) + seconds;
      const now = await chain.now();
      if (now < at) await chain.pass(at - now);
    },
    async commitSecrets(committing) {
      const epoch = (await current()) + 1;
      for (const member of committing) {
        const secret = secretOf(member, epoch);
        const commitment = secretCommitment({ ...place, checker: member.owner.address, epoch, secret });
        await checkers.connect(member.operator).commit(epoch, commitment);
      }
      return epoch;
    },
    async nextEpoch() {
      const epoch = await crowd.commitSecrets(members.slice(0, 16));
      await crowd.toEpoch(epoch);
      await drawBeacon.request();
      await chain.mine(1);
      await drawBeacon.fix();
      await checkers.draw(await drawBeacon.latest());
      return epoch;
    },
    async commitReports(reports) {
      const epoch = await current();
      for (const [{ operator }, of] of reports) {
        await qualityReports.connect(operator).commitReports(epoch, reportsTip(of));
      }
    },
    async reveal(reports) {
      const epoch = (await current()) - 1;
      for (const [member, of] of reports) {
        await checkers.reveal(member.owner.address, secretOf(member, epoch));
        await qualityReports.revealReports(member.owner.address, ZeroHash, [...of]);
      }
    },
  };
  return crowd;
}
