import type { NumpyRandom } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import { cell, DOWN, type Game, SIZE, UP } from './game.ts';

const CHICKEN = 0;
const CAR = 1;
/** The trails of cars that move each step; those of slower ones follow. */
const FASTEST = 2;
const CHANNELS = 7;

const CARS = 8;
const SLOWEST = 5;
const COLUMN = 4;
const START = 9;
/** Steps from one move of the chicken to the next. */
const PAUSE = 3;
const CLOCK = 2500;

/** A chicken crosses a road of eight lanes, for 1 each time, until the clock has run out. */
export class Freeway implements Game {
  over = false;
  readonly #random: NumpyRandom;
  /** Car i is on row i + 1. */
  readonly #x = new Int32Array(CARS);
  /** Steps from one move of a car to the next. */
  readonly #period = new Int32Array(CARS);
  /** Draws of the cars' directions: the upper half is right. */
  readonly #toRight = new Float64Array(CARS);
  readonly #timer = new Int32Array(CARS);
  #chicken = START;
  #pause = 0;
  #clock = 0;

  constructor(random: NumpyRandom) {
    this.#random = random;
  }

  reset(): void {
    this.over = false;
    this.#drawSpeeds();
    this.#x.fill(0);
    this.#chicken = START;
    this.#pause = PAUSE;
    this.#clock = CLOCK;
  }

  act(action: number): number {
    if (this.#pause === 0 && (action === UP || action === DOWN)) {
      this.#pause = PAUSE;
      this.#chicken = action === UP ? Math.max(this.#chicken - 1, 0) : Math.min(this.#chicken + 1, START);
    }
    let reward = 0;
    if (this.#chicken === 0) {
      reward = 1;
      this.#drawSpeeds();
      this.#chicken = START;
    }
    for (let car = 0; car < CARS; car++) {
      this.#strike(car);
      if (this.#timer[car] === 0) {
        this.#timer[car] = this.#period[car];
        this.#x[car] = (this.#x[car] + this.#direction(car) + SIZE) % SIZE;
        this.#strike(car);
      } else this.#timer[car]--;
    }
    if (this.#pause > 0) this.#pause--;
    this.over = --this.#clock < 0;
    return reward;
  }

  #drawSpeeds(): void {
    this.#random.integers(1, SLOWEST + 1, this.#period);
    this.#random.uniforms(this.#toRight);
    this.#timer.set(this.#period);
  }

  #direction(car: number): number {
    return this.#toRight[car] < 0.5 ? -1 : 1;
  }

  /** A chicken that a car meets starts over. */
  #strike(car: number): void {
    if (this.#chicken === car + 1 && this.#x[car] === COLUMN) this.#chicken = START;
  }

  draw(state: ObservationArray): void {
    state[cell(this.#chicken, COLUMN, CHANNELS) + CHICKEN] = 1;
    for (let car = 0; car < CARS; car++) {
      const x = this.#x[car];
      const behind = (x - this.#direction(car) + SIZE) % SIZE;
      state[cell(car + 1, x, CHANNELS) + CAR] = 1;
      state[cell(car + 1, behind, CHANNELS) + FASTEST + this.#period[car] - 1] = 1;
    }
  }
}
