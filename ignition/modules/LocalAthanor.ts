import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { GUARDIAN, REPORTER } from "../roles.ts";
import athanor from "./Athanor.ts";
import checkers from "./Checkers.ts";

/** The protocol on a local chain, with a stablecoin of 6 decimals that anyone can mint. The deployer governs, and is guardian and reporter too. */
export default buildModule("LocalAthanor", (m) => {
  const contracts = m.useModule(checkers);
  m.call(contracts.accessManager, "grantRole", [GUARDIAN, m.getAccount(0), 0], { id: "grantGuardian" });
  m.call(contracts.accessManager, "grantRole", [REPORTER, m.getAccount(0), 0], { id: "grantReporter" });
  const stablecoin = m.contract("MockStablecoin");
  m.call(contracts.vault, "setTokenAccepted", [stablecoin, true], { id: "acceptStablecoin" });
  // A dollar.
  const listed = m.call(contracts.currencies, "list", [stablecoin, 100_000_000, 2 ** 32 - 1], {
    id: "listStablecoin",
  });
  // Paying in ATH lowers the protocol fee: 3 % here against 1 %.
  m.call(
    contracts.jobEscrow,
    "setTokenTerms",
    [stablecoin, { accepted: true, feeBasisPoints: 300, exitBounty: 10_000n, minimumCharge: 1_000n }],
    { id: "setStablecoinTerms", after: [listed] },
  );
  m.call(
    contracts.channelEscrow,
    "setTokenTerms",
    [stablecoin, { accepted: true, feeBasisPoints: 300, exitBounty: 100_000n }],
    { id: "setStablecoinTermsOfChannels", after: [athanor, listed] },
  );
  return { ...contracts, stablecoin };
});
