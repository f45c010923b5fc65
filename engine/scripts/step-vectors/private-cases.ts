import { toHex } from "../../src/commitments/hash.ts";
import { decryptTokens } from "../../src/commitments/private.ts";
import { outputTokensRoot } from "../../src/commitments/request.ts";
import { encodeTokens } from "../../src/commitments/tokens.ts";
import { REQUEST_BYTES } from "../../src/dispute/verify.ts";
import { testSecret } from "../../src/testing/step-models.ts";
import { operatorOf, outputAddress, traceAddress, type Stage } from "../../src/testing/step-scenes.ts";
import { stepsOf, type NamedStep } from "./cases.ts";

const BLIND = 32;

/** A private stage's openings that are not what they should be, and a public stage's with a blind. */
export async function spoiltPrivateSteps(stage: Stage, publicStage: Stage): Promise<NamedStep[]> {
  const embedOf = async (of: Stage, position: number) => {
    const address = traceAddress(position, operatorOf(of, "embed"), 0, 3);
    return (await stepsOf(of, [{ name: "embed, output", address }]))[0]!;
  };
  const embed = await embedOf(stage, 32);
  const publicEmbed = await embedOf(publicStage, 1);
  const [token] = (await stepsOf(stage, [{ name: "output, a token", address: outputAddress(1) }])) as [
    NamedStep,
  ];
  // After the request: the length of the tile and the tile, then the prompt's leaf.
  const prompt = (of: Stage) =>
    REQUEST_BYTES + 4 + 4 * of.model.program.operators[operatorOf(of, "embed")]!.constants[1]!;
  const [at, publicAt] = [prompt(stage), prompt(publicStage)];
  const spoil = (step: NamedStep, name: string, change: (bytes: Buffer) => Uint8Array): NamedStep => ({
    ...step,
    name: `${step.name}: ${name}`,
    witness: toHex(change(Buffer.from(step.witness.slice(2), "hex"))),
    expected: "reverts",
  });
  const flip = (offset: number) => (bytes: Buffer) => {
    bytes[offset < 0 ? bytes.length + offset : offset]! ^= 1;
    return bytes;
  };
  return [
    embed,
    spoil(embed, "a public opening of a blinded leaf", (bytes) =>
      Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + BLIND)]),
    ),
    spoil(embed, "another blind", flip(at)),
    spoil(embed, "another token", flip(at + BLIND + 3)),
    spoil(embed, "another root over the keys", flip(at + BLIND + 128 + 32)),
    spoil(embed, "the request as a public one", (bytes) => {
      bytes[16]! ^= 0x80;
      return bytes;
    }),
    spoil(publicEmbed, "a blinded opening of a public leaf", (bytes) =>
      Buffer.concat([bytes.subarray(0, publicAt), new Uint8Array(BLIND), bytes.subarray(publicAt)]),
    ),
    token,
    spoil(token, "another key", flip(-32 * 10)),
    spoil(token, "another sibling of the key", flip(-32 * 2)),
    spoil(token, "another root over the prompt", flip(-1)),
    spoil(token, "no key", (bytes) => bytes.subarray(0, -32 * 10)),
  ];
}

/** Outputs that the client cannot read: posted in plain text, and encrypted with another secret. */
export async function unreadableOutputSteps(stage: Stage): Promise<NamedStep[]> {
  const { claim, request, tokens } = stage;
  const step = (name: string, posted: Uint8Array) => {
    const output = decryptTokens(posted, request.secret!);
    const changed = { ...claim, outputTokensRoot: outputTokensRoot(output, request.secret) };
    return stepsOf({ ...stage, tokens: output, claim: changed }, [{ name, address: outputAddress(0) }]);
  };
  const other = encodeTokens(decryptTokens(encodeTokens(tokens), testSecret(2)));
  return [
    ...(await step("output, in plain text", encodeTokens(tokens))),
    ...(await step("output, encrypted with another secret", other)),
  ];
}
