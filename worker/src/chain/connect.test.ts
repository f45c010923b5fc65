import { expect } from "chai";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { deploymentOf } from "@athanor/sdk/protocol";
import { startChain, type TestChain } from "../testing/chain.ts";
import { expectError } from "../testing/expect-error.ts";
import { isNodeTrouble } from "../errors.ts";
import { connectChain } from "./connect.ts";
import { openRpc } from "./rpc.ts";

describe("connectChain", function () {
  this.timeout(120_000);
  let chain: TestChain;

  before(async () => {
    chain = await startChain();
  });
  after(() => chain.close());

  async function connect(changes: object = {}) {
    const rpc = openRpc(chain.rpc.url, chain.chainId);
    try {
      const config = {
        rpcUrl: chain.rpc.url,
        chainId: chain.chainId,
        confirmations: 1,
        pollInterval: 100,
        ...changes,
      };
      return await connectChain(rpc, config);
    } finally {
      rpc.destroy();
    }
  }

  it("finds the contracts of a known chain", async () => {
    const { chainId, contracts, genesis } = await connect();
    expect(chainId).to.equal(31_337n);
    expect(contracts.deployment).to.deep.equal(deploymentOf(31_337));
    expect(genesis).to.match(/^0x[0-9a-f]{64}$/);
  });

  it("refuses another chain than the one that is meant", async () => {
    await expectError(
      () => connect({ chainId: 1 }),
      "CHAIN_ID_MISMATCH",
      "on chain 31337, chain.chainId is 1",
    );
  });

  it("refuses addresses at which there is nothing", async () => {
    const vault = "0x00000000000000000000000000000000000000F1";
    const deployment = { ...deploymentOf(31_337), vault };
    await expectError(() => connect({ deployment }), "CONTRACTS_ABSENT", `no contract at ${vault} (vault)`);
  });

  it("fails soon, as trouble of the node, when nobody or nonsense answers", async () => {
    const nobody = openRpc("http://127.0.0.1:9", 31_337);
    const server = createServer((_, response) => response.end("<html>502</html>"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const nonsense = openRpc(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 31_337);
    for (const rpc of [nobody, nonsense]) {
      const error: unknown = await rpc.send("eth_chainId", []).catch((thrown: unknown) => thrown);
      expect(isNodeTrouble(error), String(error)).to.equal(true);
      rpc.destroy();
    }
    server.close();
    server.closeAllConnections();
  });
});
