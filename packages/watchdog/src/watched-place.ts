/** Int32 words, then Float64 words, of one watch: what two threads share. */
const INTEGERS = 6;
const FLOATS = 2;

const MOVES = 0;
const INSIDE = 1;
const SLOT = 2;
/** The watched thread has heard that it stands still. */
const HEARD = 4;
/** The watching thread has let go of it. */
const LET_GO = 5;

/** Where a watched thread is, and since how many moves: written by that thread, read by the one that watches. */
export class WatchedPlace {
  readonly memory: SharedArrayBuffer;
  readonly #integers: Int32Array;
  readonly #floats: Float64Array;

  constructor(memory = new SharedArrayBuffer(4 * INTEGERS + 8 * FLOATS)) {
    this.memory = memory;
    this.#integers = new Int32Array(memory, 0, INTEGERS);
    this.#floats = new Float64Array(memory, 4 * INTEGERS, FLOATS);
  }

  /** Plain stores: cheap enough for each step of an environment. */
  enter(slot: number, episode: number, step: number): void {
    this.#integers[SLOT] = slot;
    this.#floats[0] = episode;
    this.#floats[1] = step;
    this.#integers[INSIDE] = 1;
    this.#integers[MOVES]++;
  }

  leave(): void {
    this.#integers[INSIDE] = 0;
    this.#integers[MOVES]++;
  }

  /** Differs from one move to the next. */
  get moves(): number {
    return Atomics.load(this.#integers, MOVES);
  }

  get inside(): boolean {
    return Atomics.load(this.#integers, INSIDE) === 1;
  }

  get slot(): number {
    return this.#integers[SLOT];
  }

  get episode(): number {
    return this.#floats[0];
  }

  get step(): number {
    return this.#floats[1];
  }

  /** Called by the watched thread: tells that it listens, and waits until the other one has let go of it. */
  hear(patienceMs: number): void {
    Atomics.store(this.#integers, LET_GO, 0);
    Atomics.store(this.#integers, HEARD, 1);
    Atomics.notify(this.#integers, HEARD);
    Atomics.wait(this.#integers, LET_GO, 0, patienceMs);
  }

  /** Called by the watching thread. @returns whether the other one listened in time. */
  awaitHeard(patienceMs: number): boolean {
    const heard = Atomics.wait(this.#integers, HEARD, 0, patienceMs) !== 'timed-out';
    Atomics.store(this.#integers, HEARD, 0);
    return heard;
  }

  letGo(): void {
    Atomics.store(this.#integers, LET_GO, 1);
    Atomics.notify(this.#integers, LET_GO);
  }
}
