import { expect } from "chai";
import { type Result, solidityPackedKeccak256 } from "ethers";
import { type Refusal, describeRefusals, expectOnlyEvent, plain } from "../support/expect.ts";
import { errorsOf } from "../support/interfaces.ts";
import { MODEL, ethers, freshSystem } from "../support/system.ts";

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

  it("register takes the smallest and the largest model", async () => {
    const { models } = await freshSystem();
    for (const [vocabularySize, contextLength, workPerPosition] of [
      [1n, 1n, 1n],
      [2n ** 24n - 1n, 2n ** 24n - 1n, 2n ** 48n - 1n],
    ] as const) {
      const model = { ...MODEL, vocabularySize, contextLength, workPerPosition };
      await models.register(model, "");
      expect(await models.isRegistered(await models.rootOf(model))).to.equal(true);
    }
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

async function registering(
  change: Partial<Record<"vocabularySize" | "contextLength" | "workPerPosition", bigint>>,
  values: unknown[],
): Promise<Refusal> {
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
  VocabularyOutOfBounds: {
    "register, no vocabulary": () => registering({ vocabularySize: 0n }, [0, 2 ** 24 - 1]),
    "register, one id too many": () => registering({ vocabularySize: 2n ** 24n }, [2 ** 24, 2 ** 24 - 1]),
  },
  ContextOutOfBounds: {
    "register, no positions": () => registering({ contextLength: 0n }, [0, 2 ** 24 - 1]),
    "register, one position too many": () =>
      registering({ contextLength: 2n ** 24n }, [2 ** 24, 2 ** 24 - 1]),
  },
  WorkOutOfBounds: {
    "register, no work": () => registering({ workPerPosition: 0n }, [0, 2n ** 48n - 1n]),
    "register, one multiply-add too many": () =>
      registering({ workPerPosition: 2n ** 48n }, [2n ** 48n, 2n ** 48n - 1n]),
  },
});
