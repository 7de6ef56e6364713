import type { NumpyRandom } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';

/** Rows and columns of every game's grid. */
export const SIZE = 10;

/** Actions, of the six that all games share; 0 is to do nothing. */
export const LEFT = 1;
export const UP = 2;
export const RIGHT = 3;
export const DOWN = 4;
export const FIRE = 5;

// What every game's state begins with.
/** 1: the episode has ended. */
export const OVER = 0;
/** The last action that the game took, which outlives its episode. */
export const LAST = 1;
/** The first integer that is the game's own. */
export const OWN = 2;

/**
 * The rules of one of MinAtar's games, without its sticky actions. A state is `width` integers that begin at `s[at]`, so
 * that the states of many copies lie in one array.
 */
export interface Game {
  readonly width: number;
  /** Starts an episode. */
  reset(s: Int32Array, at: number, random: NumpyRandom): void;
  /** Takes one of the six actions; returns the reward. Not called between an episode's end and `reset`. */
  act(s: Int32Array, at: number, random: NumpyRandom, action: number): number;
  /** Writes the channels: [10, 10, channels] of zeros, from `out[to]` on, get a 1 where there is something. */
  draw(s: Int32Array, at: number, out: ObservationArray, to: number): void;
}

/** The index of a cell's first channel among those of a state. */
export const cell = (y: number, x: number, channels: number): number => (y * SIZE + x) * channels;

/** Whether `x` is a row or column of the grid. */
export const onGrid = (x: number): boolean => x >= 0 && x < SIZE;
