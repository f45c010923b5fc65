import type { ContractTransactionResponse } from "ethers";
import {
  ATH,
  type OpenJob,
  type Output,
  deploySystem,
  jobsCreatedBy,
  requestTo,
  time,
} from "../../test/support/system.ts";
import { hiddenRequest } from "../../test/support/private.ts";
import { packTokens, tokensRoot } from "../../test/support/tokens.ts";

/** Blocks are at fixed times: calldata costs by its bytes, and times are in it. */
const START = 2_000_000_000;
/** A sealed request of the smallest size. */
const CIPHERTEXT_BYTES = 305;
const TOKENS = [11, 12, 13, 14, 15, 16, 17, 18];

/** Gas of each call that is sent often, with every account in use before. */
export async function measureGas(): Promise<Record<string, number>> {
  const system = await deploySystem();
  const { escrow, vault, ath, providers, client, provider, operator, stranger, addresses, modelRoot } =
    system;
  const gas: Record<string, number> = {};
  let moment = START;
  const at = async (sending: () => Promise<ContractTransactionResponse>) => {
    await time.setNextBlockTimestamp((moment += 100));
    return sending();
  };
  const measure = async (name: string, sending: () => Promise<ContractTransactionResponse>) => {
    const sent = await at(sending);
    gas[name] = Number((await sent.wait())?.gasUsed ?? 0n);
    return sent;
  };
  const request = (salt: number) =>
    requestTo(system, { salt, submitDeadline: moment + 10_000, maxTokens: TOKENS.length });
  const create = async (salt: number): Promise<OpenJob> => {
    const terms = await request(salt);
    const [opened] = await jobsCreatedBy(system, await at(() => escrow.connect(client).create(terms)));
    return opened!;
  };
  const output: Output = { count: TOKENS.length, tokensRoot: tokensRoot(packTokens(TOKENS)) };
  const submit = ({ job }: OpenJob) => escrow.connect(operator).submit(job, packTokens(TOKENS));

  // The first job writes slots that later ones only change.
  const first = await create(1001);
  await at(() => submit(first));
  moment += 10_000;
  await at(() => escrow.connect(stranger).finalize(first.job, output, stranger));

  const terms = await request(1002);
  const created = await measure("JobEscrow.create", () => escrow.connect(client).create(terms));
  const [job] = await jobsCreatedBy(system, created);
  await measure("JobEscrow.submit", () => submit(job!));
  moment += 10_000;
  await measure("JobEscrow.finalize", () => escrow.connect(stranger).finalize(job!.job, output, stranger));

  const batch = [];
  for (let salt = 1003; salt < 1013; salt += 1) batch.push(await create(salt));
  for (const opened of batch) await at(() => submit(opened));
  moment += 10_000;
  const jobs = batch.map(({ job }) => job);
  const outputs = batch.map(() => output);
  await measure("JobEscrow.finalizeBatch of ten", () =>
    escrow.connect(stranger).finalizeBatch(jobs, outputs, stranger),
  );

  const declined = await create(1013);
  await measure("JobEscrow.decline", () => escrow.connect(operator).decline(declined.job));
  const expired = await create(1014);
  moment += 20_000;
  await measure("JobEscrow.expire", () => escrow.connect(stranger).expire(expired.job, stranger));

  const hidden = hiddenRequest({ ciphertext: `0x${"a5".repeat(CIPHERTEXT_BYTES)}` });
  const without = { ...(await request(1015)), promptTokens: "0x" };
  await measure("JobEscrow.createPrivate", () => escrow.connect(client).createPrivate(without, hidden));

  await at(() => ath.connect(system.administrator).transfer(client, 2n * ATH));
  await at(() => ath.connect(client).approve(vault, 2n * ATH));
  await measure("Vault.deposit", () => vault.connect(client).deposit(addresses.ath, ATH, client));
  await measure("Vault.withdraw", () => vault.connect(client).withdraw(addresses.ath, ATH, client));
  await measure("Vault.stake", () => vault.connect(client).stake(ATH));
  await measure("Vault.unbond", () => vault.connect(client).unbond(ATH / 2n));
  moment += 14 * 86_400;
  await measure("Vault.claimUnbonded", () => vault.connect(client).claimUnbonded(client));
  await measure("ProviderRegistry.setOffer", () =>
    providers.connect(provider).setOffer(modelRoot, addresses.ath, 250_000_000_000n, 500_000_000_000n),
  );
  return gas;
}
