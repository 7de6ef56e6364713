import type { NumpyRandom } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import { cell, DOWN, type Game, LEFT, OVER, OWN, onGrid, RIGHT, SIZE, UP } from './game.ts';

const PLAYER = 0;
const ENEMY = 1;
const TRAIL = 2;
const GOLD = 3;
const CHANNELS = 4;

/** Slot i lives on row i + 1. */
const SLOTS = 8;
const SPAWN_PERIOD = 10;
const MOVE_PERIOD = 5;
const RAMP_PERIOD = 100;

// A state.
const PLAYER_X = OWN;
const PLAYER_Y = OWN + 1;
const SPAWN_EVERY = OWN + 2;
const SPAWN_TIMER = OWN + 3;
const MOVE_EVERY = OWN + 4;
const MOVE_TIMER = OWN + 5;
const RAMP_TIMER = OWN + 6;
const RAMPS = OWN + 7;
/** The channel of what is in each slot; 0: it is free. */
const KIND = OWN + 8;
const X = KIND + SLOTS;
const DIRECTION = X + SLOTS;
const WIDTH = DIRECTION + SLOTS;

/** The player collects gold, for 1 each, and keeps out of the enemies' way. */
export class Asterix implements Game {
  readonly width = WIDTH;
  readonly #ramping: boolean;

  constructor(ramping: boolean) {
    this.#ramping = ramping;
  }

  reset(s: Int32Array, at: number): void {
    s[at + OVER] = 0;
    s.fill(0, at + KIND, at + X);
    s[at + PLAYER_X] = 5;
    s[at + PLAYER_Y] = 5;
    s[at + SPAWN_EVERY] = SPAWN_PERIOD;
    s[at + SPAWN_TIMER] = SPAWN_PERIOD;
    s[at + MOVE_EVERY] = MOVE_PERIOD;
    s[at + MOVE_TIMER] = MOVE_PERIOD;
    s[at + RAMP_TIMER] = RAMP_PERIOD;
    s[at + RAMPS] = 0;
  }

  act(s: Int32Array, at: number, random: NumpyRandom, action: number): number {
    if (s[at + SPAWN_TIMER] === 0) {
      spawn(s, at, random);
      s[at + SPAWN_TIMER] = s[at + SPAWN_EVERY];
    }
    if (action === LEFT) s[at + PLAYER_X] = Math.max(s[at + PLAYER_X] - 1, 0);
    else if (action === RIGHT) s[at + PLAYER_X] = Math.min(s[at + PLAYER_X] + 1, SIZE - 1);
    else if (action === UP) s[at + PLAYER_Y] = Math.max(s[at + PLAYER_Y] - 1, 1);
    else if (action === DOWN) s[at + PLAYER_Y] = Math.min(s[at + PLAYER_Y] + 1, SLOTS);

    let reward = 0;
    for (let slot = 0; slot < SLOTS; slot++) reward += meet(s, at, slot);
    if (s[at + MOVE_TIMER] === 0) {
      s[at + MOVE_TIMER] = s[at + MOVE_EVERY];
      for (let slot = 0; slot < SLOTS; slot++) {
        if (s[at + KIND + slot] === 0) continue;
        s[at + X + slot] += s[at + DIRECTION + slot];
        if (!onGrid(s[at + X + slot])) s[at + KIND + slot] = 0;
        reward += meet(s, at, slot);
      }
    }
    s[at + SPAWN_TIMER]--;
    s[at + MOVE_TIMER]--;
    if (this.#ramping) ramp(s, at);
    return reward;
  }

  draw(s: Int32Array, at: number, out: ObservationArray, to: number): void {
    out[to + cell(s[at + PLAYER_Y], s[at + PLAYER_X], CHANNELS) + PLAYER] = 1;
    for (let slot = 0; slot < SLOTS; slot++) {
      const kind = s[at + KIND + slot];
      if (kind === 0) continue;
      const x = s[at + X + slot];
      const behind = x - s[at + DIRECTION + slot];
      out[to + cell(slot + 1, x, CHANNELS) + kind] = 1;
      if (onGrid(behind)) out[to + cell(slot + 1, behind, CHANNELS) + TRAIL] = 1;
    }
  }
}

function spawn(s: Int32Array, at: number, random: NumpyRandom): void {
  const toRight = random.uniform() < 0.5;
  const isGold = random.uniform() < 1 / 3;
  let free = 0;
  for (let slot = 0; slot < SLOTS; slot++) if (s[at + KIND + slot] === 0) free++;
  if (free === 0) return;
  let skip = random.integer(0, free);
  let slot = 0;
  while (s[at + KIND + slot] !== 0 || skip-- > 0) slot++;
  s[at + KIND + slot] = isGold ? GOLD : ENEMY;
  s[at + X + slot] = toRight ? 0 : SIZE - 1;
  s[at + DIRECTION + slot] = toRight ? 1 : -1;
}

/** What follows where the player is on a slot's cell; returns the reward. */
function meet(s: Int32Array, at: number, slot: number): number {
  if (s[at + PLAYER_Y] !== slot + 1 || s[at + PLAYER_X] !== s[at + X + slot]) return 0;
  if (s[at + KIND + slot] === ENEMY) s[at + OVER] = 1;
  if (s[at + KIND + slot] !== GOLD) return 0;
  s[at + KIND + slot] = 0;
  return 1;
}

function ramp(s: Int32Array, at: number): void {
  if (s[at + SPAWN_EVERY] <= 1 && s[at + MOVE_EVERY] <= 1) return;
  if (s[at + RAMP_TIMER] >= 0) {
    s[at + RAMP_TIMER]--;
    return;
  }
  if (s[at + MOVE_EVERY] > 1 && s[at + RAMPS] % 2 === 1) s[at + MOVE_EVERY]--;
  if (s[at + SPAWN_EVERY] > 1) s[at + SPAWN_EVERY]--;
  s[at + RAMPS]++;
  s[at + RAMP_TIMER] = RAMP_PERIOD;
}
