import type { InfoNumbers } from '@qfleet/rollout';

/** What greedy episodes on the parameters of one checkpoint gave. */
export interface EvaluationResult {
  /** The request's. */
  readonly id: string;
  readonly updates: number;
  /** The seed of its episodes. */
  readonly seed: number;
  /** Undiscounted, one an episode. */
  readonly returns: readonly number[];
  readonly mean: number;
  /** Population standard deviation. */
  readonly std: number;
  readonly seconds: number;
  /** Episodes among them that did not end by themselves; left out: none, or not known. */
  readonly cutShort?: number;
  /** Means of the numbers that the environment told in `info`, each episode's last; left out: none. */
  readonly info?: InfoNumbers;
}

/** The evaluation of the best checkpoint. */
export interface BestEvaluation extends EvaluationResult {
  /** On fresh episodes, where it had reached stop.solvedReturn. */
  readonly confirmation?: EvaluationResult;
}

/** What a run that is over is judged by: an evaluation of its best checkpoint by which that was not chosen. */
export interface FinalEvaluation extends EvaluationResult {
  /** The weights version of the checkpoint: with `updates` it tells that one from all others of the run. */
  readonly version: number;
}

/** The mean of returns and their population standard deviation. */
export function meanAndStd(returns: readonly number[]): { readonly mean: number; readonly std: number } {
  const mean = returns.reduce((sum, value) => sum + value, 0) / returns.length;
  const variance = returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / returns.length;
  return { mean, std: Math.sqrt(variance) };
}
