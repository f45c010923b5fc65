// Attacks on what a penalty pays: other people's shares, more than there is, one's own penalty.
import { expect } from "chai";
import { ALL_SHARES, harmedTree } from "../../sdk/src/quality/harmed-tree.ts";
import {
  DISCOUNTED,
  PENALTY,
  announceCase,
  claimShare,
  courtParametersOf,
  decideCase,
  executeCase,
  freshCourt,
  harmedPart,
  passInterval,
} from "../support/court.ts";
import { expectRefusal } from "../support/expect.ts";
import { wealthOf } from "../support/ledger.ts";
import { ATH, joinAsProvider } from "../support/system.ts";

describe("attack: taking what harmed clients are due", () => {
  it("with a forged proof: another client, another share, a node as a leaf, another case's path", async () => {
    const system = await freshCourt();
    const { court, stranger } = system;
    const opened = await announceCase(system);
    await executeCase(system, opened);
    const tree = harmedTree(opened.id, opened.shares);
    const quarter = ALL_SHARES / 4n;
    const forged: [string, bigint, number, string[]][] = [
      [stranger.address, quarter, 0, tree.pathOf(0)],
      [system.client.address, quarter + 1n, 0, tree.pathOf(0)],
      [system.client.address, quarter, 1, tree.pathOf(0)],
      [system.client.address, quarter, 0, []],
      [stranger.address, quarter, 0, [...tree.pathOf(0), tree.root]],
    ];
    for (const [client, share, index, path] of forged) {
      await expectRefusal("InvalidShareProof", {
        call: () => court.claim(opened.id, client, share, index, path),
        by: court,
        values: [opened.id, client, share],
      });
    }
    await passInterval(system);
    const later = await announceCase(system, { amount: 50n * ATH });
    await executeCase(system, later);
    await expectRefusal("InvalidShareProof", {
      call: () => court.claim(later.id, system.client, quarter, 0, tree.pathOf(0)),
      by: court,
      values: [later.id, system.client.address, quarter],
    });
  });

  it("twice, also through an index that means the same", async () => {
    const system = await freshCourt();
    const { court, client } = system;
    const opened = await announceCase(system);
    await executeCase(system, opened);
    const path = harmedTree(opened.id, opened.shares).pathOf(0);
    for (const index of [0, 2]) {
      const call = () => court.claim(opened.id, client, ALL_SHARES / 4n, index, path);
      if (index === 0) {
        await call();
      } else {
        const values = [opened.id, client.address];
        await expectRefusal("ShareAlreadyClaimed", { call, by: court, values });
      }
    }
  });

  it("by a report that promises more than there is: it empties its own case and no other", async () => {
    const system = await freshCourt();
    const { ath, vault, addresses, newcomer, client, otherClient } = system;
    await joinAsProvider(system, newcomer, system.administrator);
    const honest = await announceCase(system, { provider: newcomer });
    const greedy = await announceCase(system, {
      shares: [client, otherClient].map(({ address }) => ({ client: address, share: ALL_SHARES })),
    });
    await executeCase(system, honest);
    await executeCase(system, greedy);
    const before = await ath.balanceOf(otherClient);
    await claimShare(system, greedy, 0);
    await claimShare(system, greedy, 1);
    expect(await ath.balanceOf(otherClient), "came too late").to.equal(before);
    expect((await vault.accountOf(ath, addresses.providers)).available, "of the other case").to.equal(
      harmedPart(DISCOUNTED),
    );
    await claimShare(system, honest, 0);
    await claimShare(system, honest, 1);
  });
});

describe("attack: reporting oneself", () => {
  for (const uphold of [false, true]) {
    it(`costs half of the penalty at least, ${uphold ? "appealed" : "not appealed"}, all shares one's own`, async () => {
      const system = await freshCourt();
      const { court, provider, addresses } = system;
      const parameters = await courtParametersOf(system);
      await court.setParameters({ ...parameters, harmedBasisPoints: 5_000n, insuredBasisPoints: 0n });
      const before = await wealthOf(system, addresses.ath, [provider.address]);
      const opened = await announceCase(system, {
        shares: [{ client: provider.address, share: ALL_SHARES }],
      });
      if (uphold) await decideCase(system, opened, true);
      else await executeCase(system, opened);
      await claimShare(system, opened, 0);
      const penalty = uphold ? PENALTY : DISCOUNTED;
      expect(before - (await wealthOf(system, addresses.ath, [provider.address]))).to.equal(penalty / 2n);
    });
  }
});
