// Whom clients choose, when checkers say who serves well.
import { expect } from "chai";
import { ChannelClient } from "../native/channel-client.ts";
import { compareScores, withScore, type ProviderScore } from "../protocol/scores.ts";
import { answerTokens } from "../testing/byte-tokenizer.ts";
import { joinCheckers, playEpoch } from "../testing/checker-world.ts";
import {
  fundClient,
  registerProvider,
  startLocalChain,
  tokenizerSource,
  type LocalChain,
} from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { serveChannels } from "../testing/scripted-channels.ts";
import type { AthanorClient } from "./athanor-client.ts";

const ONE = 10n ** 18n;
const OFFER = { inputMicrocents: 250_000_000_000n, outputMicrocents: 500_000_000_000n };

const scored = (uptime: number, latency: number, throughput: number): { score: ProviderScore } => ({
  score: { provider: "", uptime, latency, throughput, epoch: 1, badEpochs: 0 },
});

describe("the order of scores", () => {
  it("is by uptime, then latency, then throughput, one that never answered behind, none last", () => {
    const best = [
      scored(10_000, 200, 5_000),
      scored(10_000, 200, 4_000),
      scored(10_000, 300, 9_000),
      scored(9_000, 100, 9_000),
      scored(9_000, 0, 0),
      scored(0, 100, 9_000),
      { score: undefined },
    ];
    expect([...best].reverse().sort(compareScores)).to.deep.equal(best);
    expect(compareScores(best[0]!, best[0]!)).to.equal(0);
    expect(compareScores({}, { score: undefined })).to.equal(0);
  });

  it("takes no absent latency for a short one", async () => {
    const deployment = { qualityReports: "0x" } as Parameters<typeof withScore>[2];
    const silent = scored(9_000, 0, 0);
    const error = await rejection(
      Promise.resolve().then(() => withScore([silent], { latency: 500 }, deployment)),
    );
    expect(error.code).to.equal("NoProviderWithScore");
    expect(withScore([silent], { uptime: 9_000 }, deployment)).to.deep.equal([silent]);
  });
});

describe("choosing by score", () => {
  let chain: LocalChain;
  let client: AthanorClient;
  let endpoint: { close(): Promise<void> };
  /** Scored, with an endpoint; and two without, of whom the last is cheaper. */
  let [good, unknown, cheap]: string[] = [];

  before(async () => {
    chain = await startLocalChain({
      athMicrocents: 2_500_000n,
      checkers: { epochLength: 3_600, quorum: 3, requests: 1 },
    });
    await registerProvider(chain, undefined, OFFER);
    const prices = { inputPrice: 100_000n * ONE, outputPrice: 200_000n * ONE };
    endpoint = await serveChannels(chain, prices, answerTokens("or not to be"));
    good = chain.accounts.owner.address;
    client = await chain.connect();
    const members = await joinCheckers(chain, 3);
    await members[0]!.byOwner.enroll(good);
    const measured = [310, 320, 330].map((latency) => ({ latency, throughput: 5_000, uptime: 9_900 }));
    await playEpoch(chain, members, measured);
    // With more free stake, for which it would be chosen otherwise.
    unknown = await addProvider(OFFER);
  });

  after(async () => {
    await endpoint.close();
    await chain.close();
  });

  async function addProvider(offer: typeof OFFER): Promise<string> {
    const [owner, operator] = [await chain.newWallet(), await chain.newWallet()];
    await registerProvider(chain, { owner, operator: operator.address }, offer);
    return owner.address;
  }

  const request = () => ({ model: chain.model, prompt: "To be", maxTokens: 20 });

  it("shows scores with offers, and prefers one among equally cheap offers", async () => {
    const offers = await client.offers({ model: chain.model });
    const of = (provider: string | undefined) => offers.find((offer) => offer.provider === provider)!;
    expect(of(good).score).to.deep.equal({
      provider: good,
      ...{ uptime: 9_900, latency: 320, throughput: 5_000, epoch: 1, badEpochs: 0 },
    });
    expect(of(unknown).score).to.equal(undefined);
    expect(of(unknown).freeStake > of(good).freeStake).to.equal(true);
    expect((await client.quote(request())).provider).to.equal(good);
  });

  it("leaves out who was found worse than asked, and providers without a score only when asked to", async () => {
    const chosen = async (minimumScore: object) =>
      (await client.quote({ ...request(), minimumScore })).provider;
    expect(await chosen({ uptime: 9_900, latency: 320, throughput: 5_000 })).to.equal(good);
    for (const minimumScore of [{ uptime: 9_901 }, { latency: 319 }, { throughput: 5_001 }]) {
      expect(await chosen(minimumScore), JSON.stringify(minimumScore)).to.equal(unknown);
      const error = await rejection(chosen({ ...minimumScore, onlyScored: true }));
      expect([error.code, error.values]).to.deep.equal(["NoProviderWithScore", { offers: 2 }]);
    }
    // Whom a caller names, it takes.
    const named = await client.quote({ ...request(), provider: unknown, minimumScore: { onlyScored: true } });
    expect(named.provider).to.equal(unknown);
  });

  it("refuses scores that are none, and scores where nobody gives any", async () => {
    const wrong = await rejection(client.quote({ ...request(), minimumScore: { uptime: -1 } }));
    expect([wrong.code, wrong.values["name"]]).to.deep.equal(["InvalidArgument", "minimumScore.uptime"]);
    const deployment = { ...chain.deployment, qualityReports: undefined };
    const without = await chain.connect({ deployment });
    const error = await rejection(without.quote({ ...request(), minimumScore: {} }));
    expect([error.code, error.values]).to.deep.equal(["CheckersUnavailable", { contract: "qualityReports" }]);
    expect((await without.quote(request())).provider, "more stake is free").to.equal(unknown);
  });

  it("chooses a channel's provider: the cheapest that answers at its endpoint", async () => {
    cheap = await addProvider({ inputMicrocents: 1n, outputMicrocents: 1n });
    const buyer = await chain.newWallet();
    await fundClient(chain, buyer.address);
    const channels = await ChannelClient.connect({
      ...{ signer: buyer, deployment: chain.deployment, modelSource: tokenizerSource() },
      ...{ allowInsecureEndpoints: true, pollingInterval: 20 },
    });
    const wanted = { model: chain.model, deposit: 20n * ONE };
    const offers = await client.offers({ model: chain.model });
    expect(offers.map(({ provider }) => provider)).to.include(cheap);
    const channel = await channels.openChannel(wanted);
    expect(channel.terms.provider).to.equal(good);
    const { text } = await channel.infer(request());
    expect(text).to.equal("or not to be");
    const refused = [
      [{ minimumScore: { uptime: 9_901 } }, "ProviderWithoutEndpoint"],
      [{ minimumScore: { uptime: 9_901, onlyScored: true } }, "NoProviderWithScore"],
      [{ minimumScore: { latency: 0.5 } }, "InvalidArgument"],
      [{ token: buyer.address }, "NoOffer"],
      // It offers the model in the stablecoin, and serves it in ATH only.
      [{ token: chain.stablecoin.address, minimumScore: { onlyScored: true } }, "NoOffer"],
      [{ model: undefined }, "InvalidArgument"],
    ] as const;
    for (const [change, code] of refused) {
      const error = await rejection(channels.openChannel({ ...wanted, ...change }));
      expect(error.code, JSON.stringify(change)).to.equal(code);
    }
  });
});
