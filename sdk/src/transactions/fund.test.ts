import { expect } from "chai";
import { AbstractSigner, makeError, type HDNodeWallet, type Provider, type TransactionRequest } from "ethers";
import type { AthanorClient } from "../client/athanor-client.ts";
import type { Progress } from "../client/types.ts";
import { ChainReader } from "../internal/chain-reader.ts";
import { connectToken } from "../protocol/connect-contracts.ts";
import { answerTokens } from "../testing/byte-tokenizer.ts";
import { fundClient, registerProvider, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { signPermit } from "./sign-permit.ts";
import { startScriptedProvider } from "../testing/scripted-provider.ts";

const ONE = 10n ** 18n;
const DOMAIN_SEPARATOR = "0x3644e515";
const EIP712_DOMAIN = "0x84b0196e";

describe("funding", () => {
  let chain: LocalChain;
  let worker: { stop(): Promise<void> };
  let account: HDNodeWallet;

  before(async () => {
    chain = await startLocalChain();
    await registerProvider(chain);
    worker = startScriptedProvider(chain, () => answerTokens("yes"));
  });

  after(async () => {
    await worker.stop();
    await chain.close();
  });

  beforeEach(async () => {
    account = await chain.newWallet();
    await fundClient(chain, account.address);
  });

  afterEach(() => {
    chain.hooks.intercept = undefined;
  });

  const infer = (client: AthanorClient, token: string, onProgress?: (progress: Progress) => void) =>
    client.infer({
      model: chain.model,
      prompt: "Yes?",
      maxTokens: 9,
      maxPrice: 100n * ONE,
      token,
      onProgress,
    });
  const stepsOf = async (client: AthanorClient, token: string) =>
    (await infer(client, token)).receipt.steps.map(({ name }) => name).slice(0, -1);
  const allowance = (token: string) =>
    connectToken(chain.provider, token).allowance(account.address, chain.deployment.vault);

  for (const token of ["ath", "stablecoin"] as const) {
    it(`takes one transaction with a permit (${token}) and leaves no allowance behind`, async () => {
      const client = await chain.connect({ signer: account });
      expect(await stepsOf(client, chain[token].address)).to.deep.equal(["fund", "create"]);
      expect(await allowance(chain[token].address)).to.equal(0n);
      expect((await client.funds({ token: chain[token].address })).approved).to.equal(true);
    });
  }

  it("permits under version 1 or 2 where the token does not publish its domain", async () => {
    chain.hooks.intercept = refuseCalls(EIP712_DOMAIN);
    const client = await chain.connect({ signer: account });
    expect(await stepsOf(client, chain.ath.address)).to.deep.equal(["fund", "create"]);
  });

  it("approves exactly what is missing where the token takes no permits", async () => {
    chain.hooks.intercept = refuseCalls(DOMAIN_SEPARATOR);
    const client = await chain.connect({ signer: account });
    expect(await stepsOf(client, chain.stablecoin.address)).to.deep.equal(["approve", "fund", "create"]);
    expect(await allowance(chain.stablecoin.address)).to.equal(0n);
  });

  it("approves where the signer does not sign typed data", async () => {
    const client = await chain.connect({ signer: new TransactionsOnly(account) });
    expect(await stepsOf(client, chain.ath.address)).to.deep.equal(["approve", "fund", "create"]);
  });

  it("permits for accounts that delegate to code, not for contracts", async () => {
    const { chainId } = await chain.provider.getNetwork();
    const reader = new ChainReader(chain.provider, {
      pollInterval: 20,
      requestTimeout: 1_000,
      requestAttempts: 1,
    });
    const request = {
      reader,
      signer: account,
      chainId,
      token: chain.ath.address,
      amount: 1n,
      deadline: 2 ** 32,
    };
    const permit = () => signPermit({ ...request, spender: chain.deployment.vault });
    await chain.rpc("hardhat_setCode", [account.address, `0xef0100${"11".repeat(20)}`]);
    expect(await permit()).to.have.property("v");
    await chain.rpc("hardhat_setCode", [account.address, "0x6000"]);
    expect(await permit()).to.equal(undefined);
  });

  it("uses an allowance that is there", async () => {
    const client = await chain.connect({ signer: account });
    const { escrow } = await client.quote({ model: chain.model, prompt: "Yes?", maxTokens: 9 });
    const ath = connectToken(account, chain.ath.address);
    await (await ath.approve(chain.deployment.vault, escrow)).wait();
    let signatures = 0;
    const watched = Object.assign(account.connect(account.provider), {
      signTypedData: () => {
        signatures++;
        return Promise.reject(new Error("nothing to sign"));
      },
    });
    expect(await stepsOf(await chain.connect({ signer: watched }), chain.ath.address)).to.deep.equal([
      "fund",
      "create",
    ]);
    expect(signatures).to.equal(0);
  });

  it("resets an allowance first where the token refuses to change one", async () => {
    chain.hooks.intercept = async (method, params, ask) => {
      const { data } = (params[0] ?? {}) as { data?: string };
      const call = method === "eth_call" || method === "eth_estimateGas";
      if (call && data?.startsWith(DOMAIN_SEPARATOR)) throw reverted();
      // As Tether: from an allowance that is not zero only to zero.
      if (
        call &&
        data?.startsWith(APPROVE_SELECTOR) &&
        !data.endsWith("0".repeat(64)) &&
        (await allowance(chain.ath.address)) !== 0n
      ) {
        throw reverted();
      }
      return ask();
    };
    await (await connectToken(account, chain.ath.address).approve(chain.deployment.vault, 1n)).wait();
    const client = await chain.connect({ signer: account });
    expect(await stepsOf(client, chain.ath.address)).to.deep.equal(["approve", "approve", "fund", "create"]);
    // One to reset, one to approve, one to fund, one to create, and the first of the test.
    expect(await chain.provider.getTransactionCount(account.address)).to.equal(5);
  });

  it("stops when the user rejects the permit: SignatureRejected, nothing sent", async () => {
    const rejecting = Object.assign(account.connect(account.provider), {
      signTypedData: () => {
        const info = { action: "signTypedData", reason: "rejected" } as const;
        const rejected: Error = makeError("user rejected action", "ACTION_REJECTED", info);
        return Promise.reject(rejected);
      },
    });
    const client = await chain.connect({ signer: rejecting });
    const error = await rejection(infer(client, chain.ath.address));
    expect([error.code, error.values]).to.deep.equal(["SignatureRejected", { action: "signTypedData" }]);
    expect(await chain.provider.getTransactionCount(account.address)).to.equal(0);
  });
});

const APPROVE_SELECTOR = "0x095ea7b3";

function reverted(): Error {
  return Object.assign(new Error("execution reverted"), { code: 3 });
}

/** Makes a function look as if the token did not have it. */
function refuseCalls(selector: string) {
  return (method: string, params: unknown[], ask: () => Promise<unknown>) => {
    const { data } = (params[0] ?? {}) as { data?: string };
    return method === "eth_call" && data?.startsWith(selector) ? Promise.reject(reverted()) : ask();
  };
}

/** A signer that cannot sign typed data, as some hardware and contract wallets. */
class TransactionsOnly extends AbstractSigner {
  readonly #wallet: HDNodeWallet;

  constructor(wallet: HDNodeWallet) {
    super(wallet.provider);
    this.#wallet = wallet;
  }
  override getAddress(): Promise<string> {
    return this.#wallet.getAddress();
  }
  override connect(provider: Provider | null): TransactionsOnly {
    return new TransactionsOnly(this.#wallet.connect(provider));
  }
  override sendTransaction(transaction: TransactionRequest) {
    return this.#wallet.sendTransaction(transaction);
  }
  override signTransaction(transaction: TransactionRequest): Promise<string> {
    return this.#wallet.signTransaction(transaction);
  }
  override signMessage(): Promise<string> {
    return this.signTypedData();
  }
  override signTypedData(): Promise<string> {
    const info = { operation: "signTypedData" };
    const refused: Error = makeError("signing is not supported", "UNSUPPORTED_OPERATION", info);
    return Promise.reject(refused);
  }
}
