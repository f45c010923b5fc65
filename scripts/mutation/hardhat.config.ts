// The project's configuration for sources that have mutants built in (schemata.ts).
import { defineConfig } from "hardhat/config";
import base, { compiler } from "../../hardhat.config.ts";
import { chosenFolder } from "./folder.ts";

/** Compiles in seconds: no more optimisation than what keeps stacks from getting too deep. */
const fast = {
  ...compiler,
  settings: {
    ...compiler.settings,
    optimizer: {
      enabled: true,
      runs: 1,
      details: { yul: true, yulDetails: { stackAllocation: true, optimizerSteps: "u" } },
    },
  },
};

const folder = chosenFolder();

export default defineConfig({
  ...base,
  solidity: {
    profiles: { default: fast, production: fast },
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
  },
  paths: { sources: `${folder}/contracts`, artifacts: `${folder}/artifacts`, cache: `${folder}/cache` },
  networks: {
    default: {
      type: "edr-simulated",
      chainType: "l1",
      hardfork: "prague",
      // All mutants in one contract make it large, and reading the switch costs gas.
      allowUnlimitedContractSize: true,
      blockGasLimit: 60_000_000,
    },
  },
  typechain: { dontOverrideCompile: true },
});
