import type { NumpyRandom } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import { cell, DOWN, type Game, LEFT, onGrid, RIGHT, SIZE, UP } from './game.ts';

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

/** The player collects gold, for 1 each, and keeps out of the enemies' way. */
export class Asterix implements Game {
  over = false;
  readonly #random: NumpyRandom;
  readonly #ramping: boolean;
  /** The channel of what is in each slot; 0: it is free. */
  readonly #kind = new Int32Array(SLOTS);
  readonly #x = new Int32Array(SLOTS);
  readonly #direction = new Int32Array(SLOTS);
  #playerX = 0;
  #playerY = 0;
  #spawnPeriod = 0;
  #spawnTimer = 0;
  #movePeriod = 0;
  #moveTimer = 0;
  #rampTimer = 0;
  #ramps = 0;

  constructor(random: NumpyRandom, ramping: boolean) {
    this.#random = random;
    this.#ramping = ramping;
  }

  reset(): void {
    this.over = false;
    this.#kind.fill(0);
    this.#playerX = 5;
    this.#playerY = 5;
    this.#spawnPeriod = SPAWN_PERIOD;
    this.#spawnTimer = SPAWN_PERIOD;
    this.#movePeriod = MOVE_PERIOD;
    this.#moveTimer = MOVE_PERIOD;
    this.#rampTimer = RAMP_PERIOD;
    this.#ramps = 0;
  }

  act(action: number): number {
    if (this.#spawnTimer === 0) {
      this.#spawn();
      this.#spawnTimer = this.#spawnPeriod;
    }
    if (action === LEFT) this.#playerX = Math.max(this.#playerX - 1, 0);
    else if (action === RIGHT) this.#playerX = Math.min(this.#playerX + 1, SIZE - 1);
    else if (action === UP) this.#playerY = Math.max(this.#playerY - 1, 1);
    else if (action === DOWN) this.#playerY = Math.min(this.#playerY + 1, SLOTS);

    let reward = 0;
    for (let slot = 0; slot < SLOTS; slot++) reward += this.#meet(slot);
    if (this.#moveTimer === 0) {
      this.#moveTimer = this.#movePeriod;
      for (let slot = 0; slot < SLOTS; slot++) {
        if (this.#kind[slot] === 0) continue;
        this.#x[slot] += this.#direction[slot];
        if (!onGrid(this.#x[slot])) this.#kind[slot] = 0;
        reward += this.#meet(slot);
      }
    }
    this.#spawnTimer--;
    this.#moveTimer--;
    if (this.#ramping) this.#ramp();
    return reward;
  }

  #spawn(): void {
    const toRight = this.#random.uniform() < 0.5;
    const isGold = this.#random.uniform() < 1 / 3;
    let free = 0;
    for (let slot = 0; slot < SLOTS; slot++) if (this.#kind[slot] === 0) free++;
    if (free === 0) return;
    let skip = this.#random.integer(0, free);
    let slot = 0;
    while (this.#kind[slot] !== 0 || skip-- > 0) slot++;
    this.#kind[slot] = isGold ? GOLD : ENEMY;
    this.#x[slot] = toRight ? 0 : SIZE - 1;
    this.#direction[slot] = toRight ? 1 : -1;
  }

  /** What follows where the player is on a slot's cell; returns the reward. */
  #meet(slot: number): number {
    if (this.#playerY !== slot + 1 || this.#playerX !== this.#x[slot]) return 0;
    if (this.#kind[slot] === ENEMY) this.over = true;
    if (this.#kind[slot] !== GOLD) return 0;
    this.#kind[slot] = 0;
    return 1;
  }

  #ramp(): void {
    if (this.#spawnPeriod <= 1 && this.#movePeriod <= 1) return;
    if (this.#rampTimer >= 0) {
      this.#rampTimer--;
      return;
    }
    if (this.#movePeriod > 1 && this.#ramps % 2 === 1) this.#movePeriod--;
    if (this.#spawnPeriod > 1) this.#spawnPeriod--;
    this.#ramps++;
    this.#rampTimer = RAMP_PERIOD;
  }

  draw(state: ObservationArray): void {
    state[cell(this.#playerY, this.#playerX, CHANNELS) + PLAYER] = 1;
    for (let slot = 0; slot < SLOTS; slot++) {
      const kind = this.#kind[slot];
      if (kind === 0) continue;
      const x = this.#x[slot];
      const behind = x - this.#direction[slot];
      state[cell(slot + 1, x, CHANNELS) + kind] = 1;
      if (onGrid(behind)) state[cell(slot + 1, behind, CHANNELS) + TRAIL] = 1;
    }
  }
}
