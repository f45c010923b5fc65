import { OPERATORS } from "../operators/index.ts";
import type { Program } from "./program.ts";

/**
 * Multiply-adds of one position with every operator active, without attention, whose work grows with the context:
 * the rows × columns of all linear operators. The unit of prices and of dispute clocks.
 */
export function workPerPosition(program: Program): bigint {
  return program.operators.reduce((sum, operator) => {
    return sum + BigInt(OPERATORS[operator.kind].work?.(operator) ?? 0);
  }, 0n);
}
