import { expect } from "chai";
import { id } from "ethers";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectError } from "../../testing/expect-error.ts";
import { temporaryFolder } from "../../testing/model.ts";
import { DerivedRandom } from "./derived-random.ts";
import { composedPrompts, passagesOf, questionOf, readPrompts, type QuestionLimits } from "./prompts.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text).length;
const limits: QuestionLimits = {
  contextLength: 512,
  costOf: (bytes, maxTokens) => BigInt(bytes + 2 * maxTokens),
  mostCost: 10n ** 9n,
};
const ask = (secret: string, changes: Partial<QuestionLimits> = {}, source = composedPrompts) =>
  questionOf(new DerivedRandom(secret, "question"), source, { ...limits, ...changes });
const many = (changes: Partial<QuestionLimits> = {}, source = composedPrompts) =>
  Array.from({ length: 300 }, (_, index) => ask(id(`question ${index}`), changes, source)!);

describe("questions of a checker", () => {
  it("are the same again for the same secret, and hardly two of others are alike", () => {
    expect(ask(id("a"))).to.deep.equal(ask(id("a")));
    const questions = many();
    expect(new Set(questions.map(({ prompt }) => prompt)).size).to.be.greaterThan(280);
    expect(new Set(questions.map(({ maxTokens }) => maxTokens)).size).to.be.greaterThan(40);
    expect(new Set(questions.map(({ prompt }) => bytesOf(prompt))).size).to.be.greaterThan(100);
    expect(new Set(questions.map(({ temperature }) => temperature)).size).to.be.greaterThan(4);
    expect(questions.every(({ prompt }) => !/[{}]|undefined/.test(prompt))).to.equal(true);
  });

  it("begin in hundreds of ways: no provider has a list of beginnings", () => {
    const beginnings = new Set(many().map(({ prompt }) => prompt.slice(0, 40)));
    expect(beginnings.size).to.be.greaterThan(200);
  });

  it("fit the context of the model, however small", () => {
    for (const contextLength of [8, 64, 512, 131_072]) {
      for (const { prompt, maxTokens } of many({ contextLength })) {
        expect(prompt).to.not.equal("");
        // A token has at least a byte, and there are marks around them.
        expect(bytesOf(prompt) + maxTokens).to.be.at.most(contextLength);
      }
    }
  });

  it("cost no more than they may, and are none when even the shortest does", () => {
    for (const { prompt, maxTokens } of many({ mostCost: 40n })) {
      expect(bytesOf(prompt) + 2 * maxTokens).to.be.at.most(40);
    }
    expect(ask(id("a"), { mostCost: 5n })).to.equal(undefined);
  });

  it("are passages of the operator's own texts, where it gave some", async () => {
    const folder = await temporaryFolder();
    const first = "Über den Wolken liegt ein zweites Land, das niemand vermessen hat. ".repeat(30);
    const second = "In the drawer lay seven keys, and none of them fitted.";
    const files = [join(folder.path, "first.txt"), join(folder.path, "second.txt")];
    await writeFile(files[0]!, first);
    await writeFile(files[1]!, second);
    const source = readPrompts(files);
    const prompts = many({}, source).map(({ prompt }) => prompt);
    for (const prompt of prompts) {
      expect(first.includes(prompt) || second.includes(prompt), prompt).to.equal(true);
      expect(prompt.includes("\ufffd")).to.equal(false);
    }
    expect(new Set(prompts).size).to.be.greaterThan(200);
    await folder.remove();
    await expectError(() => readPrompts(files), "CONFIG_INVALID", "cannot be used");
    expect(() => passagesOf([" \n"])).to.throw("no text");
  });
});
