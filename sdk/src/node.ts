/** What only Node.js can do. */
export { nodeModelSource } from "./models/node-model-source.ts";
