/* Usage: node engine/scripts/write-manifest.ts DIR — records the roots of the model in DIR in DIR/athanor.json. */
import { writeManifest } from "../src/node/manifest.ts";

const directory = process.argv[2];
if (directory === undefined || process.argv.length > 3) {
  console.error("Usage: node engine/scripts/write-manifest.ts DIR");
  process.exit(2);
}
console.log((await writeManifest(directory)).modelRoot);
