import { NumpyRandom, type Random } from '@qfleet/random';
import type { RowArrays, VectorEnvironment } from '../../vector-environment.ts';
import { type Game, LAST, OVER } from './game.ts';

/**
 * Many copies of one of MinAtar's games in one loop: their states lie in one array of integers, on which the game's rules
 * work as they do on the one state of `MinAtar`.
 */
export class MinAtarRows implements VectorEnvironment {
  /** It has none. */
  readonly failures: ReadonlyMap<number, unknown> = new Map();
  readonly #game: Game;
  readonly #size: number;
  readonly #actions: readonly number[];
  readonly #stickiness: number;
  readonly #streams: NumpyRandom[] = [];
  /** [rows, width], with room for more rows. */
  #states: Int32Array;
  #arrays: RowArrays | null = null;

  /**
   * @param size elements of an observation.
   * @param actions the six that the environment's own stand for.
   */
  constructor(game: Game, size: number, actions: readonly number[], stickiness: number) {
    this.#game = game;
    this.#size = size;
    this.#actions = actions;
    this.#stickiness = stickiness;
    this.#states = new Int32Array(8 * game.width);
  }

  get rows(): number {
    return this.#streams.length;
  }

  bind(arrays: RowArrays): void {
    this.#arrays = arrays;
  }

  add(random: Random): void {
    const { width } = this.#game;
    const at = this.rows * width;
    this.#streams.push(new NumpyRandom(random.next()));
    if (at === this.#states.length) {
      const states = this.#states;
      this.#states = new Int32Array(2 * states.length);
      this.#states.set(states);
    }
    // A row that has gone may have left its last action there.
    this.#states.fill(0, at, at + width);
  }

  remove(row: number): void {
    const { width } = this.#game;
    this.#streams.splice(row, 1);
    this.#states.copyWithin(row * width, (row + 1) * width);
  }

  reset(row: number): void {
    const game = this.#game;
    const { observations, stride } = this.#arrays!;
    game.reset(this.#states, row * game.width, this.#streams[row]);
    observations.fill(0, row * stride, row * stride + this.#size);
    game.draw(this.#states, row * game.width, observations, row * stride);
  }

  step(actions: Int32Array): void {
    const { observations, stride, rewards, terminated, truncated } = this.#arrays!;
    const game = this.#game;
    const own = this.#actions;
    const stickiness = this.#stickiness;
    const states = this.#states;
    const { rows } = this;
    const { width } = game;
    this.#clear();
    for (let row = 0, at = 0, to = 0; row < rows; row++, at += width, to += stride) {
      const random = this.#streams[row];
      if (random.uniform() >= stickiness) states[at + LAST] = own[actions[row]];
      rewards[row] = game.act(states, at, random, states[at + LAST]);
      terminated[row] = states[at + OVER];
      truncated[row] = 0;
      game.draw(states, at, observations, to);
    }
  }

  /** Zeroes all observations: at once, where nothing lies between them. */
  #clear(): void {
    const { observations, stride } = this.#arrays!;
    const size = this.#size;
    const { rows } = this;
    if (stride === size) observations.fill(0, 0, rows * size);
    else for (let row = 0, to = 0; row < rows; row++, to += stride) observations.fill(0, to, to + size);
  }

  close(): void {
    this.#streams.length = 0;
  }
}
