import type { NumpyRandom } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import { cell, FIRE, type Game, LEFT, OVER, OWN, onGrid, RIGHT, SIZE } from './game.ts';

const CANNON = 0;
const ALIEN = 1;
const ALIEN_LEFT = 2;
const ALIEN_RIGHT = 3;
const FRIENDLY_BULLET = 4;
const ENEMY_BULLET = 5;
const CHANNELS = 6;

/** The cannon's row. */
const BOTTOM = SIZE - 1;
/** Rows 0 to 3 of a new wave: columns 2 to 7. */
const WAVE_ROWS = 4;
const WAVE_ROW = 0b0011111100;
const WAVE = 24;
const CANNON_PERIOD = 5;
const SHOT_PERIOD = 10;
const MOVE_PERIOD = 12;
const FASTEST_PERIOD = 6;

// A state.
const ALIENS_LEFT = OWN;
/** The aliens' direction: −1 is left. */
const DIRECTION = OWN + 1;
const CANNON_X = OWN + 2;
const CANNON_TIMER = OWN + 3;
/** Steps from one move of the aliens to the next, while there are that many of them. */
const MOVE_EVERY = OWN + 4;
const MOVE_TIMER = OWN + 5;
const SHOT_TIMER = OWN + 6;
// Rows of the grid, in which bit x is column x.
const ALIENS = OWN + 7;
const FRIENDLY_BULLETS = ALIENS + SIZE;
const ENEMY_BULLETS = FRIENDLY_BULLETS + SIZE;
const WIDTH = ENEMY_BULLETS + SIZE;

/** A cannon shoots at waves of aliens, for 1 each; they shoot back as they come down. No rule draws a random number. */
export class SpaceInvaders implements Game {
  readonly width = WIDTH;
  readonly #ramping: boolean;

  constructor(ramping: boolean) {
    this.#ramping = ramping;
  }

  reset(s: Int32Array, at: number): void {
    s[at + OVER] = 0;
    s.fill(0, at + FRIENDLY_BULLETS, at + WIDTH);
    s[at + DIRECTION] = -1;
    s[at + CANNON_X] = 5;
    s[at + CANNON_TIMER] = 0;
    s[at + MOVE_EVERY] = MOVE_PERIOD;
    s[at + MOVE_TIMER] = MOVE_PERIOD;
    s[at + SHOT_TIMER] = SHOT_PERIOD;
    beginWave(s, at);
  }

  act(s: Int32Array, at: number, _random: NumpyRandom, action: number): number {
    if (action === FIRE && s[at + CANNON_TIMER] === 0) {
      s[at + FRIENDLY_BULLETS + BOTTOM] |= 1 << s[at + CANNON_X];
      s[at + CANNON_TIMER] = CANNON_PERIOD;
    } else if (action === LEFT) s[at + CANNON_X] = Math.max(s[at + CANNON_X] - 1, 0);
    else if (action === RIGHT) s[at + CANNON_X] = Math.min(s[at + CANNON_X] + 1, SIZE - 1);

    // Friendly bullets go up by a row, the enemy's down.
    s.copyWithin(at + FRIENDLY_BULLETS, at + FRIENDLY_BULLETS + 1, at + ENEMY_BULLETS);
    s[at + FRIENDLY_BULLETS + BOTTOM] = 0;
    s.copyWithin(at + ENEMY_BULLETS + 1, at + ENEMY_BULLETS, at + ENEMY_BULLETS + BOTTOM);
    s[at + ENEMY_BULLETS] = 0;
    meet(s, at, ENEMY_BULLETS);
    meet(s, at, ALIENS);
    if (s[at + MOVE_TIMER] === 0) {
      s[at + MOVE_TIMER] = Math.min(s[at + ALIENS_LEFT], s[at + MOVE_EVERY]);
      moveAliens(s, at);
      meet(s, at, ALIENS);
    }
    if (s[at + SHOT_TIMER] === 0) {
      s[at + SHOT_TIMER] = SHOT_PERIOD;
      shoot(s, at);
    }
    const hits = hit(s, at);
    s[at + ALIENS_LEFT] -= hits;
    if (s[at + CANNON_TIMER] > 0) s[at + CANNON_TIMER]--;
    s[at + MOVE_TIMER]--;
    s[at + SHOT_TIMER]--;
    if (s[at + ALIENS_LEFT] === 0) {
      if (this.#ramping && s[at + MOVE_EVERY] > FASTEST_PERIOD) s[at + MOVE_EVERY]--;
      beginWave(s, at);
    }
    return hits;
  }

  draw(s: Int32Array, at: number, out: ObservationArray, to: number): void {
    out[to + cell(BOTTOM, s[at + CANNON_X], CHANNELS) + CANNON] = 1;
    drawRows(s, at + ALIENS, out, to, ALIEN);
    drawRows(s, at + ALIENS, out, to, s[at + DIRECTION] < 0 ? ALIEN_LEFT : ALIEN_RIGHT);
    drawRows(s, at + FRIENDLY_BULLETS, out, to, FRIENDLY_BULLET);
    drawRows(s, at + ENEMY_BULLETS, out, to, ENEMY_BULLET);
  }
}

function beginWave(s: Int32Array, at: number): void {
  s.fill(0, at + ALIENS, at + ALIENS + SIZE);
  s.fill(WAVE_ROW, at + ALIENS, at + ALIENS + WAVE_ROWS);
  s[at + ALIENS_LEFT] = WAVE;
}

/** Ends the episode where something on `rows` is at the cannon. */
function meet(s: Int32Array, at: number, rows: number): void {
  if (hasBit(s[at + rows + BOTTOM], s[at + CANNON_X])) s[at + OVER] = 1;
}

function moveAliens(s: Int32Array, at: number): void {
  const toLeft = s[at + DIRECTION] < 0;
  if (!hasBit(columnsOf(s, at), toLeft ? 0 : SIZE - 1)) {
    for (let y = 0; y < SIZE; y++) {
      const row = s[at + ALIENS + y];
      s[at + ALIENS + y] = toLeft ? row >> 1 : row << 1;
    }
    return;
  }
  s[at + DIRECTION] = -s[at + DIRECTION];
  // Aliens that have nowhere to go down to show at the top of the last state.
  const last = s[at + ALIENS + BOTTOM];
  if (last !== 0) s[at + OVER] = 1;
  s.copyWithin(at + ALIENS + 1, at + ALIENS, at + ALIENS + BOTTOM);
  s[at + ALIENS] = last;
}

/** The columns that have aliens, a bit each. */
function columnsOf(s: Int32Array, at: number): number {
  let columns = 0;
  for (let y = 0; y < SIZE; y++) columns |= s[at + ALIENS + y];
  return columns;
}

/** The lowest alien of the column that is nearest to the cannon shoots; of two columns the left one. */
function shoot(s: Int32Array, at: number): void {
  const columns = columnsOf(s, at);
  let apart = 0;
  while (!hasBit(columns, s[at + CANNON_X] - apart) && !hasBit(columns, s[at + CANNON_X] + apart)) apart++;
  const column = s[at + CANNON_X] + (hasBit(columns, s[at + CANNON_X] - apart) ? -apart : apart);
  let y = BOTTOM;
  while (!hasBit(s[at + ALIENS + y], column)) y--;
  s[at + ENEMY_BULLETS + y] |= 1 << column;
}

/** Removes aliens and the bullets that meet them; returns how many. */
function hit(s: Int32Array, at: number): number {
  let hits = 0;
  for (let y = 0; y < SIZE; y++) {
    const both = s[at + ALIENS + y] & s[at + FRIENDLY_BULLETS + y];
    s[at + ALIENS + y] ^= both;
    s[at + FRIENDLY_BULLETS + y] ^= both;
    for (let bits = both; bits !== 0; bits &= bits - 1) hits++;
  }
  return hits;
}

/** Whether bit `x` is set; those outside of the grid are not. */
const hasBit = (bits: number, x: number): boolean => onGrid(x) && ((bits >> x) & 1) === 1;

/** @param rows where the first of ten rows of bits is. */
function drawRows(s: Int32Array, rows: number, out: ObservationArray, to: number, channel: number): void {
  for (let y = 0; y < SIZE; y++) {
    for (let bits = s[rows + y]; bits !== 0; bits &= bits - 1) {
      const x = 31 - Math.clz32(bits & -bits);
      out[to + cell(y, x, CHANNELS) + channel] = 1;
    }
  }
}
