import { type NamedMutant, inFile } from "../named.ts";

const checkers = ["attestation/Checkers.test.ts", "attacks/checkers.test.ts"];
const evidence = ["attestation/AskedEvidence.test.ts", "attacks/checkers.test.ts"];
const reports = ["attestation/QualityReports.test.ts", "attacks/checkers.test.ts"];

/** Rules of checkers: their draw, their reports, their audits, their pay. */
export const attestation: readonly NamedMutant[] = [
  ...inFile(
    "attestation/DrawBeacon.sol",
    ["attestation/DrawBeacon.test.ts"],
    [
      {
        name: "the beacon names a block that is there",
        original: "uint64(block.number) + 1",
        mutated: "uint64(block.number) - 1",
      },
      {
        name: "a round can be asked for again while its block can be read",
        original: "block.number <= last.blockNumber + READABLE_BLOCKS",
        mutated: "block.number < last.blockNumber",
      },
      {
        name: "a value is the hash of its block alone",
        original: "abi.encode(_rounds[round - 1].value, hash, block.prevrandao)",
        mutated: "abi.encode(_rounds[round - 1].value, hash, 0)",
      },
      {
        name: "any later round counts as the first",
        original: "_rounds[round - 1].requestedAt < timestamp",
        mutated: "true",
      },
      {
        name: "an earlier round counts as one since",
        original: "found.requestedAt >= timestamp",
        mutated: "true",
      },
    ],
  ),
  ...inFile("attestation/Checkers.sol", checkers, [
    {
      name: "a checker commits on less than a stake",
      original: "if (checker.locked < stake) revert StakeTooSmall(owner, checker.locked, stake);",
      mutated: "",
    },
    {
      name: "a checker commits twice to an epoch",
      original: "if (committedTo[epoch][owner] != 0) revert AlreadyCommitted(owner, epoch);",
      mutated: "",
    },
    {
      name: "an epoch is drawn again",
      original: "if (epoch.seed != 0) revert AlreadyDrawn(current);",
      mutated: "",
    },
    {
      name: "an epoch is drawn by any round",
      original: "if (!beacon.isFirstSince(round, start)) revert WrongRound(round, start);",
      mutated: "",
    },
    {
      name: "seeds do without the secrets",
      original: "current < 2 ? bytes32(0) : _epochs[current - 2].mix",
      mutated: "bytes32(0)",
    },
    {
      name: "a missing reveal is punished in a void epoch",
      original: "_epochs[epoch].seed == 0",
      mutated: "false",
    },
    {
      name: "a missing reveal is punished after an outage",
      original: "outageSince(startOf(epoch + 1))",
      mutated: "false",
    },
    {
      name: "a reveal is punished as missing",
      after: "function punishMissing",
      original: "secretOf[epoch][checker] != 0",
      mutated: "false",
    },
    {
      name: "a secret is committed to too late to be revealed",
      original: "epoch != current + 1",
      after: "however late the transaction is mined.",
      mutated: "epoch > current + 1",
    },
    {
      name: "a secret is denounced when everybody may know it",
      original: "epoch != current && epoch != current + 1",
      mutated: "false",
    },
    {
      name: "a denounced secret is left out of the seed",
      after: "denouncing one's own is no way to withhold it.",
      original: "_mix(epoch, secret);",
      mutated: "",
    },
    {
      name: "commitments name no checker",
      original: "abi.encode(SECRET_TYPE, block.chainid, address(this), checker, epoch, secret)",
      mutated: "abi.encode(SECRET_TYPE, block.chainid, address(this), epoch, secret)",
    },
  ]),
  ...inFile("attestation/CheckerStakes.sol", checkers, [
    {
      name: "a checker leaves an epoch too early",
      original: "currentEpoch() < free",
      mutated: "currentEpoch() + 1 < free",
    },
    {
      name: "a checker leaves with attestations open",
      original: "checker.held != 0",
      mutated: "false",
      tests: ["attestation/ResultAudits.test.ts"],
    },
    {
      name: "anybody penalises",
      original: "if (!isTask[msg.sender]) revert NotATask(msg.sender);",
      mutated: "",
    },
    {
      name: "tasks are set twice",
      original: "if (_tasksSet) revert TasksAlreadySet();",
      mutated: "",
    },
  ]),
  ...inFile("attestation/QualityReports.sol", reports, [
    {
      name: "reports are committed to for another epoch",
      after: "if (tip == 0) revert ZeroCommitment();",
      original: "epoch != current",
      mutated: "epoch > current",
    },
    {
      name: "a provider is reported on twice",
      original: "if (report.provider <= last) revert NotAscending(last, report.provider);",
      mutated: "",
    },
    {
      name: "reports need no commitment",
      original: "expected == 0 || hash != expected",
      mutated: "false",
    },
    {
      name: "whoever was not drawn reports",
      after: "function _addReport",
      original: "!checkers.isDrawn(epoch, checker, uint160(provider), rules.expectedCheckers)",
      mutated: "false",
    },
    {
      name: "an answer needs no proof",
      original: "if (proven == 0) revert InvalidEvidence(provider);",
      mutated: "",
    },
    {
      name: "one answer is enough for any uptime",
      original: "if (proven < required) revert TooFewRequests(provider, proven, required);",
      mutated: "",
    },
    {
      name: "the answers to show are rounded down",
      original: "Math.ceilDiv(uint256(report.uptime) * rules.requests, BASIS_POINTS)",
      mutated: "(uint256(report.uptime) * rules.requests) / BASIS_POINTS",
    },
    {
      name: "whoever reported is punished for an omission",
      original: "if (MedianRules.checkerOf(words[i]) == checker) return false;",
      mutated: "",
    },
    {
      name: "an omission is punished again and again",
      original: "progress.punished = true;",
      mutated: "",
    },
    {
      name: "a provider is owed reports in the epoch of its enrolment",
      original: "found.since < epoch",
      mutated: "found.since <= epoch",
    },
    {
      name: "two bad epochs are announced",
      original: "if (bad < rules.floorEpochs) revert NotBad(provider, bad, rules.floorEpochs);",
      mutated: "",
    },
    {
      name: "three bad epochs are announced for ever",
      original: "_scores[provider].badEpochs = 0;",
      mutated: "",
    },
    {
      name: "a provider rests from one epoch alone",
      original: "current < last.until + REST",
      mutated: "false",
    },
  ]),
  ...inFile("attestation/Medians.sol", reports, [
    {
      name: "who measures from far away is an outlier",
      original: "apart <= DISTANCE",
      mutated: "false",
    },
  ]),
  ...inFile("attestation/AskedEvidence.sol", evidence, [
    {
      name: "a channel of any epoch is evidence",
      original: "channel.salt != _saltOf(abi.encode(checker, epoch, blinding))",
      mutated: "channel.salt != _saltOf(abi.encode(checker, blinding))",
    },
    {
      name: "somebody else's channel is evidence",
      original: "channel.salt != _saltOf(abi.encode(checker, epoch, blinding))",
      mutated: "false",
    },
    {
      name: "a receipt counts twice",
      original: "receipt.nonce <= lastNonce",
      mutated: "receipt.nonce < lastNonce",
    },
    {
      name: "the last nonce counts",
      original: "return receipts.length;",
      mutated: "return lastNonce;",
    },
    {
      name: "more receipts than are bounded count",
      original: "receipts.length > MAX_REQUESTS",
      mutated: "false",
    },
    {
      name: "a channel that was never opened is evidence",
      original: "channels.channelState(id).status == ChannelStatus.None",
      mutated: "false",
    },
    {
      name: "a job counts twice",
      original: "next = index + 1;",
      mutated: "next = index;",
    },
    {
      name: "only jobs without gaps count",
      original: "++index;",
      mutated: "index = MAX_REQUESTS;",
    },
    {
      name: "somebody else's job is evidence",
      original: "job.salt != _saltOf(abi.encode(checker, epoch, blinding, index))",
      mutated: "false",
    },
    {
      name: "an old answer is evidence",
      original: "timestamp >= span.start",
      mutated: "true",
    },
    {
      name: "a later answer is evidence",
      original: "timestamp < span.end",
      mutated: "true",
    },
    {
      name: "receipts outside channels are always evidence",
      original: "kind == EXAM && examined",
      mutated: "kind == EXAM",
    },
    {
      name: "anybody's receipt is evidence",
      original: "channels.receiptKeyUntil(provider, signer) < signedAt",
      mutated: "false",
    },
  ]),
  ...inFile(
    "attestation/ResultAudits.sol",
    ["attestation/ResultAudits.test.ts"],
    [
      {
        name: "one attestation agrees with itself",
        original: "agreeing >= QUORUM",
        mutated: "true",
      },
      {
        name: "half of the attestations are most of them",
        original: "2 * agreeing > _all[id]",
        mutated: "2 * agreeing >= _all[id]",
      },
      {
        name: "an attestation counts again",
        original: "attestation.counted = true;",
        mutated: "",
      },
      {
        name: "an attestation is committed to after the window",
        original: "if (committedAt >= end) revert AttestedTooLate(id, committedAt, end);",
        mutated: "",
      },
      {
        name: "a timeout punishes attestations",
        original: "game.isProvenWrong(id)",
        mutated: "true",
      },
      {
        name: "whoever attested to another trace is punished",
        original: "game.resultOf(id).positionsRoot == _attestations[id][checker].positionsRoot",
        mutated: "true",
      },
      {
        name: "an attestation is closed before the result is final",
        original: "status != JobStatus.Finalized && status != JobStatus.Refunded",
        mutated: "false",
      },
      {
        name: "an attestation that was proven false is closed",
        original: "if (_isProvenFalse(id, checker)) revert ProvenFalse(id, checker);",
        mutated: "",
      },
    ],
  ),
  ...inFile(
    "attestation/CheckerPay.sol",
    ["attestation/CheckerPay.test.ts"],
    [
      {
        name: "a checker is paid twice",
        original: "isClaimed[epoch][token][checker] = true;",
        mutated: "",
      },
      {
        name: "shares are earned when the first may be paid",
        original: "current >= epoch + SETTLED_AFTER",
        mutated: "false",
      },
      {
        name: "a pot that was earned passes on",
        original: "if (shares != 0) revert SharesStanding(epoch, shares);",
        mutated: "",
      },
      {
        name: "what was in a pot comes in again",
        original: "_allotted[token] += amount;",
        mutated: "",
      },
    ],
  ),
  ...inFile(
    "attestation/HardwareExams.sol",
    ["attestation/HardwareExams.test.ts", "attacks/checkers.test.ts"],
    [
      {
        name: "exams are held without checkers",
        original: "return checkers.epochOf(epoch).committed >= checkers.parametersAt(epoch).minimumCheckers;",
        mutated: "return true;",
      },
      {
        name: "every exam is passed",
        original: "measured * BASIS_POINTS >= claim * checkers.parametersAt(epoch).examTolerance",
        mutated: "true",
      },
      {
        name: "the beginning of exams stops everybody",
        original: "served || isPending(provider)",
        mutated: "isPending(provider)",
      },
      {
        name: "a provider waits for ever for an exam",
        original: "current <= since + LONGEST_WAIT",
        mutated: "true",
      },
    ],
  ),
  ...inFile(
    "registry/ProviderPenalties.sol",
    ["registry/ProviderPenalties.test.ts"],
    [
      {
        name: "the end of one suspension ends the other",
        original: "_suspensions[owner] & ~reason",
        mutated: "0",
      },
      {
        name: "anybody keeps providers from new work",
        original: "if (msg.sender != hardwareExams) revert NotHardwareExams(msg.sender);",
        mutated: "",
      },
    ],
  ),
];
