import { constant } from "../operators/definition.ts";
import { LOGIT_CHUNK, samplingNumbers, THRESHOLD_BITS, type SamplingNumbers } from "../operators/sampling.ts";
import type { Operator } from "../program/program.ts";
import { withDefaults } from "../run/session.ts";
import type { TableTensor } from "../tensors/tensor.ts";
import type { Machine, Place, Step } from "./step.ts";
import { int32, int64 } from "./values.ts";

/** The factor that leaves a logit as it is. */
const ONE = 2 ** 16;

/** The operator `sample`. What the request does not ask for is not computed: a plain greedy choice is one pass over the logits. */
export function runSample(machine: Machine, step: Step, place: Place): void {
  const { operator, request } = step;
  const { kernels } = machine.memory;
  const { winners, best } = machine.layout.sampling!;
  const vocabulary = constant(operator, 0);
  const { parameters, generated } = withDefaults(request);
  const stopTokens = listOf(machine, operator.tensors[1]);
  const numbers = samplingNumbers(parameters, stopTokens, place.position, generated);
  const values = adjustedLogits(machine, operator, place, numbers);
  kernels.winners(values, vocabulary, winners, best);
  const [output] = place.output;
  const observe = step.observe && step.observe.bind(step, place.slot);
  if (observe) {
    observe("winners", int32(machine, winners, 2 * Math.ceil(vocabulary / LOGIT_CHUNK)));
    observe("best", int32(machine, best, 2));
  }
  if (numbers.greedy) new Int32Array(machine.buffer, output, 1).set(int32(machine, best, 1));
  else drawToken(machine, operator, values, numbers, output, observe);
  observe?.("output", int32(machine, output, 1));
}

/** Address of the logits that are chosen from: the model's own where nothing changes them. */
function adjustedLogits(
  machine: Machine,
  operator: Operator,
  place: Place,
  numbers: SamplingNumbers,
): number {
  const { shrink, grow, excluded } = numbers;
  const [logits] = place.input(0);
  if (shrink === ONE && grow === ONE && excluded.length === 0) return logits;
  const { caches, tables, sampling } = machine.layout;
  const seen = caches.get(operator.inputs[1]!)!.address;
  const stops = excluded.length > 0 ? tables.get(operator.tensors[1]!)!.address : 0;
  const vocabulary = constant(operator, 0);
  const { adjusted } = sampling!;
  machine.memory.kernels.adjust(logits, vocabulary, seen, shrink, grow, stops, excluded.length, adjusted);
  return adjusted;
}

function drawToken(
  machine: Machine,
  operator: Operator,
  values: number,
  { scale, share, topK, random }: SamplingNumbers,
  output: number,
  observe: ((section: string, values: Int32Array | BigInt64Array) => void) | undefined,
): void {
  const { kernels } = machine.memory;
  const { best, weights, masses, target, candidates, threshold, counted, thresholds, kept, drawn } =
    machine.layout.sampling!;
  const vocabulary = constant(operator, 0);
  const chunks = Math.ceil(vocabulary / LOGIT_CHUNK);
  const table = machine.layout.tables.get(operator.tensors[0]!)!.address;
  kernels.weigh(values, vocabulary, best, scale, share, table, weights, masses, target);
  kernels.threshold(weights, vocabulary, topK, target, candidates, threshold);
  kernels.draw(weights, vocabulary, threshold, random, kept, drawn, output);
  if (!observe) return;
  observe("weights", int32(machine, weights, vocabulary));
  observe("masses", int64(machine, masses, chunks));
  observe("target", int64(machine, target, 1));
  kernels.thresholds(weights, vocabulary, topK, target, counted, thresholds);
  for (const [index, bit] of THRESHOLD_BITS.entries()) {
    observe(`counted${bit}`, int64(machine, counted + 16 * chunks * index, 2 * chunks));
    observe(`threshold${bit}`, int32(machine, thresholds + 4 * index, 1));
  }
  observe("kept", int64(machine, kept, chunks));
  observe("draw", int64(machine, drawn, 2));
}

/** A list of tokens; empty where the operator has none. */
export function listOf(machine: Machine, tensor: number | undefined): Int32Array {
  return tensor === undefined ? new Int32Array() : (machine.model.tensors[tensor] as TableTensor).values;
}
