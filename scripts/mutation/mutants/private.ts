import { type NamedMutant, inFile } from "../named.ts";

const attacks = ["attacks/private.test.ts"];
const steps = ["verifier/steps.test.ts"];

/** Rules of private requests: what is hidden, what is opened, and who may have it opened. */
export const privacy: readonly NamedMutant[] = [
  ...inFile("jobs/JobEscrow.sol", attacks, [
    {
      name: "a private job commits to a public request",
      original: "request.generation | bytes32(Generation.PRIVATE)",
      mutated: "request.generation",
    },
    {
      name: "encrypted tokens are held against the vocabulary",
      original: "if (!job.isPrivate()) TokenIds.requireInVocabulary(outputTokens, job.vocabularySize);",
      mutated: "TokenIds.requireInVocabulary(outputTokens, job.vocabularySize);",
    },
    {
      name: "a private request may show its prompt",
      tests: ["jobs/JobEscrow.refusals.test.ts"],
      title: "createPrivate, with a prompt beside",
      original: "request.promptTokens.length != 0 || request.stopSequences.length != 0",
      mutated: "request.stopSequences.length != 0",
    },
  ]),
  ...inFile("dispute/ResultSources.sol", attacks, [
    {
      name: "anybody challenges a private result",
      original: "job.isPrivate()",
      mutated: "false",
    },
    {
      name: "a delegation counts after its end",
      title: "an expired delegation",
      after: "function requireChallenger",
      original: "if (block.timestamp > expiry) revert DelegationExpired(expiry, block.timestamp);",
      mutated: "",
    },
    {
      name: "a delegation ends a second early",
      title: "until its last second it counts",
      after: "function requireChallenger",
      original: "block.timestamp > expiry",
      mutated: "block.timestamp >= expiry",
    },
    {
      name: "anybody signs a client's delegation",
      title: "one that somebody else signed",
      original: "signer == address(0) || signer != client",
      mutated: "false",
    },
    {
      name: "a contract wallet is not asked about a delegation",
      title: "a client that is a contract",
      original: "!SignatureChecker.isValidERC1271SignatureNowCalldata(client, digest, signature)",
      mutated: "false",
    },
    {
      name: "an older delegation shortens a newer one",
      title: "an expired delegation",
      original: "if (expiry <= delegatedUntil[client][work][delegate]) return;",
      mutated: "",
    },
  ]),
  ...inFile("channels/ReceiptResults.sol", attacks, [
    {
      name: "anybody presents a private receipt",
      original: "job.vocabularySize == 0",
      mutated: "false",
    },
    {
      name: "a private receipt is a public result",
      original: "!Generation.isPrivate(bytes32(request[GENERATION_END - 32:GENERATION_END]))",
      mutated: "true",
    },
  ]),
  ...inFile("verifier/Openings.sol", steps, [
    {
      name: "a blinded leaf is hashed as a public one",
      original: "Commitments.BLINDED_TAG",
      mutated: "Commitments.LEAF_TAG",
    },
    {
      name: "a private prompt is opened against any request",
      after: "bytes32 keys = bytes32(reader.number(32));",
      original: "_expect(step.promptTokensRoot, Commitments.privatePromptRoot(prompt, keys));",
      mutated: "",
    },
    {
      name: "any key decrypts an output",
      after: "function padOf",
      original: "_expect(step.promptTokensRoot, Commitments.privatePromptRoot(prompt, keys));",
      mutated: "",
    },
    {
      name: "the first key decrypts all of an output",
      original: "index / perKey",
      mutated: "uint256(0)",
    },
  ]),
  ...inFile("verifier/StepVerifier.sol", steps, [
    {
      name: "a private output is read as it was posted",
      original: "!isEnding && Generation.isPrivate(step.generation)",
      mutated: "false",
    },
  ]),
  ...inFile(
    "libraries/Commitments.sol",
    ["libraries/Commitments.test.ts"],
    [
      {
        name: "eight tokens are encrypted alike",
        original: "224 - 32 * (index % 8)",
        mutated: "224",
      },
      {
        name: "all words of a key's pads are the same",
        original: "uint8(index / 8)",
        mutated: "uint8(0)",
      },
      {
        name: "a private request does not commit to its keys",
        original: "abi.encodePacked(PRIVATE_TAG, prompt, keys)",
        mutated: "abi.encodePacked(PRIVATE_TAG, prompt)",
      },
    ],
  ),
];
