import type { Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import { channelPicture } from '../drawing/grid.ts';
import type { Picture } from '../drawing/picture.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../environment.ts';

/** Up, right, down, left: as (row, column). */
const moves = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
] as const;

// Channels of an observation.
const [HEAD, BODY, TAIL, FOOD] = [0, 1, 2, 3];
const CHANNELS = 4;
const names = ['head', 'body', 'tail', 'food'];

/** The least a snake has: a head, a neck and a tail. */
const LENGTH = 3;

class Snake implements Environment {
  readonly #random: Random;
  readonly #size: number;
  /** Its cells from the tail to the head, each row × size + column. */
  readonly #body: number[] = [];
  /** A cell; −1: the snake fills the board. */
  #food = -1;

  constructor(random: Random, size: number) {
    this.#random = random;
    this.#size = size;
  }

  reset(observation: ObservationArray): void {
    const middle = Math.floor(this.#size / 2) * (this.#size + 1);
    this.#body.length = 0;
    for (let cell = middle - LENGTH + 1; cell <= middle; cell++) this.#body.push(cell);
    this.#placeFood();
    this.#observe(observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const body = this.#body;
    const next = this.#neighbour(action);
    const eats = next === this.#food;
    // The tail, at index 0, leaves its cell as the head enters the next one.
    const dies = next < 0 || body.indexOf(next) > 0;
    if (!dies) {
      body.push(next);
      if (eats) this.#placeFood();
      else body.shift();
    }
    this.#observe(observation);
    outcome.reward = dies ? -1 : eats ? 1 : 0;
    outcome.terminated = dies || this.#food < 0;
    outcome.truncated = false;
  }

  /** It cannot turn back on its own neck. */
  mask(mask: Uint8Array): void {
    const neck = this.#body[this.#body.length - 2];
    for (let action = 0; action < moves.length; action++)
      mask[action] = this.#neighbour(action) === neck ? 0 : 1;
  }

  setState(state: unknown, observation: ObservationArray): void {
    const [food, ...cells] = takeSnake(state, this.#size);
    this.#food = food;
    this.#body.splice(0, this.#body.length, ...cells.reverse());
    this.#observe(observation);
  }

  getState(): number[] {
    return [this.#food, ...this.#body.toReversed()];
  }

  picture(): Picture {
    const observation = new Uint8Array(this.#size * this.#size * CHANNELS);
    this.#observe(observation);
    return channelPicture(observation, this.#size, names);
  }

  /** The cell that the head enters by a move; −1: there is the wall. */
  #neighbour(action: number): number {
    return neighbour(this.#body[this.#body.length - 1], action, this.#size);
  }

  /** Puts the food on a free cell, each as likely. */
  #placeFood(): void {
    const cells = this.#size * this.#size;
    const free = cells - this.#body.length;
    this.#food = -1;
    if (free === 0) return;
    let left = this.#random.integer(free);
    for (let cell = 0; cell < cells && this.#food < 0; cell++) {
      if (!this.#body.includes(cell) && left-- === 0) this.#food = cell;
    }
  }

  #observe(observation: ObservationArray): void {
    const body = this.#body;
    observation.fill(0);
    for (let i = 1; i < body.length - 1; i++) observation[body[i] * CHANNELS + BODY] = 1;
    observation[body[0] * CHANNELS + TAIL] = 1;
    observation[body[body.length - 1] * CHANNELS + HEAD] = 1;
    if (this.#food >= 0) observation[this.#food * CHANNELS + FOOD] = 1;
  }
}

function neighbour(cell: number, action: number, size: number): number {
  const row = Math.floor(cell / size) + moves[action][0];
  const column = (cell % size) + moves[action][1];
  return row >= 0 && row < size && column >= 0 && column < size ? row * size + column : -1;
}

/** The food's cell, and the snake's from its head to its tail. */
function takeSnake(state: unknown, size: number): number[] {
  const given: unknown[] = Array.isArray(state) ? state : [];
  const [food, ...snake] = given as number[];
  const isWhole =
    snake.length >= LENGTH &&
    new Set(given).size === given.length &&
    given.every(
      (cell) => Number.isInteger(cell) && (cell as number) >= 0 && (cell as number) < size * size,
    ) &&
    snake.every(
      (cell, i) => i === 0 || moves.some((_, action) => neighbour(snake[i - 1], action, size) === cell),
    );
  if (isWhole) return [food, ...snake];
  throw new RangeError(
    `A state is the food's cell, then ${LENGTH} or more of the snake from its head on, each beside the last ` +
      `(row × ${size} + column): not ${JSON.stringify(state)}.`,
  );
}

/**
 * The snake that grows as it eats. State: the food's cell, then those of the snake from its head on (row × size + column).
 *
 * @param options `size`: cells of an edge of the board.
 */
export function snake(id: string, { size }: { size: number }): EnvironmentDefinition {
  return {
    id,
    native: true,
    observationSpace: box({ low: 0, high: 1, shape: [size, size, CHANNELS], dtype: 'uint8' }),
    actionSpace: discrete(moves.length),
    masked: true,
    maxEpisodeSteps: 1_000,
    solvedReturn: null,
    summary: `Eat and grow on a board of ${size} × ${size} cells, without biting yourself.`,
    create: (random) => new Snake(random, size),
  };
}
