// What IReceiptResults refuses by errors of its own, and with which values; those of the channel escrow are in ChannelEscrow.refusals.test.ts.
import { ZeroAddress, ZeroHash } from "ethers";
import { receiptDigest } from "../../sdk/src/channels.ts";
import {
  contractOf,
  freshChannels,
  type OpenChannel,
  openChannel,
  present,
  receiptOf,
  reportCommitmentOf,
  reportEquivocation,
  requestOf,
  sendReport,
} from "../support/channels.ts";
import { describeRefusals, type Refusal } from "../support/expect.ts";
import { errorsOf } from "../support/interfaces.ts";
import { ethers, newContract, type Signer, speakAs, type System, time } from "../support/system.ts";

type Attempt = { call: () => Promise<unknown>; values: readonly unknown[] };

/** A call made from an open channel that must be refused. */
function refused(build: (system: System, channel: OpenChannel) => Promise<Attempt>): () => Promise<Refusal> {
  return async () => {
    const system = await freshChannels();
    return { ...(await build(system, await openChannel(system))), by: system.receipts };
  };
}

const presenting = (
  fields: Parameters<typeof receiptOf>[2],
  values: (system: System) => readonly unknown[],
  request?: string,
) =>
  refused(async (system, channel) => {
    const receipt = await receiptOf(system, channel, fields);
    return { call: () => present(system, channel, receipt, request), values: values(system) };
  });

const settingGame = (address: (system: System) => string) =>
  refused(async (system) => {
    const { channels, models, vault, manager } = system;
    const receipts = await ethers.deployContract("ReceiptResults", [
      manager,
      channels,
      models,
      vault,
      ZeroAddress,
    ]);
    return {
      call: () => receipts.getFunction("setDisputeGame").send(address(system)),
      values: [address(system)],
    };
  });

/** A byte more than a request has. */
const LONG = "01".repeat(113);
const LONG_ROOT = ethers.keccak256(`0x04${LONG}`);

const output = (tokensRoot: string, count = 3) => ({ count, tokensRoot });

describeRefusals("IReceiptResults", () => errorsOf("IReceiptResults"), {
  RequestMismatch: {
    "present, the bytes of another request": presenting(
      {},
      (system) => [requestOf(system, { prompt: [3] }).inputRoot, requestOf(system).inputRoot],
      requestOf({ modelRoot: ZeroHash }, { prompt: [3] }).bytes,
    ),
    "present, bytes that are too few": presenting(
      { inputRoot: ethers.keccak256("0x04010203") },
      () => [ethers.keccak256("0x04010203"), ethers.keccak256("0x04010203")],
      "0x010203",
    ),
    "present, a request that goes on": presenting(
      { inputRoot: LONG_ROOT },
      () => [LONG_ROOT, LONG_ROOT],
      `0x${LONG}`,
    ),
  },
  AlreadyPresented: {
    "present, a second time": refused(async (system, channel) => {
      const receipt = await receiptOf(system, channel);
      const { id } = await present(system, channel, receipt);
      return { call: () => present(system, channel, receipt), values: [id] };
    }),
  },
  UnknownReceipt: {
    "challengeOpened, other terms": refused(async (system, channel) => {
      const { receipts, addresses } = system;
      const receipt = await receiptOf(system, channel);
      const { job } = await present(system, channel, receipt);
      const other = { ...job, minimumCharge: 1n } as never;
      const sources = await speakAs(addresses.sources);
      return {
        call: () =>
          receipts.connect(sources).challengeOpened(other, output(receipt.message.outputTokensRoot)),
        values: [await receipts.jobIdOf(other)],
      };
    }),
  },
  OutputMismatch: {
    "challengeOpened, another number of tokens": refused(async (system, channel) => {
      const { receipts, addresses } = system;
      const receipt = await receiptOf(system, channel);
      const { job, id } = await present(system, channel, receipt);
      const sources = await speakAs(addresses.sources);
      const root = receipt.message.outputTokensRoot;
      const packed = ethers.solidityPackedKeccak256(
        ["uint8", "uint32", "bool", "bytes32"],
        [3, 4, true, root],
      );
      return {
        call: () => receipts.connect(sources).challengeOpened(job as never, output(root, 4)),
        values: [id, packed],
      };
    }),
  },
  NoChallengeAlive: {
    "challengeClosed, one more than were opened": refused(async (system, channel) => {
      const { receipts, addresses } = system;
      const { id } = await present(system, channel, await receiptOf(system, channel));
      const sources = await speakAs(addresses.sources);
      return { call: () => receipts.connect(sources).challengeClosed(id), values: [id] };
    }),
  },
  NoEquivocation: {
    "reportEquivocation, one receipt twice": refused(async (system, channel) => {
      const receipt = await receiptOf(system, channel);
      const digest = receiptDigest(contractOf(system), receipt.message);
      return {
        call: () => reportEquivocation(system, channel, receipt, receipt),
        values: [digest, digest],
      };
    }),
  },
  ReportAlreadyCommitted: {
    "commitReport, a second time": refused(async ({ receipts, stranger, client }) => {
      const commitment = ethers.id("commitment");
      await receipts.connect(stranger).commitReport(commitment);
      return { call: () => receipts.connect(client).commitReport(commitment), values: [commitment] };
    }),
  },
  ReportNotCommitted: {
    "reportEquivocation, out of the blue": refused(async (system, channel) => {
      const { newcomer } = system;
      const first = await receiptOf(system, channel);
      const second = await receiptOf(system, channel, { tokens: [11, 12, 14] });
      const now = (await time.latest()) + 10;
      return {
        call: async () => {
          await time.setNextBlockTimestamp(now);
          return sendReport(system, channel, first, second, newcomer.address, ZeroHash);
        },
        values: [await reportCommitmentOf(system, first, second, newcomer.address, ZeroHash), 0n, now],
      };
    }),
  },
  NotDisputeGame: {
    "challengeOpened, by the game itself and not through the sources": refused(async (system, channel) => {
      const { receipts, addresses } = system;
      const receipt = await receiptOf(system, channel);
      const { job } = await present(system, channel, receipt);
      const game: Signer = await speakAs(addresses.game);
      return {
        call: () =>
          receipts.connect(game).challengeOpened(job as never, output(receipt.message.outputTokensRoot)),
        values: [addresses.game],
      };
    }),
    "challengeClosed, by a stranger": refused(({ receipts, stranger }) =>
      Promise.resolve({
        call: () => receipts.connect(stranger).challengeClosed(ZeroHash),
        values: [stranger.address],
      }),
    ),
  },
  DisputeGameAlreadySet: {
    "setDisputeGame, a second time": refused(async ({ receipts, addresses }) => {
      const another = await newContract();
      return { call: () => receipts.setDisputeGame(another), values: [addresses.sources] };
    }),
  },
  DisputeGameWithoutCode: {
    "setDisputeGame, somebody's key": settingGame(({ stranger }) => stranger.address),
  },
});
