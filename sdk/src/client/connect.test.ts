import { expect } from "chai";
import { BrowserProvider, JsonRpcProvider, Wallet } from "ethers";
import { registerProvider, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { AthanorClient } from "./athanor-client.ts";

const nowhere = "0x52908400098527886E0F7030069857D2E4169EE7";

describe("connect", () => {
  let chain: LocalChain;

  before(async () => {
    chain = await startLocalChain();
  });

  after(() => chain.close());

  it("finds the contracts of a known chain by its id", async () => {
    const client = await AthanorClient.connect({ signer: chain.accounts.client });
    expect(client.chainId).to.equal(31337n);
    expect(client.account).to.equal(chain.accounts.client.address);
    expect(client.contracts.deployment).to.include(chain.deployment);
    expect(await client.token()).to.deep.equal(chain.ath);
    expect(await client.token(chain.stablecoin.address)).to.deep.equal(chain.stablecoin);
  });

  it("reads the hardware classes, and what a provider registered of them", async () => {
    const client = await chain.connect();
    const classes = await client.hardwareClasses();
    expect(classes.map(({ index, name, open }) => [index, name, open])).to.deep.equal([
      [0, "cpu", true],
      [1, "consumer-24gb", true],
      [2, "workstation-48gb", true],
      [3, "data-centre-80gb", true],
      [4, "data-centre-141gb", true],
    ]);
    const ONE = 10n ** 18n;
    expect(classes[1]).to.include({ minimumStakePerGpu: 8_000n * ONE, minimumThroughput: 230_000_000_000n });
    const { owner } = chain.accounts;
    await registerProvider(chain);
    expect(await client.hardware(owner.address)).to.deep.equal({
      classes: [{ hardwareClass: classes[0], count: 1 }],
      stake: 1_000n * ONE,
      fraudDeposit: 5_000n * ONE,
      throughput: 1_000_000_000n,
    });
    const error = await rejection(client.hardware(nowhere));
    expect([error.code, error.values]).to.deep.equal(["NotRegistered", { provider: nowhere }]);
    expect((await rejection(client.hardware("0x12"))).code).to.equal("InvalidArgument");
  });

  it("refuses a chain without known addresses: ChainUnknown", async () => {
    const provider = new BrowserProvider({
      request: ({ method, params }) =>
        method === "eth_chainId" ? Promise.resolve("0x7a69a") : chain.rpc(method, params as unknown[]),
    });
    const error = await rejection(AthanorClient.connect({ runner: provider }));
    expect([error.code, error.values]).to.deep.equal(["ChainUnknown", { chainId: 501402n, known: "31337" }]);
    provider.destroy();
  });

  it("refuses addresses without code: ContractsMissing", async () => {
    const error = await rejection(chain.connect({ deployment: { ...chain.deployment, vault: nowhere } }));
    const values = { contract: "vault", address: nowhere, chainId: 31337n };
    expect([error.code, error.values]).to.deep.equal(["ContractsMissing", values]);
  });

  it("refuses contracts of different deployments: DeploymentInconsistent", async () => {
    const error = await rejection(
      chain.connect({ deployment: { ...chain.deployment, ath: chain.stablecoin.address } }),
    );
    const values = { contract: "ath", address: chain.stablecoin.address, vault: chain.deployment.vault };
    expect([error.code, error.values]).to.deep.equal(["DeploymentInconsistent", values]);
  });

  it("refuses what is no signer and no address: InvalidArgument", async () => {
    expect((await rejection(AthanorClient.connect({}))).values["found"]).to.equal("missing");
    const offline = await rejection(AthanorClient.connect({ signer: Wallet.createRandom() }));
    expect(offline.values["found"]).to.equal("a signer without a provider");
    const error = await rejection(chain.connect({ deployment: { ...chain.deployment, jobEscrow: "0x12" } }));
    expect([error.code, error.values["name"]]).to.deep.equal(["InvalidArgument", "deployment.jobEscrow"]);
  });

  it("says so when nothing answers at the URL: RpcUnavailable", async () => {
    const provider = new JsonRpcProvider("http://127.0.0.1:1");
    const error = await rejection(AthanorClient.connect({ runner: provider }));
    expect(error.code).to.equal("RpcUnavailable");
    expect(error.shortMessage).to.include("ECONNREFUSED");
    provider.destroy();
  });

  it("refuses to send when the wallet has changed to another chain: WrongNetwork", async () => {
    let chainId = "0x7a69";
    const provider = new BrowserProvider({
      request: ({ method, params }) =>
        method === "eth_chainId" ? Promise.resolve(chainId) : chain.rpc(method, params as unknown[]),
    });
    const client = await chain.connect({ signer: chain.accounts.client.connect(provider) });
    chainId = "0x1";
    const error = await rejection(client.deposit({ amount: 1n }));
    expect(error.code).to.equal("WrongNetwork");
    provider.destroy();
  });
});
