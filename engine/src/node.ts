export { MANIFEST_FILE } from "./download/manifest.ts";
export { importToFolder, type ImportToFolderOptions } from "./node/import-to-folder.ts";
export { pullModel, type PullOptions } from "./node/pull.ts";
export { loadModel } from "./node/load-model.ts";
export { readManifest, writeManifest, type Manifest } from "./node/manifest.ts";
export { openCheckpoint } from "./node/open-checkpoint.ts";
export { openGpu } from "./node/open-gpu.ts";
