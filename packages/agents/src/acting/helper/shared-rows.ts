import { type ObservationArray, observationArrays, type StateSpec, stateSize } from '@qfleet/spaces';

/** Whose turn it is. `failed` is for good. */
const TURN = { idle: 0, asked: 1, done: 2, failed: 3 } as const;

/** Where the turn, and the number of rows asked for, stand. */
const TURN_AT = 0;
const ROWS_AT = 1;

/** The memory of which `SharedRows` are made, as it passes to another thread. */
export interface SharedMemory {
  readonly turn: SharedArrayBuffer;
  readonly states: SharedArrayBuffer;
  readonly values: SharedArrayBuffer;
}

/** Rows that one thread asks another to value, in memory that both have. */
export class SharedRows {
  readonly memory: SharedMemory;
  /** [rows, …stateShape] */
  readonly states: ObservationArray;
  /** [rows, actions] */
  readonly values: Float32Array;
  readonly #turn: Int32Array;

  /** @param rows at most. @param memory made by the other thread; left out: it is made. */
  constructor(spec: StateSpec, rows: number, memory?: SharedMemory) {
    const observations = observationArrays[spec.dtype];
    this.memory = memory ?? {
      turn: new SharedArrayBuffer(8),
      states: new SharedArrayBuffer(rows * stateSize(spec) * observations.BYTES_PER_ELEMENT),
      values: new SharedArrayBuffer(rows * spec.actions * 4),
    };
    this.#turn = new Int32Array(this.memory.turn);
    this.states = new observations(this.memory.states as unknown as ArrayBuffer);
    this.values = new Float32Array(this.memory.values);
  }

  /** Asks for the values of the first `rows` states. */
  ask(rows: number): void {
    this.#turn[ROWS_AT] = rows;
    this.#pass(TURN.asked);
  }

  /** Waits for the answer. @returns whether it came within so many milliseconds. */
  isAnswered(milliseconds: number): boolean {
    Atomics.wait(this.#turn, TURN_AT, TURN.asked, milliseconds);
    return Atomics.load(this.#turn, TURN_AT) === TURN.done;
  }

  /** Waits to be asked. @returns for how many rows. */
  asked(): number {
    for (;;) {
      const turn = Atomics.load(this.#turn, TURN_AT);
      if (turn === TURN.asked) return this.#turn[ROWS_AT];
      Atomics.wait(this.#turn, TURN_AT, turn);
    }
  }

  answer(): void {
    this.#pass(TURN.done);
  }

  fail(): void {
    this.#pass(TURN.failed);
  }

  #pass(turn: number): void {
    Atomics.store(this.#turn, TURN_AT, turn);
    Atomics.notify(this.#turn, TURN_AT);
  }
}
