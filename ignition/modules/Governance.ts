import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { GUARDIAN } from "../roles.ts";
import checkers from "./Checkers.ts";

const DAY = 86_400;

/**
 * The protocol under governance: the same contracts, a governor and a timelock. At the end the timelock is the only administrator and the
 * account that deployed has no power over anything. The guardian can pause new work, and nothing else. docs/governance.md says what governance can do.
 *
 * Parameters besides those of the module Athanor:
 * - guardian: address; nobody by default
 * - timelockDelay: seconds between a decision and its execution
 * - votingDelay, votingPeriod, lateQuorumExtension: seconds
 * - proposalThreshold: ATH units; quorumPercent: percent of the supply
 */
export default buildModule("Governance", (m) => {
  const deployer = m.getAccount(0);
  const contracts = m.useModule(checkers);
  const { accessManager, ath } = contracts;

  const timelock = m.contract("AthanorTimelock", [m.getParameter("timelockDelay", 3 * DAY), deployer]);
  const governor = m.contract("AthanorGovernor", [
    ath,
    timelock,
    {
      votingDelay: m.getParameter("votingDelay", 2 * DAY),
      votingPeriod: m.getParameter("votingPeriod", 5 * DAY),
      proposalThreshold: m.getParameter("proposalThreshold", 4_200_000n * 10n ** 18n),
      quorumPercent: m.getParameter("quorumPercent", 4),
      lateQuorumExtension: m.getParameter("lateQuorumExtension", 2 * DAY),
    },
  ]);

  const roles = ["PROPOSER_ROLE", "CANCELLER_ROLE"].map((role) =>
    m.call(timelock, "grantRole", [m.staticCall(timelock, role), governor], { id: `grant_${role}` }),
  );
  m.call(timelock, "renounceRole", [m.staticCall(timelock, "DEFAULT_ADMIN_ROLE"), deployer], {
    id: "renounceTimelock",
    after: roles,
  });

  // When everything is deployed and wired. The timelock is a guardian as well, so that governance pauses and resumes without one.
  const guardian = m.getParameter("guardian", "0x0000000000000000000000000000000000000000");
  const guardians = Object.entries({ guardian, timelock }).map(([name, account]) =>
    m.call(accessManager, "grantRole", [GUARDIAN, account, 0], {
      id: `grantGuardian_${name}`,
      after: [checkers],
    }),
  );
  // Votes direct the treasury's part of the fees, until they name another account; what the deployment named before gets nothing.
  const treasury = m.call(contracts.feeDistributor, "setTreasury", [timelock], { after: [checkers] });
  const administrator = m.call(accessManager, "grantRole", [0n, timelock, 0], {
    id: "grantAdministrator",
    after: [checkers],
  });
  m.call(accessManager, "renounceRole", [0n, deployer], {
    id: "renounceAdministrator",
    after: [administrator, treasury, ...guardians],
  });
  return { ...contracts, timelock, governor };
});
