import type { MetricsRow, RunDirectory } from '@qfleet/report';
import type { EvaluationResult } from './evaluations.ts';
import type { Trainer } from './trainer.ts';

/** What a row tells of training episodes. Means are of the last ones; null: none yet. */
export interface EpisodeFigures {
  /** Finished in the whole run. */
  readonly episodes: number;
  readonly meanReturn: number | null;
  readonly returnStd: number | null;
  readonly epsilon: number | null;
}

/** Seconds of training between two rows. */
const ROW_SECONDS = 1;

/** Keeps a run's `metrics.jsonl`: a row a second, and one for each evaluation. */
export class MetricsRecorder {
  /** As the rows to come tell them: kept up by the owner. */
  episodes: EpisodeFigures;
  readonly #directory: RunDirectory;
  #rowAt = Number.NEGATIVE_INFINITY;

  /** @param directory locked by the caller; its rows of earlier sessions are counted on. */
  constructor(directory: RunDirectory) {
    this.#directory = directory;
    const episodes = directory.readMetrics().at(-1)?.episodes ?? 0;
    this.episodes = { episodes, meanReturn: null, returnStd: null, epsilon: null };
  }

  /** Writes a row where one is due. */
  tick(trainer: Trainer): void {
    if (trainer.seconds - this.#rowAt >= ROW_SECONDS) this.write(trainer);
  }

  /** Writes a row now. */
  write(trainer: Trainer, evaluation?: EvaluationResult): void {
    const { seconds, steps, updates, stats, replay } = trainer;
    const row: MetricsRow = {
      time: seconds,
      steps,
      updates,
      ...this.episodes,
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
