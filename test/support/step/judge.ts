import type {} from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import type { Addressable } from "ethers";
import { toHex, type Hex } from "../../../engine/src/commitments/hash.ts";
import { PAD } from "../../../engine/src/commitments/merkle.ts";
import type { Claim, ElementAddress } from "../../../engine/src/dispute/claim.ts";
import { OPERATORS } from "../../../engine/src/operators/index.ts";
import type { Program } from "../../../engine/src/program/program.ts";
import { ethers } from "../system.ts";

/** One question to the verifier. */
export interface Question {
  readonly address: ElementAddress;
  /** PAD by default. */
  readonly leaf?: Uint8Array;
  readonly witness: Uint8Array;
}

export interface Answer {
  /** "correct", "wrong", or the name and arguments of the error. */
  readonly verdict: string;
  /** Execution of the call. */
  readonly gas: bigint;
}

/** What the chain has to know of a model. */
export interface RegisteredModel {
  readonly program: Program;
  readonly modelRoot: Hex;
  readonly weightsRoot: Hex;
}

/** Bytes of witnesses in one call, which bounds what the call executes. */
const BATCH_BYTES = 100_000;

/**
 * A step verifier over models that a test puts in.
 *
 * @param registries where its models and programs are instead; `register` is of no use then
 */
export async function deployJudge(registries?: {
  readonly models: Addressable;
  readonly programs: Addressable;
}) {
  const book = await ethers.deployContract("ProgramBook");
  const { models, programs } = registries ?? { models: book, programs: book };
  const steps = await Promise.all(
    ["VectorSteps", "LinearSteps", "AttentionSteps", "TokenSteps", "SampleSteps"].map((name) =>
      ethers.deployContract(name),
    ),
  );
  const verifier = await ethers.deployContract("StepVerifier", [models, programs, ...steps]);
  const batch = await ethers.deployContract("StepBatch");

  /** @param needed operators that matter; all by default */
  async function register(
    { program, modelRoot, weightsRoot }: RegisteredModel,
    {
      needed = [...program.operators.keys()],
      valid = true,
    }: { needed?: readonly number[]; valid?: boolean } = {},
  ): Promise<void> {
    const { vocabularySize, contextLength, operators, tensors } = program;
    const only = (kind: string) => operators.findIndex((operator) => operator.kind === kind);
    const used = [...new Set(needed.flatMap((index) => operators[index]!.tensors))];
    const common = { vocabularySize, contextLength, workPerPosition: 1 };
    await book.getFunction("put")(
      modelRoot,
      { ...common, programRoot: modelRoot, weightsRoot, tokenizerHash: modelRoot },
      {
        ...common,
        operatorCount: operators.length,
        tensorCount: tensors.length,
        sampleOperator: only("sample"),
        stopOperator: only("stop"),
        valid,
      },
      needed,
      needed.map((index) => encodeOperator(operators[index]!)),
      used,
      used.map((index) => ({ ...tensors[index]!, kind: tensors[index]!.kind === "rows" ? 0 : 1 })),
    );
  }

  /** Answers in order. */
  async function ask(claim: Claim, questions: readonly Question[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let next = 0; next < questions.length;) {
      const part: { target: ElementAddress; leaf: Hex; witness: Hex }[] = [];
      for (let bytes = 0; next < questions.length && bytes < BATCH_BYTES; next++) {
        const { address, leaf = PAD, witness } = questions[next]!;
        part.push({ target: address, leaf: toHex(leaf), witness: toHex(witness) });
        bytes += witness.length + 1_000;
      }
      const asked = batch.getFunction("judge")(verifier, claim, part) as Promise<[string[], bigint[]]>;
      const [verdicts, gas] = await asked;
      verdicts.forEach((verdict, index) => {
        answers.push({ verdict: describe(verdict), gas: gas[index]! });
      });
    }
    return answers;
  }

  /** Gas of a transaction that does nothing but one step. */
  async function transactionGas(claim: Claim, { address, leaf = PAD, witness }: Question): Promise<bigint> {
    const [signer] = await ethers.getSigners();
    const args = [claim, address, toHex(leaf), toHex(witness)];
    const data = verifier.interface.encodeFunctionData("isCorrect", args);
    const sent = await signer!.sendTransaction({ to: verifier, data });
    return (await sent.wait())!.gasUsed;
  }

  function describe(answer: string): string {
    if (answer === "0x01") return "correct";
    if (answer === "0x00") return "wrong";
    const error = verifier.interface.parseError(answer);
    return error ? `${error.name}(${error.args.join(", ")})` : answer;
  }

  return { verifier, register, ask, transactionGas };
}

export type Judge = Awaited<ReturnType<typeof deployJudge>>;

function encodeOperator({ kind, phase, inputs, tensors, constants }: Program["operators"][number]) {
  const filled = (list: readonly number[], length: number) =>
    Array.from({ length }, (_, index) => list[index] ?? 0);
  return {
    opcode: OPERATORS[kind].opcode,
    generating: phase === "generating",
    tensorCount: tensors.length,
    inputs: filled(inputs, 2),
    tensors: filled(tensors, 2),
    constants: filled(constants, 5),
  };
}
