import type { ObservationArray } from '@qfleet/spaces';
import { cell, FIRE, type Game, LEFT, onGrid, RIGHT, SIZE } from './game.ts';

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

/** A cannon shoots at waves of aliens, for 1 each; they shoot back as they come down. No rule draws a random number. */
export class SpaceInvaders implements Game {
  over = false;
  readonly #ramping: boolean;
  // A row each, in which bit x is column x.
  readonly #aliens = new Int32Array(SIZE);
  readonly #friendlyBullets = new Int32Array(SIZE);
  readonly #enemyBullets = new Int32Array(SIZE);
  #aliensLeft = 0;
  /** The aliens' direction: −1 is left. */
  #direction = -1;
  #cannon = 0;
  #cannonTimer = 0;
  /** Steps from one move of the aliens to the next, while there are that many of them. */
  #movePeriod = 0;
  #moveTimer = 0;
  #shotTimer = 0;

  constructor(ramping: boolean) {
    this.#ramping = ramping;
  }

  reset(): void {
    this.over = false;
    this.#friendlyBullets.fill(0);
    this.#enemyBullets.fill(0);
    this.#direction = -1;
    this.#cannon = 5;
    this.#cannonTimer = 0;
    this.#movePeriod = MOVE_PERIOD;
    this.#moveTimer = MOVE_PERIOD;
    this.#shotTimer = SHOT_PERIOD;
    this.#beginWave();
  }

  act(action: number): number {
    if (action === FIRE && this.#cannonTimer === 0) {
      this.#friendlyBullets[BOTTOM] |= 1 << this.#cannon;
      this.#cannonTimer = CANNON_PERIOD;
    } else if (action === LEFT) this.#cannon = Math.max(this.#cannon - 1, 0);
    else if (action === RIGHT) this.#cannon = Math.min(this.#cannon + 1, SIZE - 1);

    this.#friendlyBullets.copyWithin(0, 1)[BOTTOM] = 0;
    this.#enemyBullets.copyWithin(1, 0)[0] = 0;
    this.#meet(this.#enemyBullets);
    this.#meet(this.#aliens);
    if (this.#moveTimer === 0) {
      this.#moveTimer = Math.min(this.#aliensLeft, this.#movePeriod);
      this.#moveAliens();
      this.#meet(this.#aliens);
    }
    if (this.#shotTimer === 0) {
      this.#shotTimer = SHOT_PERIOD;
      this.#shoot();
    }
    const hits = this.#hit();
    this.#aliensLeft -= hits;
    if (this.#cannonTimer > 0) this.#cannonTimer--;
    this.#moveTimer--;
    this.#shotTimer--;
    if (this.#aliensLeft === 0) {
      if (this.#ramping && this.#movePeriod > FASTEST_PERIOD) this.#movePeriod--;
      this.#beginWave();
    }
    return hits;
  }

  #beginWave(): void {
    this.#aliens.fill(0).fill(WAVE_ROW, 0, WAVE_ROWS);
    this.#aliensLeft = WAVE;
  }

  /** Ends the episode where something on `rows` is at the cannon. */
  #meet(rows: Int32Array): void {
    if (hasBit(rows[BOTTOM], this.#cannon)) this.over = true;
  }

  #moveAliens(): void {
    const aliens = this.#aliens;
    const toLeft = this.#direction < 0;
    if (!hasBit(this.#columns(), toLeft ? 0 : SIZE - 1)) {
      for (let y = 0; y < SIZE; y++) aliens[y] = toLeft ? aliens[y] >> 1 : aliens[y] << 1;
      return;
    }
    this.#direction = -this.#direction;
    // Aliens that have nowhere to go down to show at the top of the last state.
    const last = aliens[BOTTOM];
    if (last !== 0) this.over = true;
    aliens.copyWithin(1, 0)[0] = last;
  }

  /** The columns that have aliens, a bit each. */
  #columns(): number {
    let columns = 0;
    for (let y = 0; y < SIZE; y++) columns |= this.#aliens[y];
    return columns;
  }

  /** The lowest alien of the column that is nearest to the cannon shoots; of two columns the left one. */
  #shoot(): void {
    const columns = this.#columns();
    let apart = 0;
    while (!hasBit(columns, this.#cannon - apart) && !hasBit(columns, this.#cannon + apart)) apart++;
    const column = this.#cannon + (hasBit(columns, this.#cannon - apart) ? -apart : apart);
    let y = BOTTOM;
    while (!hasBit(this.#aliens[y], column)) y--;
    this.#enemyBullets[y] |= 1 << column;
  }

  /** Removes aliens and the bullets that meet them; returns how many. */
  #hit(): number {
    let hits = 0;
    for (let y = 0; y < SIZE; y++) {
      const both = this.#aliens[y] & this.#friendlyBullets[y];
      this.#aliens[y] ^= both;
      this.#friendlyBullets[y] ^= both;
      for (let bits = both; bits !== 0; bits &= bits - 1) hits++;
    }
    return hits;
  }

  draw(state: ObservationArray): void {
    state[cell(BOTTOM, this.#cannon, CHANNELS) + CANNON] = 1;
    drawRows(state, this.#aliens, ALIEN);
    drawRows(state, this.#aliens, this.#direction < 0 ? ALIEN_LEFT : ALIEN_RIGHT);
    drawRows(state, this.#friendlyBullets, FRIENDLY_BULLET);
    drawRows(state, this.#enemyBullets, ENEMY_BULLET);
  }
}

/** Whether bit `x` is set; those outside of the grid are not. */
const hasBit = (bits: number, x: number): boolean => onGrid(x) && ((bits >> x) & 1) === 1;

function drawRows(state: ObservationArray, rows: Int32Array, channel: number): void {
  for (let y = 0; y < SIZE; y++) {
    for (let bits = rows[y]; bits !== 0; bits &= bits - 1) {
      const x = 31 - Math.clz32(bits & -bits);
      state[cell(y, x, CHANNELS) + channel] = 1;
    }
  }
}
