/** Private requests: what seals them, what opens them. */
export { ANSWER_HEADER_BYTES, AnswerOpener, AnswerSealer, openAnswer, sealAnswer } from "./private/answer.ts";
export type { Binding, ChannelBinding, JobBinding } from "./private/binding.ts";
export {
  openChannelRequest,
  sealChannelRequest,
  SEALED_ENCODING,
  type ChannelPlace,
  type PrivateNativeRequest,
} from "./private/channel.ts";
export { EncryptionKey, type OpeningContext } from "./private/encryption-key.ts";
export {
  decodeRequest,
  encodeRequest,
  openRequest,
  sealRequest,
  type AnswerKey,
  type OpenedRequest,
  type PrivateRequest,
  type SealedRequest,
} from "./private/request.ts";
export {
  openDelegation,
  sealDelegation,
  signDelegation,
  type ChallengeDelegation,
  type DisputePlace,
  type SealedDelegation,
} from "./private/delegation.ts";
export { describePrivacy, type Privacy } from "./private/describe.ts";
export { hideRequest, type HiddenJobRequest } from "./private/hide-request.ts";
export { openJob, type JobPlace } from "./private/job.ts";
export {
  encryptedRequestStore,
  memoryRequestStore,
  type ByteStore,
  type RequestStore,
} from "./private/request-store.ts";
export { withRequest } from "./private/with-request.ts";
