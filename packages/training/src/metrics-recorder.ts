import { type MetricsRow, type RunDirectory, StorageError } from '@qfleet/report';
import type { InfoNumbers } from '@qfleet/rollout';
import type { EvaluationResult } from './evaluation/result.ts';
import type { Trainer } from './trainer.ts';

/** What a row tells of training episodes. Means are of the last ones; null: none yet. */
export interface EpisodeFigures {
  /** Finished in the whole run. */
  readonly episodes: number;
  readonly meanReturn: number | null;
  readonly returnStd: number | null;
  readonly epsilon: number | null;
  /** Means of what they told in `info`; left out: nothing. */
  readonly info?: InfoNumbers;
}

/** Rows that wait for room on a disk, at most: those of a day. */
const MOST_WAITING = 100_000;
/** Seconds of training between two rows. */
const ROW_SECONDS = 1;

/** Keeps a run's `metrics.jsonl`: a row a second, and one for each evaluation. */
export class MetricsRecorder {
  /** As the rows to come tell them: kept up by the owner. */
  episodes: EpisodeFigures;
  readonly #directory: RunDirectory;
  /** What names each evaluation that has a row. */
  readonly #evaluations: Set<string>;
  readonly #warn: (message: string) => void;
  /** Rows that could not be written yet. */
  readonly #waiting: MetricsRow[] = [];
  #isFull = false;
  #rowAt = Number.NEGATIVE_INFINITY;

  /**
   * @param directory locked by the caller; its rows of earlier sessions are counted on.
   * @param warn told, in one sentence, of rows that were lost.
   */
  constructor(directory: RunDirectory, warn: (message: string) => void) {
    this.#directory = directory;
    this.#warn = warn;
    const damaged = mended(directory);
    if (damaged > 0) {
      const what = damaged === 1 ? 'a line' : `${damaged} lines`;
      warn(`A crash or a full disk had cut ${what} of ${directory.path}/metrics.jsonl short: cleared.`);
    }
    const rows = directory.readMetrics();
    const episodes = rows.at(-1)?.episodes ?? 0;
    this.episodes = { episodes, meanReturn: null, returnStd: null, epsilon: null };
    this.#evaluations = new Set(rows.flatMap(({ evaluation }) => (evaluation ? nameOf(evaluation) : [])));
  }

  /** Writes a row where one is due. */
  tick(trainer: Trainer): void {
    if (trainer.seconds - this.#rowAt >= ROW_SECONDS) this.write(trainer);
  }

  /** Writes a row now, unless the evaluation has one: a learner that starts again hears of it once more. */
  write(trainer: Trainer, result?: EvaluationResult): void {
    const evaluation = result && {
      updates: result.updates,
      mean: result.mean,
      std: result.std,
      episodes: result.returns.length,
      ...(result.info === undefined ? {} : { info: result.info }),
    };
    if (evaluation !== undefined) {
      const name = nameOf(evaluation);
      if (this.#evaluations.has(name)) return;
      this.#evaluations.add(name);
    }
    const { seconds, steps, updates, stats, replay } = trainer;
    const row: MetricsRow = {
      time: seconds,
      steps,
      updates,
      ...this.episodes,
      loss: finite(stats?.numbers['loss']),
      meanAbsTdError: finite(stats?.numbers['meanAbsTdError']),
      meanQ: finite(stats?.numbers['meanQ']),
      replayTransitions: replay?.size ?? 0,
    };
    this.#waiting.push(evaluation ? { ...row, evaluation } : row);
    this.#rowAt = seconds;
    this.#append();
  }

  /** Rows wait for room on a full disk; messages say when they begin to wait, and when they no longer do. */
  #append(): void {
    try {
      for (let row = this.#waiting[0]; row !== undefined; row = this.#waiting[0]) {
        this.#directory.appendMetrics(row);
        this.#waiting.shift();
      }
      this.#isFull = false;
    } catch (error) {
      if (!(error instanceof StorageError && error.isFull)) throw error;
      if (!this.#isFull) this.#warn(`${error.message} Its rows wait for that.`);
      this.#isFull = true;
      this.#waiting.splice(0, this.#waiting.length - MOST_WAITING);
    }
  }
}

/** Lines that were cut short and are cleared now; on a full disk they stay until there is room. */
function mended(directory: RunDirectory): number {
  try {
    return directory.mendMetrics();
  } catch (error) {
    if (error instanceof StorageError && error.isFull) return 0;
    throw error;
  }
}

/** The same checkpoint is evaluated again only where training came to it anew, and then differs. */
const nameOf = ({ updates, mean, std }: NonNullable<MetricsRow['evaluation']>): string =>
  `${updates} ${mean} ${std}`;

/** Null for what was not measured, or overflowed. */
const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
