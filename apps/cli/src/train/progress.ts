import type { RunConfig } from '@qfleet/config';

/** How a run stands: what `train`, `resume` and `--single` show while they train. */
export interface Progress {
  /** Seconds of training so far, over all of the run's sessions. */
  readonly seconds: number;
  readonly steps: number;
  readonly updates: number;
  /** Rates over the last few seconds. */
  readonly stepsPerSecond: number;
  readonly updatesPerSecond: number;
  /** Mean return of the last episodes that actors finished; null before the first. */
  readonly meanReturn: number | null;
  /** Mean return of the newest evaluation; null before the first. */
  readonly evaluation: number | null;
  /** The lowest and the highest ε that is played now. */
  readonly epsilon: readonly [number, number] | null;
  readonly replayTransitions: number;
  readonly actors: number;
}

/** What ends a run, nearest first to come: the share of it that is done and the seconds that are left. */
export interface Budget {
  readonly name: 'updates' | 'steps' | 'seconds';
  readonly limit: number;
  readonly done: number;
  /** null where nothing moves yet. */
  readonly secondsLeft: number | null;
}

/** The budget that ends the run first at the present rates; null where the run has none. */
export function nearestBudget(progress: Progress, stop: RunConfig['stop']): Budget | null {
  const candidates: Budget[] = [];
  const add = (name: Budget['name'], limit: number | null, done: number, rate: number): void => {
    if (limit === null) return;
    const left = Math.max(0, limit - done);
    candidates.push({
      name,
      limit,
      done: Math.min(1, done / limit),
      secondsLeft: rate > 0 ? left / rate : null,
    });
  };
  add('updates', stop.maxUpdates, progress.updates, progress.updatesPerSecond);
  add('steps', stop.maxSteps, progress.steps, progress.stepsPerSecond);
  add('seconds', stop.maxSeconds, progress.seconds, 1);
  const order = (budget: Budget): number => budget.secondsLeft ?? Number.POSITIVE_INFINITY;
  return candidates.sort((a, b) => order(a) - order(b))[0] ?? null;
}

interface Sample {
  readonly at: number;
  readonly steps: number;
  readonly updates: number;
}

/** Rates of counters that are read now and then, over a sliding window. */
export class RateMeter {
  readonly #window: number;
  readonly #samples: Sample[] = [];

  /** @param window in seconds. */
  constructor(window = 5) {
    this.#window = window;
  }

  /** Takes a reading (`at` in seconds) and gives the rates a second over the window. */
  add(at: number, steps: number, updates: number): { stepsPerSecond: number; updatesPerSecond: number } {
    this.#samples.push({ at, steps, updates });
    while (this.#samples.length > 2 && at - this.#samples[1].at >= this.#window) this.#samples.shift();
    const first = this.#samples[0];
    const seconds = at - first.at;
    if (seconds <= 0) return { stepsPerSecond: 0, updatesPerSecond: 0 };
    return {
      stepsPerSecond: (steps - first.steps) / seconds,
      updatesPerSecond: (updates - first.updates) / seconds,
    };
  }
}
