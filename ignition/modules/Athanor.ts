import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/**
 * The protocol: token, access manager, vault, registries, job escrow; wired together and parameterised.
 *
 * Parameters (ignition/parameters/NETWORK.json), amounts in ATH units of 18 decimals unless said otherwise:
 * - treasury: address that receives the genesis supply
 * - minimumStakePerGpu, fraudDeposit, stakePerJob: ATH units
 * - challengeWindow, minimumResponseTime, maximumResponseTime: seconds
 * - workPerSecond: multiply-adds a second that a challenger recomputes at least
 * - feeBasisPoints, exitBounty, minimumCharge: terms of jobs paid in ATH
 */
export default buildModule("Athanor", (m) => {
  const administrator = m.getAccount(0);

  const accessManager = m.contract("AccessManager", [administrator]);
  const ath = m.contract("AthToken", [m.getParameter("treasury", administrator)]);
  const vault = m.contract("Vault", [accessManager, ath]);
  const modelRegistry = m.contract("ModelRegistry");
  const providerRegistry = m.contract("ProviderRegistry", [accessManager, vault, modelRegistry]);
  const jobEscrow = m.contract("JobEscrow", [
    accessManager,
    vault,
    providerRegistry,
    {
      stakePerJob: m.getParameter("stakePerJob", 100n * 10n ** 18n),
      challengeWindow: m.getParameter("challengeWindow", 3600),
      minimumResponseTime: m.getParameter("minimumResponseTime", 30),
      maximumResponseTime: m.getParameter("maximumResponseTime", 86_400),
      workPerSecond: m.getParameter("workPerSecond", 1_000_000_000n),
    },
  ]);

  // Modules get their indices in this order: 0 is the provider registry, 1 the job escrow.
  const first = m.call(vault, "addModule", [providerRegistry], { id: "addProviderRegistry" });
  m.call(vault, "addModule", [jobEscrow], { id: "addJobEscrow", after: [first] });
  m.call(providerRegistry, "setFraudDeposit", [m.getParameter("fraudDeposit", 5_000n * 10n ** 18n)]);
  m.call(providerRegistry, "setHardwareClass", [
    0,
    {
      name: "any",
      minimumStakePerGpu: m.getParameter("minimumStakePerGpu", 1_000n * 10n ** 18n),
      open: true,
    },
  ]);
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
    { id: "setAthTerms" },
  );

  return { accessManager, ath, vault, modelRegistry, providerRegistry, jobEscrow };
});
