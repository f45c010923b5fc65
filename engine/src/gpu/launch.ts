import { EngineError } from "../errors.ts";
import type { GpuDevice } from "./device.ts";
import type { GpuMemory } from "./memory.ts";
import { assemble, COMMON_PARAMETERS, type Kernel } from "./kernels/kernel.ts";

/** One dispatch of a kernel, with what it is bound to. */
export interface LaunchPlan {
  readonly kernel: Kernel;
  /** Values of the kernel's own parameters, by name; missing ones are 0. */
  readonly parameters: Readonly<Record<string, number>>;
  /** In the order of the kernel's bindings. */
  readonly buffers: readonly GPUBuffer[];
  readonly generating: boolean;
  /** Workgroups for a row, or for `rowsPerGroup` of them; with `tiled` for each tile of positions. */
  readonly parts: number;
  readonly tiled?: boolean;
  /** Numbers of rows for which it is the one to use. Default: all. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** Whether only rows need it whose token is drawn. */
  readonly drawing?: boolean;
}

/** A dispatch that is ready to be encoded. */
export interface Launch extends LaunchPlan {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
}

/** What a step's dispatches depend on. */
export interface StepSize {
  readonly rows: number;
  readonly generating: number;
  /** Tiles of positions of the longest sequence. */
  readonly tiles: number;
  /** Whether a row's token is drawn. */
  readonly draws: boolean;
}

/** WebGPU's alignment of uniform bindings, whatever the device. */
const UNIFORM_ALIGNMENT = 256;

const COMPILED = new WeakMap<GPUDevice, Kernels>();

/** Compiles each kernel once per device. */
export class Kernels {
  readonly #device: GPUDevice;
  readonly #subgroups: boolean;
  readonly #widest: number;
  readonly #compiled = new Map<
    string,
    Promise<{ pipeline: GPUComputePipeline; layout: GPUBindGroupLayout }>
  >();

  /** A device's kernels, for all who use it. */
  static of(gpu: GpuDevice): Kernels {
    let kernels = COMPILED.get(gpu.device);
    if (!kernels) {
      kernels = new Kernels(gpu);
      COMPILED.set(gpu.device, kernels);
    }
    return kernels;
  }

  private constructor({ device, report }: GpuDevice) {
    this.#device = device;
    this.#subgroups = report.subgroups;
    this.#widest = report.limits.maxComputeWorkgroupsPerDimension;
  }

  /** @param rows what all kernels see of a step, `capacity` rows of it; `history` tokens of each sequence */
  async prepare(
    memory: GpuMemory,
    plans: readonly LaunchPlan[],
    rows: GPUBuffer,
    common: { readonly capacity: number; readonly history: number },
  ): Promise<Launch[]> {
    const compiled = await Promise.all(plans.map(({ kernel }) => this.#compile(kernel)));
    const uniforms = memory.uniform("parameters", Math.max(1, plans.length) * UNIFORM_ALIGNMENT);
    const words = new Int32Array((plans.length * UNIFORM_ALIGNMENT) / 4);
    plans.forEach((plan, index) => {
      words.set(parametersOf(plan, common), (index * UNIFORM_ALIGNMENT) / 4);
    });
    this.#device.queue.writeBuffer(uniforms, 0, words);
    return plans.map((plan, index) => {
      const { pipeline, layout } = compiled[index]!;
      const parameters = { buffer: uniforms, offset: index * UNIFORM_ALIGNMENT, size: UNIFORM_ALIGNMENT };
      const resources = [parameters, ...[rows, ...plan.buffers].map((buffer) => ({ buffer }))];
      const entries = resources.map((resource, binding) => ({ binding, resource }));
      const group = this.#device.createBindGroup({ label: plan.kernel.name, layout, entries });
      return { ...plan, pipeline, group };
    });
  }

  encode(pass: GPUComputePassEncoder, launch: Launch, size: StepSize): void {
    const { generating, kernel, parts, tiled, minimum = 1, maximum = Infinity } = launch;
    const rows = generating ? size.generating : size.rows;
    if (rows < minimum || rows > maximum || (launch.drawing && !size.draws)) return;
    const groups = Math.ceil(rows / kernel.rowsPerGroup) * parts * (tiled ? size.tiles : 1);
    const across = Math.min(groups, this.#widest);
    pass.setPipeline(launch.pipeline);
    pass.setBindGroup(0, launch.group);
    pass.dispatchWorkgroups(across, Math.ceil(groups / across));
  }

  #compile(kernel: Kernel): Promise<{ pipeline: GPUComputePipeline; layout: GPUBindGroupLayout }> {
    let compiled = this.#compiled.get(kernel.name);
    if (!compiled) {
      compiled = this.#compileNew(kernel);
      this.#compiled.set(kernel.name, compiled);
    }
    return compiled;
  }

  async #compileNew(kernel: Kernel): Promise<{ pipeline: GPUComputePipeline; layout: GPUBindGroupLayout }> {
    const { name, bindings } = kernel;
    const types: GPUBufferBindingType[] = [
      "uniform",
      "read-only-storage",
      ...bindings.map(({ writes }) => (writes ? ("storage" as const) : ("read-only-storage" as const))),
    ];
    const COMPUTE = 4; // GPUShaderStage.COMPUTE
    const layout = this.#device.createBindGroupLayout({
      label: name,
      entries: types.map((type, binding) => ({ binding, visibility: COMPUTE, buffer: { type } })),
    });
    const code = assemble(kernel, this.#subgroups);
    try {
      const pipeline = await this.#device.createComputePipelineAsync({
        label: name,
        layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: this.#device.createShaderModule({ label: name, code }), entryPoint: "main" },
      });
      return { pipeline, layout };
    } catch (cause) {
      throw new EngineError("GPU_FAILED", `The device does not compile the kernel "${name}".`, {
        remedy: "Update its driver, or compute on the processor.",
        details: { kernel: name },
        cause,
      });
    }
  }
}

function parametersOf(
  plan: LaunchPlan,
  shared: { readonly capacity: number; readonly history: number },
): number[] {
  const common: Record<string, number> = {
    phase: plan.generating ? 1 : 0,
    parts: plan.parts,
    tiled: plan.tiled ? 1 : 0,
    ...shared,
  };
  return [
    ...COMMON_PARAMETERS.map((declaration) => common[nameOf(declaration)]!),
    ...plan.kernel.parameters.map((declaration) => plan.parameters[nameOf(declaration)] ?? 0),
  ];
}

function nameOf(declaration: string): string {
  return declaration.slice(0, declaration.indexOf(":"));
}
