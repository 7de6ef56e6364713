import type { RunConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import type { NamedTensors } from '@qfleet/tensor';

/** A set of parameters to play greedily. */
export interface EvaluationRequest {
  /** Names the request within its run; its result has the same. */
  readonly id: string;
  /** Gradient updates behind the parameters: names the checkpoint. */
  readonly updates: number;
  readonly version: number;
  readonly parameters: NamedTensors;
  readonly episodes: number;
  readonly seed: number;
}

/** What a checkpoint gives to a request. */
type Evaluated = Pick<EvaluationRequest, 'updates' | 'version' | 'parameters'>;

/** Episodes on which a checkpoint's return is told at a run's end, and on which it is confirmed, at least. */
const HELD_OUT_EPISODES = 20;

/** The seed of the episodes by which checkpoints are compared while a run trains. */
const comparisonSeed = ({ seed }: RunConfig, updates: number): number =>
  Random.seed(seed, `evaluation ${updates}`);

/** The seed of fresh episodes for a checkpoint that reached the goal: luck would have to come twice. */
export const confirmationSeed = ({ seed }: RunConfig, updates: number): number =>
  Random.seed(seed, `confirmation ${updates}`);

/** The seed of episodes that no evaluation during training has played. */
export const heldOutSeed = ({ seed }: RunConfig): number => Random.seed(seed, 'final evaluation');

/** A request for these episodes. Versions rise over restarts: a checkpoint that is reached again has another id. */
export const requestOf = (
  { updates, version, parameters }: Evaluated,
  episodes: number,
  seed: number,
): EvaluationRequest => ({
  ...{ id: `evaluation-${updates}-${version}-${seed}` },
  ...{ updates, version, parameters, episodes, seed },
});

/** The evaluation by which a checkpoint is compared with others while a run trains. */
export const comparison = (config: RunConfig, checkpoint: Evaluated): EvaluationRequest =>
  requestOf(checkpoint, config.evaluation.episodes, comparisonSeed(config, checkpoint.updates));

/** Fresh episodes for a checkpoint that reached the run's goal. */
export const confirmation = (config: RunConfig, checkpoint: Evaluated): EvaluationRequest =>
  requestOf(
    checkpoint,
    Math.max(config.evaluation.episodes, HELD_OUT_EPISODES),
    confirmationSeed(config, checkpoint.updates),
  );

/** The last evaluation of a run, on episodes by which no checkpoint was chosen. */
export const lastEvaluation = (config: RunConfig, checkpoint: Evaluated): EvaluationRequest =>
  requestOf(checkpoint, HELD_OUT_EPISODES, heldOutSeed(config));
