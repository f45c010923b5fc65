/**
 * What the custom errors mean that only the checkers' contracts have. `@athanor/sdk/checkers` adds them to the catalogue. The key is the Solidity name, but for three names
 * that other contracts use with other parameters: `checkingErrorCodes`.
 */
export const checkingErrors = {
  // -------------------------------------------------------------------------------------------- checkers
  AlreadyChecker: ["{checker:address} is a checker already.", "Join with another owner account."],
  NotChecker: ["{checker:address} is no checker.", "Join first, with the account that has staked."],
  NotCheckerOperator: [
    "{caller:address} is no checker's operator key.",
    "Send it with the operator key, or have the owner name this one with setOperator.",
  ],
  Convicted: [
    "{checker:address} was convicted as a provider, so it checks nothing.",
    "Join with another owner account; this one can resign.",
  ],
  StakeTooSmall: [
    "The checker {checker:address} has {locked:ath} locked, and {required:ath} are in force.",
    "Stake the difference in the vault, then top up with topUp.",
  ],
  StillLiable: [
    "The checker {checker:address} answers for what it did until epoch {untilEpoch}, and for {held} attestations that are open.",
    "Close the attestations whose results are final, and resign when that epoch has begun.",
  ],
  AlreadyCommitted: [
    "The checker {checker:address} has committed to a secret of epoch {epoch} already.",
    "There is nothing left to do; commit again in the next epoch.",
  ],
  InvalidCommitment: [
    "{commitment} is no commitment.",
    "Commit to what secretCommitment makes of 32 random bytes.",
  ],
  SecretMismatch: [
    "This is not the secret that the checker {checker:address} committed to for epoch {epoch}, or it is known already.",
    "Show the secret of the commitment, once, to the chain and contract it was made for.",
  ],
  WrongEpoch: [
    "This cannot be done for epoch {epoch}: the current one is {current}.",
    "docs/checkers.md says in which epoch each step is made; what is not done then does not happen.",
  ],
  AlreadyDrawn: ["The seed of epoch {epoch} is fixed already.", "There is nothing left to do."],
  DrawTooLate: [
    "A seed is drawn until {latest:time}; it is {timestamp:time}.",
    "This epoch is void: nobody is drawn, nothing is owed. Draw earlier in the next one.",
  ],
  WrongRound: [
    "Round {round} is not the first fixed one that was requested at {since:time} or later.",
    "Name that round; if there is none, request and fix one.",
  ],
  NoFault: [
    "The checker {checker:address} is not at fault in epoch {epoch}, or was punished already.",
    "There is nothing to punish.",
  ],
  NotATask: ["{caller:address} is none of the checkers' tasks.", "Only their contracts call this."],
  TasksAlreadySet: ["The checkers' tasks are set already, for good.", "Others take a new deployment."],
  TaskWithoutCode: [
    "{task:address} has no code, so it is no task.",
    "Deploy the contract first, then set it.",
  ],
  ChangedRecently: [
    "The parameters changed lately: the next change can be made from epoch {untilEpoch} on; it is epoch {current}.",
    "Wait until then.",
  ],
  EpochLengthOutOfBounds: [
    "An epoch of {length:duration} is not between {minimum:duration} and {maximum:duration}.",
    "Choose a length within these bounds.",
  ],

  // ---------------------------------------------------------------------------------------------- beacon
  RoundPending: [
    "Round {round} waits for block {blockNumber}, or to be fixed.",
    "Fix it when the block after that one is there.",
  ],
  NoRoundPending: ["Round {round} is the last, and it waits for nothing.", "Request a round first."],
  BlockNotThere: [
    "Round {round} waits for block {blockNumber}, which is not there yet.",
    "Fix it in any later block.",
  ],
  BlockLost: [
    "The hash of block {blockNumber}, for which round {round} waited, can no longer be read.",
    "Request again: the round gets a new block.",
  ],

  // --------------------------------------------------------------------------------------------- reports
  NotMeasurable: [
    "The provider {provider:address} cannot be measured: it offers nothing, rests, is suspended, or was convicted.",
    "Enrol it when clients can reach it.",
  ],
  EnrolledAlready: [
    "The provider {provider:address} is enrolled; after it was retired, it can be enrolled again from epoch {againFrom} on.",
    "There is nothing left to do, or wait until then.",
  ],
  NotEnrolled: ["The provider {provider:address} is not enrolled.", "There is nothing to retire."],
  StillMeasurable: [
    "The provider {provider:address} can be measured.",
    "Only a provider that clients cannot reach is retired.",
  ],
  ZeroCommitment: ["A commitment of zeros commits to nothing.", "Commit to the tip of your reports."],
  CommitmentMismatch: [
    "The reports of the checker {checker:address} hash to {found}; it committed to {expected}.",
    "Reveal exactly what was committed to, from the last chunk to the first.",
  ],
  NoReports: ["The chunk has no report.", "Reveal at least one report at a time."],
  NotAscending: [
    "The report on {next:address} does not come after the one on {provider:address}.",
    "Sort reports by provider, ascending, one on each, and reveal the last chunk first.",
  ],
  NotDrawn: [
    "The checker {checker:address} was not drawn for the provider {provider:address}.",
    "Report on those only for which it was drawn; isDrawn computes it.",
  ],
  InvalidReport: [
    "The report on {provider:address} has values out of range, or values or evidence in spite of uptime 0.",
    "Uptime is from 0 to 10,000; with 0 all else is empty, otherwise there is evidence.",
  ],
  InvalidEvidence: [
    "The evidence does not prove that the checker asked {provider:address} in this epoch.",
    "Give evidence of this checker, provider and epoch; countOf of AskedEvidence says what it proves.",
  ],
  TooFewRequests: [
    "The evidence proves that {provider:address} answered {proven} requests, and the reported uptime takes {required}.",
    "Ask as many requests as requiredRequests says and show their answers, or report a lower uptime.",
  ],
  NoQuorum: [
    "There are {reports} reports on {provider:address}, and {quorum} are needed.",
    "The provider has no score of this epoch.",
  ],
  AlreadyScored: [
    "The provider {provider:address} has its score of epoch {epoch} already.",
    "There is nothing left to do.",
  ],
  NotBad: [
    "The provider {provider:address} was below the floor in {badEpochs} scored epochs in a row; an announcement takes {required}.",
    "There is nothing to announce.",
  ],
  ExamsAlreadySet: [
    "Exams are told by {exams:address} already, for good.",
    "Another one takes a new deployment.",
  ],
  ExamsWithoutCode: [
    "{exams:address} has no code, so it examines nothing.",
    "Deploy the contract first, then set it.",
  ],

  // ---------------------------------------------------------------------------------------------- audits
  AlreadyAttested: [
    "The checker {checker:address} has sent the attestation {commitment} already.",
    "There is nothing left to do.",
  ],
  AttestationMismatch: [
    "The checker {checker:address} did not commit to this attestation about the result {id}, or has revealed one.",
    "Reveal root and salt of the commitment, once.",
  ],
  NotAuditable: [
    "The result {id} is private, or not there.",
    "Only public results that were submitted are audited.",
  ],
  NotAudited: [
    "Round {round} does not choose the result {id} for an audit.",
    "A result is decided by the first round requested after it was submitted; isAudited computes whether it is audited.",
  ],
  NotDrawnForResult: [
    "The checker {checker:address} was not drawn for the result {id}.",
    "Attest to those results only for which it was drawn.",
  ],
  AttestedTooLate: [
    "The attestation to the result {id} was committed at {committedAt:time}, not before {end:time}.",
    "It does not count. Commit while the result can be challenged.",
  ],
  NothingToDo: [
    "The checker {checker:address} has no attestation to the result {id} for which this is still to be done.",
    "There is nothing left to do.",
  ],
  NotFinal: ["The result {id} is not final.", "Wait until its job is finalised or refunded."],
  ProvenFalse: [
    "A step has proven false what the checker {checker:address} attested of the result {id}.",
    "It cannot be closed; anyone can punish it.",
  ],
  NotProvenFalse: [
    "No step has proven false what the checker {checker:address} attested of the result {id}.",
    "There is nothing to punish.",
  ],

  // ------------------------------------------------------------------------------------------------- pay
  NoPayToClaim: [
    "There is nothing to pay of epoch {epoch} in the token {token:address}.",
    "Who earned no share has no part; what was paid is not paid again.",
  ],
  SharesStanding: [
    "{shares} shares of epoch {epoch} were earned, so its pot belongs to who earned them.",
    "Claim for those checkers.",
  ],

  // ----------------------------------------------------------------------------------------------- exams
  ExamsInactive: [
    "{committed} checkers committed to this epoch; hardware is examined from {minimum} on.",
    "There are no exams now.",
  ],
  NothingToExamine: [
    "The provider {provider:address} has no claim to be examined, or does not wait for an exam.",
    "There is nothing left to do.",
  ],
  NoExam: [
    "There is no exam of the provider {provider:address} in epoch {epoch} to judge.",
    "An exam is judged once, after its score, in the second or third epoch after it.",
  ],
  StillExamined: [
    "The provider {provider:address} waits for its exam at least until epoch {untilEpoch}.",
    "Lift the exam from then on, if none was judged.",
  ],
} as const;

/** Codes of those errors whose names other contracts use with other parameters, by selector's signature. */
export const checkingErrorCodes: Readonly<Record<string, keyof typeof checkingErrors>> = {
  "NotDrawn(bytes32,address)": "NotDrawnForResult",
  "NotOperator(address)": "NotCheckerOperator",
  "NothingToPay(uint32,address)": "NoPayToClaim",
};
