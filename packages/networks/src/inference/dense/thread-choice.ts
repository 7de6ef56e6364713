/** What a choice asks of its surroundings. */
export interface Surroundings {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Starts to count processors that nobody uses; the result tells how many there were since. */
  watchFreeCores(): () => number;
  /** Sees to it that `count` helpers come; tells how many are there. */
  helpers(count: number): number;
}

/** Milliseconds of computing alone before it is asked whether help would pay. */
const WINDOW = 200;
/** The least share of time that the calls must take for help to matter. */
const SHARE = 0.1;
/** Calls of each number of threads in a trial. */
const ROUNDS = 32;
/** Fewer threads are taken where they are slower by no more than this. */
const TOLERANCE = 1.15;
/** Milliseconds until a result is doubted again: the first ones, and the most. */
const PAUSES = { first: 10_000, most: 120_000 };

/**
 * How many threads compute vectors of one size: found by timing the calls themselves, while they are at work.
 *
 * First the caller computes alone for a while. If that takes a good part of its time while processors are free, helpers
 * are started, and numbers of threads are tried alternately; the one with the smallest median stays. The load of the
 * machine changes, so it all begins again after a pause, which grows while the result stays the same. Results don't
 * depend on the number of threads, so a run is the same whatever is chosen.
 */
export class ThreadChoice {
  readonly #most: number;
  readonly #surroundings: Surroundings;
  #state: Watching | Trying | Settled;
  #pause = PAUSES.first;
  #chosen = 1;

  /** @param most threads that can share the work. */
  constructor(most: number, surroundings: Surroundings) {
    this.#most = most;
    this.#surroundings = surroundings;
    this.#state = this.#watch();
  }

  /** Threads for the next call, which `took` is then told about. */
  threads(): number {
    const state = this.#state;
    if (state.kind === 'settled') return state.threads;
    return state.kind === 'trying' ? state.candidates[state.call % state.candidates.length] : 1;
  }

  /** The call that began at `start` has ended. */
  took(start: number): void {
    const now = this.#surroundings.now();
    const state = this.#state;
    if (state.kind === 'settled') {
      if (now >= state.until) this.#state = this.#watch();
    } else if (state.kind === 'watching') {
      state.busy += now - start;
      if (now - state.since >= WINDOW) this.#judge(state, now);
    } else {
      const { candidates, times } = state;
      times[state.call % candidates.length].push(now - start);
      state.call++;
      if (state.call === ROUNDS * candidates.length) this.#settle(best(candidates, times), now);
    }
  }

  #watch(): Watching {
    const since = this.#surroundings.now();
    return { kind: 'watching', since, busy: 0, freeCores: this.#surroundings.watchFreeCores(), most: null };
  }

  #judge(state: Watching, now: number): void {
    if (state.most === null) {
      const worth = state.busy >= SHARE * (now - state.since);
      state.most = worth ? Math.min(this.#most, 1 + Math.round(state.freeCores())) : 1;
    }
    const there = 1 + this.#surroundings.helpers(state.most - 1);
    const late = now - state.since >= 10 * WINDOW;
    if (there < state.most && !late) return;
    const most = Math.min(state.most, there);
    const candidates = [1, 2, 4, 8].filter((threads) => threads <= most);
    if (candidates.length === 1) this.#settle(1, now);
    else this.#state = { kind: 'trying', candidates, times: candidates.map(() => []), call: 0 };
  }

  #settle(threads: number, now: number): void {
    this.#pause = threads === this.#chosen ? Math.min(2 * this.#pause, PAUSES.most) : PAUSES.first;
    this.#chosen = threads;
    this.#state = { kind: 'settled', threads, until: now + this.#pause };
  }
}

interface Watching {
  readonly kind: 'watching';
  readonly since: number;
  /** Milliseconds in calls. */
  busy: number;
  readonly freeCores: () => number;
  /** Threads that may be tried; null before the window is over. */
  most: number | null;
}

interface Trying {
  readonly kind: 'trying';
  readonly candidates: readonly number[];
  /** Milliseconds of each call, by candidate. */
  readonly times: readonly number[][];
  call: number;
}

interface Settled {
  readonly kind: 'settled';
  readonly threads: number;
  readonly until: number;
}

function best(candidates: readonly number[], times: readonly number[][]): number {
  const medians = times.map((all) => all.toSorted((a, b) => a - b)[all.length >> 1]);
  const fastest = Math.min(...medians);
  return candidates[medians.findIndex((median) => median <= TOLERANCE * fastest)];
}
