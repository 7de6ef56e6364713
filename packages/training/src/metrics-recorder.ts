import type { MetricsRow, RunDirectory } from '@qfleet/report';
import type { EvaluationResult } from './evaluations.ts';
import type { Trainer } from './trainer.ts';

/** What is recorded of a finished training episode. */
export interface RecordedEpisode {
  readonly return: number;
  readonly epsilon: number;
}

const LAST_EPISODES = 100;
/** Seconds of training between two rows. */
const ROW_SECONDS = 1;

/** Keeps a run's `metrics.jsonl`: a row a second, and one for each evaluation. */
export class MetricsRecorder {
  readonly #directory: RunDirectory;
  readonly #last: RecordedEpisode[] = [];
  #episodes: number;
  #rowAt = Number.NEGATIVE_INFINITY;

  /** @param directory locked by the caller; its rows of earlier sessions are counted on. */
  constructor(directory: RunDirectory) {
    this.#directory = directory;
    this.#episodes = directory.readMetrics().at(-1)?.episodes ?? 0;
  }

  /** Mean return of the last training episodes, 100 at most; null: none yet. */
  get meanReturn(): number | null {
    return mean(this.#last.map((episode) => episode.return));
  }

  /** Lowest and highest ε of the same episodes; null: none yet. */
  get epsilons(): readonly [number, number] | null {
    const epsilons = this.#last.map(({ epsilon }) => epsilon);
    return epsilons.length === 0 ? null : [Math.min(...epsilons), Math.max(...epsilons)];
  }

  addEpisodes(episodes: readonly RecordedEpisode[]): void {
    this.#episodes += episodes.length;
    this.#last.push(...episodes.slice(-LAST_EPISODES));
    this.#last.splice(0, this.#last.length - LAST_EPISODES);
  }

  /** Writes a row where one is due. */
  tick(trainer: Trainer): void {
    if (trainer.seconds - this.#rowAt >= ROW_SECONDS) this.write(trainer);
  }

  /** Writes a row now. */
  write(trainer: Trainer, evaluation?: EvaluationResult): void {
    const { seconds, steps, updates, stats, replay } = trainer;
    const returns = this.#last.map((episode) => episode.return);
    const row: MetricsRow = {
      time: seconds,
      steps,
      updates,
      episodes: this.#episodes,
      meanReturn: mean(returns),
      returnStd: deviation(returns),
      epsilon: mean(this.#last.map(({ epsilon }) => epsilon)),
      loss: finite(stats?.loss),
      meanAbsTdError: finite(stats?.meanAbsTdError),
      meanQ: finite(stats?.meanQ),
      replayTransitions: replay.size,
    };
    this.#directory.appendMetrics(
      evaluation
        ? {
            ...row,
            evaluation: {
              updates: evaluation.updates,
              mean: evaluation.mean,
              std: evaluation.std,
              episodes: evaluation.returns.length,
            },
          }
        : row,
    );
    this.#rowAt = seconds;
  }
}

/** Null for what was not measured, or overflowed. */
const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Population standard deviation. */
function deviation(values: readonly number[]): number | null {
  const centre = mean(values);
  return centre === null ? null : Math.sqrt(mean(values.map((value) => (value - centre) ** 2)) ?? 0);
}
