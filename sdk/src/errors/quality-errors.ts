const DEFECT = "This is a defect of the court; please report it.";

/** What the quality court and the registry on its behalf refuse; the form is that of contract-errors.ts. */
export const qualityErrors = {
  UnknownCase: [
    "There was never a case {caseId}.",
    "Take the id from CaseAnnounced, or from caseIdOf of the provider and the case's number.",
  ],
  WrongCaseStatus: [
    "The case {caseId} is {status:caseStatus}, in which state this cannot be done.",
    "Read its state with caseOf; a case that is executed or dropped is over.",
  ],
  CaseStillOpen: [
    "The provider {provider:address} has an open case, {caseId}.",
    "Wait until it has ended; there is one at a time.",
  ],
  CaseTooSoon: [
    "The last case of the provider {provider:address} ended lately; the next can be announced from {nextCaseAt:time}.",
    "Wait until then.",
  ],
  PenaltyTooSmall: [
    "A penalty of {amount:ath} is less than {minimum:ath}, 1 % of the stake of the provider's hardware.",
    "Announce at least that.",
  ],
  TextTooLong: [
    "The text has {length} bytes; {maximum} are allowed.",
    "Publish it elsewhere, and give its address and its hash.",
  ],
  NotTheAccused: [
    "{caller:address} is neither the accused provider {provider:address} nor its operator key.",
    "Appeal with one of these.",
  ],
  AppealTooLate: [
    "The provider could appeal until {appealUntil:time}; it is {timestamp:time}.",
    "The penalty, less the discount, can be executed by anyone now; reinstate after the suspension.",
  ],
  AppealPeriodRunning: [
    "The provider can appeal until {appealUntil:time}; it is {timestamp:time}.",
    "Execute the penalty afterwards.",
  ],
  DecisionTooLate: [
    "The appeal could be decided until {decideUntil:time}; it is {timestamp:time}.",
    "Drop the case with lapse, as anyone can.",
  ],
  DecisionPending: [
    "The appeal can be decided until {decideUntil:time}; it is {timestamp:time}.",
    "Wait until then; undecided, the case can be dropped by anyone.",
  ],
  ClaimsOver: [
    "Harmed clients could claim until {claimUntil:time}; it is {timestamp:time}.",
    "What was not claimed belongs to the insurance.",
  ],
  ClaimsRunning: [
    "Harmed clients can claim until {claimUntil:time}; it is {timestamp:time}.",
    "Sweep the rest afterwards.",
  ],
  InvalidShareProof: [
    "The path does not lead from the share {share} of {client:address} to the root of case {caseId}.",
    "Take client, share, index and path from the list that the report published.",
  ],
  ShareAlreadyClaimed: [
    "The share of {client:address} in case {caseId} was paid already.",
    "There is nothing left to do.",
  ],
  NothingToSweep: ["Nothing of case {caseId} is left.", "There is nothing left to do."],
  NotSuspended: ["The provider {provider:address} is not suspended.", "There is nothing left to do."],
  StillSuspended: [
    "The provider {provider:address} is suspended until {suspendedUntil:time}; it is {timestamp:time}.",
    "Reinstate it afterwards.",
  ],
  ProviderRemoved: [
    "The provider {provider:address} was removed for repeated bad service.",
    "Remove its offers, deregister and take the stake out; work with another owner account.",
  ],
  NotCourt: ["{caller:address} is not the quality court.", "Announce a case at the court's contract."],
  NotHardwareExams: [
    "{caller:address} is not the contract that examines hardware.",
    "Have the provider examined there.",
  ],
  HardwareExamsAlreadySet: [
    "Hardware is examined by {exams:address} already, for good.",
    "Another one takes a new deployment.",
  ],
  HardwareExamsWithoutCode: [
    "{exams:address} has no code, so it examines nothing.",
    "Deploy the contract first, then set it.",
  ],
  CourtAlreadySet: ["The court is {court:address} already, for good.", "Another one takes a new deployment."],
  CourtWithoutCode: [
    "{court:address} has no code, so it is no court.",
    "Deploy the court first, then set it.",
  ],
  FreezeOutOfBounds: ["{amount:ath} cannot be frozen; from 1 unit to {maximum:ath} can.", DEFECT],
  AlreadyFrozen: ["{amount:ath} of the provider {provider:address} are frozen already.", DEFECT],
  FrozenTooLittle: [
    "{frozen:ath} of the provider {provider:address} are frozen, less than {amount:ath}.",
    DEFECT,
  ],
} as const;
