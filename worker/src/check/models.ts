import type { ModelCommitment } from "@athanor/engine";
import type { Chain } from "../chain/chain.ts";
import type { Config, ModelConfig } from "../config/schema.ts";
import { describeError } from "../errors.ts";
import { measureSpeed } from "../model/measure-speed.ts";
import type { Computes } from "../model/executor.ts";
import { requireRoot } from "../model/require-root.ts";
import type { ModelRunner } from "../model/runner.ts";
import type { Measured } from "./throughput.ts";
import { failed, mebibytes, ok, warning, type CheckResult } from "./check.ts";

export interface CheckedModel {
  readonly commitment: ModelCommitment;
  readonly offers: ModelConfig["offers"];
  readonly measured: Measured;
}

export interface ModelChecks {
  readonly results: readonly CheckResult[];
  /** Those that load. */
  readonly models: readonly CheckedModel[];
}

/** Loads every model, compares its root with what is configured and registered, and lets it generate once. */
export async function checkModels(
  config: Config,
  chain: Chain | undefined,
  open: (folder: string) => Promise<ModelRunner>,
): Promise<ModelChecks> {
  const results: CheckResult[] = [];
  const models: CheckedModel[] = [];
  for (const model of config.models) {
    let runner: ModelRunner;
    try {
      runner = await open(model.path);
    } catch (error) {
      const { code, message, remedy = "" } = describeError(error);
      results.push(failed("model", `${model.path}: ${message} (${code})`, remedy));
      continue;
    }
    const { commitment } = runner;
    try {
      requireRoot(model, commitment);
      const { tokensPerSecond, positionsPerSecond } = await measureSpeed(runner);
      results.push(
        ok(
          "model",
          `${model.path}: root ${commitment.modelRoot}, loaded in ${(runner.loadTime / 1_000).toFixed(1)} s`,
        ),
        describeCompute(config, model.path, runner.computes),
        ok("speed", `${model.path}: ${tokensPerSecond.toFixed(1)} tokens/s`),
      );
      if (chain !== undefined) results.push(await checkRegistered(chain, commitment.modelRoot));
      const throughput = positionsPerSecond * Number(commitment.workPerPosition);
      const measured = { path: model.path, computes: runner.computes, throughput };
      models.push({ commitment, offers: model.offers, measured });
    } catch (error) {
      const { message, remedy = "" } = describeError(error);
      results.push(failed("model", message, remedy));
    } finally {
      await runner.close();
    }
  }
  return { results, models };
}

function describeCompute({ compute }: Config, path: string, computes: Computes): CheckResult {
  if (computes.by === "gpu") {
    const { vendor, adapter, driver, memoryBytes, maxBufferSize, software } = computes;
    const detail =
      `${path}: ${vendor} ${adapter}, ${driver}; the model takes ${mebibytes(memoryBytes)}, ` +
      `buffers of up to ${mebibytes(maxBufferSize)}`;
    return software
      ? warning("compute", `${detail}; software plays the card`, "Set compute to auto, except for trials.")
      : ok("compute", detail);
  }
  const detail = `${path}: on the processor: ${computes.because}`;
  return compute === "cpu"
    ? ok("compute", detail)
    : warning(
        "compute",
        detail,
        "Install the package webgpu and a driver with Vulkan, Metal or Direct3D 12; or set compute to cpu.",
      );
}

async function checkRegistered({ contracts }: Chain, modelRoot: string): Promise<CheckResult> {
  if (!(await contracts.modelRegistry.isRegistered(modelRoot))) {
    return failed(
      "model",
      `no model with the root ${modelRoot} is registered on chain`,
      "Run: athanor provider register --config FILE; or restore the files of the model that you meant.",
    );
  }
  return ok("model", `registered on chain, files at ${await contracts.modelRegistry.uriOf(modelRoot)}`);
}
