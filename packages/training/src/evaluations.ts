import type { RunConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
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
  /** The seed of its episodes. */
  readonly seed: number;
  /** Undiscounted, one an episode. */
  readonly returns: readonly number[];
  readonly mean: number;
  /** Population standard deviation. */
  readonly std: number;
  readonly seconds: number;
}

/** Episodes on which a checkpoint's return is told at a run's end, and on which it is confirmed, at least. */
export const HELD_OUT_EPISODES = 20;

/** The seed of the episodes by which checkpoints are compared while a run trains. */
export const evaluationSeed = ({ seed }: RunConfig, updates: number): number =>
  Random.seed(seed, `evaluation ${updates}`);

/** The seed of fresh episodes for a checkpoint that reached the goal: luck would have to come twice. */
export const confirmationSeed = ({ seed }: RunConfig, updates: number): number =>
  Random.seed(seed, `confirmation ${updates}`);

/** The mean of returns and their population standard deviation. */
export function meanAndStd(returns: readonly number[]): { readonly mean: number; readonly std: number } {
  const mean = returns.reduce((sum, value) => sum + value, 0) / returns.length;
  const variance = returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / returns.length;
  return { mean, std: Math.sqrt(variance) };
}

/** Where checkpoints are evaluated, out of the learner's way. Implementations: in process, BullMQ jobs. */
export interface Evaluations {
  request(request: EvaluationRequest): Promise<void>;
  /** The updates of requests that were given up for newer ones since the last call: their results will not come. */
  takeAbandoned(): number[];
  /** The results that came since the last call, in the order they came. */
  results(): Promise<EvaluationResult[]>;
}
