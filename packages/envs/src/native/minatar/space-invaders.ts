import type { ObservationArray } from '@qfleet/spaces';
import { cell, FIRE, type Game, LEFT, RIGHT, SIZE } from './game.ts';

const CANNON = 0;
const ALIEN = 1;
const ALIEN_LEFT = 2;
const ALIEN_RIGHT = 3;
const FRIENDLY_BULLET = 4;
const ENEMY_BULLET = 5;
const CHANNELS = 6;

const CELLS = SIZE * SIZE;
/** The cannon's row. */
const BOTTOM = SIZE - 1;
const LAST_ROW = BOTTOM * SIZE;
const CANNON_PERIOD = 5;
const SHOT_PERIOD = 10;
const MOVE_PERIOD = 12;
const FASTEST_PERIOD = 6;

/** A cannon shoots at waves of aliens, for 1 each; they shoot back as they come down. No rule draws a random number. */
export class SpaceInvaders implements Game {
  over = false;
  readonly #ramping: boolean;
  readonly #aliens = new Uint8Array(CELLS);
  readonly #friendlyBullets = new Uint8Array(CELLS);
  readonly #enemyBullets = new Uint8Array(CELLS);
  readonly #lastRow = new Uint8Array(SIZE);
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
      this.#friendlyBullets[LAST_ROW + this.#cannon] = 1;
      this.#cannonTimer = CANNON_PERIOD;
    } else if (action === LEFT) this.#cannon = Math.max(this.#cannon - 1, 0);
    else if (action === RIGHT) this.#cannon = Math.min(this.#cannon + 1, SIZE - 1);

    this.#friendlyBullets.copyWithin(0, SIZE).fill(0, LAST_ROW);
    this.#enemyBullets.copyWithin(SIZE, 0).fill(0, 0, SIZE);
    if (this.#enemyBullets[LAST_ROW + this.#cannon] === 1) this.over = true;
    this.#meetAliens();
    if (this.#moveTimer === 0) {
      this.#moveTimer = Math.min(this.#aliensLeft, this.#movePeriod);
      this.#moveAliens();
      this.#meetAliens();
    }
    if (this.#shotTimer === 0) {
      this.#shotTimer = SHOT_PERIOD;
      this.#shoot();
    }
    const reward = this.#hit();
    if (this.#cannonTimer > 0) this.#cannonTimer--;
    this.#moveTimer--;
    this.#shotTimer--;
    if (this.#aliensLeft === 0) {
      if (this.#ramping && this.#movePeriod > FASTEST_PERIOD) this.#movePeriod--;
      this.#beginWave();
    }
    return reward;
  }

  #beginWave(): void {
    this.#aliens.fill(0);
    for (let y = 0; y < 4; y++) this.#aliens.fill(1, y * SIZE + 2, y * SIZE + 8);
    this.#aliensLeft = 24;
  }

  #meetAliens(): void {
    if (this.#aliens[LAST_ROW + this.#cannon] === 1) this.over = true;
  }

  #moveAliens(): void {
    const aliens = this.#aliens;
    if (this.#lowest(this.#direction < 0 ? 0 : SIZE - 1) === null) {
      // The column that they leave for is free, so that no row runs into the next.
      if (this.#direction < 0) aliens.copyWithin(0, 1)[CELLS - 1] = 0;
      else aliens.copyWithin(1, 0)[0] = 0;
      return;
    }
    this.#direction = -this.#direction;
    // Who has nowhere to go down shows at the top of the last state.
    this.#lastRow.set(aliens.subarray(LAST_ROW));
    if (this.#lastRow.includes(1)) this.over = true;
    aliens.copyWithin(SIZE, 0).set(this.#lastRow);
  }

  /** The lowest alien of the column that is nearest to the cannon shoots; of two columns the left one. */
  #shoot(): void {
    for (let apart = 0; apart < SIZE; apart++) {
      const at = this.#lowest(this.#cannon - apart) ?? this.#lowest(this.#cannon + apart);
      if (at === null) continue;
      this.#enemyBullets[at] = 1;
      return;
    }
  }

  /** The cell of a column's lowest alien. */
  #lowest(x: number): number | null {
    if (x < 0 || x >= SIZE) return null;
    for (let at = LAST_ROW + x; at >= 0; at -= SIZE) if (this.#aliens[at] === 1) return at;
    return null;
  }

  /** Removes aliens and the bullets that meet them; returns how many. */
  #hit(): number {
    let hits = 0;
    for (let at = 0; at < CELLS; at++) {
      if (this.#aliens[at] === 0 || this.#friendlyBullets[at] === 0) continue;
      this.#aliens[at] = 0;
      this.#friendlyBullets[at] = 0;
      hits++;
    }
    this.#aliensLeft -= hits;
    return hits;
  }

  draw(state: ObservationArray): void {
    state[cell(BOTTOM, this.#cannon, CHANNELS) + CANNON] = 1;
    const heading = this.#direction < 0 ? ALIEN_LEFT : ALIEN_RIGHT;
    for (let at = 0, i = 0; at < CELLS; at++, i += CHANNELS) {
      state[i + ALIEN] = this.#aliens[at];
      state[i + heading] = this.#aliens[at];
      state[i + FRIENDLY_BULLET] = this.#friendlyBullets[at];
      state[i + ENEMY_BULLET] = this.#enemyBullets[at];
    }
  }
}
