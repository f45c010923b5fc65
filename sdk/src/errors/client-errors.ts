/** What the SDK itself refuses or runs into, in the form of contract-errors.ts. */
export const clientErrors = {
  // ---------------------------------------------------------------------------------------------- arguments
  InvalidArgument: ["{name} is {found}; expected {expected}.", "Correct this argument."],
  SignerRequired: [
    "To {action}, the client needs a signer, but it was connected with a provider only.",
    "Connect with AthanorClient.connect({{ signer }}).",
  ],

  // ---------------------------------------------------------------------------------------------- deployment
  ChainUnknown: [
    "No deployment of Athanor is known on chain {chainId}; known chains: {known}.",
    "Switch to a known chain, or pass the addresses as `deployment`.",
  ],
  WrongNetwork: [
    "The signer is on chain {found}, the client was connected to chain {expected}.",
    "Switch the wallet to chain {expected}, or connect again.",
  ],
  ContractsMissing: [
    "There is no contract at {address:address}, where {contract} should be on chain {chainId}.",
    "Check the addresses. On a local chain deploy the contracts first.",
  ],
  DelegationUnavailable: [
    "The deployment names no factory of delegation pools.",
    "Pass its address as delegationPools.",
  ],
  CheckersUnavailable: [
    "The deployment names no contract {contract} of its checkers.",
    "Pass its address as deployment.{contract}.",
  ],
  UnknownPool: [
    "{pool:address} is no pool of this deployment's factory.",
    "Choose one of Delegation.pools(). Any contract can look like a pool: approve nothing for this one.",
  ],
  DeploymentInconsistent: [
    "The contract {contract} at {address:address} does not belong to the vault {vault:address}.",
    "Pass the addresses of one deployment.",
  ],

  // ---------------------------------------------------------------------------------------------- offers, funds
  NoOffer: [
    "No provider offers the model {model} for the token {token:address}.",
    "Pay in another token, or choose another model; client.offers({{ model }}) lists the offers.",
  ],
  NoProviderWithScore: [
    "{offers} providers take work with the model, but none has the score that was asked for.",
    "Lower minimumScore, or choose another model; client.offers({{ model }}) shows the scores.",
  ],
  NoProviderAvailable: [
    "{offers} providers offer the model, but none takes another job now: each rests, is suspended, or has less than {stakePerJob:ath} of stake free.",
    "Try again when their open jobs have ended.",
  ],
  InsufficientFunds: [
    "{required:amount} are needed; {owner:address} has {vault:amount} free in the vault and {wallet:amount} in its wallet: " +
      "{shortage:amount} are missing.",
    "Get the missing tokens, lower maxTokens, or choose a cheaper provider.",
  ],
  InsufficientGasFunds: [
    "The account {address:address} has too little of the chain's coin for gas: {details}",
    "Send it some of the chain's coin.",
  ],

  // ---------------------------------------------------------------------------------------------- model files
  ModelUriUnsupported: [
    "This client cannot read {uri}.",
    "Publish the files over https, or pass a modelSource that reads them (in Node.js: nodeModelSource() of @athanor/sdk/node).",
  ],
  ModelFileUnavailable: [
    "The file {file} of model {model} could not be read from any of its addresses: {attempts}",
    "Try again, announce another address of the files, or pass a modelSource that has them.",
  ],
  ModelFileTooLarge: ["{uri} has more than {maximum} bytes.", "Publish the right file."],
  ModelFileMismatch: [
    "{uri} hashes to {found}, but the model commits to {expected}: the file was changed.",
    "Announce an address with the original file, or pass a modelSource that has it.",
  ],
  TokenizerInvalid: [
    "The tokenizer of model {model} cannot be used: {details}",
    "Use another model, or pass promptTokens and read the tokens from client.job.",
  ],
  TextNotEncodable: [
    "The tokenizer refuses the prompt: {details}",
    "Change the prompt, or pass promptTokens.",
  ],

  // ---------------------------------------------------------------------------------------------- transactions
  SignatureRejected: ["The wallet refused to sign: {action}.", "Confirm the request in the wallet to go on."],
  SignerUnsupported: ["The signer cannot do this: {details}", "Use a signer that can."],
  TransactionReverted: [
    "The transaction would fail: {reason}",
    "Check the arguments and the state of the chain.",
  ],
  TransactionFailed: [
    "The transaction {transactionHash} was mined but failed.",
    "The state changed between simulation and mining. Try again.",
  ],
  TransactionNotMined: [
    "The transaction {transactionHash} was not mined within {timeout:duration}.",
    "Speed it up in the wallet, or wait. client.jobs() shows whether a job was created.",
  ],
  TransactionReplaced: [
    "The transaction {transactionHash} was replaced by another one with the same nonce {nonce}.",
    "If you sped it up, client.jobs() shows the job; otherwise try again.",
  ],
  TransactionUncertain: [
    "The node failed while taking the transaction, which may or may not have been sent.",
    "Look into the wallet, or at client.jobs(), before you try again.",
  ],
  NonceConflict: [
    "The account sent another transaction at the same time.",
    "Use one client for each account, or try again.",
  ],

  // ---------------------------------------------------------------------------------------------- channels
  ChannelOverspent: [
    "Vouchers would promise {amount}; the channel can spend {spendable}.",
    "Add to the channel, or ask for less.",
  ],
  ChannelStateMoved: [
    "The store has another state of the channel {channel} than the one that voucher {nonce} follows.",
    "Use one process for each channel, and never a copy of its store.",
  ],
  ChannelUnanswered: [
    "{count} vouchers of the channel {channel} are without an answer.",
    "Ask the provider for its receipts, and acknowledge them; or close the channel.",
  ],
  ReceiptRefused: [
    "The receipt has {field}: {found}; expected {expected}.",
    "Do not acknowledge it: ask for a right one, or close the channel; an answer that is wrong can be challenged.",
  ],
  VoucherRefused: [
    "The voucher has {field}: {found}; expected {expected}.",
    "Do not answer it: settle with the voucher before, or ask the client for a right one.",
  ],
  AnswerRefused: [
    "The answer has {field}: {found}; expected {expected}.",
    "Sign only what the last voucher asks for, and nothing that contradicts a receipt.",
  ],

  // ---------------------------------------------------------------------------------------------- private requests
  EncryptionKeyUnusable: [
    "Nothing can be sealed to the encryption key {key}.",
    "Choose a provider that takes private requests, or ask this one to register a key of `athanor key create-encryption`.",
  ],
  NoPrivateProvider: [
    "{offers} providers with free stake offer the model, but none of them takes private requests.",
    "Send a public request, or choose another model.",
  ],
  SealedRequestsNotTaken: [
    "The provider {provider:address} takes no private requests in channels.",
    "Choose another provider, or send the request with private: false: the provider, and whoever disputes its answer, can then show it.",
  ],
  RequestStoreMissing: [
    "A private request needs a place where it survives a crash: only with it can its answer be read and challenged.",
    "Connect with a requestStore: fileRequestStore of @athanor/sdk/node, encryptedRequestStore over a store of your own, or memoryRequestStore for a trial. Or send it with private: false.",
  ],
  RequestUnknown: [
    "The request {id} is private, and what it asks is not known here.",
    "Connect with the requestStore that was used when it was sent, or with what the client delegated to you.",
  ],
  DelegationRefused: [
    "The delegation cannot be used: {details}.",
    "Ask the client for one that it signed for this account, sealed to this program's encryption key.",
  ],
  StoredRequestUnreadable: [
    "What is stored of the private request {inputRoot} does not open with this key.",
    "Use the key with which it was stored, or restore the store from a backup.",
  ],
  SealedRequestRefused: [
    "The sealed request cannot be read: {details}.",
    "Decline it; the client has to seal it to the registered key, for this very job or voucher.",
  ],
  SealedAnswerRefused: [
    "The sealed answer cannot be read: {details}.",
    "Do not pay for it: the provider did not send you what it committed to, or something changed it on the way.",
  ],

  // ---------------------------------------------------------------------------------------------- providers
  ProviderWithoutEndpoint: [
    "The provider {provider:address} has registered no address to ask: {found}.",
    "Choose another provider, or pass its endpoint.",
  ],
  EndpointRefused: [
    "The provider {provider:address} is not asked at the address {found}; expected {expected}.",
    "Choose another provider. If you know this machine and trust it, pass its endpoint, or connect with allowInsecureEndpoints.",
  ],
  ProviderUnreachable: [
    "The provider at {endpoint} does not answer: {details}",
    "Try again. What you allowed it stays in the channel; if it never answers again, close the channel.",
  ],
  ProviderStalled: [
    "The provider at {endpoint} has sent nothing new for {timeout:duration}.",
    "Try again: it goes on with the same answer. If it does not, close the channel.",
  ],
  ProviderRefused: [
    'The provider at {endpoint} refuses, {providerCode}: "{reason}".',
    'It says what to do: "{advice}".',
  ],
  ProviderMisbehaved: [
    "The provider at {endpoint} sent {found}; expected {expected}.",
    "Nothing of it was acknowledged. Close the channel, and choose another provider.",
  ],

  // ---------------------------------------------------------------------------------------------- contents
  ContentNotFound: [
    "{store} has no content {key}.",
    "Ask whoever else keeps it; docs/data-availability.md says who, and until when.",
  ],
  ContentCorrupt: [
    "{store} has other content under the key {key}: {bytes} bytes that hash to {found}.",
    "Do not use it. Remove it, and put the content again from another copy.",
  ],
  ContentTooLarge: [
    "{store} takes {maximum} bytes, and this has {bytes}.",
    "Keep less in one piece, or raise the store's limit.",
  ],
  ContentStoreUnavailable: [
    "{store} failed at {method} of the content {key}: {details}.",
    "Try again later; check the address and the network.",
  ],
  ContentStoreRefused: [
    "{store} refuses {method} of the content {key}: {details}.",
    "Check the store's address, and what lets you in: token, keys, rights.",
  ],

  // ---------------------------------------------------------------------------------------------- node
  RpcUnavailable: [
    "The node does not answer: {details}",
    "Check the RPC URL and the network, then try again.",
  ],
  RpcTimeout: [
    "The node did not answer {operation} within {timeout:duration}.",
    "Check the RPC URL, then try again.",
  ],
  RpcRateLimited: ["The node refuses further requests for now: {details}", "Wait, or use another node."],
  RpcRangeTooLarge: [
    "The node refuses to search so many blocks or to return so many events: {details}",
    "Search fewer blocks at once.",
  ],
  RpcInvalidResponse: ["The node answered something that cannot be read: {details}", "Use another node."],

  // ---------------------------------------------------------------------------------------------- jobs
  JobNotFound: [
    "No JobCreated event with the id {id} is on chain {chainId} from block {fromBlock}.",
    "Check id and chain; a job that was created a moment ago may need another block.",
  ],
  JobRecordInvalid: [
    "The node's record of job {id} does not hash to its commitments: {details}",
    "Use another node; this one is faulty or lies.",
  ],
  JobReorganized: [
    "Job {id} vanished: the chain was reorganised and its creation was not repeated.",
    "The funds are in the vault account as before. Send the request again.",
  ],
  OutputRootMismatch: [
    "The tokens reported for job {id} hash to {found}, but the result commits to {expected}.",
    "Use another node; this one is faulty or lies. The result itself is on chain.",
  ],
  ProviderDidNotAnswer: [
    "The provider {provider:address} did not answer until {submitDeadline:time}; {returned:amount} are back in your vault account.",
    "Send the request again, to another provider with excludeProviders.",
  ],
  ProviderDeclined: [
    "The provider {provider:address} declined the request; {returned:amount} are back in your vault account.",
    "Send the request again, to another provider with excludeProviders.",
  ],
  ProviderConvicted: [
    "The provider {provider:address} was convicted of a wrong result, so nothing of it becomes final any more; {returned:amount} are back in your vault account.",
    "Do not rely on what it answered. Send the request again; the convicted provider is offered no more.",
  ],
  // ---------------------------------------------------------------------------------------------- disputes
  ModelUnavailable: [
    "This program does not have the model {model}, which computes job {id}.",
    "Pull the model with `athanor model pull`, and have `model` return it.",
  ],
  ChallengeTooLate: [
    "The result of job {id} could be challenged until {finalizableAt:time}.",
    "It can be final now; check results while their window is open.",
  ],
  BondAboveLimit: [
    "A challenge of job {id} takes a bond of {bond} wei, more than the limit of {maximumBond}.",
    "Raise the limit: the bond comes back when the result is wrong.",
  ],
  UnopenedChallengeBurned: [
    "The commitment {challengeId} to a challenge of job {id} was not opened in time, and its bond was burned.",
    "Challenge the job again if its window is still open, and keep the program running until the challenge is open.",
  ],
  NothingWrong: [
    "The challenge {challengeId} cannot go on: trace and output of job {id} are what this program computes.",
    "Nothing was sent. Compare the model's files and the node's events; the provider seems to be right.",
  ],
  ForeignTrace: [
    "The trace posted for job {id} has the root {found}; this program computes {expected}.",
    "Look for another program that posts traces with this key; it has other model files or a defect.",
  ],
  StepUnexpected: [
    "The chain would find the disputed element of job {id} {found}, which must be {expected} (challenge {challengeId}).",
    "Nothing was sent. Compare the model's files with their root.",
  ],
  WaitTimeout: [
    "Job {id} did not become {awaited} in time; the chain may have stopped.",
    "Nothing is lost: client.resume({id}) goes on from here.",
  ],
  Aborted: [
    "The call was aborted.",
    "Nothing is lost: client.jobs() lists open jobs, client.resume(id) goes on with one.",
  ],
  Unexpected: [
    "Something unexpected went wrong: {details}",
    "Look at the cause. If it is a defect of the SDK, report it.",
  ],
} as const;
