// Longer than 400 lines: one table of every error.
/**
 * Longer than 400 lines: one table of all errors.
 * What every custom error of the contracts means and what to do about it. The key is the Solidity name, which is also the `code`
 * of the `AthanorError`. Placeholders name the error's parameters; what follows the colon says how they are shown (see render.ts).
 */
export const contractErrors = {
  // ------------------------------------------------------------------------------------------- currencies
  CurrencyNotListed: ["The token {token:address} has no price.", "Pay in ATH or in another listed token."],
  CurrencyAlreadyListed: [
    "The token {token:address} is listed already.",
    "Change its price with setReference, which moves it by steps.",
  ],
  TokenDecimalsOutOfBounds: [
    "The token {token:address} has {decimals} decimals; at most {maximum} are allowed.",
    "List another token.",
  ],
  ReferenceExpired: [
    "The price of the token {token:address} was valid until {validUntil:time}; it is {timestamp:time}.",
    "Pay in another token, or wait until governance renews the price.",
  ],
  PriceDeviates: [
    "The source of the token {token:address} says {microcents} microcents, the reference is {referenceMicrocents}; they may differ by {maximumDeviationBasisPoints} ten-thousandths.",
    "Pay in another token, or wait until the two meet.",
  ],
  TokenPriceTooLarge: [
    "The offer comes to {price:amount} for a million tokens; a job holds at most {maximum:amount}.",
    "Choose another provider or another token.",
  ],
  ChangeTooSoon: [
    "The price of the token {token:address} changed too recently: the next change is possible from {earliest:time}; it is {timestamp:time}.",
    "Wait until then.",
  ],
  ReferenceOutOfBounds: [
    "{microcents} microcents are no price for the token {token:address}: from {minimum} to {maximum} are possible now.",
    "Go there by steps of at most a tenth.",
  ],
  DeviationOutOfBounds: [
    "A deviation of {basisPoints} ten-thousandths is not between {minimum} and {maximum}.",
    "Choose one within these bounds; 0 without a source.",
  ],
  SourceWithoutCode: ["The price source {source:address} is no contract.", "Name a contract."],
  NoFeed: ["The token {token:address} has no price feed.", "Set one first, or pay in another token."],
  FeedFailed: [
    "The feed {feed:address} gave no answer.",
    "Pay in another token, or wait until the feed is mended.",
  ],
  InvalidAnswer: [
    "The feed {feed:address} says {answer}, which is no price.",
    "Pay in another token, or wait until the feed is mended.",
  ],
  RoundIncomplete: [
    "Round {roundId} of the feed {feed:address} has no answer of its own; the last is of round {answeredInRound}.",
    "Wait until the round is complete, or pay in another token.",
  ],
  StalePrice: [
    "The feed {feed:address} was updated at {updatedAt:time}; it is {timestamp:time}, and an answer counts for {maximumAge:duration}.",
    "Wait until the feed is updated, or pay in another token.",
  ],
  SequencerDown: [
    "The chain's sequencer is down since {since:time}, so prices are too old.",
    "Wait until it runs, or pay in a token without a price feed.",
  ],
  SequencerGrace: [
    "The chain's sequencer came up lately: prices count from {until:time}; it is {timestamp:time}.",
    "Wait until then, or pay in a token without a price feed.",
  ],
  MaximumAgeOutOfBounds: [
    "{maximumAge:duration} is not between {minimum:duration} and {maximum:duration}.",
    "Choose a little more than the feed's heartbeat.",
  ],
  FeedDecimalsOutOfBounds: [
    "The feed {feed:address} has {decimals} decimals; at most {maximum} are allowed.",
    "Choose another feed.",
  ],
  // ------------------------------------------------------------------------------------------------- jobs
  UnknownJob: [
    "No job of this escrow has the id {id}.",
    "Present the terms exactly as JobCreated published them, to the escrow and chain that created the job.",
  ],
  JobAlreadyExists: ["The request {id} was created in this block already.", "Choose another salt."],
  JobNotOpen: [
    "Job {id} is {state:status}, so it can no longer be answered, expired, declined or refunded.",
    "Read its outcome from the chain's events; there is nothing left to do.",
  ],
  JobNotSubmitted: [
    "Job {id} is {state:status}, so there is no result to finalise.",
    "Wait for the result, or read the outcome if the job has ended.",
  ],
  PaymentTokenNotAccepted: [
    "New jobs are not paid in the token {token:address}.",
    "Pay in ATH or in another accepted token.",
  ],
  EmptyPrompt: ["The prompt has no tokens.", "Send at least one token."],
  NoTokensRequested: ["The request asks for no tokens.", "Ask for at least one with maxTokens."],
  ContextExceeded: [
    "{promptTokens} prompt tokens and {maxTokens} generated ones exceed the model's context of {contextLength}.",
    "Shorten the prompt or lower maxTokens.",
  ],
  PriceAboveLimit: [
    "The request costs {cost:amount} with its bounty, more than the limit of {maxCost:amount}.",
    "Raise the limit, lower maxTokens, or choose a cheaper provider.",
  ],
  OfferPriceAboveLimit: [
    "The offer asks {inputPrice:amount} and {outputPrice:amount} for a million prompt and generated tokens; the limits are {maxInputPrice:amount} and {maxOutputPrice:amount}.",
    "The provider changed its prices, or the token's price moved: ask for a new quote.",
  ],
  TooManyTokensRequested: [
    "The request asks for {maxTokens} tokens, more than the {maximum} that fit one answer.",
    "Ask for fewer, and continue with another request.",
  ],
  TooManyStopSequences: [
    "The request has more than {maximum} stop sequences.",
    "Ask for fewer, and cut the text at the others yourself.",
  ],
  StopSequenceLengthOutOfBounds: [
    "Stop sequence {sequence} has {length} tokens; from 1 to {maximum} are allowed.",
    "Shorten it, or leave it out.",
  ],
  StopSequenceCutOff: [
    "Stop sequence {sequence} would end at byte {end} of {length}.",
    "Encode each sequence as its number of tokens in one byte, then four bytes a token.",
  ],
  DeadlineOutOfBounds: [
    "The deadline {submitDeadline:time} is not between {earliest:time} and {latest:time}.",
    "Choose a deadline that leaves the provider enough time, but not more than the escrow allows.",
  ],
  RequestTooLarge: [
    "Recomputing the request would take a challenge window of {challengeWindow:duration}, the longest is {maximum:duration}.",
    "Shorten the prompt, lower maxTokens, or use a smaller model.",
  ],
  NotOperator: [
    "{caller:address} is not the operator key {operator:address} of this provider.",
    "Send it with the provider's operator key, or update the provider's profile.",
  ],
  SubmissionTooLate: [
    "The result came at {timestamp:time}, after the deadline {submitDeadline:time}.",
    "Nothing can be earned with this job any more; expire it to free the stake.",
  ],
  NotExpired: [
    "The provider may still answer until {submitDeadline:time}; it is {timestamp:time}.",
    "Wait until the deadline has passed.",
  ],
  OutputLengthOutOfBounds: [
    "The result has {count} tokens; from 1 to {maxTokens} are allowed.",
    "Submit the tokens that were generated, and no more than were asked for.",
  ],
  OutputMismatch: [
    "The output presented for job {id} has the root {presented}, which is not the one that was submitted.",
    "Present count and root of the tokens in the job's ResultSubmitted event.",
  ],
  ChallengeWindowOpen: [
    "The result of job {id} becomes final at {finalizableAt:time}; it is {timestamp:time}.",
    "Wait until the challenge window is over.",
  ],
  ChallengeWindowOver: [
    "The challenge window of job {id} ended at {end:time}; it is {timestamp:time}.",
    "A result can be challenged until its window ends; this one no longer can.",
  ],
  TooManyChallenges: [
    "Job {id} has as many live challenges as can be counted.",
    "Open yours when one of them has ended.",
  ],
  NoChallengeAlive: [
    "Job {id} has no live challenge that could be closed.",
    "Only the dispute game closes challenges, each of them once.",
  ],
  PromptNotHidden: [
    "A private request publishes neither prompt nor stop sequences, and these have {promptLength} and {stopsLength} bytes.",
    "Leave both empty; put them into the encrypted request.",
  ],
  CiphertextTooLong: [
    "The encrypted request has {length} bytes; a transaction carries at most {maximum}.",
    "Deliver it to the provider another way and leave it empty.",
  ],
  NotClientOrDelegate: [
    "{caller:address} is neither the client {client:address} of this private work, {work}, nor its delegate.",
    "Ask the client to challenge, or for a signed delegation.",
  ],
  DelegationExpired: [
    "The delegation was good until {expiry:time}, and it is {timestamp:time}.",
    "Ask the client for a new one.",
  ],
  InvalidDelegation: [
    "The signature of the delegation {digest} is not by {client:address}, or for another chain or contract.",
    "Ask the client to sign it again for this chain and contract.",
  ],
  NotJailed: [
    "The provider {provider:address} was never convicted, so its jobs are not refunded this way.",
    "Wait for the result, or for the deadline to expire the job.",
  ],
  NotDisputeGame: [
    "{caller:address} is not the dispute game.",
    "Commit and open challenges with the dispute game's contract.",
  ],
  DisputeGameAlreadySet: [
    "The dispute game is {game:address} already, for good.",
    "Another one takes a new deployment.",
  ],
  DisputeGameWithoutCode: [
    "{game:address} has no code, so it is no dispute game.",
    "Deploy the dispute game first, then set it.",
  ],
  UnknownData: [
    "{length} bytes neither open a channel nor name one.",
    "Entrust the vault with an opening (512 bytes) or with the terms of a channel (384 bytes).",
  ],
  ReportAlreadyCommitted: [
    "The report {commitment} is committed already.",
    "Make the report, or commit to it with another salt.",
  ],
  ReportNotCommitted: [
    "The report {commitment} was committed at {committedAt:time}; it is {timestamp:time}, and it takes an earlier second.",
    "Commit to the report first, and make it in a later block.",
  ],
  ReceiptResultsAlreadySet: [
    "The contract that makes receipts results is {results:address} already, for good.",
    "Another one takes a new deployment.",
  ],
  ReceiptResultsWithoutCode: [
    "{results:address} has no code, so it makes no receipts results.",
    "Deploy that contract first, then set it.",
  ],
  ChallengesAlive: [
    "{liveChallenges} challenges of job {id} are undecided.",
    "Wait until they are decided, then finalise.",
  ],
  LengthMismatch: ["{jobs} jobs were given with {outputs} outputs.", "Give one output for every job."],
  ParameterOutOfBounds: [
    "The parameter {parameter:text} is {value}; it must be from {minimum} to {maximum}.",
    "Choose a value within these bounds.",
  ],
  TokenBytesNotAligned: [
    "The token bytes have length {length}, which is no multiple of four.",
    "Pack every token id as a big-endian uint32.",
  ],
  TokenOutsideVocabulary: [
    "Token {index} is {token}, but the model's ids are below {vocabularySize}.",
    "Tokenise with the model's own tokenizer.",
  ],

  // ------------------------------------------------------------------------------------------------- fees
  SplitIncomplete: [
    "The parts of the fees sum up to {sum} ten-thousandths, not to {whole}.",
    "Choose parts that sum up to the whole.",
  ],
  CheckersAlreadySet: [
    "The checkers' part of the fees is paid to {checkers:address} already, for good.",
    "Another one takes a new deployment.",
  ],
  CheckersWithoutCode: [
    "{checkers:address} has no code, so it pays no checkers.",
    "Deploy the contract first, then set it.",
  ],
  NoFeesToClaim: [
    "There are no fees for the {beneficiary:beneficiary} in the token {token:address}.",
    "Have fees collected first, by collectFees of the escrows.",
  ],
  BeneficiaryNotSet: [
    "Nobody is named yet who is paid the fees for the {beneficiary:beneficiary}.",
    "They wait until governance names somebody.",
  ],
  NotClaimable: ["The fees for the {beneficiary:beneficiary} are paid to nobody.", "Buy them for ATH."],
  NotForSale: [
    "{available:amount} are for sale today, not {amount:amount}.",
    "Buy less, or another day: a day sells a quarter.",
  ],
  CostAboveLimit: [
    "The purchase costs {cost:ath}; the limit is {maximumCost:ath}.",
    "Raise the limit or buy less.",
  ],
  ReasonLengthOutOfBounds: [
    "The reason has {length} bytes; it needs from {minimum} to {maximum}.",
    "Say in a sentence what the payment is for.",
  ],
  PaymentAboveLimit: [
    "The insurance can pay {limit:amount} now, not {amount:amount}: within 30 days a quarter of what it has.",
    "Pay less, or later.",
  ],

  // ----------------------------------------------------------------------------------------------- models
  UnknownModel: [
    "No model is registered with the root {modelRoot}.",
    "Check the root, or register the model.",
  ],
  ModelAlreadyRegistered: [
    "The model {modelRoot} is registered already.",
    "Use it, or announce another address.",
  ],
  ProgramNotValidated: [
    "The program {programRoot} is not checked on chain.",
    "Upload it whole and have it checked; then register the model.",
  ],
  VocabularyDiffers: [
    "The model has {vocabularySize} tokens, its program {ofProgram}.",
    "Register the model with what the engine reports.",
  ],
  ContextDiffers: [
    "The model's context length is {contextLength}, its program's {ofProgram}.",
    "Register the model with what the engine reports.",
  ],
  WorkDiffers: [
    "The model's work of a position is {workPerPosition}, its program's {ofProgram}.",
    "Register the model with what the engine reports.",
  ],

  // -------------------------------------------------------------------------------------------- providers
  AlreadyRegistered: [
    "The provider {provider:address} is registered already.",
    "Update its profile instead.",
  ],
  NotRegistered: [
    "{provider:address} is not a registered provider.",
    "Register it, or choose another provider.",
  ],
  InvalidOperator: [
    "{operator:address} cannot be the operator key: it is zero or the owner's.",
    "Use a separate key as operator.",
  ],
  InvalidWatchtower: [
    "{watchtower:address} cannot be the watchtower key: it is the owner's or the operator's.",
    "Use a separate key as watchtower, or the zero address for none.",
  ],
  HardwareClassNotOpen: [
    "The hardware class {hardwareClass} takes no new hardware; there are {classCount} classes.",
    "Choose an open hardware class.",
  ],
  GpuCountOutOfBounds: [
    "{gpuCount} GPUs were given; from 1 of each class to {maximum} in all are allowed.",
    "Correct the counts.",
  ],
  HardwareLengthOutOfBounds: [
    "{length} hardware classes were given; from 1 to {maximum} are allowed.",
    "Name the classes of most of your GPUs.",
  ],
  HardwareNotAscending: [
    "The hardware class {hardwareClass} was given after {before}.",
    "Name every class once, in ascending order of their indices.",
  ],
  TooManyHardwareClasses: [
    "There are {maximum} hardware classes, the most there can be.",
    "Change a class that is closed.",
  ],
  EndpointTooLong: ["The endpoint has {length} bytes; {maximum} are allowed.", "Use a shorter URL."],
  OffersStanding: [
    "The provider {provider:address} still has {offerCount} offers.",
    "Remove all offers first.",
  ],
  WorkOpen: [
    "The provider {provider:address} still has {openWork} open jobs.",
    "Wait until they have ended.",
  ],
  NoSuchOffer: [
    "The provider {provider:address} does not offer the model {modelRoot} for the token {token:address}.",
    "Choose one of its offers, or another provider.",
  ],
  OfferTokenNotAccepted: [
    "The vault does not accept the token {token:address}.",
    "Offer for an accepted token.",
  ],

  // ------------------------------------------------------------------------------------------------ vault
  TokenNotAccepted: ["The vault takes no deposits of the token {token:address}.", "Use an accepted token."],
  TransferAmountMismatch: [
    "The token {token:address} moved {received:amount} when {expected:amount} were asked for.",
    "Use a token that charges no fee on transfers.",
  ],
  InsufficientBalance: [
    "The vault account of {owner:address} has {available:amount} free, {required:amount} are needed.",
    "Deposit the difference, or wait until open jobs have ended.",
  ],
  InsufficientStake: [
    "The stake of {owner:address} has {free:ath} free, {required:ath} are needed.",
    "Stake the difference, or wait until open jobs have ended. As a client choose another provider.",
  ],
  ProviderJailed: [
    "The provider {provider:address} was convicted of a wrong result: it takes no work and is paid for none.",
    "Choose another provider; open jobs of this one are refunded with client.refund(id).",
  ],
  ProviderTakesNoWork: [
    "The provider {provider:address} takes no new work at present: it rests, or it is suspended.",
    "Choose another provider; what is open with this one goes on.",
  ],
  ModulePausedUntil: [
    "The contract {module:address} opens no new work before {until:time}; what is open goes on, and can be ended and withdrawn.",
    "Wait until then, or use the other way to pay: jobs and channels are paused apart.",
  ],
  PauseOutOfBounds: [
    "A pause of {duration:duration} is not possible: it lasts from 1 s to {maximum:duration}.",
    "Choose a time within these bounds.",
  ],
  PausedRecently: [
    "The contract {module:address} was paused already, and can be paused again from {pausableFrom:time}.",
    "Wait until then.",
  ],
  NotPaused: ["The contract {module:address} is not paused.", "Nothing is to be done."],
  PayoutAboveHalf: [
    "A slash was to pay out {payout:ath}; at most half of what it takes can be, {maximum:ath}.",
    "This is a defect of the calling module; please report it.",
  ],
  ModuleNotApproved: [
    "{owner:address} has not let the contract {module:address} use its account in the token {token:address}.",
    "Call approveModules of the vault first.",
  ],
  StakeModuleNotApproved: [
    "{owner:address} has not let the contract {module:address} use its stake.",
    "Call approveStakeModules of the vault first.",
  ],
  ApprovalInUse: [
    "The approval of {owner:address} backs {bound} units of open work.",
    "Wait until the open work has ended, then withdraw the approval.",
  ],
  UnknownModules: [
    "The bits {modules} name a module that does not exist; there are {moduleCount}.",
    "Approve existing modules only.",
  ],
  NotAModule: [
    "{caller:address} is not a module of the vault.",
    "Only modules may call this; use their functions.",
  ],
  ModuleWithoutCode: ["There is no contract at {module:address}.", "Add a contract as a module."],
  ModuleAlreadyAdded: ["{module:address} is a module already.", "There is nothing left to do."],
  TooManyModules: ["The vault has {maximum} modules, which is the maximum.", "Deploy another vault."],
  NothingToClaim: ["Nothing is unbonding for {owner:address}.", "Call unbond first."],
  StillUnbonding: [
    "The stake is released at {releaseAt:time}; it is {timestamp:time}.",
    "Wait until the unbonding period is over.",
  ],
  UnbondingPeriodOutOfBounds: [
    "The period {period:duration} is not between {minimum:duration} and {maximum:duration}.",
    "Choose a period within these bounds.",
  ],
  ZeroAmount: ["The amount is zero.", "Give an amount above zero."],
  ZeroAddress: ["An address is zero.", "Give a real address."],
  SettlementExceedsEscrow: [
    "A module asked to pay out {payouts} units of an escrow of {escrowed}.",
    "This is a defect of the module; report it.",
  ],
  EscrowUnderflow: [
    "A module settled {settled} units, but {payer:address} has only {escrowed} in escrow.",
    "This is a defect of the module; report it.",
  ],
  LockUnderflow: [
    "A module freed {freed:ath} of stake, but {owner:address} has only {locked:ath} locked.",
    "This is a defect of the module; report it.",
  ],

  // ----------------------------------------------------------------------------------------------- tokens
  ERC20InsufficientBalance: [
    "{sender:address} has {balance:amount}, {needed:amount} are needed.",
    "Get the missing tokens, or lower the amount.",
  ],
  ERC20InsufficientAllowance: [
    "{spender:address} may spend {allowance:amount}, {needed:amount} are needed.",
    "Approve the missing amount of the token.",
  ],
  ERC20InvalidApprover: ["{approver:address} cannot approve.", "Use a real account."],
  ERC20InvalidReceiver: ["{receiver:address} cannot receive tokens.", "Use a real account."],
  ERC20InvalidSender: ["{sender:address} cannot send tokens.", "Use a real account."],
  ERC20InvalidSpender: ["{spender:address} cannot spend tokens.", "Use a real account."],
  ERC20ExceededSafeSupply: [
    "The supply {increasedSupply} exceeds the cap {cap}.",
    "Mint no more than the cap.",
  ],
  ERC2612ExpiredSignature: ["The permit ran out at {deadline:time}.", "Sign a new permit."],
  ERC2612InvalidSigner: [
    "The permit was signed by {signer:address}, the tokens belong to {owner:address}.",
    "Sign with the owner's key for this token and chain, with the current nonce.",
  ],
  ERC5805FutureLookup: [
    "Votes at {timepoint:time} are not known yet; the clock is at {clock:time}.",
    "Ask for a time in the past.",
  ],
  VotesExpiredSignature: ["The delegation ran out at {expiry:time}.", "Sign a new delegation."],
  InvalidAccountNonce: [
    "The nonce of {account:address} is {currentNonce}, not the one that was signed.",
    "Sign again with the current nonce.",
  ],
  SafeERC20FailedOperation: [
    "The token {token:address} refused the transfer.",
    "Check balance and allowance, and whether the token is paused or has blocked the account.",
  ],

  // ---------------------------------------------------------------------------------------------- disputes
  BondTooSmall: ["The bond is {sent} wei; this challenge takes {required}.", "Send what `bondOf` says."],
  ChallengeExists: [
    "The challenge {challengeId} was committed before.",
    "Go on with it, or commit to another salt.",
  ],
  UnknownChallenge: [
    "Nobody committed to the challenge {challengeId}.",
    "Commit first, with the same account, job and salt; the block of the commitment may have been reorganised away.",
  ],
  NotLive: [
    "The challenge {challengeId} is in state {status}, not alive.",
    "Read how it ended from the game's events.",
  ],
  NotChallenger: [
    "{caller:address} may not make this move; the challenger is {challenger:address}.",
    "Use the challenger's key.",
  ],
  NotDefender: [
    "{caller:address} may not post this trace; the provider's operator is {operator:address}, its watchtower {watchtower:address}.",
    "Use one of these keys. Everything after the trace may be posted with any key.",
  ],
  WrongStage: [
    "The challenge {challengeId} is in stage {stage}, which this move does not fit.",
    "Read the challenge again: somebody has moved.",
  ],
  UnexpectedNode: [
    "The node is {found}, the move expects {expected}.",
    "Read the challenge again: somebody has moved, or the nodes are not the trace's.",
  ],
  TraceNotPosted: ["The trace of job {jobId} is not posted.", "Wait for it, or claim the timeout."],
  TraceAlreadyPosted: ["The trace of job {jobId} was posted before.", "Go on from its descendants."],
  NotRevealed: ["The node {node} was not revealed.", "Wait for its descendants, or claim the timeout."],
  AlreadyRevealed: [
    "The node {node} was revealed before.",
    "It need not be shown twice; read the challenge again.",
  ],
  WrongNumberOfChildren: [
    "{found} descendants were shown where {expected} are expected.",
    "Show as many levels as `revealLevels` says.",
  ],
  TooLate: [
    "The last second for this move was {deadline:time}; it is {timestamp:time}.",
    "Nothing can be moved any more: anybody may end the challenge with `timeout`.",
  ],
  NotTooLate: ["The mover has time until {deadline:time}; it is {timestamp:time}.", "Wait until then."],
  OpeningOutOfTime: [
    "The commitment can be opened from {earliest:time} to {latest:time}; it is {timestamp:time}.",
    "Open it in a later block than it was made in, after the result and within its period.",
  ],
  CommittedBeforeResult: [
    "The commitment was made at {committedAt:time}, before the result at {submittedAt:time}.",
    "Commit again: nobody has a challenge ready for a result that is not there yet.",
  ],
  TreeTooNarrow: [
    "There is no node {index} among {width}.",
    "Pass an index below the number of descendants.",
  ],
  ClaimMismatch: [
    "The claim hashes to {found}, the challenge is about {expected}.",
    "Present the posted claim.",
  ],
  AlreadyConvicted: [
    "The provider {provider:address} was convicted before.",
    "Reclaim the bond of a live challenge; refund the jobs that are not finished.",
  ],
  NotConvicted: ["The provider {provider:address} is not convicted.", "Go on with the challenge."],
  NothingToWithdraw: ["Nothing waits for {account:address}.", "There is nothing to do."],
  TransferFailed: [
    "{recipient:address} did not take {amount} wei.",
    "Name an account that takes the chain's coin.",
  ],

  // ---------------------------------------------------------------------------------------------- channels
  NotVault: ["{caller:address} is not the vault.", "Send the money with the vault's `entrust`."],
  NotClient: ["{caller:address} is not the client {client:address}.", "Send this as the channel's client."],
  NotProvider: [
    "{caller:address} is neither the provider {provider:address} nor one of its receipt keys.",
    "Send this with a receipt key in use.",
  ],
  UnknownChannel: [
    "There is no channel {id}.",
    "Present the terms exactly as its ChannelOpened event published them.",
  ],
  ChannelExists: ["There is, or was, a channel {id}.", "Choose another salt."],
  WrongStatus: [
    "The channel {id} has the status {status} (1 open, 2 closed, 3 released).",
    "Look at its state: this call no longer applies.",
  ],
  TermDiffers: [
    "The term {term:text} is {found}; new channels have {expected}.",
    "Read the parameters again, and have the provider accept new terms.",
  ],
  TokenDiffers: [
    "The token is {found:address}; the channel is paid in {expected:address}.",
    "Entrust the channel's own token.",
  ],
  ChannelTokenNotAccepted: [
    "New channels are not paid in the token {token:address}.",
    "Pay in another token.",
  ],
  UnknownProvider: ["{provider:address} is no registered provider.", "Choose a registered one."],
  ExpiryOutOfBounds: [
    "The channel would expire at {expiresAt:time}; it must be from {earliest:time} to {latest:time}.",
    "Choose a time within these bounds.",
  ],
  DepositTooSmall: ["The deposit is {deposit}; at least {minimum} is needed.", "Put in more."],
  DepositTooLarge: ["The deposit is {deposit}; at most {maximum} is possible.", "Put in less."],
  AcceptanceExpired: [
    "The provider's acceptance was valid until {validUntil:time}; it is {timestamp:time}.",
    "Ask the provider for a new one.",
  ],
  InvalidSigner: [
    "The signature of {digest} is not of a key that counts here.",
    "Sign with the channel's voucher key, or with a receipt key of the provider that was not removed.",
  ],
  VoucherOutdated: [
    "The voucher promises {amount} in all; {paid} were paid already.",
    "Settle a newer voucher, or nothing.",
  ],
  Overspent: [
    "The voucher promises {amount}; the channel can spend {spendable}.",
    "Settle the voucher before, or have the client add to the channel.",
  ],
  SettlementOver: [
    "Vouchers settled until {closesAt:time}; it is {timestamp:time}.",
    "Nothing settles any more: the rest is the client's.",
  ],
  SettlementOpen: ["Vouchers settle until {closesAt:time}; it is {timestamp:time}.", "Wait until then."],
  ClosingAlready: ["The channel closes at {closesAt:time} already.", "Wait until then."],
  ReceiptMismatch: [
    "The receipt is of the channel {channel}, nonce {nonce}, request {requestHash}.",
    "Present the receipt that answers this voucher.",
  ],
  ReceiptPriceAboveLimit: [
    "The receipt costs {price}; the voucher allows {limit}.",
    "Settle the voucher without it, or sign a receipt within the limit.",
  ],
  ReceiptOutOfTime: [
    "The receipt expires at {expiry:time}; from {earliest:time} to {latest:time} would be in time.",
    "Challenge a receipt before it expires; sign one again that is too old to be settled.",
  ],
  RequestMismatch: [
    "The request hashes to {found}; the receipt names {expected}.",
    "Give the bytes that the input root commits to.",
  ],
  AlreadyPresented: ["The receipt is the result {id} already.", "Challenge that result."],
  UnknownReceipt: ["No receipt was presented as {id}.", "Present the receipt first."],
  ReceiptsAlive: [
    "Receipts of the channel can be challenged until {until:time}; it is {timestamp:time}.",
    "Wait until then.",
  ],
  NoEquivocation: [
    "The receipts {first} and {second} do not contradict each other.",
    "Two of one channel, nonce and length with other roots do.",
  ],
  RotationUnderWay: [
    "The previous voucher key counts until {previousUntil:time}.",
    "Wait until then before the next rotation.",
  ],
  InvalidKey: ["{key:address} cannot be this key.", "Choose another one, that was never removed."],
  NotReceiptResults: [
    "{caller:address} is not the contract that makes receipts results.",
    "Call that contract: it reports challenges and proofs.",
  ],
  NotResultSource: ["{caller:address} is not the source of results.", "Report to the channel escrow."],

  // ------------------------------------------------------------------------------------------- delegation
  NotManager: [
    "{caller:address} is not the manager {manager:address} of this pool.",
    "Send it with the manager's key.",
  ],
  NotFactory: ["{caller:address} did not make this pool.", "A pool is initialised once, when it is made."],
  OwnPartTooSmall: [
    "The pool's own part is {own:ath}; {required:ath} are needed.",
    "Delegate less, register less hardware, or contribute the difference to the own part.",
  ],
  PoolRetired: ["The pool has retired at {retiredAt:time}, for good.", "Delegate to another pool."],
  PoolNotRetired: ["The pool has not retired.", "Retire it first, if that is due."],
  PoolSpent: [
    "The pool's shares have lost nearly everything: 10^27 of them are worth {price} ATH units, less than {minimum}.",
    "Delegate to another pool.",
  ],
  RetirementNotDue: [
    "The pool serves its exits: all that was requested before {since:time} has begun to leave.",
    "Wait: your exit begins to leave in time, or anybody can retire the pool.",
  ],
  NoticeNotOver: ["Channels of the pool are closed from {from:time} on.", "Wait until then."],
  UnknownExit: ["The pool has no exit {id}.", "Take the id from the ExitRequested event."],
  NothingToPay: [
    "Nothing of exit {id} can be paid: all that has left is paid.",
    "Claim again when its round has ended.",
  ],
  NothingEarned: [
    "{owner:address} has nothing to claim in the token {token:address}.",
    "Harvest the token, and wait until earnings are released.",
  ],
  TargetNotAllowed: [
    "A pool's manager cannot call {target:address} as the provider.",
    "Call the provider registry or the channel escrow.",
  ],
  CommissionOutOfBounds: [
    "A commission of {commission} ten-thousandths is above {maximum}.",
    "Choose a lower one.",
  ],
  NoRiseDue: [
    "No rise of the commission can be applied before {from:time}; 1970 means that none was announced.",
    "Announce it, and wait until its notice is over.",
  ],
  TooManyTokens: ["The pool earns in {maximum} tokens already.", "Offer for one of those."],
  CannotReceiveShares: [
    "{receiver:address} is the pool itself.",
    "Send its shares to an account that can use them.",
  ],
  InvalidLabel: [
    'The label "{label}" is not one: 3 to 24 small letters and digits, with hyphens between them.',
    "Choose another label.",
  ],
  LabelTaken: ['The label "{label}" belongs to the pool {pool:address}.', "Choose another label."],
  UnknownModule: ["{module:address} is no module of the vault.", "Add it to the vault first."],

  // --------------------------------------------------------------------------------------- access, libraries
  AccessManagedUnauthorized: ["{caller:address} may not do this.", "Use an account that holds the role."],
  AccessManagedRequiredDelay: [
    "{caller:address} must schedule this {delay:duration} ahead.",
    "Schedule the call with the access manager, then execute it after the delay.",
  ],
  AccessManagedInvalidAuthority: [
    "{authority:address} is no access manager.",
    "Give the address of a contract.",
  ],
  ReentrancyGuardReentrantCall: [
    "A call came back in before it had ended.",
    "Do not call the vault from a token.",
  ],
  AddressEmptyCode: ["There is no contract at {target:address}.", "Check the address and the chain."],
  FailedCall: ["An inner call failed without a reason.", "Simulate the calls one by one to find it."],
  ECDSAInvalidSignature: ["The signature is not valid.", "Sign again."],
  ECDSAInvalidSignatureLength: ["The signature has {length} bytes.", "Pass a signature of 65 bytes."],
  ECDSAInvalidSignatureS: [
    "The s value {s} of the signature is too high.",
    "Pass the signature in its low-s form.",
  ],
  SafeCastOverflowedUintDowncast: ["{value} does not fit {bits} bits.", "Use a smaller amount."],
  CheckpointUnorderedInsertion: [
    "Voting checkpoints were written out of order.",
    "This is a defect of the token; report it.",
  ],
  InvalidShortString: ["A short string is not valid.", "Pass a string of at most 31 bytes."],
  StringTooLong: ["The string {str} is too long.", "Pass a string of at most 31 bytes."],
} as const;
