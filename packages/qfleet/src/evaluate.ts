import { checkpointOf, type Which } from '@qfleet/policy';
import { RunDirectory } from '@qfleet/report';
import { EvaluationPlayer, heldOutSeed, requestOf } from '@qfleet/training';
import { RunError } from './run-error.ts';

/** What `evaluate` may be told. */
export interface EvaluateOptions {
  /** How many episodes. Default: 20. */
  readonly episodes?: number | undefined;
  /** The seed of the episodes. Default: one that training never uses. */
  readonly seed?: number | undefined;
  /** Default: `best`. */
  readonly checkpoint?: Which | undefined;
}

/** Greedy episodes. */
export interface Evaluation {
  /** Undiscounted, in the order of the episodes. */
  readonly returns: readonly number[];
  readonly mean: number;
  readonly std: number;
  /** Gradient updates behind the checkpoint. */
  readonly updates: number;
}

/** As `evaluate` of the package's face. */
export async function evaluate(path: string, options: EvaluateOptions = {}): Promise<Evaluation> {
  const { episodes = 20, checkpoint: which } = options;
  if (!Number.isSafeInteger(episodes) || episodes < 1) {
    throw new RunError(`The number of episodes must be a positive integer, and it is ${episodes}.`);
  }
  const directory = RunDirectory.open(path);
  const checkpoint = await checkpointOf(directory, { checkpoint: which });
  if (checkpoint === null)
    throw new RunError(`${path} has no checkpoint yet: resume the run until it has one.`);
  const player = await EvaluationPlayer.create(directory.config);
  const request = requestOf(checkpoint, episodes, options.seed ?? heldOutSeed(directory.config));
  // Nothing cancels it.
  const { returns, mean, std, updates } = (await player.play(request))!;
  return { returns, mean, std, updates };
}
