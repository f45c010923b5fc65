import type { GenerationParameters } from "../commitments/generation.ts";
import type { SectionValues, Step, Value } from "../operators/definition.ts";
import { OPERATORS } from "../operators/index.ts";
import type { OperatorKind } from "../program/program.ts";
import type { RowTensor, TableTensor, Tensor } from "../tensors/tensor.ts";

export interface OperatorRun {
  readonly constants?: readonly number[];
  readonly inputs?: readonly Value[];
  /** Outputs at all positions up to this one, of the input that is read at earlier positions. */
  readonly history?: readonly Value[];
  readonly previous?: Value;
  readonly tensors?: readonly Tensor[];
  readonly position?: number;
  readonly token?: number;
  readonly generated?: number;
  readonly parameters?: GenerationParameters;
  readonly startOffset?: number;
}

/** Executes one operator on its own and collects its trace. */
export function runOperator(
  kind: OperatorKind,
  run: OperatorRun,
): { output: Value; sections: Record<string, SectionValues> } {
  const { constants = [], inputs = [], history = [], tensors = [] } = run;
  const sections: Record<string, SectionValues> = {};
  const step: Step = {
    operator: {
      kind,
      name: "",
      phase: "always",
      inputs: inputs.map((_, i) => i),
      tensors: tensors.map((_, i) => i),
      constants,
    },
    position: run.position ?? 0,
    token: run.token ?? 0,
    input: (index) => inputs[index]!,
    history: (_, position) => history[position]!,
    previous: () => run.previous,
    rows: (index) => tensors[index] as RowTensor,
    table: (index) => tensors[index] as TableTensor,
    generated: run.generated ?? 1,
    parameters: run.parameters ?? { maxTokens: Infinity },
    startOffset: run.startOffset ?? 0,
    observe: (section, values) => {
      sections[section] = values;
    },
  };
  return { output: OPERATORS[kind].execute(step), sections };
}
