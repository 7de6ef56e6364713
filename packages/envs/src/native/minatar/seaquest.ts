import type { NumpyRandom } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import { cell, DOWN, FIRE, type Game, LEFT, onGrid, RIGHT, SIZE, UP } from './game.ts';
import { DIRECTION, Swimmers, X, Y } from './swimmers.ts';

const SUB_FRONT = 0;
const SUB_BACK = 1;
const FRIENDLY_BULLET = 2;
const TRAIL = 3;
const ENEMY_BULLET = 4;
const ENEMY_FISH = 5;
const ENEMY_SUB = 6;
const OXYGEN_GAUGE = 7;
const DIVER_GAUGE = 8;
const DIVER = 9;
const CHANNELS = 10;

// Further fields: of all but bullets, and of enemy subs.
const MOVE_TIMER = 3;
const GUN_TIMER = 4;

const OXYGEN = 200;
const CREW = 6;
const SPAWN_PERIOD = 20;
const MOVE_PERIOD = 5;
const FASTEST_PERIOD = 2;
const DIVER_SPAWN_PERIOD = 30;
const DIVER_PERIOD = 5;
const SHOT_PERIOD = 5;
const GUN_PERIOD = 10;

/** A submarine shoots fish and subs, for 1 each, takes divers aboard, and brings six of them up while it has oxygen. */
export class Seaquest implements Game {
  over = false;
  readonly #random: NumpyRandom;
  readonly #ramping: boolean;
  readonly #bullets = new Swimmers(3);
  readonly #enemyBullets = new Swimmers(3);
  readonly #fish = new Swimmers(4);
  readonly #subs = new Swimmers(5);
  readonly #divers = new Swimmers(4);
  #x = 0;
  #y = 0;
  #facing = -1;
  #oxygen = 0;
  /** Divers aboard; a surfacing without six of them may leave it at −1. */
  #crew = 0;
  /** It has been at the surface since it came up. */
  #surfaced = true;
  #shotTimer = 0;
  #spawnPeriod = 0;
  #spawnTimer = 0;
  #diverTimer = 0;
  #movePeriod = 0;
  #ramps = 0;

  constructor(random: NumpyRandom, ramping: boolean) {
    this.#random = random;
    this.#ramping = ramping;
  }

  reset(): void {
    this.over = false;
    for (const swimmers of [this.#bullets, this.#enemyBullets, this.#fish, this.#subs, this.#divers])
      swimmers.clear();
    this.#x = 5;
    this.#y = 0;
    this.#facing = -1;
    this.#oxygen = OXYGEN;
    this.#crew = 0;
    this.#surfaced = true;
    this.#shotTimer = 0;
    this.#spawnPeriod = SPAWN_PERIOD;
    this.#spawnTimer = SPAWN_PERIOD;
    this.#diverTimer = DIVER_SPAWN_PERIOD;
    this.#movePeriod = MOVE_PERIOD;
    this.#ramps = 0;
  }

  act(action: number): number {
    if (this.#spawnTimer === 0) {
      this.#spawnEnemy();
      this.#spawnTimer = this.#spawnPeriod;
    }
    if (this.#diverTimer === 0) {
      const direction = this.#random.uniform() < 0.5 ? 1 : -1;
      this.#enter(this.#divers, this.#random.integer(1, SIZE - 1), direction, DIVER_PERIOD);
      this.#diverTimer = DIVER_SPAWN_PERIOD;
    }
    this.#steer(action);
    let reward = this.#moveBullets();
    this.#moveDivers();
    reward += this.#moveEnemies(this.#subs, true);
    this.#moveEnemyBullets();
    reward += this.#moveEnemies(this.#fish, false);
    if (this.#spawnTimer > 0) this.#spawnTimer--;
    if (this.#diverTimer > 0) this.#diverTimer--;
    if (this.#shotTimer > 0) this.#shotTimer--;
    return reward + this.#breathe();
  }

  #steer(action: number): void {
    if (action === FIRE && this.#shotTimer === 0) {
      this.#bullets.add(this.#x, this.#y, this.#facing);
      this.#shotTimer = SHOT_PERIOD;
    } else if (action === LEFT) {
      this.#x = Math.max(this.#x - 1, 0);
      this.#facing = -1;
    } else if (action === RIGHT) {
      this.#x = Math.min(this.#x + 1, SIZE - 1);
      this.#facing = 1;
    } else if (action === UP) this.#y = Math.max(this.#y - 1, 0);
    else if (action === DOWN) this.#y = Math.min(this.#y + 1, SIZE - 2);
  }

  #spawnEnemy(): void {
    const direction = this.#random.uniform() < 0.5 ? 1 : -1;
    const isSub = this.#random.uniform() < 1 / 3;
    const y = this.#random.integer(1, SIZE - 1);
    if (this.#anyAgainst(this.#fish, y, direction) || this.#anyAgainst(this.#subs, y, direction)) return;
    const index = this.#enter(isSub ? this.#subs : this.#fish, y, direction, this.#movePeriod);
    if (isSub) this.#subs.set(index, GUN_TIMER, GUN_PERIOD);
  }

  /** Whether one of `enemies` on row `y` has the other direction. */
  #anyAgainst(enemies: Swimmers, y: number, direction: number): boolean {
    for (let index = 0; index < enemies.count; index++) {
      if (enemies.get(index, Y) === y && enemies.get(index, DIRECTION) !== direction) return true;
    }
    return false;
  }

  /** Adds what comes in from the side that `direction` leads away from; returns its index. */
  #enter(swimmers: Swimmers, y: number, direction: number, moveTimer: number): number {
    const index = swimmers.add(direction === 1 ? 0 : SIZE - 1, y, direction);
    swimmers.set(index, MOVE_TIMER, moveTimer);
    return index;
  }

  #moveBullets(): number {
    const bullets = this.#bullets;
    let hits = 0;
    for (let index = bullets.count - 1; index >= 0; index--) {
      const x = bullets.move(index);
      if (!onGrid(x)) {
        bullets.removeEqual(index);
        continue;
      }
      const y = bullets.get(index, Y);
      if (!this.#fish.removeAt(x, y) && !this.#subs.removeAt(x, y)) continue;
      bullets.removeEqual(index);
      hits++;
    }
    return hits;
  }

  #moveDivers(): void {
    const divers = this.#divers;
    for (let index = divers.count - 1; index >= 0; index--) {
      if (this.#board(index)) continue;
      const timer = divers.get(index, MOVE_TIMER);
      divers.set(index, MOVE_TIMER, timer === 0 ? DIVER_PERIOD : timer - 1);
      if (timer > 0) continue;
      if (!onGrid(divers.move(index))) divers.removeEqual(index);
      else this.#board(index);
    }
  }

  /** Takes a diver aboard who is where the submarine is, if there is room. */
  #board(index: number): boolean {
    if (!this.#meets(this.#divers, index) || this.#crew >= CREW) return false;
    this.#divers.removeEqual(index);
    this.#crew++;
    return true;
  }

  #meets(swimmers: Swimmers, index: number): boolean {
    return swimmers.isAt(index, this.#x, this.#y);
  }

  /** Moves fish or subs, which may run into bullets; returns how many did. */
  #moveEnemies(enemies: Swimmers, armed: boolean): number {
    let hits = 0;
    for (let index = enemies.count - 1; index >= 0; index--) {
      const timer = enemies.get(index, MOVE_TIMER);
      const gun = armed ? enemies.get(index, GUN_TIMER) : 1;
      const y = enemies.get(index, Y);
      const direction = enemies.get(index, DIRECTION);
      let x = enemies.get(index, X);
      /** Where it is in the list, −1 once it is gone. */
      let place = index;
      if (this.#meets(enemies, index)) this.over = true;
      enemies.set(index, MOVE_TIMER, timer === 0 ? this.#movePeriod : timer - 1);
      if (timer === 0) {
        x = enemies.move(index);
        if (!onGrid(x)) place = enemies.removeEqual(index);
        else if (this.#meets(enemies, index)) this.over = true;
        else if (this.#bullets.removeAt(x, y)) {
          place = enemies.removeEqual(index);
          hits++;
        }
      }
      if (!armed) continue;
      // A sub that went in this step still shoots.
      if (gun === 0) this.#enemyBullets.add(x, y, direction);
      if (place >= 0) enemies.set(place, GUN_TIMER, gun === 0 ? GUN_PERIOD : gun - 1);
    }
    return hits;
  }

  #moveEnemyBullets(): void {
    const bullets = this.#enemyBullets;
    for (let index = bullets.count - 1; index >= 0; index--) {
      if (this.#meets(bullets, index)) this.over = true;
      if (!onGrid(bullets.move(index))) bullets.removeEqual(index);
      else if (this.#meets(bullets, index)) this.over = true;
    }
  }

  /** Uses oxygen below the surface, and surfaces at it; returns the reward. */
  #breathe(): number {
    if (this.#oxygen <= 0) this.over = true;
    if (this.#y > 0) {
      this.#oxygen--;
      this.#surfaced = false;
      return 0;
    }
    if (this.#surfaced) return 0;
    if (this.#crew === 0) {
      this.over = true;
      return 0;
    }
    return this.#surface();
  }

  #surface(): number {
    this.#surfaced = true;
    let reward = 0;
    if (this.#crew === CREW) {
      this.#crew = 0;
      reward = this.#gauge();
    }
    this.#oxygen = OXYGEN;
    this.#crew--;
    if (this.#ramping && (this.#spawnPeriod > 1 || this.#movePeriod > FASTEST_PERIOD)) {
      if (this.#movePeriod > FASTEST_PERIOD && this.#ramps % 2 === 1) this.#movePeriod--;
      if (this.#spawnPeriod > 1) this.#spawnPeriod--;
      this.#ramps++;
    }
    return reward;
  }

  /** Cells of ten that the oxygen fills. */
  #gauge(): number {
    return Math.floor((Math.max(this.#oxygen, 0) * 10) / OXYGEN);
  }

  draw(state: ObservationArray): void {
    state[cell(this.#y, this.#x, CHANNELS) + SUB_FRONT] = 1;
    state[cell(this.#y, this.#x - this.#facing, CHANNELS) + SUB_BACK] = 1;
    const gauges = cell(SIZE - 1, 0, CHANNELS);
    for (let i = this.#gauge() - 1; i >= 0; i--) state[gauges + i * CHANNELS + OXYGEN_GAUGE] = 1;
    for (let i = 1; i <= this.#crew; i++) state[gauges + (SIZE - 1 - i) * CHANNELS + DIVER_GAUGE] = 1;
    this.#show(state, this.#bullets, FRIENDLY_BULLET, false);
    this.#show(state, this.#enemyBullets, ENEMY_BULLET, false);
    this.#show(state, this.#fish, ENEMY_FISH, true);
    this.#show(state, this.#subs, ENEMY_SUB, true);
    this.#show(state, this.#divers, DIVER, true);
  }

  #show(state: ObservationArray, swimmers: Swimmers, channel: number, trail: boolean): void {
    for (let index = 0; index < swimmers.count; index++) {
      const x = swimmers.get(index, X);
      const y = swimmers.get(index, Y);
      const behind = x - swimmers.get(index, DIRECTION);
      state[cell(y, x, CHANNELS) + channel] = 1;
      if (trail && onGrid(behind)) state[cell(y, behind, CHANNELS) + TRAIL] = 1;
    }
  }
}
