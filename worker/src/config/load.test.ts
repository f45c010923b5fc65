import { expect } from "chai";
import { EXIT_MISCONFIGURED } from "../errors.ts";
import { expectError } from "../testing/expect-error.ts";
import { loadConfig, parseChallengerConfig, parseConfig } from "./load.ts";

const owner = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc";

/** The smallest configuration. Line numbers below count from its first line. */
const minimal = `chain:
  rpcUrl: http://127.0.0.1:8545
  chainId: 31337
keys:
  operatorKeystore: operator.json
provider:
  owner: "${owner}"
hardware:
  - class: cpu
    count: 1
models:
  - path: models/bard
    offers:
      - token: ATH
        inputCents: "1.25"
        outputCents: "5"
`;

const parse = (text: string) => parseConfig(text, "/etc/athanor/provider.yaml");

describe("parseChallengerConfig", () => {
  const text = (bond: string) => `
chain: { rpcUrl: "http://127.0.0.1:8545", chainId: 31337 }
keys: { challengerKeystore: challenger.json }
models: [{ path: models/bard }]
challenger: { maximumBond: ${bond} }
`;

  it("reads the bond exactly and makes paths absolute", () => {
    const config = parseChallengerConfig(text("0.5 ETH"), "/etc/athanor/challenger.yaml");
    expect(config.challenger).to.deep.equal({
      maximumBond: 5n * 10n ** 17n,
      delegations: null,
      maximumAtOnce: 16,
    });
    expect(config.keys.challengerKeystore).to.equal("/etc/athanor/challenger.json");
    expect(config.models).to.deep.equal([{ path: "/etc/athanor/models/bard", root: null }]);
  });

  it("refuses a bond without a unit, of another unit, or finer than a wei", () => {
    for (const bond of ["5", "1 ATH", `0.${"1".repeat(19)} ETH`]) {
      expect(() => parseChallengerConfig(text(bond), "/c.yaml"), bond).to.throw("challenger.maximumBond");
    }
  });
});

describe("parseConfig", () => {
  it("fills in what is left out and makes paths absolute", () => {
    const config = parse(minimal);
    expect(config).to.deep.equal({
      chain: { rpcUrl: "http://127.0.0.1:8545", chainId: 31_337, confirmations: 1, pollInterval: 2_000 },
      keys: {
        operatorKeystore: "/etc/athanor/operator.json",
        ownerKeystore: null,
        watchtowerKeystore: null,
        receiptKeystore: null,
        encryptionKeystore: null,
        previousEncryptionKeystores: [],
      },
      provider: { owner, endpoint: "" },
      hardware: [{ class: "cpu", count: 1 }],
      models: [
        {
          path: "/etc/athanor/models/bard",
          root: null,
          uri: null,
          offers: [
            {
              token: "ATH",
              inputCents: 1_250_000n,
              outputCents: 5_000_000n,
            },
          ],
        },
      ],
      compute: "auto",
      limits: {
        maxConcurrentJobs: 1,
        maxQueuedJobs: 16,
        maxOpenJobs: 10,
        maxTokensPerJob: 16_777_215,
        minimumSecondsLeft: 10,
        declinesPerHour: 30,
      },
      channels: null,
      contents: { folder: "/etc/athanor/contents", url: null, s3Region: null, keepAfterEnd: 86_400_000 },
      storage: "/etc/athanor/provider.sqlite",
      logLevel: "info",
      metrics: null,
    });
  });

  it("takes hardware classes by name or index", () => {
    const { hardware } = parse(minimal.replace("count: 1", "count: 1\n  - { class: 3, count: 8 }"));
    expect(hardware).to.deep.equal([
      { class: "cpu", count: 1 },
      { class: "3", count: 8 },
    ]);
  });

  it("keeps defaults beside the limits that are set", () => {
    const { limits } = parse(`${minimal}limits:\n  maxOpenJobs: 3\n`);
    expect(limits).to.deep.include({ maxOpenJobs: 3, maxQueuedJobs: 16 });
  });

  const wrong: readonly [name: string, text: string, ...expected: string[]][] = [
    [
      "a mistyped field",
      minimal.replace("chainId:", "chainID:"),
      '/etc/athanor/provider.yaml:3:3: chain.chainID: unknown field; did you mean "chainId"?',
      "/etc/athanor/provider.yaml:1:1: chain.chainId: found nothing, expected the id of the chain",
    ],
    [
      "a field that resembles none",
      `${minimal}banana: 1\n`,
      ":17:1: banana: unknown field; known fields: chain, keys, provider",
    ],
    [
      "a mistyped field of a list's item",
      minimal.replace("outputCents", "outputsents"),
      ':16:9: models[0].offers[0].outputsents: unknown field; did you mean "outputCents"?',
    ],
    [
      "an unknown limit",
      `${minimal}limits:\n  maxConcurrentJob: 2\n`,
      ':18:3: limits.maxConcurrentJob: unknown field; did you mean "maxConcurrentJobs"?',
    ],
    [
      "a price that is a number, which may not be the one that was written",
      minimal.replace('"1.25"', "1.25"),
      ':15:21: models[0].offers[0].inputCents: found 1.25, expected US cents for a million prompt tokens, in quotes, such as "12.5"',
    ],
    [
      "a price finer than a microcent",
      minimal.replace('"1.25"', '"0.0000001"'),
      ':15:21: models[0].offers[0].inputCents: found "0.0000001", expected US cents for a million prompt tokens',
    ],
    [
      "a price in a token",
      minimal.replace('"1.25"', "0.5 ATH"),
      ':15:21: models[0].offers[0].inputCents: found "0.5 ATH", expected US cents for a million prompt tokens',
    ],
    [
      "an address with a wrong checksum",
      minimal.replace(owner, owner.replace("D1a5", "d1a5")),
      ":7:10: provider.owner: found",
      "expected the address of the provider's owner account",
    ],
    [
      "a time without its unit",
      minimal.replace("chainId: 31337", "chainId: 31337\n  pollInterval: 5"),
      ':4:17: chain.pollInterval: found 5, expected a time with its unit, such as "2s" or "500ms"',
    ],
    [
      "no GPU at all",
      minimal.replace("count: 1", "count: 0"),
      ":10:12: hardware[0].count: found 0, expected a number of GPUs from 1",
    ],
    [
      "an unknown way to compute",
      `${minimal}compute: fpga\n`,
      'compute: found "fpga", expected one of auto, gpu, software-gpu, cpu',
    ],
    [
      "a fraction of a GPU",
      minimal.replace("count: 1", "count: 1.5"),
      ":10:12: hardware[0].count: found 1.5",
    ],
    [
      "hardware that is one map, not a list",
      minimal.replace("  - class: cpu\n    count: 1", "  class: cpu\n  count: 1"),
      ":9:3: hardware: found a map of fields, expected a list of at least one hardware class",
    ],
    [
      "a class by a negative index",
      minimal.replace("class: cpu", "class: -1"),
      ':9:12: hardware[0].class: found -1, expected the name of a hardware class, such as "cpu", or its index',
    ],
    [
      "no models",
      minimal.replace(/models:[\s\S]*/, "models: []\n"),
      ":11:9: models: found a list, expected a list of at least one model",
    ],
    [
      "text in the place of a map",
      minimal.replace(/keys:\n.*\n/, "keys: operator.json\n"),
      ':4:7: keys: found "operator.json", expected a map of fields',
    ],
    [
      "another service than HTTP",
      minimal.replace("http://", "ftp://"),
      ':2:11: chain.rpcUrl: found "ftp://127.0.0.1:8545"',
    ],
    [
      "an empty file",
      "",
      ":1:1: chain: found nothing, expected a map of fields",
      ":1:1: models: found nothing, expected a list of at least one model",
    ],
    ["broken syntax", minimal.replace("  chainId", " chainId"), ":3:1: (syntax):"],
    ["a field given twice", minimal.replace("  chainId", "  rpcUrl: http://x\n  chainId"), ":3:3: (syntax):"],
  ];
  for (const [name, text, ...expected] of wrong) {
    it(`refuses ${name}, naming the line`, async () => {
      const error = await expectError(() => parse(text), "CONFIG_INVALID", ...expected);
      expect(error.exitCode).to.equal(EXIT_MISCONFIGURED);
    });
  }

  it("reports everything that is wrong at once, in the order of the lines", async () => {
    const text = minimal.replace("31337", "many").replace("count: 1", "count: none");
    const error = await expectError(() => parse(text), "CONFIG_INVALID");
    expect(error.details["issues"]).to.deep.equal([
      {
        line: 3,
        column: 12,
        field: "chain.chainId",
        problem: 'found "many", expected the id of the chain that is meant, such as 31337',
      },
      {
        line: 10,
        column: 12,
        field: "hardware[0].count",
        problem: 'found "none", expected a number of GPUs from 1 to 100000, such as 1',
      },
    ]);
  });

  const key = "8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba";
  const secrets: readonly [name: string, text: string, place: string][] = [
    ["a private key", minimal.replace("operator.json", `"0x${key}"`), ":5:3: operatorKeystore:"],
    ["a private key without 0x", minimal.replace("operator.json", key), ":5:3: operatorKeystore:"],
    [
      "a field for a private key",
      minimal.replace("operatorKeystore: operator.json", "privateKey: abc"),
      ":5:3: privateKey:",
    ],
    [
      "a password",
      minimal.replace("operator.json", "operator.json\n  password: hunter2hunter2"),
      ":6:3: password:",
    ],
    ["a bearer token", `${minimal}contents: { bearerToken: hunter2hunter2 }\n`, ":17:13: bearerToken:"],
    [
      "an access key",
      `${minimal}contents: { secretAccessKey: hunter2hunter2 }\n`,
      ":17:13: secretAccessKey:",
    ],
    [
      "a recovery phrase",
      minimal.replace("operator.json", "test test test test test test test test test test test junk"),
      ":5:3: operatorKeystore:",
    ],
  ];
  for (const [name, text, place] of secrets) {
    it(`refuses ${name} in the file, without repeating it`, async () => {
      const error = await expectError(
        () => parse(text),
        "CONFIG_PLAINTEXT_KEY",
        place,
        "secret in plain text",
      );
      const shown = `${error.message} ${error.remedy} ${JSON.stringify(error.details)}`;
      for (const secret of [key, "hunter2hunter2", "test test"]) expect(shown).to.not.contain(secret);
    });
  }

  it("takes a model's root, which only looks like a key", () => {
    const text = minimal.replace("    offers", `    root: "0x${key}"\n    offers`);
    expect(parse(text).models[0]!.root).to.equal(`0x${key}`);
  });
});

describe("the contents of a configuration", () => {
  const parseContents = (fields: string) => parse(`${minimal}contents: { ${fields} }\n`).contents;

  it("are in a folder, or with a service", () => {
    expect(parseContents("folder: kept, keepAfterEnd: 2h")).to.deep.equal({
      ...{ folder: "/etc/athanor/kept", url: null, s3Region: null, keepAfterEnd: 7_200_000 },
    });
    const url = "https://s3.eu-central-1.amazonaws.com/bucket/folder";
    expect(parseContents(`url: "${url}", s3Region: eu-central-1`)).to.include({
      ...{ url, s3Region: "eu-central-1" },
    });
  });

  it("refuse an address that has a place for a secret", () => {
    for (const url of ["https://me:hunter2@host/", "https://host/?token=hunter2", "ftp://host/", "host"]) {
      expect(() => parseContents(`url: "${url}"`), url).to.throw("contents.url");
    }
  });
});

describe("loadConfig", () => {
  it("says which file cannot be read", async () => {
    await expectError(
      () => loadConfig("/nowhere/provider.yaml"),
      "CONFIG_UNREADABLE",
      "/nowhere/provider.yaml",
    );
  });

  it("refuses a certificate without its key, and a key without its certificate: they would be served in the clear", () => {
    for (const field of ["certificate", "key"]) {
      expect(() => parse(`${minimal}channels:\n  port: 8600\n  ${field}: a.pem\n`), field).to.throw(
        "certificate and key together",
      );
    }
    expect(
      parse(`${minimal}channels:\n  port: 8600\n  certificate: a.pem\n  key: b.pem\n`).channels,
    ).to.include({
      port: 8_600,
    });
  });
});
