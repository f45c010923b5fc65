import { expect } from "chai";
import { type Result, solidityPackedKeccak256 } from "ethers";
import { programParts } from "../../engine/src/program/encode.ts";
import { minimalProgram } from "../../engine/src/testing/minimal-program.ts";
import { rootOfParts } from "../../sdk/src/protocol/program-chunks.ts";
import { type Refusal, describeRefusals, expectOnlyEvent, expectRefusal, plain } from "../support/expect.ts";
import { errorsOf } from "../support/interfaces.ts";
import { CONTEXT, MODEL, VOCABULARY, WORK, ethers, freshSystem } from "../support/system.ts";

const OTHER = { ...MODEL, weightsRoot: ethers.id("other weights") };

describe("ModelRegistry", () => {
  it("register stores a model under the root of its properties, from anybody", async () => {
    const { models, stranger } = await freshSystem();
    const root = solidityPackedKeccak256(
      ["uint8", "uint32", "uint32", "uint64", "bytes32", "bytes32", "bytes32"],
      [5, ...Object.values(OTHER)],
    );
    expect(await models.isRegistered(root)).to.equal(false);
    const registered = models.connect(stranger).register(OTHER, "https://models.example/other");
    await expectOnlyEvent(models, registered, "ModelRegistered", [
      root,
      stranger.address,
      OTHER,
      "https://models.example/other",
    ]);
    expect(await models.rootOf(OTHER)).to.equal(root);
    expect(await models.isRegistered(root)).to.equal(true);
    expect(plain((await models.modelOf(root)) as unknown as Result)).to.deep.equal(
      Object.values(OTHER).map((value) => (typeof value === "number" ? BigInt(value) : value)),
    );
    expect(await models.uriOf(root)).to.equal("https://models.example/other");
  });

  it("announce publishes another address from anybody and stores nothing", async () => {
    const { models, stranger, modelRoot } = await freshSystem();
    const announced = models.connect(stranger).announce(modelRoot, "ipfs://mirror");
    await expectOnlyEvent(models, announced, "ModelAnnounced", [
      modelRoot,
      stranger.address,
      "ipfs://mirror",
    ]);
    expect(await models.uriOf(modelRoot)).to.equal("https://models.example/");
  });
});

async function registering(change: Partial<typeof MODEL>, values: unknown[]): Promise<Refusal> {
  const { models } = await freshSystem();
  return { call: () => models.register({ ...MODEL, ...change }, ""), by: models, values };
}

describeRefusals("IModelRegistry", () => errorsOf("IModelRegistry"), {
  ModelAlreadyRegistered: {
    "register, the same model from another account": async () => {
      const { models, stranger, modelRoot } = await freshSystem();
      return {
        call: () => models.connect(stranger).register(MODEL, "https://elsewhere.example/"),
        by: models,
        values: [modelRoot],
      };
    },
  },
  UnknownModel: {
    "announce, a root nobody registered": async () => {
      const { models } = await freshSystem();
      return {
        call: () => models.announce(ethers.id("nothing"), ""),
        by: models,
        values: [ethers.id("nothing")],
      };
    },
    "modelOf, a root nobody registered": async () => {
      const { models } = await freshSystem();
      return { call: () => models.modelOf(ethers.id("nothing")), by: models, values: [ethers.id("nothing")] };
    },
  },
  ProgramNotValidated: {
    "register, a program that is on chain, but not checked": async () => {
      const { models, programs } = await freshSystem();
      const parts = programParts(minimalProgram({ vocabulary: VOCABULARY, context: CONTEXT, width: 100 }));
      const programRoot = rootOfParts(parts);
      await programs.addChunk(programRoot, 0, parts, []);
      return {
        call: () => models.register({ ...MODEL, programRoot }, ""),
        by: models,
        values: [programRoot],
      };
    },
  },
  VocabularyDiffers: {
    "register, one token more than the program has": () =>
      registering({ vocabularySize: VOCABULARY + 1 }, [VOCABULARY + 1, VOCABULARY]),
  },
  ContextDiffers: {
    "register, one position more than the program has": () =>
      registering({ contextLength: CONTEXT + 1 }, [CONTEXT + 1, CONTEXT]),
  },
  WorkDiffers: {
    "register, less work than the program has": () =>
      registering({ workPerPosition: WORK - 1 }, [WORK - 1, WORK]),
  },
});

describe("ModelRegistry and programs", () => {
  it("register refuses a program of which nothing is on chain", async () => {
    const { models, programs } = await freshSystem();
    const programRoot = ethers.id("program");
    await expectRefusal("UnknownProgram", {
      call: () => models.register({ ...MODEL, programRoot }, ""),
      by: programs,
      values: [programRoot],
    });
  });
});
