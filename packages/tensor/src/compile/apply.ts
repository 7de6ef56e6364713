import type { StepFunction, StepResult, TensorRecord } from './types.ts';

/** Why a function can't be compiled, in one sentence. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

/**
 * What the function gives for tensors of state and inputs.
 * @throws TraceError for an async function, whose results come after the call has ended.
 */
export function applyStep(fn: StepFunction, state: TensorRecord, inputs: TensorRecord): StepResult {
  const result: unknown = fn(state, inputs);
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new TraceError('the function is async: its results would come after the call has ended');
  }
  return result as StepResult;
}
