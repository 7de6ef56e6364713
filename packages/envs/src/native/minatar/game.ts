import type { ObservationArray } from '@qfleet/spaces';

/** Rows and columns of every game's grid. */
export const SIZE = 10;

/** Actions, of the six that all games share; 0 is to do nothing. */
export const LEFT = 1;
export const UP = 2;
export const RIGHT = 3;
export const DOWN = 4;
export const FIRE = 5;

/** One of MinAtar's games, without its sticky actions. */
export interface Game {
  /** Starts an episode. */
  reset(): void;
  /** Takes one of the six actions; returns the reward. Not called between an episode's end and `reset`. */
  act(action: number): number;
  /** Whether the episode has ended. */
  readonly over: boolean;
  /** Writes the channels: `state`, [10, 10, channels] of zeros, gets a 1 where there is something. */
  draw(state: ObservationArray): void;
}

/** The index of a cell's first channel in a state. */
export const cell = (y: number, x: number, channels: number): number => (y * SIZE + x) * channels;

/** Whether `x` is a row or column of the grid. */
export const onGrid = (x: number): boolean => x >= 0 && x < SIZE;
