import type { NamedTensors } from '@qfleet/tensor';

/** A set of parameters to play greedily. */
export interface EvaluationRequest {
  /** Gradient updates behind the parameters: names the checkpoint. */
  readonly updates: number;
  readonly version: number;
  readonly parameters: NamedTensors;
  readonly episodes: number;
  readonly seed: number;
}

export interface EvaluationResult {
  readonly updates: number;
  /** Undiscounted, one an episode. */
  readonly returns: readonly number[];
  readonly mean: number;
  /** Population standard deviation. */
  readonly std: number;
  readonly seconds: number;
}

/** The mean of returns and their population standard deviation. */
export function meanAndStd(returns: readonly number[]): { readonly mean: number; readonly std: number } {
  const mean = returns.reduce((sum, value) => sum + value, 0) / returns.length;
  const variance = returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / returns.length;
  return { mean, std: Math.sqrt(variance) };
}

/** Where checkpoints are evaluated, out of the learner's way. Implementations: in process, BullMQ jobs. */
export interface Evaluations {
  request(request: EvaluationRequest): Promise<void>;
  /** The results that came since the last call, in the order they came. */
  results(): Promise<EvaluationResult[]>;
}
