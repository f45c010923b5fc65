import { Checkers, reportsTip, secretCommitment, type QualityReport } from "@athanor/sdk/checkers";
import { ZeroHash } from "ethers";
import { secretsOf, type DeriveSecret, type SecretUse } from "../../../worker/src/checker/secrets.ts";
import type { LocalChain } from "../local-chain.ts";
import type { CheckerAccounts } from "./people.ts";

/** Epochs after which what an epoch pays can be claimed. */
export const PAID_AFTER = 3;

/** What a strategy says of a provider. */
export type Reporting = (provider: string, epoch: number, blinding: string) => Promise<QualityReport>;

/**
 * A checker whose moves are those of the daemon and whose reports are what its script says. It keeps everything in memory, and leaves to others what
 * others do as well: it scores, announces and punishes nobody.
 */
export class ScriptChecker {
  readonly accounts: CheckerAccounts;
  readonly #checkers: Checkers;
  readonly #report: Reporting;
  readonly #derive: DeriveSecret;
  readonly #reports = new Map<number, QualityReport[]>();
  readonly #committed = new Set<number>();
  readonly #revealed = new Set<number>();
  readonly #claimed = new Set<number>();

  private constructor(accounts: CheckerAccounts, checkers: Checkers, report: Reporting) {
    this.accounts = accounts;
    this.#checkers = checkers;
    this.#report = report;
    this.#derive = secretsOf(accounts.operator);
  }

  static async connect(
    chain: LocalChain,
    accounts: CheckerAccounts,
    report: Reporting,
  ): Promise<ScriptChecker> {
    const { deployment } = chain;
    const checkers = await Checkers.connect({ signer: accounts.operator, deployment, pollingInterval: 50 });
    return new ScriptChecker(accounts, checkers, report);
  }

  /**
   * Does what is due in the current epoch.
   *
   * @param mayAsk whether receipts count for this epoch already: providers date them a minute back
   */
  async advance({ isServing, mayAsk }: { isServing: boolean; mayAsk: boolean }): Promise<void> {
    const epoch = await this.#checkers.currentEpoch();
    if (isServing) await this.#commitSecret(epoch + 1);
    await this.#reveal(epoch - 1);
    await this.#claim(epoch - PAID_AFTER);
    if (mayAsk) await this.#measure(epoch);
  }

  async #commitSecret(epoch: number): Promise<void> {
    if (this.#committed.has(epoch)) return;
    const { owner } = this.accounts;
    const contract = await this.#checkers.contracts.checkers.getAddress();
    const secret = await this.#secret("secret", epoch);
    const { chainId } = this.#checkers;
    const place = { chainId, checkers: contract, checker: owner.address, epoch, secret };
    await this.#checkers.commitSecret(secretCommitment(place), { epoch });
    this.#committed.add(epoch);
  }

  async #reveal(epoch: number): Promise<void> {
    if (!this.#committed.has(epoch) || this.#revealed.has(epoch)) return;
    this.#revealed.add(epoch);
    const { address } = this.accounts.owner;
    await this.#checkers.revealSecret(address, await this.#secret("secret", epoch));
    const reports = this.#reports.get(epoch);
    if (reports) await this.#checkers.revealReports(address, ZeroHash, reports);
  }

  async #measure(epoch: number): Promise<void> {
    if (!this.#committed.has(epoch) || this.#reports.has(epoch)) return;
    const { seed } = await this.#checkers.readEpoch(epoch);
    if (seed === undefined) return;
    const reports: QualityReport[] = [];
    for (const provider of await this.#checkers.measuredIn(epoch)) {
      reports.push(await this.#report(provider, epoch, await this.#secret("blinding", epoch, provider)));
    }
    if (reports.length === 0) return;
    await this.#checkers.commitReports(reportsTip(reports), { epoch });
    this.#reports.set(epoch, reports);
  }

  async #claim(epoch: number): Promise<void> {
    if (!this.#committed.has(epoch) || this.#claimed.has(epoch)) return;
    this.#claimed.add(epoch);
    const token = this.#checkers.contracts.deployment.ath;
    const part = { epoch, token, checker: this.accounts.owner.address };
    if ((await this.#checkers.payOf(part)).amount > 0n) await this.#checkers.claim(part);
  }

  async #secret(use: SecretUse, epoch: number, subject?: string): Promise<string> {
    const { chainId, contracts } = this.#checkers;
    const place = { chainId, contract: await contracts.checkers.getAddress(), epoch };
    return this.#derive(use, {
      ...{ ...place, checker: this.accounts.owner.address },
      ...(subject !== undefined && { subject }),
    });
  }
}
