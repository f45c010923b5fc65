/** The commitments alone, for those who check results without running models. */
export { fromHex, keccak256, toHex, type Hex } from "./commitments/hash.ts";
export {
  checkGeneration,
  decodeGeneration,
  decodeStopSequences,
  encodeGeneration,
  encodePrivateGeneration,
  encodeStopSequences,
  stopsHash,
  type GenerationParameters,
} from "./commitments/generation.ts";
export {
  privateDisclosures,
  type Disclosure,
  type DisclosureMoment,
  type PrivateShape,
} from "./dispute/disclosure.ts";
export { leafHash, merkleLevels, merklePath, merkleRoot, nodeHash, PAD } from "./commitments/merkle.ts";
export { modelRootOf, type ModelCommitment, type ModelRootParts } from "./commitments/model.ts";
export { decryptTokens, encryptTokens, SECRET_BYTES } from "./commitments/private.ts";
export {
  encodeRequest,
  inputRoot,
  outputRoot,
  outputTokensRoot,
  type RequestCommitment,
} from "./commitments/request.ts";
export { decodeTokens, encodeTokens, tokensRoot, TOKENS_PER_LEAF } from "./commitments/tokens.ts";
