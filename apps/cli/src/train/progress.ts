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

/** What ends a run: the share of it that is done, and the seconds that are left. */
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

/** The rate of one counter that is read now and then, over a sliding window. */
class Rate {
  readonly #window: number;
  readonly #samples: { readonly at: number; readonly count: number }[] = [];

  constructor(window: number) {
    this.#window = window;
  }

  add(at: number, count: number): number {
    const samples = this.#samples;
    const last = samples.at(-1);
    // It went back to a checkpoint, or its first reading came late: no work was done at that rate.
    if (last !== undefined && (count < last.count || last.count === 0)) samples.length = 0;
    samples.push({ at, count });
    while (samples.length > 2 && at - samples[1].at >= this.#window) samples.shift();
    const [first] = samples;
    return at > first.at ? (count - first.count) / (at - first.at) : 0;
  }
}

/** Rates of counters that are read now and then, over a sliding window; a counter that restarts, restarts its rate. */
export class RateMeter {
  readonly #steps: Rate;
  readonly #updates: Rate;

  /** @param window in seconds. */
  constructor(window = 5) {
    this.#steps = new Rate(window);
    this.#updates = new Rate(window);
  }

  /** Takes a reading (`at` in seconds) and gives the rates a second over the window. */
  add(at: number, steps: number, updates: number): { stepsPerSecond: number; updatesPerSecond: number } {
    return { stepsPerSecond: this.#steps.add(at, steps), updatesPerSecond: this.#updates.add(at, updates) };
  }
}
