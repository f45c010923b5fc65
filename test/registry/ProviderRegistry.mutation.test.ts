// Single faults of the registry that its other tests would not notice.
import { expectRefusal } from "../support/expect.ts";
import { convict, speakAsGame } from "../support/game.ts";
import { freshSystem } from "../support/system.ts";

describe("ProviderRegistry.convict: a convicted provider", () => {
  it("is not convicted again, not even of what cost it nothing", async () => {
    const system = await freshSystem();
    const { providers, provider, vault } = system;
    await convict(system);
    const game = await speakAsGame(system);
    await expectRefusal("ProviderJailed", {
      call: () => providers.connect(game).convict(provider, 0, game),
      by: vault,
      values: [provider.address],
    });
  });
});
