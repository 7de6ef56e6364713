import type { NumpyRandom } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import { cell, DOWN, type Game, OVER, OWN, SIZE, UP } from './game.ts';

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
const STEPS = 2500;

// A state.
/** The chicken's row. */
const Y = OWN;
const PAUSE_TIMER = OWN + 1;
const CLOCK = OWN + 2;
// The cars': car i is on row i + 1.
const X = OWN + 3;
/** Steps from one move of a car to the next. */
const PERIOD = X + CARS;
/** 1 is right, −1 left. */
const DIRECTION = PERIOD + CARS;
const TIMER = DIRECTION + CARS;
const WIDTH = TIMER + CARS;

/** A chicken crosses a road of eight lanes, for 1 each time, until the clock has run out. */
export class Freeway implements Game {
  readonly width = WIDTH;

  reset(s: Int32Array, at: number, random: NumpyRandom): void {
    s[at + OVER] = 0;
    drawSpeeds(s, at, random);
    s.fill(0, at + X, at + PERIOD);
    s[at + Y] = START;
    s[at + PAUSE_TIMER] = PAUSE;
    s[at + CLOCK] = STEPS;
  }

  act(s: Int32Array, at: number, random: NumpyRandom, action: number): number {
    if (s[at + PAUSE_TIMER] === 0 && (action === UP || action === DOWN)) {
      s[at + PAUSE_TIMER] = PAUSE;
      s[at + Y] = action === UP ? Math.max(s[at + Y] - 1, 0) : Math.min(s[at + Y] + 1, START);
    }
    let reward = 0;
    if (s[at + Y] === 0) {
      reward = 1;
      drawSpeeds(s, at, random);
      s[at + Y] = START;
    }
    for (let car = 0; car < CARS; car++) {
      strike(s, at, car);
      if (s[at + TIMER + car] === 0) {
        s[at + TIMER + car] = s[at + PERIOD + car];
        s[at + X + car] = (s[at + X + car] + s[at + DIRECTION + car] + SIZE) % SIZE;
        strike(s, at, car);
      } else s[at + TIMER + car]--;
    }
    if (s[at + PAUSE_TIMER] > 0) s[at + PAUSE_TIMER]--;
    if (--s[at + CLOCK] < 0) s[at + OVER] = 1;
    return reward;
  }

  draw(s: Int32Array, at: number, out: ObservationArray, to: number): void {
    out[to + cell(s[at + Y], COLUMN, CHANNELS) + CHICKEN] = 1;
    for (let car = 0; car < CARS; car++) {
      const x = s[at + X + car];
      const behind = (x - s[at + DIRECTION + car] + SIZE) % SIZE;
      out[to + cell(car + 1, x, CHANNELS) + CAR] = 1;
      out[to + cell(car + 1, behind, CHANNELS) + FASTEST + s[at + PERIOD + car] - 1] = 1;
    }
  }
}

/** Draws all speeds, then all directions. */
function drawSpeeds(s: Int32Array, at: number, random: NumpyRandom): void {
  for (let car = 0; car < CARS; car++) s[at + PERIOD + car] = random.integer(1, SLOWEST + 1);
  for (let car = 0; car < CARS; car++) s[at + DIRECTION + car] = random.uniform() < 0.5 ? -1 : 1;
  s.copyWithin(at + TIMER, at + PERIOD, at + PERIOD + CARS);
}

/** A chicken that a car meets starts over. */
function strike(s: Int32Array, at: number, car: number): void {
  if (s[at + Y] === car + 1 && s[at + X + car] === COLUMN) s[at + Y] = START;
}
