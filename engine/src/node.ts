export { loadModel } from "./node/load-model.ts";
export { checkManifest, MANIFEST_FILE, writeManifest, type Manifest } from "./node/manifest.ts";
export { openCheckpoint } from "./node/open-checkpoint.ts";
