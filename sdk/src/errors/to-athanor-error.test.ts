import { AbiCoder, concat, makeError, toBeHex, type ErrorCode as EthersCode } from "ethers";
import { expect } from "chai";
import { registerProvider, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { connectContracts } from "../protocol/connect-contracts.ts";
import { AthanorError, athanorError } from "./athanor-error.ts";
import { errorInterface, toAthanorError } from "./to-athanor-error.ts";

const data = errorInterface().encodeErrorResult("ContextExceeded", [60n, 10n, 64n]);
const values = { promptTokens: 60n, maxTokens: 10n, contextLength: 64n };

describe("toAthanorError", () => {
  const shapes: Record<string, unknown> = {
    "ethers' CALL_EXCEPTION": Object.assign(new Error("execution reverted"), {
      code: "CALL_EXCEPTION",
      data,
    }),
    "ethers with the node's answer in info": {
      code: "UNKNOWN_ERROR",
      error: { code: 3, message: "execution reverted", data },
      payload: { method: "eth_sendTransaction" },
    },
    "geth and anvil": { code: 3, message: "execution reverted: custom error", data },
    "Hardhat's server": {
      code: -32603,
      message: "Error: VM Exception while processing transaction: reverted with custom error",
      data: { message: "Error: VM Exception", data, txHash: `0x${"ab".repeat(32)}` },
    },
    Ganache: { data: { [`0x${"ab".repeat(32)}`]: { error: "revert", program_counter: 1, return: data } } },
    "a wallet around a node": { code: -32603, data: { originalError: { code: 3, data } } },
    "an error around an error": new Error("outer", { cause: { code: 3, data } }),
  };

  for (const [name, shape] of Object.entries(shapes)) {
    it(`finds custom errors in what ${name} throws`, () => {
      const error = toAthanorError(shape);
      expect(error.code).to.equal("ContextExceeded");
      expect(error.values).to.deep.equal(values);
      expect(error.cause).to.equal(shape);
    });
  }

  it("reads what was reverted with, not what was sent", () => {
    const sent = {
      code: "CALL_EXCEPTION",
      data: "0x",
      transaction: { data },
      info: { payload: { params: [{ data }] } },
    };
    expect(toAthanorError(sent).code).to.equal("TransactionReverted");
  });

  it("returns an AthanorError as it is", () => {
    const error = athanorError("EmptyPrompt", {});
    expect(toAthanorError(error)).to.equal(error);
  });

  it("reads reasons, panics and errors that it does not know", () => {
    const reason = concat(["0x08c379a0", AbiCoder.defaultAbiCoder().encode(["string"], ["no way"])]);
    expect(toAthanorError({ data: reason }).shortMessage).to.include('"no way"');
    const panic = concat(["0x4e487b71", AbiCoder.defaultAbiCoder().encode(["uint256"], [17n])]);
    expect(toAthanorError({ data: panic }).shortMessage).to.include("panic 0x11");
    const unknown = `0xdeadbeef${"00".repeat(32)}`;
    expect(toAthanorError({ data: unknown }).shortMessage).to.include(unknown);
    expect(toAthanorError({ data: data.slice(0, -2) }).code).to.equal("TransactionReverted");
  });

  const ethers = (code: EthersCode, message: string, info: object = {}) =>
    makeError(message, code, info as never);
  const transport: [string, unknown, string][] = [
    [
      "a rejected signature",
      ethers("ACTION_REJECTED", "user rejected", { action: "signTypedData" }),
      "SignatureRejected",
    ],
    ["a rejection of EIP-1193", { code: 4001, message: "User rejected the request." }, "SignatureRejected"],
    ["too little coin for gas", ethers("INSUFFICIENT_FUNDS", "insufficient funds"), "InsufficientGasFunds"],
    [
      "too little coin, said by Hardhat",
      { code: -32000, message: "Sender doesn't have enough funds to send tx." },
      "InsufficientGasFunds",
    ],
    ["a used nonce", ethers("NONCE_EXPIRED", "nonce has already been used"), "NonceConflict"],
    [
      "no connection",
      Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
      "RpcUnavailable",
    ],
    ["a failed fetch", new TypeError("fetch failed"), "RpcUnavailable"],
    ["a bad gateway", ethers("SERVER_ERROR", "server response 502 Bad Gateway"), "RpcUnavailable"],
    ["a time-out", ethers("TIMEOUT", "request timeout"), "RpcUnavailable"],
    ["a rate limit", { code: -32005, message: "daily request count exceeded" }, "RpcRateLimited"],
    [
      "too many results",
      { code: -32005, message: "query returned more than 10000 results" },
      "RpcRangeTooLarge",
    ],
    [
      "too many blocks",
      { code: -32600, message: "eth_getLogs is limited to a 10000 block range" },
      "RpcRangeTooLarge",
    ],
    [
      "a call that failed in the node",
      ethers("CALL_EXCEPTION", "missing revert data", {
        info: { error: { code: -32000, message: "internal trouble" } },
      }),
      "RpcUnavailable",
    ],
    [
      "a revert without data",
      ethers("CALL_EXCEPTION", "execution reverted", {
        info: { error: { code: -32000, message: "execution reverted" } },
      }),
      "TransactionReverted",
    ],
    ["an abortion", new DOMException("stop", "AbortError"), "Aborted"],
    ["an unreadable answer", ethers("BAD_DATA", "could not decode result data"), "RpcInvalidResponse"],
    ["anything else", new RangeError("what is this"), "Unexpected"],
    ["what is no error", undefined, "Unexpected"],
  ];

  for (const [name, thrown, code] of transport) {
    it(`gives ${name} the code ${code}`, () => {
      const error = toAthanorError(thrown);
      expect(error).to.be.instanceOf(AthanorError);
      expect(error.code).to.equal(code);
      expect(error.remedy).to.be.a("string").that.is.not.empty;
    });
  }

  it("never repeats long answers of a node in full", () => {
    expect(toAthanorError(new Error("x".repeat(5_000))).message.length).to.be.lessThan(500);
  });

  describe("on a real chain", () => {
    let chain: LocalChain;
    before(async () => {
      chain = await startLocalChain();
      await registerProvider(chain);
    });
    after(() => chain.close());

    it("decodes what simulations, gas estimates and sent transactions revert with, library errors included", async () => {
      const { client } = chain.accounts;
      const { jobEscrow, modelRegistry } = connectContracts(client, chain.deployment);
      const id = `0x${"ab".repeat(32)}`;
      const thrown = await Promise.all([
        modelRegistry.modelOf(id).catch(toAthanorError),
        modelRegistry.announce.estimateGas(id, "").catch(toAthanorError),
        modelRegistry.announce(id, "", { gasLimit: 1_000_000n }).catch(toAthanorError),
      ]);
      for (const error of thrown) {
        expect(error).to.be.instanceOf(AthanorError);
        expect([(error as AthanorError).code, (error as AthanorError).values["modelRoot"]]).to.deep.equal([
          "UnknownModel",
          id,
        ]);
      }
      const request = {
        provider: chain.accounts.owner.address,
        modelRoot: chain.model,
        token: chain.deployment.ath,
        generation: toBeHex(1, 32),
        maxCost: 10n ** 20n,
        maxInputPrice: 2n ** 80n - 1n,
        maxOutputPrice: 2n ** 80n - 1n,
        submitDeadline: Math.floor(Date.now() / 1000) + 600,
        seed: 0,
        salt: 0,
        promptTokens: "0x000000",
        stopSequences: "0x",
      };
      const error = (await jobEscrow.create
        .staticCall(request)
        .catch(toAthanorError)) as unknown as AthanorError;
      expect(error.code).to.equal("TokenBytesNotAligned");
      expect(error.values).to.deep.equal({ length: 3n });
    });
  });
});
