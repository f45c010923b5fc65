import type { ErrorFragment } from "ethers";
import { expect } from "chai";
import { AthanorError } from "./athanor-error.ts";
import { catalogue, type ErrorCode } from "./catalogue.ts";
import { checkingErrorCodes, checkingErrors } from "./checking-errors.ts";
import { clientErrors } from "./client-errors.ts";
import { contractErrors } from "./contract-errors.ts";
import { programErrors } from "./program-errors.ts";
import { qualityErrors } from "./quality-errors.ts";
import { addCheckingErrors } from "../checkers/errors.ts";
import { formats } from "./render.ts";
import { codeOf, errorInterface } from "./to-athanor-error.ts";

const placeholders = (text: string) => [...text.replace(/\{\{|\}\}/g, "").matchAll(/\{(\w+)(?::(\w+))?\}/g)];

describe("error catalogue", () => {
  addCheckingErrors();
  const entries = { ...contractErrors, ...programErrors, ...qualityErrors, ...checkingErrors };
  const custom: ErrorFragment[] = [];
  errorInterface().forEachError((fragment) => custom.push(fragment));
  const solidity = new Map(custom.map((fragment) => [codeOf(fragment), fragment]));

  it("tells errors apart that share a name", () => {
    expect(solidity.size).to.equal(custom.length);
    expect(
      Object.keys(checkingErrorCodes).filter((signature) => !errorInterface().getError(signature)),
    ).to.deep.equal([]);
  });

  it("has an entry for every custom error of the contracts, and for nothing else", () => {
    expect(solidity.size).to.be.greaterThan(80);
    expect(Object.keys(entries).sort()).to.deep.equal([...solidity.keys()].sort());
  });

  it("shows each custom error's own parameters, all of them", () => {
    for (const [code, [message, remedy]] of Object.entries(entries)) {
      const parameters = solidity.get(code)!.inputs.map(({ name }) => name);
      const shown = placeholders(message + remedy).map(([, name]) => name!);
      const context = parameters.includes("token") ? ["token"] : [];
      expect(new Set([...shown, ...context]), code).to.deep.equal(new Set(parameters));
    }
  });

  it("uses known formats only", () => {
    const used = Object.values(catalogue).flatMap((texts) =>
      placeholders(texts.join(" ")).map(([, , format]) => format),
    );
    expect(Object.keys(formats)).to.include.members([
      ...new Set(used.filter((format) => format !== undefined)),
    ]);
  });

  it("keeps codes of its own apart from Solidity names", () => {
    const own = Object.keys(clientErrors);
    expect(own.filter((code) => solidity.has(code))).to.deep.equal([]);
  });

  it("renders every entry into whole sentences", () => {
    for (const code of Object.keys(catalogue) as ErrorCode[]) {
      const names = placeholders(catalogue[code].join(" ")).map(([, name]) => name!);
      const error = new AthanorError(code, Object.fromEntries(names.map((name) => [name, 1_700_000_000n])));
      expect(error.message, code).not.to.match(/undefined|NaN|\{\w+[:}]/);
      expect(error.shortMessage, code).to.match(/(\.|[^ ]:? ?[0-9]+)$/);
      expect(error.remedy, code).to.match(/\.$/);
    }
  });
});
