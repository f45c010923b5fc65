// What a client hears before it pays when no new work begins: the provider rests, is suspended, or jobs or channels are paused.
import { expect } from "chai";
import { toQuantity } from "ethers";
import { Channels } from "../channels.ts";
import { connectContracts } from "../protocol/connect-contracts.ts";
import { answerTokens } from "../testing/byte-tokenizer.ts";
import { mined, OFFER, registerProvider, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { startScriptedProvider } from "../testing/scripted-provider.ts";
import type { AthanorClient } from "./athanor-client.ts";

const ONE = 10n ** 18n;
const DAY = 86_400;

describe("when no new work begins", () => {
  let chain: LocalChain;
  let client: AthanorClient;
  let channels: Channels;
  let provider: string;
  let snapshot: unknown;

  before(async () => {
    chain = await startLocalChain();
    await registerProvider(chain);
    client = await chain.connect();
    channels = await Channels.connect({ signer: chain.accounts.client, deployment: chain.deployment });
    provider = chain.accounts.owner.address;
  });
  beforeEach(async () => (snapshot = await chain.rpc("evm_snapshot")));
  afterEach(() => chain.rpc("evm_revert", [snapshot]));
  after(() => chain.close());

  const request = (change = {}) => ({
    model: chain.model,
    prompt: "To be",
    maxTokens: 20,
    maxPrice: 100n * ONE,
    ...change,
  });

  const setResting = (resting: boolean) =>
    mined(connectContracts(chain.accounts.owner, chain.deployment).vault.setResting(resting));

  const suspend = async () => {
    const { rpc, contracts, deployment } = chain;
    const from = deployment.providerRegistry;
    await rpc("hardhat_impersonateAccount", [from]);
    await rpc("hardhat_setBalance", [from, toQuantity(10n ** 18n)]);
    const data = contracts.vault.interface.encodeFunctionData("setSuspended", [provider, true]);
    await rpc("eth_sendTransaction", [{ from, to: deployment.vault, data }]);
  };

  const pause = async (module: string, seconds: number) => {
    await mined(
      connectContracts(chain.accounts.administrator, chain.deployment).vault.pauseModule(module, seconds),
    );
    return (await chain.contracts.vault.pauseOf(module)).until;
  };

  const sent = () => chain.provider.getTransactionCount(chain.accounts.client.address);

  for (const [what, begin] of [
    ["rests", () => setResting(true)],
    ["is suspended", suspend],
  ] as const) {
    it(`a provider that ${what} is offered as unavailable, refused by name when it is pinned, and gets no channel`, async () => {
      await begin();
      const before = await sent();
      const [offer] = await client.offers({ model: chain.model });
      expect(offer).to.include({ provider, takesWork: false, available: false });
      expect(offer!.freeStake > 0n, "it has stake").to.equal(true);
      for (const call of [
        () => client.infer(request({ provider })),
        () => client.quote(request({ provider })),
        () => channels.quote({ provider }),
      ]) {
        const error = await rejection(call());
        expect([error.code, error.values]).to.deep.equal(["ProviderTakesNoWork", { provider }]);
        expect(error.remedy).to.match(/^Choose another provider/);
      }
      const any = await rejection(client.infer(request()));
      expect([any.code, any.values["offers"]]).to.deep.equal(["NoProviderAvailable", 1]);
      expect(await sent()).to.equal(before);
    });
  }

  it("another provider is chosen, though it is dearer, while the cheapest rests", async () => {
    const dearer = await chain.newWallet();
    const offer = {
      inputMicrocents: 2n * OFFER.inputMicrocents,
      outputMicrocents: 2n * OFFER.outputMicrocents,
    };
    await registerProvider(chain, { owner: dearer, operator: (await chain.newWallet()).address }, offer);
    expect((await client.quote(request())).provider).to.equal(provider);
    await setResting(true);
    expect((await client.quote(request())).provider).to.equal(dearer.address);
    await setResting(false);
    expect((await client.quote(request())).provider).to.equal(provider);
  });

  it("the end of the rest brings it back", async () => {
    await setResting(true);
    await setResting(false);
    expect((await client.quote(request())).provider).to.equal(provider);
    expect((await channels.quote({ provider })).provider).to.equal(provider);
  });

  it("a provider that rests is paid for the job that was open before", async () => {
    const worker = startScriptedProvider(chain, () => answerTokens("yes"));
    const { job } = await client.infer(request());
    await setResting(true);
    await chain.advance(Number(job.terms.challengeWindow) + 120);
    expect((await client.waitFinalized(job.id)).receipt.payment.settled).to.equal(true);
    await worker.stop();
  });

  it("while jobs are paused a job is refused before anything is sent, channels open, and the end of the pause is named", async () => {
    const module = chain.deployment.jobEscrow;
    const until = await pause(module, DAY);
    const before = await sent();
    for (const call of [() => client.infer(request()), () => client.quote(request({ provider }))]) {
      const error = await rejection(call());
      expect([error.code, error.values]).to.deep.equal(["ModulePausedUntil", { module, until }]);
      expect(error.shortMessage).to.match(/opens no new work before 20\d\d-/);
    }
    expect(await sent()).to.equal(before);
    await channels.quote({ provider });
    await chain.advance(DAY);
    await client.quote(request());
  });

  it("while channels are paused no terms are quoted, and jobs go on", async () => {
    const module = chain.deployment.channelEscrow;
    const until = await pause(module, DAY);
    const error = await rejection(channels.quote({ provider }));
    expect([error.code, error.values]).to.deep.equal(["ModulePausedUntil", { module, until }]);
    await client.quote(request());
    await chain.advance(DAY);
    await channels.quote({ provider });
  });
});
