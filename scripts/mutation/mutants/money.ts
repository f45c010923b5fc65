import { type NamedMutant, inFile } from "../named.ts";

const jobs = ["jobs/*.test.ts"];
const vault = ["staking/*.test.ts"];
const requests = ["jobs/JobEscrow.refusals.test.ts", "jobs/JobEscrow.generation.test.ts"];
const registry = ["registry/ProviderRegistry.*test.ts"];

/** Rules of jobs, stakes and slashing. */
export const money: readonly NamedMutant[] = [
  ...inFile("libraries/Generation.sol", requests, [
    {
      name: "a request may ask for more tokens at least than at most",
      original: '_requireBetween("minTokens", minTokens(word), 0, maxTokens(word));',
      mutated: "",
    },
    {
      name: "a request may have bits that mean nothing",
      original: '_requireBetween("unused", uint256(word) >> 144, 0, 0);',
      mutated: "",
    },
    {
      name: "a request may have nine stop sequences",
      original: "i == MOST_SEQUENCES",
      mutated: "i == MOST_SEQUENCES + 1",
    },
    {
      name: "a stop sequence may have no tokens",
      original: "length == 0 || length > MOST_SEQUENCE_TOKENS",
      mutated: "length > MOST_SEQUENCE_TOKENS",
    },
    {
      name: "a stop sequence may have tokens outside the vocabulary",
      original: "TokenIds.requireInVocabulary(sequences[first:next], vocabularySize);",
      mutated: "",
    },
  ]),
  ...inFile("jobs/JobEscrow.sol", jobs, [
    {
      name: "a result is final a second before its window is over",
      original: "block.timestamp < finalizableAt",
      mutated: "block.timestamp + 1 < finalizableAt",
    },
    {
      name: "a result is final only a second after its window is over",
      original: "block.timestamp < finalizableAt",
      mutated: "block.timestamp <= finalizableAt",
    },
    {
      name: "a result is final while a challenge lives",
      original: "if (state.liveChallenges() != 0) revert ChallengesAlive(id, state.liveChallenges());",
      mutated: "",
    },
    {
      name: "a batch makes a challenged result final",
      after: "function finalizeBatch",
      original: "state.liveChallenges() != 0",
      mutated: "false",
    },
    {
      name: "a batch makes a result final a second too early",
      original: "block.timestamp < _windowEnd(job, state)",
      mutated: "block.timestamp + 1 < _windowEnd(job, state)",
    },
    {
      name: "a convicted provider is paid",
      original: "if (vault.isJailed(job.provider)) revert IVault.ProviderJailed(job.provider);",
      mutated: "",
    },
    {
      name: "one convicted provider's job makes a whole batch fail",
      after: "!state.matchesOutputRoot( Commitments.outputRoot(outputs[i].count",
      original: "vault.isJailed(job.provider)",
      mutated: "false",
    },
    {
      name: "jobs of providers in good standing are refunded",
      original: "!vault.isJailed(job.provider)",
      mutated: "false",
    },
    { name: "a job is challenged after its window", original: "block.timestamp >= end", mutated: "false" },
    { name: "anybody holds a result up", original: "msg.sender != disputeGame", mutated: "false" },
    {
      name: "an output other than the submitted one is paid",
      original: "!state.matchesOutputRoot(outputRoot)",
      mutated: "false",
    },
    { name: "anybody submits in the provider's name", original: "msg.sender != operator", mutated: "false" },
    {
      name: "a price passes the client's limit",
      original: "inputPrice > request.maxInputPrice || outputPrice > request.maxOutputPrice",
      mutated: "outputPrice > request.maxOutputPrice",
    },
    {
      name: "the client pays more than it agreed to",
      original: "escrowed > request.maxCost",
      mutated: "false",
    },
    {
      name: "a job's last term is not bound",
      original: "calldatacopy(add(buffer, 0x60), job, JOB_SIZE)",
      mutated: "calldatacopy(add(buffer, 0x60), job, sub(JOB_SIZE, 0x20))",
    },
  ]),
  ...inFile("jobs/JobTerms.sol", jobs, [
    {
      name: "a price is rounded down",
      original: "Math.ceilDiv(promptTokens * inputPrice + outputTokens * outputPrice, PRICE_UNIT)",
      mutated: "(promptTokens * inputPrice + outputTokens * outputPrice) / PRICE_UNIT",
    },
    {
      name: "the window does not grow with the work of the request",
      original: "Math.ceilDiv(positions * workPerPosition, current.workPerSecond)",
      mutated: "0",
    },
  ]),
  ...inFile("staking/Vault.sol", vault, [
    {
      name: "a module pays out more than the escrow it settles",
      original: "payouts > settlement.escrowed",
      mutated: "false",
    },
    {
      name: "locked stake leaves",
      original: "if (free < amount) revert InsufficientStake(msg.sender, free, amount);",
      mutated: "",
    },
    {
      name: "stake is claimed before its release",
      original: "block.timestamp < unbonding.releaseAt",
      mutated: "false",
    },
    {
      name: "a shorter period shortens what unbonds already",
      original: "releaseAt < unbonding.releaseAt",
      mutated: "false",
    },
    {
      name: "a module that the payer did not approve takes from it",
      after: "function openWork",
      original: "account.modules & bit == 0",
      mutated: "false",
    },
    {
      name: "slashing pays out more than half",
      after: "function slash(",
      original: "payout > amount / 2",
      mutated: "false",
    },
    {
      name: "what is slashed is not burned",
      original: "ERC20Burnable(ath).burn(amount - payout);",
      mutated: "",
    },
    {
      name: "stake escapes a slash by unbonding",
      original: "Math.min(amount - fromStake, _unbondings[owner].amount)",
      mutated: "0",
    },
    {
      name: "a penalty pays out more than half",
      after: "function penalise",
      original: "payout > amount / 2",
      mutated: "false",
    },
    {
      name: "a penalty takes what the module never locked",
      after: "function penalise",
      original: "_unlock(position, _callingModule(), owner, amount);",
      mutated: "_callingModule();",
    },
    {
      name: "a penalty leaves the stake whole",
      after: "function penalise",
      original: "position.staked -= uint96(amount);",
      mutated: "",
    },
    { name: "penalties are not counted", original: "_slashed[owner] += amount;", mutated: "" },
    {
      name: "a module suspends owners that never approved it",
      after: "function setSuspended",
      original: "position.modules & _callingModule() == 0",
      mutated: "_callingModule() == 0",
    },
    {
      name: "a suspended provider takes work",
      original: "position.suspended || position.resting",
      mutated: "position.resting",
    },
    {
      name: "a resting provider takes work",
      original: "position.suspended || position.resting",
      mutated: "position.suspended",
    },
    {
      name: "a paused module opens work",
      original: "if (block.timestamp < pausedUntil) revert ModulePausedUntil(module, pausedUntil);",
      mutated: "",
    },
    {
      name: "a pause lasts a second too long",
      original: "block.timestamp < pausedUntil",
      mutated: "block.timestamp <= pausedUntil",
    },
    {
      name: "a pause holds up work that is open",
      after: "function settle(",
      original: "position.openWork -= 1;",
      mutated:
        "if (block.timestamp < _modules[msg.sender].pausedUntil) revert NotPaused(msg.sender); position.openWork -= 1;",
    },
    {
      name: "a pause lasts as long as the guardian likes",
      original: "duration == 0 || duration > MAX_PAUSE",
      mutated: "duration == 0",
    },
    {
      name: "a pause is prolonged",
      original: "block.timestamp < paused.pausableFrom",
      mutated: "block.timestamp < paused.pausedUntil",
    },
    {
      name: "a pause that was ended early can be repeated at once",
      original: "paused.pausedUntil = 0;",
      mutated: "(paused.pausedUntil, paused.pausableFrom) = (0, 0);",
    },
    { name: "a slashed provider works on", original: "position.jailed = true;", mutated: "" },
    {
      name: "a jailed provider earns",
      original: "position.jailed && settlement.earned + settlement.fee != 0",
      mutated: "false",
    },
  ]),
  ...inFile("registry/ProviderRegistry.sol", registry, [
    { name: "anybody convicts a provider", original: "msg.sender != disputeGame", mutated: "false" },
    {
      name: "a provider is convicted twice",
      after: "function convict",
      original: "_requireNotJailed(owner);",
      mutated: "",
    },
    {
      name: "other hardware keeps the lock of the old",
      original: "!_isSame(profile.hardware, provider.hardware)",
      mutated: "false",
    },
    {
      name: "the same hardware is priced anew",
      original: "!_isSame(profile.hardware, provider.hardware)",
      mutated: "true",
    },
    {
      name: "the fraud deposit falls with other hardware",
      after: "function _install",
      original: "Math.max(provider.fraudDeposit, _depositOf(stake))",
      mutated: "_depositOf(stake)",
    },
    {
      name: "a provider registers hardware of a closed class",
      after: "function register",
      original: "_requireOpen(profile.hardware, provider.hardware);",
      mutated: "",
    },
  ]),
  ...inFile("registry/HardwareClasses.sol", registry, [
    {
      name: "a hardware class is counted twice at the price of once",
      original: "entry.hardwareClass <= hardware[i - 1].hardwareClass",
      mutated: "entry.hardwareClass < hardware[i - 1].hardwareClass",
    },
    {
      name: "only the last hardware class needs stake",
      original: "stake += uint256(terms.minimumStakePerGpu) * hardware[i].count;",
      mutated: "stake = uint256(terms.minimumStakePerGpu) * hardware[i].count;",
    },
    {
      name: "only the last hardware class promises throughput",
      original: "throughput += uint256(terms.minimumThroughput) * hardware[i].count;",
      mutated: "throughput = uint256(terms.minimumThroughput) * hardware[i].count;",
    },
    {
      name: "a provider adds hardware of a closed class",
      original: "hardware[i].count > registered",
      mutated: "false",
    },
    {
      name: "hardware of a closed class may not stay",
      original: "hardware[i].count > registered",
      mutated: "true",
    },
    {
      name: "a hardware class of which there is none",
      original: "if (entry.count == 0) revert GpuCountOutOfBounds(0, MAX_GPU_COUNT);",
      mutated: "",
    },
    {
      name: "only the last class's GPUs are counted against the most",
      original: "total += entry.count;",
      mutated: "total = entry.count;",
    },
    {
      name: "governance makes hardware free",
      original:
        '_requireBetween("minimumStakePerGpu", terms.minimumStakePerGpu, MIN_STAKE_PER_GPU, MAX_STAKE_PER_GPU);',
      mutated: '_requireBetween("minimumStakePerGpu", terms.minimumStakePerGpu, 0, MAX_STAKE_PER_GPU);',
    },
    {
      name: "governance does away with the fraud deposit",
      original: '_requireBetween("fraudDeposit", amount, MIN_FRAUD_DEPOSIT, MAX_FRAUD_DEPOSIT);',
      mutated: '_requireBetween("fraudDeposit", amount, 0, MAX_FRAUD_DEPOSIT);',
    },
    {
      name: "the fraud deposit is flat",
      original: "Math.max(_fraudDeposit, (stake * _depositShare) / BASIS_POINTS)",
      mutated: "_fraudDeposit",
    },
    {
      name: "small hardware has a small fraud deposit",
      original: "Math.max(_fraudDeposit, (stake * _depositShare) / BASIS_POINTS)",
      mutated: "(stake * _depositShare) / BASIS_POINTS",
    },
    {
      name: "governance does away with the fraud deposit of large hardware",
      original: '_requireBetween("depositShare", share, MIN_DEPOSIT_SHARE, MAX_DEPOSIT_SHARE);',
      mutated: '_requireBetween("depositShare", share, 0, MAX_DEPOSIT_SHARE);',
    },
    {
      name: "there is a hardware class more than there can be",
      original: "hardwareClass == MAX_HARDWARE_CLASSES",
      mutated: "false",
    },
  ]),
];
