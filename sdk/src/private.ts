/** Private requests: what seals them, what opens them. */
export { ANSWER_HEADER_BYTES, AnswerOpener, AnswerSealer, openAnswer, sealAnswer } from "./private/answer.ts";
export type { Binding, ChannelBinding, JobBinding } from "./private/binding.ts";
export { EncryptionKey, type OpeningContext } from "./private/encryption-key.ts";
export {
  openRequest,
  sealRequest,
  type AnswerKey,
  type OpenedRequest,
  type PrivateRequest,
  type SealedRequest,
} from "./private/request.ts";
