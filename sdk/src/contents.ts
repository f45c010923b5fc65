/** Where requests, answers and receipts are kept as long as they can be disputed: docs/data-availability.md. */
export {
  contentKey,
  contentNotFound,
  DEFAULT_MAXIMUM_BYTES,
  requireContent,
  requireKey,
  requireSize,
  type ContentStore,
} from "./contents/content-store.ts";
export { bearer, HttpContentStore, type HttpContentStoreOptions } from "./contents/http-content-store.ts";
export { MemoryContentStore, type MemoryContentStoreOptions } from "./contents/memory-content-store.ts";
