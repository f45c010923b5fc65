// What IChannelEscrow refuses, and with which values. Longer than 400 lines: one table that must name every error.
import { ZeroAddress, ZeroHash } from "ethers";
import {
  type ChannelTerms,
  openingData,
  receiptDigest,
  requestHashOf,
  signAcceptance,
  topUpData,
} from "../../sdk/src/channels.ts";
import {
  channelParametersOf,
  contractOf,
  DAY,
  DEPOSIT,
  EXIT_BOUNTY,
  freshChannels,
  LIMIT,
  type OpenChannel,
  openChannel,
  opening,
  present,
  receiptOf,
  sendOpening,
  settle,
  STAKE_LOCK,
  termsOf,
  voucherOf,
} from "../support/channels.ts";
import { describeRefusals, type Refusal } from "../support/expect.ts";
import { errorsOf } from "../support/interfaces.ts";
import { ATH, ethers, networkHelpers, newContract, speakAs, type System, time } from "../support/system.ts";

type Attempt = { call: () => Promise<unknown>; values: readonly unknown[] };

/** A call made from an open channel that must be refused. */
function refused(build: (system: System, channel: OpenChannel) => Promise<Attempt>): () => Promise<Refusal> {
  return async () => {
    const system = await freshChannels();
    return { ...(await build(system, await openChannel(system))), by: system.channels };
  };
}

/** An opening with these terms. */
function openingWith(
  overrides: (system: System, now: bigint) => Partial<ChannelTerms>,
  values: (terms: ChannelTerms, system: System) => readonly unknown[],
): () => Promise<Refusal> {
  return refused(async (system) => {
    const now = BigInt(await time.latest()) + 10n;
    const terms = await termsOf(system, overrides(system, now));
    const data = await opening(system, terms);
    return {
      call: async () => {
        await time.setNextBlockTimestamp(now);
        return sendOpening(system, terms, { data });
      },
      values: values(terms, system),
    };
  });
}

const term = (name: string) => ethers.encodeBytes32String(name);

/** Calls that take nothing but a channel. */
const verbs = {
  close: ({ channels, operator }: System, { terms }: OpenChannel) => channels.connect(operator).close(terms),
  startClosing: ({ channels, client }: System, { terms }: OpenChannel) =>
    channels.connect(client).startClosing(terms),
  finish: ({ channels, stranger }: System, { terms }: OpenChannel) =>
    channels.connect(stranger).finish(terms),
  rotateVoucherKey: ({ channels, client, newcomer }: System, { terms }: OpenChannel) =>
    channels.connect(client).rotateVoucherKey(terms, newcomer),
  release: ({ channels, stranger }: System, { terms }: OpenChannel) =>
    channels.connect(stranger).release(terms, stranger),
};

async function end(system: System, channel: OpenChannel): Promise<void> {
  await verbs.close(system, channel);
  await time.increase(DAY + 2n);
  await verbs.release(system, channel);
}

const setting = (
  change: Partial<Awaited<ReturnType<typeof channelParametersOf>>>,
  values: readonly unknown[],
) =>
  refused(async ({ channels }) => {
    const next = { ...(await channelParametersOf({ channels })), ...change };
    return { call: () => channels.setParameters(next), values };
  });

const settingResults = (address: (system: System) => string) =>
  refused(async (system) => {
    const { providers, vault, manager, addresses } = system;
    const channels = await ethers.deployContract("ChannelEscrow", [
      manager,
      vault,
      providers,
      addresses.currencies,
      addresses.fees,
      ZeroAddress,
      await channelParametersOf(system),
    ]);
    return {
      call: () => channels.getFunction("setReceiptResults").send(address(system)),
      values: [address(system)],
    };
  });

const presenting = (
  fields: Parameters<typeof receiptOf>[2],
  values: (system: System) => readonly unknown[],
  request?: string,
) =>
  refused(async (system, channel) => {
    const receipt = await receiptOf(system, channel, fields);
    return { call: () => present(system, channel, receipt, request), values: values(system) };
  });

const output = (tokensRoot: string, count = 3) => ({ count, tokensRoot });

describeRefusals("IChannelEscrow", () => errorsOf("IChannelEscrow"), {
  NotVault: {
    "onEntrusted, by a client that has paid nothing": refused(async (system) => {
      const { channels, client, addresses } = system;
      const data = await opening(system, await termsOf(system));
      return {
        call: () => channels.connect(client).onEntrusted(client, addresses.ath, DEPOSIT, data),
        values: [client.address],
      };
    }),
  },
  NotClient: {
    "entrust, a channel of somebody else": refused(async (system) => {
      const { otherClient, client } = system;
      const terms = await termsOf(system);
      return {
        call: () => sendOpening(system, terms, { client: otherClient }),
        values: [otherClient.address, client.address],
      };
    }),
    "startClosing, by the provider": refused(({ channels, provider, client }, { terms }) =>
      Promise.resolve({
        call: () => channels.connect(provider).startClosing(terms),
        values: [provider.address, client.address],
      }),
    ),
    "rotateVoucherKey, by a stranger": refused(({ channels, stranger, client }, { terms }) =>
      Promise.resolve({
        call: () => channels.connect(stranger).rotateVoucherKey(terms, stranger),
        values: [stranger.address, client.address],
      }),
    ),
  },
  NotProvider: {
    "close, by the client, who announces it instead": refused(({ channels, client, provider }, { terms }) =>
      Promise.resolve({
        call: () => channels.connect(client).close(terms),
        values: [client.address, provider.address],
      }),
    ),
    "close, by a key that was removed": refused(async (system, channel) => {
      const { channels, provider, operator } = system;
      await channels.connect(provider).removeReceiptKey(operator);
      return { call: () => verbs.close(system, channel), values: [operator.address, provider.address] };
    }),
  },
  UnknownChannel: {
    "settle, other terms": refused(async (system, channel) => {
      const terms = { ...channel.terms, stakeLock: 1n };
      const id = await system.channels.channelIdOf(terms);
      return {
        call: async () => settle(system, { id, terms }, await voucherOf(system, channel)),
        values: [id],
      };
    }),
  },
  UnknownData: {
    "entrust, a word more than an opening": refused(async (system) => {
      const terms = await termsOf(system);
      const data = `${await opening(system, terms)}${"00".repeat(32)}`;
      return { call: () => sendOpening(system, terms, { data }), values: [544] };
    }),
    "entrust, nothing at all": refused(async (system) => {
      const terms = await termsOf(system);
      return { call: () => sendOpening(system, terms, { data: "0x" }), values: [0] };
    }),
  },
  ChannelExists: {
    "entrust, the same terms again": refused((system, { id, terms }) =>
      Promise.resolve({ call: () => sendOpening(system, terms), values: [id] }),
    ),
  },
  WrongStatus: {
    ...Object.fromEntries(
      (["close", "startClosing", "finish", "rotateVoucherKey"] as const).map((verb) => [
        `${verb}, a closed channel`,
        refused(async (system, channel) => {
          await verbs.close(system, channel);
          return { call: () => verbs[verb](system, channel), values: [channel.id, 2] };
        }),
      ]),
    ),
    "settle, a closed channel": refused(async (system, channel) => {
      await verbs.close(system, channel);
      const voucher = await voucherOf(system, channel, { amount: ATH });
      return { call: () => settle(system, channel, voucher), values: [channel.id, 2] };
    }),
    "entrust, more for a closed channel": refused(async (system, channel) => {
      await verbs.close(system, channel);
      const data = topUpData(channel.terms);
      return { call: () => sendOpening(system, channel.terms, { data }), values: [channel.id, 2] };
    }),
    "release, a second time": refused(async (system, channel) => {
      await end(system, channel);
      return { call: () => verbs.release(system, channel), values: [channel.id, 3] };
    }),
    "present, when the stake is free": refused(async (system, channel) => {
      await end(system, channel);
      const receipt = await receiptOf(system, channel);
      return { call: () => present(system, channel, receipt), values: [channel.id, 3] };
    }),
    "challengeOpened, of a receipt that was signed after the end, when the stake is free": refused(
      async (system, channel) => {
        await verbs.close(system, channel);
        await time.increase(DAY / 2n);
        const receipt = await receiptOf(system, channel);
        const { job } = await present(system, channel, receipt);
        await time.increase(DAY / 2n + 2n);
        await verbs.release(system, channel);
        const sources = await speakAs(system.addresses.sources);
        return {
          call: () =>
            system.receipts
              .connect(sources)
              .challengeOpened(job as never, output(receipt.message.outputTokensRoot)),
          values: [channel.id, 3],
        };
      },
    ),
  },
  TermDiffers: {
    "entrust, a lower fee": openingWith(
      () => ({ feeBasisPoints: 99n }),
      () => [term("feeBasisPoints"), 99n, 100n],
    ),
    "entrust, another bounty": openingWith(
      () => ({ exitBounty: 0n }),
      () => [term("exitBounty"), 0n, EXIT_BOUNTY],
    ),
    "entrust, a shorter notice": openingWith(
      () => ({ notice: 1n }),
      () => [term("notice"), 1n, DAY],
    ),
    "entrust, receipts that live shorter": openingWith(
      () => ({ receiptLife: 1n }),
      () => [term("receiptLife"), 1n, DAY],
    ),
    "entrust, other work a second": openingWith(
      () => ({ workPerSecond: 1n }),
      () => [term("workPerSecond"), 1n, 10n ** 9n],
    ),
    "entrust, less stake": openingWith(
      () => ({ stakeLock: STAKE_LOCK - 1n }),
      () => [term("stakeLock"), STAKE_LOCK - 1n, STAKE_LOCK],
    ),
  },
  TokenDiffers: {
    "entrust, ATH for a channel in mUSD": refused(async (system) => {
      const { addresses, vault, client } = system;
      const terms = await termsOf(system, { token: addresses.stablecoin });
      const data = await opening(system, terms);
      return {
        call: () => vault.connect(client).entrustBalance(addresses.channels, addresses.ath, DEPOSIT, data),
        values: [addresses.ath, addresses.stablecoin],
      };
    }),
    "entrust, more in mUSD for a channel in ATH": refused((system, { terms }) => {
      const { addresses, vault, client } = system;
      return Promise.resolve({
        call: () =>
          vault
            .connect(client)
            .entrustBalance(addresses.channels, addresses.stablecoin, 5n, topUpData(terms)),
        values: [addresses.stablecoin, addresses.ath],
      });
    }),
  },
  ChannelTokenNotAccepted: {
    "entrust, a token that is no longer taken": refused(async (system) => {
      const { channels, addresses } = system;
      await channels.setTokenTerms(addresses.ath, {
        accepted: false,
        feeBasisPoints: 100,
        exitBounty: EXIT_BOUNTY,
      });
      const terms = await termsOf(system);
      return { call: () => sendOpening(system, terms), values: [addresses.ath] };
    }),
  },
  UnknownProvider: {
    "entrust, a provider that is not registered": refused(async (system) => {
      const { channels, newcomer } = system;
      await channels.connect(newcomer).addReceiptKey(newcomer);
      const terms = await termsOf(system, { provider: newcomer.address });
      const data = await opening(system, terms, { key: newcomer });
      return { call: () => sendOpening(system, terms, { data }), values: [newcomer.address] };
    }),
  },
  ExpiryOutOfBounds: {
    "entrust, shorter than a notice": openingWith(
      (_, now) => ({ expiresAt: now + DAY - 1n }),
      ({ expiresAt }) => [expiresAt, expiresAt + 1n, expiresAt + 1n + 364n * DAY],
    ),
    "entrust, longer than a year": openingWith(
      (_, now) => ({ expiresAt: now + 365n * DAY + 1n }),
      ({ expiresAt }) => [expiresAt, expiresAt - 364n * DAY - 1n, expiresAt - 1n],
    ),
  },
  DepositTooSmall: {
    "entrust, nothing beside the exit bounty": refused(async (system) => {
      const terms = await termsOf(system);
      return {
        call: () => sendOpening(system, terms, { deposit: EXIT_BOUNTY }),
        values: [EXIT_BOUNTY, EXIT_BOUNTY + 1n],
      };
    }),
    "entrust, less than the provider wants": refused(async (system) => {
      const terms = await termsOf(system);
      const data = await opening(system, terms, { minimumDeposit: DEPOSIT + 1n });
      return { call: () => sendOpening(system, terms, { data }), values: [DEPOSIT, DEPOSIT + 1n] };
    }),
  },
  DepositTooLarge: {
    "entrust, more than a channel holds": refused(async (system) => {
      const { addresses, stablecoin, vault, client } = system;
      const amount = 2n ** 88n;
      await stablecoin.mint(client, amount);
      await stablecoin.connect(client).approve(vault, amount);
      const terms = await termsOf(system, {
        token: addresses.stablecoin,
        feeBasisPoints: 300n,
        exitBounty: 100_000n,
      });
      const data = await opening(system, terms);
      return {
        call: () => vault.connect(client).entrust(addresses.channels, addresses.stablecoin, amount, data),
        values: [amount, amount - 1n],
      };
    }),
  },
  AcceptanceExpired: {
    "entrust, a second too late": refused(async (system) => {
      const terms = await termsOf(system);
      const validUntil = BigInt(await time.latest()) + 5n;
      const data = await opening(system, terms, { validUntil });
      return {
        call: async () => {
          await time.setNextBlockTimestamp(validUntil + 1n);
          return sendOpening(system, terms, { data });
        },
        values: [validUntil, validUntil + 1n],
      };
    }),
  },
  InvalidSigner: {
    "settle, signed by a stranger": refused(async (system, channel) => {
      const voucher = await voucherOf(system, channel, { amount: ATH }, system.stranger);
      const digest = await system.channels.voucherDigest(channel.id, voucher.message);
      return { call: () => settle(system, channel, voucher), values: [digest] };
    }),
    "settle, no signature at all": refused(async (system, channel) => {
      const { message } = await voucherOf(system, channel, { amount: ATH });
      const digest = await system.channels.voucherDigest(channel.id, message);
      return { call: () => settle(system, channel, { message, signature: "0x" }), values: [digest] };
    }),
    "settleWithReceipt, signed by the client": refused(async (system, channel) => {
      const receipt = await receiptOf(system, channel, {}, system.client);
      const voucher = await voucherOf(system, channel);
      return {
        call: () => settle(system, channel, voucher, receipt),
        values: [receiptDigest(contractOf(system), receipt.message)],
      };
    }),
    "entrust, an acceptance by the provider's owner, which is no receipt key": refused(async (system) => {
      const { provider, channels } = system;
      const terms = await termsOf(system);
      const id = await channels.channelIdOf(terms);
      const accepted = { minimumDeposit: 0n, validUntil: 2n ** 40n - 1n };
      const acceptance = await signAcceptance(provider, contractOf(system), id, accepted);
      return {
        call: () => sendOpening(system, terms, { data: openingData(terms, acceptance) }),
        values: [await channels.acceptanceDigest(id, accepted.minimumDeposit, accepted.validUntil)],
      };
    }),
  },
  VoucherOutdated: {
    "settle, a voucher that pays nothing": refused(async (system, channel) => {
      const voucher = await voucherOf(system, channel);
      return { call: () => settle(system, channel, voucher), values: [0, 0] };
    }),
  },
  Overspent: {
    "settle, a unit too much": refused(async (system, channel) => {
      const amount = DEPOSIT - EXIT_BOUNTY + 1n;
      const voucher = await voucherOf(system, channel, { amount });
      return { call: () => settle(system, channel, voucher), values: [amount, amount - 1n] };
    }),
  },
  SettlementOver: {
    "settle, a second too late": refused(async (system, channel) => {
      const voucher = await voucherOf(system, channel, { amount: ATH });
      const { expiresAt } = channel.terms;
      return {
        call: async () => {
          await time.setNextBlockTimestamp(expiresAt + 1n);
          return settle(system, channel, voucher);
        },
        values: [expiresAt, expiresAt + 1n],
      };
    }),
  },
  SettlementOpen: {
    "finish, in the last second of settlement": refused((system, channel) => {
      const { expiresAt } = channel.terms;
      return Promise.resolve({
        call: async () => {
          await time.setNextBlockTimestamp(expiresAt);
          return verbs.finish(system, channel);
        },
        values: [expiresAt, expiresAt],
      });
    }),
  },
  ClosingAlready: {
    "startClosing, a second time": refused(async (system, channel) => {
      await verbs.startClosing(system, channel);
      const { closesAt } = await system.channels.channelState(channel.id);
      return { call: () => verbs.startClosing(system, channel), values: [closesAt] };
    }),
  },
  ReceiptMismatch: {
    "settleWithReceipt, another nonce": refused(async (system, channel) => {
      const receipt = await receiptOf(system, channel, { nonce: 2n });
      const voucher = await voucherOf(system, channel);
      return {
        call: () => settle(system, channel, voucher, receipt),
        values: [channel.id, 2n, requestHashOf(receipt.message)],
      };
    }),
    "present, another channel": refused(async (system, channel) => {
      const receipt = await receiptOf(system, channel, { channel: ethers.id("other") });
      return {
        call: () => present(system, channel, receipt),
        values: [ethers.id("other"), 1n, ZeroHash],
      };
    }),
  },
  ReceiptPriceAboveLimit: {
    "settleWithReceipt, a unit too dear": refused(async (system, channel) => {
      const receipt = await receiptOf(system, channel, { price: LIMIT + 1n });
      const voucher = await voucherOf(system, channel);
      return { call: () => settle(system, channel, voucher, receipt), values: [LIMIT + 1n, LIMIT] };
    }),
  },
  ReceiptOutOfTime: {
    "present, in the second of its expiry": refused(async (system, channel) => {
      const receipt = await receiptOf(system, channel);
      const { expiry } = receipt.message;
      return {
        call: async () => {
          await time.setNextBlockTimestamp(expiry);
          return present(system, channel, receipt);
        },
        values: [expiry, expiry - DAY, expiry],
      };
    }),
    "present, signed in the future": refused(async (system, channel) => {
      const now = BigInt(await time.latest()) + 10n;
      const receipt = await receiptOf(system, channel, { expiry: now + DAY + 1n });
      return {
        call: async () => {
          await time.setNextBlockTimestamp(now);
          return present(system, channel, receipt);
        },
        values: [now + DAY + 1n, now + 1n, now + DAY + 1n],
      };
    }),
    "present, an expiry before any time": presenting({ expiry: 5n }, () => [5n, 0n, DAY]),
    "challengeOpened, presented in time but expired": refused(async (system, channel) => {
      const { receipts, addresses } = system;
      const receipt = await receiptOf(system, channel);
      const { expiry, outputTokensRoot } = receipt.message;
      const { job } = await present(system, channel, receipt);
      const sources = await speakAs(addresses.sources);
      return {
        call: async () => {
          await time.setNextBlockTimestamp(expiry);
          return receipts.connect(sources).challengeOpened(job as never, output(outputTokensRoot));
        },
        values: [expiry, expiry - DAY, expiry],
      };
    }),
  },
  OutputLengthOutOfBounds: {
    "present, no tokens": presenting({ outputCount: 0n }, () => [0, 2 ** 32 - 1]),
    "settleWithReceipt, no tokens": refused(async (system, channel) => {
      const receipt = await receiptOf(system, channel, { outputCount: 0n });
      const voucher = await voucherOf(system, channel);
      return { call: () => settle(system, channel, voucher, receipt), values: [0, 2 ** 32 - 1] };
    }),
  },
  TooManyChallenges: {
    "challengeOpened, one more than can be counted": refused(async (system, channel) => {
      const { receipts, addresses } = system;
      const receipt = await receiptOf(system, channel);
      const { job } = await present(system, channel, receipt);
      const slot = mappingSlot(channel.id, 1n);
      const word = BigInt(await ethers.provider.getStorage(addresses.channels, slot));
      await networkHelpers.setStorageAt(addresses.channels, slot, word | (0xffffn << 216n));
      const sources = await speakAs(addresses.sources);
      return {
        call: () =>
          receipts.connect(sources).challengeOpened(job as never, output(receipt.message.outputTokensRoot)),
        values: [channel.id],
      };
    }),
  },
  ChallengesAlive: {
    "release, while a challenge is undecided": refused(async (system, channel) => {
      const { receipts, addresses } = system;
      const receipt = await receiptOf(system, channel);
      const { job } = await present(system, channel, receipt);
      const sources = await speakAs(addresses.sources);
      await receipts.connect(sources).challengeOpened(job as never, output(receipt.message.outputTokensRoot));
      await verbs.close(system, channel);
      await time.increase(DAY + 2n);
      return { call: () => verbs.release(system, channel), values: [channel.id, 1] };
    }),
  },
  ReceiptsAlive: {
    "release, in the last second of the last receipt": refused(async (system, channel) => {
      await verbs.close(system, channel);
      const { closesAt } = await system.channels.channelState(channel.id);
      return {
        call: async () => {
          await time.setNextBlockTimestamp(closesAt + DAY);
          return verbs.release(system, channel);
        },
        values: [closesAt + DAY, closesAt + DAY],
      };
    }),
  },
  RotationUnderWay: {
    "rotateVoucherKey, before the previous one has run out": refused(async (system, channel) => {
      const { channels, client, otherClient } = system;
      await verbs.rotateVoucherKey(system, channel);
      const [, , until] = await channels.voucherKeysOf(channel.terms);
      return {
        call: () => channels.connect(client).rotateVoucherKey(channel.terms, otherClient),
        values: [until],
      };
    }),
  },
  InvalidKey: {
    "entrust, no voucher key": openingWith(
      () => ({ voucherKey: ZeroAddress }),
      () => [ZeroAddress],
    ),
    ...Object.fromEntries(
      (
        [
          ["rotateVoucherKey, nobody", () => ZeroAddress],
          ["rotateVoucherKey, the key in use", ({ client }: System) => client.address],
        ] as [string, (system: System) => string][]
      ).map(([reason, key]) => [
        reason,
        refused((system, { terms }) =>
          Promise.resolve({
            call: () => system.channels.connect(system.client).rotateVoucherKey(terms, key(system)),
            values: [key(system)],
          }),
        ),
      ]),
    ),
    "addReceiptKey, one in use": refused(({ channels, provider, operator }) =>
      Promise.resolve({
        call: () => channels.connect(provider).addReceiptKey(operator),
        values: [operator.address],
      }),
    ),
    "addReceiptKey, nobody": refused(({ channels, provider }) =>
      Promise.resolve({
        call: () => channels.connect(provider).addReceiptKey(ZeroAddress),
        values: [ZeroAddress],
      }),
    ),
    "removeReceiptKey, another provider's": refused(({ channels, stranger, operator }) =>
      Promise.resolve({
        call: () => channels.connect(stranger).removeReceiptKey(operator),
        values: [operator.address],
      }),
    ),
  },
  NotReceiptResults: {
    "challengeOpened, by a stranger": refused(({ channels, stranger }, { id }) =>
      Promise.resolve({
        call: () => channels.connect(stranger).challengeOpened(id),
        values: [stranger.address],
      }),
    ),
    "challengeClosed, by the dispute game itself": refused(async ({ channels, addresses }, { id }) => {
      const game = await speakAs(addresses.game);
      return { call: () => channels.connect(game).challengeClosed(id), values: [addresses.game] };
    }),
  },
  ReceiptResultsAlreadySet: {
    "setReceiptResults, a second time": refused(async ({ channels, addresses }) => {
      const another = await newContract();
      return { call: () => channels.setReceiptResults(another), values: [addresses.receipts] };
    }),
  },
  ReceiptResultsWithoutCode: {
    "setReceiptResults, somebody's key": settingResults(({ stranger }) => stranger.address),
  },
  ParameterOutOfBounds: {
    "setParameters, a notice too short": setting({ notice: 3_599n }, [
      term("notice"),
      3_599,
      3_600,
      7n * DAY,
    ]),
    "setParameters, a notice too long": setting({ notice: 7n * DAY + 1n }, [
      term("notice"),
      7n * DAY + 1n,
      3_600,
      7n * DAY,
    ]),
    "setParameters, a life too short": setting({ receiptLife: 3_599n }, [
      term("receiptLife"),
      3_599,
      3_600,
      3n * DAY,
    ]),
    "setParameters, a life too long": setting({ receiptLife: 3n * DAY + 1n }, [
      term("receiptLife"),
      3n * DAY + 1n,
      3_600,
      3n * DAY,
    ]),
    "setParameters, no work at all": setting({ workPerSecond: 0n }, [
      term("workPerSecond"),
      0,
      1,
      10n ** 13n,
    ]),
    "setTokenTerms, a fee of more than a fifth": refused(({ channels, addresses }) =>
      Promise.resolve({
        call: () =>
          channels.setTokenTerms(addresses.ath, { accepted: true, feeBasisPoints: 2_001, exitBounty: 0 }),
        values: [term("feeBasisPoints"), 2_001, 0, 2_000],
      }),
    ),
  },
});

function mappingSlot(key: string, position: bigint): string {
  return ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256"], [key, position]));
}
