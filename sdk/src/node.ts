/** What only Node.js can do. */
export { nodeModelSource } from "./models/node-model-source.ts";
export { fileStore } from "./native/file-store.ts";
export { fileRequestStore } from "./private/file-request-store.ts";
