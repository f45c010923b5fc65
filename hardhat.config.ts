import { createRequire } from "node:module";
import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);

/** The compiler comes from the lockfile (solc's WebAssembly build), so that a build never downloads one. */
export const compiler = {
  version: "0.8.37",
  path: require.resolve("solc/soljson.js"),
  settings: {
    evmVersion: "prague",
    viaIR: true,
    optimizer: { enabled: true, runs: 1_000_000 },
    metadata: { bytecodeHash: "none" as const },
    outputSelection: { "*": { "*": ["storageLayout"] } },
  },
};

/** For the contracts that do not fit EIP-170's 24,576 bytes otherwise: as many runs as fit, with room for what comes. */
const small = (runs: number) => ({
  ...compiler,
  settings: { ...compiler.settings, optimizer: { enabled: true, runs } },
});
const profile = {
  compilers: [compiler],
  overrides: {
    "contracts/channels/ChannelEscrow.sol": small(2_000),
    "contracts/dispute/DisputeGame.sol": small(200),
    "contracts/staking/DelegationPool.sol": small(50),
    // It contains the pool's code, to deploy it.
    "contracts/staking/DelegationPools.sol": small(50),
  },
};

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers],
  solidity: {
    profiles: { default: profile, production: profile },
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
  },
  paths: { tests: { mocha: "test", solidity: "test" } },
  networks: {
    default: { type: "edr-simulated", chainType: "l1", hardfork: "prague" },
    // `npx hardhat node`, or the chain that the demo starts.
    localhost: { type: "http", chainType: "l1", url: "http://127.0.0.1:8545" },
  },
  typechain: { dontOverrideCompile: false },
  test: {
    mocha: { timeout: 120_000 },
    solidity: {
      profiles: {
        default: { fuzz: { runs: 256 }, invariant: { runs: 24, depth: 160, failOnRevert: true } },
        // `npm run audit`.
        audit: { fuzz: { runs: 5_000 }, invariant: { runs: 300, depth: 400, failOnRevert: true } },
      },
    },
  },
});
