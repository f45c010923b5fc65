import { EngineError } from "./errors.ts";

/** One turn of a conversation. Templates may read further fields (tool calls, say). */
export interface ChatMessage {
  readonly role: string;
  readonly content: unknown;
  readonly [field: string]: unknown;
}

export interface ChatOptions {
  /** End with the opening of an answer, so that the model writes one. Default true. */
  readonly addGenerationPrompt?: boolean;
  /** Of several templates, the one with this name. Default "default". */
  readonly template?: string;
  /** Further variables of the template: tools, documents, switches of the model's maker. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/**
 * Writes a conversation as the text that a model was trained on, by the Jinja template of its tokenizer_config.json.
 * The template's library is loaded on first use.
 *
 * @throws EngineError `CHAT_TEMPLATE_MISSING`, `CHAT_TEMPLATE_FAILED` with what the template complains about.
 */
export async function renderChat(
  configuration: Readonly<Record<string, unknown>>,
  messages: readonly ChatMessage[],
  options: ChatOptions = {},
): Promise<string> {
  const source = templateOf(configuration.chat_template, options.template ?? "default");
  const { Template } = await import("@huggingface/jinja");
  try {
    return new Template(source).render({
      ...specialTokens(configuration),
      ...options.variables,
      messages,
      add_generation_prompt: options.addGenerationPrompt ?? true,
    });
  } catch (cause) {
    throw new EngineError("CHAT_TEMPLATE_FAILED", `The chat template says: ${(cause as Error).message}.`, {
      remedy: "Pass messages with the roles and in the order that the model's template takes.",
      details: { roles: messages.map(({ role }) => role) },
      cause,
    });
  }
}

/** Either one template or a list of named ones. */
function templateOf(stored: unknown, name: string): string {
  if (typeof stored === "string" && name === "default") return stored;
  const named = Array.isArray(stored) ? (stored as { name?: unknown; template?: unknown }[]) : [];
  const found = named.find((entry) => entry.name === name)?.template;
  if (typeof found === "string") return found;
  const names = typeof stored === "string" ? ["default"] : named.map((entry) => entry.name);
  throw new EngineError(
    "CHAT_TEMPLATE_MISSING",
    `The model has no chat template ${JSON.stringify(name)}; it has ${names.length === 0 ? "none" : names.join(", ")}.`,
    {
      remedy: "Write the prompt as plain text, as the model's authors describe it.",
      details: { name, names },
    },
  );
}

/** bos_token, eos_token and their like, each a string or an added token with a content. */
function specialTokens(configuration: Readonly<Record<string, unknown>>): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const [name, value] of Object.entries(configuration)) {
    if (!name.endsWith("_token")) continue;
    const content: unknown =
      typeof value === "object" && value !== null ? (value as { content?: unknown }).content : value;
    if (typeof content === "string") tokens[name] = content;
  }
  return tokens;
}
