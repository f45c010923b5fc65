/**
 * Why a provider refuses: the code in its answer, the HTTP status that goes with it, and whether the same message may succeed later. Both sides use this table.
 */
export const providerErrors = {
  BadRequest: { status: 400, later: false },
  AccessDenied: { status: 401, later: false },
  LimitTooLow: { status: 402, later: false },
  NotFound: { status: 404, later: false },
  ChannelUnknown: { status: 404, later: true },
  ModelNotServed: { status: 404, later: false },
  ChannelBusy: { status: 409, later: true },
  ChannelNotOpen: { status: 409, later: false },
  ChannelEnding: { status: 409, later: false },
  ContinuationMismatch: { status: 409, later: false },
  ExamOver: { status: 409, later: false },
  NotExamined: { status: 409, later: true },
  PriceTooLow: { status: 409, later: false },
  VoucherRefused: { status: 409, later: false },
  BodyTooLarge: { status: 413, later: false },
  RequestRefused: { status: 422, later: false },
  TermsRefused: { status: 422, later: false },
  TooManyRequests: { status: 429, later: true },
  ProviderFailed: { status: 500, later: true },
  ProviderBusy: { status: 503, later: true },
  ChainUnreachable: { status: 503, later: true },
  Stopping: { status: 503, later: true },
} as const;

export type ProviderErrorCode = keyof typeof providerErrors;
