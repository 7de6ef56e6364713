import type { RunDirectory } from '@qfleet/report';
import type { EpisodeSummary } from '@qfleet/rollout';
import type { EvaluationResult, Trainer } from '@qfleet/training';
import { trainSingle } from '../single.ts';
import { type Progress, RateMeter } from './progress.ts';
import { type Session, type SessionEnd, stopReasonOf } from './session.ts';

const LAST_EPISODES = 100;
/** Seconds of training between two rows of metrics. */
const ROW_SECONDS = 1;

/** Trains in this process, with the progress and the files that a fleet's run has. */
export async function trainInProcess(session: Session): Promise<SessionEnd> {
  const { directory, display, signal, resume } = session;
  directory.lock();
  try {
    const recorder = new Recorder(directory);
    const { stopReason } = await trainSingle({
      config: directory.config,
      checkpoints: directory.checkpoints,
      resume,
      signal,
      onProgress: (trainer, steps, episodes) => display.update(recorder.take(trainer, steps, episodes)),
    });
    recorder.flush();
    return { stopReason: stopReasonOf(stopReason), failure: null, restarts: 0 };
  } finally {
    directory.unlock();
  }
}

/** Keeps metrics.jsonl, and sums up what the display shows. */
class Recorder {
  readonly #directory: RunDirectory;
  readonly #meter = new RateMeter();
  readonly #returns: number[] = [];
  #last: { trainer: Trainer; steps: number } | null = null;
  #episodes: number;
  #epsilons: readonly [number, number] | null = null;
  #rowAt = Number.NEGATIVE_INFINITY;
  #written: EvaluationResult | null = null;

  constructor(directory: RunDirectory) {
    this.#directory = directory;
    this.#episodes = directory.readMetrics().at(-1)?.episodes ?? 0;
  }

  take(trainer: Trainer, steps: number, episodes: readonly EpisodeSummary[]): Progress {
    this.#last = { trainer, steps };
    this.#episodes += episodes.length;
    this.#returns.push(...episodes.map((episode) => episode.return));
    this.#returns.splice(0, this.#returns.length - LAST_EPISODES);
    const epsilons = episodes.map((episode) => episode.epsilon);
    if (epsilons.length > 0) this.#epsilons = [Math.min(...epsilons), Math.max(...epsilons)];
    const { seconds, updates, lastEvaluation, replay } = trainer;
    if (seconds - this.#rowAt >= ROW_SECONDS || lastEvaluation !== this.#written) this.flush();
    return {
      seconds,
      steps,
      updates,
      ...this.#meter.add(seconds, steps, updates),
      meanReturn: mean(this.#returns),
      evaluation: lastEvaluation?.mean ?? null,
      epsilon: this.#epsilons,
      replayTransitions: replay.standing?.transitions ?? 0,
      actors: 1,
    };
  }

  /** Writes a row now. */
  flush(): void {
    if (this.#last === null) return;
    const { trainer, steps } = this.#last;
    const { seconds, updates, stats, lastEvaluation } = trainer;
    this.#directory.appendMetrics({
      time: seconds,
      steps,
      updates,
      episodes: this.#episodes,
      meanReturn: mean(this.#returns),
      returnStd: deviation(this.#returns),
      epsilon: this.#epsilons === null ? null : (this.#epsilons[0] + this.#epsilons[1]) / 2,
      loss: stats?.loss ?? null,
      meanAbsTdError: stats?.meanAbsTdError ?? null,
      meanQ: stats?.meanQ ?? null,
      replayTransitions: trainer.replay.standing?.transitions ?? 0,
      ...(lastEvaluation === null || lastEvaluation === this.#written
        ? {}
        : {
            evaluation: {
              updates: lastEvaluation.updates,
              mean: lastEvaluation.mean,
              std: lastEvaluation.std,
              episodes: lastEvaluation.returns.length,
            },
          }),
    });
    this.#rowAt = seconds;
    this.#written = lastEvaluation;
  }
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Population standard deviation. */
function deviation(values: readonly number[]): number | null {
  const centre = mean(values);
  return centre === null ? null : Math.sqrt(mean(values.map((value) => (value - centre) ** 2))!);
}
