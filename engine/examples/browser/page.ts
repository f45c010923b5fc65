/**
 * Loads a published model, generates text and commits to the whole computation, all in the reader's browser. Addresses such
 * as `?model=https://models.example/bard&root=0x7da8…&threads=2` choose the model, the root that it must have, and how
 * many threads compute, for which serve.ts sends two headers; with `gpu` in place of `threads=2` the graphics card computes.
 */
import {
  createFastExecutor,
  EngineError,
  fetchModel,
  generate,
  Tokenizer,
  type Model,
} from "@athanor/engine";
import { createGpuExecutor, requestGpuDevice } from "@athanor/engine/gpu";
import { traceRequest } from "@athanor/engine/trace";

const show = (id: string, text: string) => {
  document.getElementById(id)!.textContent = text;
};
const parameters = new URLSearchParams(location.search);
const form = document.querySelector<HTMLFormElement>("#request")!;
const button = form.querySelector("button")!;

async function start(): Promise<void> {
  const root = parameters.get("root");
  const model = await fetchModel(new URL(parameters.get("model") ?? "model", location.href).href, {
    ...(root !== null && { root }),
    onProgress: (done, total) => {
      show("status", `Loading the model: ${Math.floor((100 * done) / total)} %`);
    },
  });
  const tokenizer = Tokenizer.fromJson(model.tokenizerJson, model.tokenizerConfigJson);
  const executor = parameters.has("gpu") ? await onGraphicsCard(model) : onProcessor(model);
  show("model-root", model.commitment.modelRoot);

  async function answer(): Promise<void> {
    const fields = new FormData(form);
    const prompt = tokenizer.encode(fields.get("prompt") as string);
    const maxTokens = Number(fields.get("maxTokens"));
    const tokens: number[] = [];
    await generate(model, {
      prompt,
      maxTokens,
      executor,
      onToken: (token) => {
        tokens.push(token);
        show("text", tokenizer.decode(tokens));
        show("tokens", tokens.join(" "));
      },
    });
    show("status", "Hashing every intermediate …");
    const { traceRoot } = await traceRequest(
      model,
      { prompt, maxTokens },
      { executor: (_, options) => generate(model, { ...options, executor }) },
    );
    show("trace-root", traceRoot);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    show("status", "Generating …");
    answer()
      .then(() => {
        show("status", "Ready");
      }, refused)
      .finally(() => {
        button.disabled = false;
      });
  });
  button.disabled = false;
  show("status", "Ready");
}

function onProcessor(model: Model) {
  const threads = Number(parameters.get("threads") ?? 1);
  show("executor", `WebAssembly, ${threads} thread${threads === 1 ? "" : "s"}`);
  return createFastExecutor(model, { threads });
}

async function onGraphicsCard(model: Model) {
  // Typed as always there, but older browsers and pages that came over plain http have none.
  const { gpu } = navigator as { gpu?: GPU };
  if (!gpu) throw new Error("this browser has no WebGPU");
  show("status", "Loading the model onto the graphics card …");
  const executor = await createGpuExecutor(model, { open: () => requestGpuDevice(gpu), maxSequences: 1 });
  const { vendor, architecture } = executor.report!;
  show("executor", `WebGPU, ${vendor} ${architecture}`);
  return executor;
}

/** What the engine refuses says what to do; anything else is a mistake in this page. */
function refused(error: unknown): void {
  show(
    "status",
    error instanceof EngineError ? `${error.code}: ${error.message}` : `Failed: ${String(error)}`,
  );
}

start().catch(refused);
