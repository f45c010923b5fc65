import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { GUARDED, GUARDIAN, REPORTED, REPORTER } from "../roles.ts";

const DAY = 86_400;

const hardwareClass = (name: string, stake: bigint, minimumThroughput: bigint) => ({
  name,
  minimumStakePerGpu: stake * 10n ** 18n,
  minimumThroughput,
  open: true,
});
const HARDWARE_CLASSES = {
  cpu: hardwareClass("cpu", 1_000n, 1_000_000_000n),
  consumer24: hardwareClass("consumer-24gb", 8_000n, 230_000_000_000n),
  workstation48: hardwareClass("workstation-48gb", 16_000n, 190_000_000_000n),
  dataCentre80: hardwareClass("data-centre-80gb", 40_000n, 480_000_000_000n),
  dataCentre141: hardwareClass("data-centre-141gb", 64_000n, 1_200_000_000_000n),
};

/**
 * The protocol: token, access manager, vault, registries, fees, job and channel escrow, dispute game; wired together and parameterised.
 *
 * Parameters (ignition/parameters/NETWORK.json), amounts in ATH units of 18 decimals unless said otherwise:
 * - treasury: address that receives the genesis supply
 * - cpu, consumer24, workstation48, dataCentre80, dataCentre141: hardware classes, { name, minimumStakePerGpu (ATH units), minimumThroughput
 *   (multiply-adds a second), open }; docs/decisions/0015-hardware-classes.md says where the defaults come from
 * - fraudDeposit: ATH units, the least; depositShare: the fraud deposit in ten-thousandths of the hardware's stake
 * - stakePerJob: ATH units
 * - sequencerFeed: Chainlink's uptime feed of the chain's sequencer; the zero address where there is none
 * - challengeWindow, minimumResponseTime, maximumResponseTime: seconds
 * - workPerSecond: multiply-adds a second that a challenger recomputes at least
 * - athMicrocents: what an ATH costs, in millionths of a US cent; athPriceValidUntil: seconds since 1970; see docs/currencies.md
 * - feeBasisPoints, exitBounty, minimumCharge: terms of jobs paid in ATH
 * - stakePerChannel: ATH units; channelNotice, receiptLife: seconds; see docs/channels.md
 * - channelExitBounty: ATH units for whoever releases the stake of a channel paid in ATH
 * - inclusionDelay: seconds within which the chain includes what its sequencer ignores; 0 where there is none
 * - disputeClock, disputeGrace: seconds that a side has for a dispute in all, and for each move at least; never below inclusionDelay
 * - openPeriod: seconds after a commitment within which the challenge is opened
 * - stressGasPrice: wei a gas unit for which bonds are made; well above what is usual on the chain
 * - tracePricePerSecond: wei for a second of computing a trace; 3 · 10^11 is about 0.001 coins an hour
 * - priceMultiple: the reward is at least this many times what a job costs
 * - feeTreasury: account that is paid the treasury's part of the fees; see docs/fees.md
 * - checkersShare, insuranceShare, burnShare, treasuryShare: ten-thousandths of the fees, 10,000 together
 * - saleDiscount: ten-thousandths of the price at which fees are sold for ATH to burn
 * - appealPeriod, decisionPeriod, caseInterval, suspension: seconds; removalAfter: penalties within a year; see docs/quality.md
 * - harmedBasisPoints, insuredBasisPoints, discountBasisPoints: parts of a penalty, of 10,000
 * - minimumReward: ATH units; athPerCoin: ATH units that are worth 10^18 wei, on the high side
 */
export default buildModule("Athanor", (m) => {
  const administrator = m.getAccount(0);

  const accessManager = m.contract("AccessManager", [administrator]);
  const ath = m.contract("AthToken", [m.getParameter("treasury", administrator)]);
  const vault = m.contract("Vault", [accessManager, ath]);
  const programRegistry = m.contract("ProgramRegistry");
  const modelRegistry = m.contract("ModelRegistry", [programRegistry]);
  const providerRegistry = m.contract("ProviderRegistry", [accessManager, vault, modelRegistry]);
  const currencies = m.contract("Currencies", [accessManager]);
  const insuranceFund = m.contract("InsuranceFund", [accessManager]);
  const feeDistributor = m.contract("FeeDistributor", [
    accessManager,
    ath,
    currencies,
    insuranceFund,
    m.getParameter("feeTreasury", administrator),
    {
      checkers: m.getParameter("checkersShare", 4_000),
      insurance: m.getParameter("insuranceShare", 1_000),
      burn: m.getParameter("burnShare", 3_000),
      treasury: m.getParameter("treasuryShare", 2_000),
      saleDiscount: m.getParameter("saleDiscount", 100),
    },
  ]);
  const jobEscrow = m.contract("JobEscrow", [
    accessManager,
    vault,
    providerRegistry,
    currencies,
    feeDistributor,
    m.getParameter("sequencerFeed", "0x0000000000000000000000000000000000000000"),
    {
      stakePerJob: m.getParameter("stakePerJob", 100n * 10n ** 18n),
      challengeWindow: m.getParameter("challengeWindow", 3600),
      minimumResponseTime: m.getParameter("minimumResponseTime", 30),
      maximumResponseTime: m.getParameter("maximumResponseTime", 86_400),
      workPerSecond: m.getParameter("workPerSecond", 1_000_000_000n),
    },
  ]);

  const channelEscrow = m.contract("ChannelEscrow", [
    accessManager,
    vault,
    providerRegistry,
    currencies,
    feeDistributor,
    m.getParameter("sequencerFeed", "0x0000000000000000000000000000000000000000"),
    {
      stakePerChannel: m.getParameter("stakePerChannel", 500n * 10n ** 18n),
      notice: m.getParameter("channelNotice", 86_400),
      receiptLife: m.getParameter("receiptLife", 86_400),
      workPerSecond: m.getParameter("workPerSecond", 1_000_000_000n),
    },
  ]);
  const receiptResults = m.contract("ReceiptResults", [
    accessManager,
    channelEscrow,
    modelRegistry,
    vault,
    m.getParameter("sequencerFeed", "0x0000000000000000000000000000000000000000"),
  ]);
  const resultSources = m.contract("ResultSources", [accessManager, jobEscrow, receiptResults]);

  const stepVerifier = m.contract("StepVerifier", [
    modelRegistry,
    programRegistry,
    m.contract("VectorSteps"),
    m.contract("LinearSteps"),
    m.contract("AttentionSteps"),
    m.contract("TokenSteps"),
    m.contract("SampleSteps"),
  ]);
  const disputeGame = m.contract("DisputeGame", [
    accessManager,
    resultSources,
    providerRegistry,
    vault,
    stepVerifier,
    m.getParameter("inclusionDelay", 0),
    {
      clock: m.getParameter("disputeClock", 21_600),
      grace: m.getParameter("disputeGrace", 3_600),
      openPeriod: m.getParameter("openPeriod", 3_600),
      stressGasPrice: m.getParameter("stressGasPrice", 1_000_000_000n),
      tracePricePerSecond: m.getParameter("tracePricePerSecond", 300_000_000_000n),
      priceMultiple: m.getParameter("priceMultiple", 20),
      minimumReward: m.getParameter("minimumReward", 100n * 10n ** 18n),
      athPerCoin: m.getParameter("athPerCoin", 10_000n * 10n ** 18n),
    },
  ]);
  m.call(resultSources, "setDisputeGame", [disputeGame], { id: "setDisputeGameOfSources" });
  // Jobs and receipts hear of challenges from their common face to the game.
  m.call(jobEscrow, "setDisputeGame", [resultSources], { id: "setDisputeGameOfEscrow" });
  m.call(receiptResults, "setDisputeGame", [resultSources], { id: "setDisputeGameOfReceipts" });
  m.call(channelEscrow, "setReceiptResults", [receiptResults]);
  m.call(providerRegistry, "setDisputeGame", [disputeGame], { id: "setDisputeGameOfRegistry" });

  const qualityCourt = m.contract("QualityCourt", [
    accessManager,
    providerRegistry,
    insuranceFund,
    {
      appealPeriod: m.getParameter("appealPeriod", 7 * DAY),
      decisionPeriod: m.getParameter("decisionPeriod", 21 * DAY),
      caseInterval: m.getParameter("caseInterval", 14 * DAY),
      suspension: m.getParameter("suspension", 7 * DAY),
      removalAfter: m.getParameter("removalAfter", 4),
      harmedBasisPoints: m.getParameter("harmedBasisPoints", 3_000),
      insuredBasisPoints: m.getParameter("insuredBasisPoints", 1_000),
      discountBasisPoints: m.getParameter("discountBasisPoints", 2_000),
    },
  ]);
  m.call(providerRegistry, "setCourt", [qualityCourt]);
  m.call(accessManager, "labelRole", [REPORTER, "reporter"], { id: "labelReporter" });
  m.call(accessManager, "setTargetFunctionRole", [qualityCourt, REPORTED, REPORTER], {
    id: "letReportersAnnounce",
  });

  // Modules get their indices in this order: 0 is the provider registry, 1 the job escrow, 2 the channel escrow.
  const first = m.call(vault, "addModule", [providerRegistry], { id: "addProviderRegistry" });
  const second = m.call(vault, "addModule", [jobEscrow], { id: "addJobEscrow", after: [first] });
  const third = m.call(vault, "addModule", [channelEscrow], { id: "addChannelEscrow", after: [second] });
  m.call(accessManager, "labelRole", [GUARDIAN, "guardian"]);
  m.call(accessManager, "setTargetFunctionRole", [vault, GUARDED, GUARDIAN]);
  m.call(providerRegistry, "setFraudDeposit", [m.getParameter("fraudDeposit", 5_000n * 10n ** 18n)]);
  // Classes get their indices in this order.
  const calls: ReturnType<typeof m.call>[] = [];
  for (const [index, [parameter, terms]] of Object.entries(HARDWARE_CLASSES).entries()) {
    calls.push(
      m.call(providerRegistry, "setHardwareClass", [index, m.getParameter(parameter, terms)], {
        id: `setHardwareClass${index}`,
        after: calls.slice(-1),
      }),
    );
  }
  m.call(providerRegistry, "setHardwareDepositShare", [m.getParameter("depositShare", 2_500)], {
    after: calls.slice(-1),
  });
  // 2.5 US cents. Without an end where nobody renews it.
  const athPrice = [
    m.getParameter("athMicrocents", 2_500_000),
    m.getParameter("athPriceValidUntil", 2 ** 32 - 1),
  ];
  // Before the terms, whose bounds are in US dollars.
  const listed = m.call(currencies, "list", [ath, ...athPrice], { id: "listAth" });
  m.call(
    jobEscrow,
    "setTokenTerms",
    [
      ath,
      {
        accepted: true,
        feeBasisPoints: m.getParameter("feeBasisPoints", 100),
        exitBounty: m.getParameter("exitBounty", 10n ** 17n),
        minimumCharge: m.getParameter("minimumCharge", 5n * 10n ** 16n),
      },
    ],
    { id: "setAthTerms", after: [listed] },
  );
  // A module first: the channel escrow approves itself for its own account.
  m.call(
    channelEscrow,
    "setTokenTerms",
    [
      ath,
      {
        accepted: true,
        feeBasisPoints: m.getParameter("feeBasisPoints", 100),
        exitBounty: m.getParameter("channelExitBounty", 10n ** 18n),
      },
    ],
    { id: "setAthTermsOfChannels", after: [third, listed] },
  );

  // Every pool lets these modules lock its stake; its manager acts as the provider in the contracts named last.
  const delegationPools = m.contract(
    "DelegationPools",
    [
      vault,
      providerRegistry,
      channelEscrow,
      [providerRegistry, jobEscrow, channelEscrow],
      [providerRegistry, channelEscrow, qualityCourt],
    ],
    { after: [third] },
  );

  return {
    accessManager,
    ath,
    vault,
    programRegistry,
    modelRegistry,
    providerRegistry,
    currencies,
    insuranceFund,
    feeDistributor,
    jobEscrow,
    channelEscrow,
    receiptResults,
    resultSources,
    stepVerifier,
    disputeGame,
    delegationPools,
    qualityCourt,
  };
});
