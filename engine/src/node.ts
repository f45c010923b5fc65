export { importToFolder, type ImportToFolderOptions } from "./node/import-to-folder.ts";
export { pullModel, type PullOptions } from "./node/pull.ts";
export { loadModel } from "./node/load-model.ts";
export { MANIFEST_FILE, readManifest, writeManifest, type Manifest } from "./node/manifest.ts";
export { openCheckpoint } from "./node/open-checkpoint.ts";
export { openGpu } from "./node/open-gpu.ts";
