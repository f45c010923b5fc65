import { expect } from "chai";
import { importModel } from "./import/import-model.ts";
import { expectRefusal } from "./testing/expect-error.ts";
import { filesOf, memorySource, tinyCheckpoint } from "./testing/tiny-checkpoint.ts";
import { Tokenizer } from "./tokenizer.ts";

/** The tiny tokenizer knows <s> as 1, </s> as 2 and letters from a, 3, on. */
const TEMPLATE =
  "{{ bos_token }}{% for message in messages %}{% if message.role != 'user' and message.role != 'assistant' %}" +
  "{{ raise_exception('no role ' + message.role) }}{% endif %}" +
  "{{ message.role[0] }}{{ message['content'] }}{{ eos_token }}{% endfor %}" +
  "{% if add_generation_prompt %}a{% endif %}";
const CONFIG = { bos_token: "<s>", eos_token: { content: "</s>", lstrip: false }, chat_template: TEMPLATE };
const user = { role: "user", content: "bc" };

describe("Tokenizer.applyChatTemplate", () => {
  const tokenizerOf = (config: object) => Tokenizer.fromJson(tinyCheckpoint().tokenizer, config);

  it("writes a conversation as the template says, special tokens included", async () => {
    const tokenizer = tokenizerOf(CONFIG);
    const conversation = [user, { role: "assistant", content: "d" }, user];
    expect(await tokenizer.applyChatTemplate(conversation)).to.deep.equal([
      1, 23, 4, 5, 2, 3, 6, 2, 23, 4, 5, 2, 3,
    ]);
    expect(await tokenizer.applyChatTemplate([user], { addGenerationPrompt: false })).to.deep.equal([
      1, 23, 4, 5, 2,
    ]);
  });

  it("chooses among named templates and passes variables on", async () => {
    const tokenizer = tokenizerOf({
      chat_template: [
        { name: "default", template: "a" },
        { name: "tools", template: "b{{ tools[0] }}" },
      ],
    });
    expect(await tokenizer.applyChatTemplate([user])).to.deep.equal([3]);
    const options = { template: "tools", variables: { tools: ["c"] } };
    expect(await tokenizer.applyChatTemplate([user], options)).to.deep.equal([4, 5]);
    await expectRefusal(
      () => tokenizer.applyChatTemplate([user], { template: "rag" }),
      "CHAT_TEMPLATE_MISSING",
      "rag",
      "default, tools",
    );
  });

  it("refuses where there is no template, or where the template refuses", async () => {
    await expectRefusal(() => tokenizerOf({}).applyChatTemplate([user]), "CHAT_TEMPLATE_MISSING", "none");
    await expectRefusal(
      () => tokenizerOf(CONFIG).applyChatTemplate([{ role: "judge", content: "" }]),
      "CHAT_TEMPLATE_FAILED",
      "no role judge",
    );
    await expectRefusal(
      () => tokenizerOf({ chat_template: "{% for" }).applyChatTemplate([user]),
      "CHAT_TEMPLATE_FAILED",
    );
  });

  it("is imported from a file of its own, too", async () => {
    const files = filesOf(tinyCheckpoint());
    files.set("chat_template.jinja", new TextEncoder().encode("{{ messages[0].content }}"));
    const model = await importModel(memorySource(files));
    const tokenizer = Tokenizer.fromJson(model.tokenizerJson, model.tokenizerConfigJson);
    expect(await tokenizer.applyChatTemplate([user])).to.deep.equal([4, 5]);
  });
});
