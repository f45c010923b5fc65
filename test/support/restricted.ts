// Every function that governance alone may call, and a call of it that would succeed for governance.
import { ZeroHash } from "ethers";
import { channelParametersOf } from "./channels.ts";
import { rulesOf } from "./checker-rules.ts";
import { courtParametersOf } from "./court.ts";
import { parametersOf } from "./dispute.ts";
import { ATH, type Signer, type System } from "./system.ts";

export type Calls = Record<string, (system: System, sender: Signer) => Promise<unknown>>;

export const RESTRICTED: Record<
  | "vault"
  | "providers"
  | "currencies"
  | "fees"
  | "insurance"
  | "escrow"
  | "game"
  | "channels"
  | "receipts"
  | "sources"
  | "checkers"
  | "reports"
  | "court",
  Calls
> = {
  vault: {
    addModule: ({ vault, stranger }, sender) => vault.connect(sender).addModule(stranger),
    pauseModule: ({ vault, addresses }, sender) =>
      vault.connect(sender).pauseModule(addresses.escrow, 86_400),
    resumeModule: ({ vault, addresses }, sender) => vault.connect(sender).resumeModule(addresses.escrow),
    setTokenAccepted: ({ vault, stranger }, sender) => vault.connect(sender).setTokenAccepted(stranger, true),
    setUnbondingPeriod: ({ vault }, sender) => vault.connect(sender).setUnbondingPeriod(15 * 86_400),
  },
  providers: {
    setHardwareClass: ({ providers }, sender) =>
      providers.connect(sender).setHardwareClass(0, {
        name: "A",
        minimumStakePerGpu: ATH,
        minimumThroughput: 10n ** 9n,
        open: true,
      }),
    setDisputeGame: ({ providers, addresses }, sender) =>
      providers.connect(sender).setDisputeGame(addresses.vault),
    setCourt: ({ providers, addresses }, sender) => providers.connect(sender).setCourt(addresses.vault),
    setHardwareExams: ({ providers, addresses }, sender) =>
      providers.connect(sender).setHardwareExams(addresses.vault),
    setFraudDeposit: ({ providers }, sender) => providers.connect(sender).setFraudDeposit(100n * ATH),
    setHardwareDepositShare: ({ providers }, sender) =>
      providers.connect(sender).setHardwareDepositShare(5_000),
  },
  currencies: {
    list: ({ currencies, addresses }, sender) => currencies.connect(sender).list(addresses.vault, 1_000, 1),
    setReference: ({ currencies, addresses }, sender) =>
      currencies.connect(sender).setReference(addresses.ath, 1_000, 1),
    setSource: ({ currencies, addresses }, sender) =>
      currencies.connect(sender).setSource(addresses.ath, addresses.vault, 1),
  },
  fees: {
    setParameters: ({ fees }, sender) =>
      fees.connect(sender).setParameters({
        checkers: 5_000,
        insurance: 2_000,
        burn: 3_000,
        treasury: 0,
        saleDiscount: 0,
      }),
    setCheckers: ({ fees, addresses }, sender) => fees.connect(sender).setCheckers(addresses.vault),
    setTreasury: ({ fees, stranger }, sender) => fees.connect(sender).setTreasury(stranger),
  },
  insurance: {
    pay: ({ insurance, addresses, stranger }, sender) =>
      insurance.connect(sender).pay(addresses.ath, 1, stranger, "damage"),
  },
  escrow: {
    setParameters: ({ escrow }, sender) =>
      escrow.connect(sender).setParameters({
        stakePerJob: ATH,
        challengeWindow: 600,
        minimumResponseTime: 10,
        maximumResponseTime: 10,
        workPerSecond: 1,
      }),
    setDisputeGame: ({ escrow, addresses }, sender) => escrow.connect(sender).setDisputeGame(addresses.vault),
    setTokenTerms: ({ escrow, addresses }, sender) =>
      escrow.connect(sender).setTokenTerms(addresses.ath, {
        accepted: true,
        feeBasisPoints: 0,
        exitBounty: 0,
        minimumCharge: 0,
      }),
  },
  game: {
    setParameters: async ({ game }, sender) =>
      game.connect(sender).setParameters(await parametersOf({ game })),
  },
  channels: {
    setParameters: async ({ channels }, sender) =>
      channels.connect(sender).setParameters(await channelParametersOf({ channels })),
    setReceiptResults: ({ channels, addresses }, sender) =>
      channels.connect(sender).setReceiptResults(addresses.vault),
    setTokenTerms: ({ channels, addresses }, sender) =>
      channels
        .connect(sender)
        .setTokenTerms(addresses.ath, { accepted: true, feeBasisPoints: 0, exitBounty: 0 }),
  },
  receipts: {
    setDisputeGame: ({ receipts, addresses }, sender) =>
      receipts.connect(sender).setDisputeGame(addresses.vault),
  },
  sources: {
    setDisputeGame: ({ sources, addresses }, sender) =>
      sources.connect(sender).setDisputeGame(addresses.vault),
  },
  checkers: {
    setParameters: async (system, sender) =>
      system.checkers.connect(sender).setParameters(await rulesOf(system)),
    setTasks: ({ checkers, addresses }, sender) => checkers.connect(sender).setTasks([addresses.vault]),
  },
  reports: {
    setExams: ({ reports, addresses }, sender) => reports.connect(sender).setExams(addresses.vault),
  },
  court: {
    announce: ({ court, provider }, sender) =>
      court.connect(sender).announce(provider, 10n * ATH, ZeroHash, "Too slow."),
    decide: ({ court }, sender) => court.connect(sender).decide(ZeroHash, false),
    setParameters: async ({ court }, sender) =>
      court.connect(sender).setParameters(await courtParametersOf({ court })),
  },
};
