import type { NumpyRandom } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import { cell, DOWN, FIRE, type Game, LEFT, OVER, OWN, onGrid, RIGHT, SIZE, UP } from './game.ts';
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

// A state. The submarine's place, and where it looks: 1 is right.
const SUB_X = OWN;
const SUB_Y = OWN + 1;
const FACING = OWN + 2;
const OXYGEN_LEFT = OWN + 3;
/** Divers aboard; a surfacing without six of them may leave it at −1. */
const ABOARD = OWN + 4;
/** 1: it has been at the surface since it came up. */
const SURFACED = OWN + 5;
const SHOT_TIMER = OWN + 6;
const SPAWN_EVERY = OWN + 7;
const SPAWN_TIMER = OWN + 8;
const DIVER_TIMER = OWN + 9;
const MOVE_EVERY = OWN + 10;
const RAMPS = OWN + 11;

// A shot comes each 5 steps at most and lives for 10. An enemy comes each step at most, lives for 60 and shoots each 11;
// by the time that they come so fast, they live for 30.
const bullets = new Swimmers(OWN + 12, 3, 8);
const enemyBullets = new Swimmers(bullets.end, 3, 64);
const fish = new Swimmers(enemyBullets.end, 4, 64);
const subs = new Swimmers(fish.end, 5, 64);
const divers = new Swimmers(subs.end, 4, 8);
const WIDTH = divers.end;
const LISTS = [bullets, enemyBullets, fish, subs, divers];

/** A submarine shoots fish and subs, for 1 each, takes divers aboard, and brings six of them up while it has oxygen. */
export class Seaquest implements Game {
  readonly width = WIDTH;
  readonly #ramping: boolean;

  constructor(ramping: boolean) {
    this.#ramping = ramping;
  }

  reset(s: Int32Array, at: number): void {
    s[at + OVER] = 0;
    for (let i = 0; i < LISTS.length; i++) LISTS[i].clear(s, at);
    s[at + SUB_X] = 5;
    s[at + SUB_Y] = 0;
    s[at + FACING] = -1;
    s[at + OXYGEN_LEFT] = OXYGEN;
    s[at + ABOARD] = 0;
    s[at + SURFACED] = 1;
    s[at + SHOT_TIMER] = 0;
    s[at + SPAWN_EVERY] = SPAWN_PERIOD;
    s[at + SPAWN_TIMER] = SPAWN_PERIOD;
    s[at + DIVER_TIMER] = DIVER_SPAWN_PERIOD;
    s[at + MOVE_EVERY] = MOVE_PERIOD;
    s[at + RAMPS] = 0;
  }

  act(s: Int32Array, at: number, random: NumpyRandom, action: number): number {
    if (s[at + SPAWN_TIMER] === 0) {
      spawnEnemy(s, at, random);
      s[at + SPAWN_TIMER] = s[at + SPAWN_EVERY];
    }
    if (s[at + DIVER_TIMER] === 0) {
      const direction = random.uniform() < 0.5 ? 1 : -1;
      enter(s, at, divers, random.integer(1, SIZE - 1), direction, DIVER_PERIOD);
      s[at + DIVER_TIMER] = DIVER_SPAWN_PERIOD;
    }
    steer(s, at, action);
    let reward = moveBullets(s, at);
    moveDivers(s, at);
    reward += moveEnemies(s, at, subs, true);
    moveEnemyBullets(s, at);
    reward += moveEnemies(s, at, fish, false);
    if (s[at + SPAWN_TIMER] > 0) s[at + SPAWN_TIMER]--;
    if (s[at + DIVER_TIMER] > 0) s[at + DIVER_TIMER]--;
    if (s[at + SHOT_TIMER] > 0) s[at + SHOT_TIMER]--;
    return reward + this.#breathe(s, at);
  }

  /** Uses oxygen below the surface, and surfaces at it; returns the reward. */
  #breathe(s: Int32Array, at: number): number {
    if (s[at + OXYGEN_LEFT] <= 0) s[at + OVER] = 1;
    if (s[at + SUB_Y] > 0) {
      s[at + OXYGEN_LEFT]--;
      s[at + SURFACED] = 0;
      return 0;
    }
    if (s[at + SURFACED] === 1) return 0;
    if (s[at + ABOARD] === 0) {
      s[at + OVER] = 1;
      return 0;
    }
    return this.#surface(s, at);
  }

  #surface(s: Int32Array, at: number): number {
    s[at + SURFACED] = 1;
    let reward = 0;
    if (s[at + ABOARD] === CREW) {
      s[at + ABOARD] = 0;
      reward = gauge(s, at);
    }
    s[at + OXYGEN_LEFT] = OXYGEN;
    s[at + ABOARD]--;
    if (this.#ramping && (s[at + SPAWN_EVERY] > 1 || s[at + MOVE_EVERY] > FASTEST_PERIOD)) {
      if (s[at + MOVE_EVERY] > FASTEST_PERIOD && s[at + RAMPS] % 2 === 1) s[at + MOVE_EVERY]--;
      if (s[at + SPAWN_EVERY] > 1) s[at + SPAWN_EVERY]--;
      s[at + RAMPS]++;
    }
    return reward;
  }

  draw(s: Int32Array, at: number, out: ObservationArray, to: number): void {
    out[to + cell(s[at + SUB_Y], s[at + SUB_X], CHANNELS) + SUB_FRONT] = 1;
    out[to + cell(s[at + SUB_Y], s[at + SUB_X] - s[at + FACING], CHANNELS) + SUB_BACK] = 1;
    const gauges = cell(SIZE - 1, 0, CHANNELS);
    for (let i = gauge(s, at) - 1; i >= 0; i--) out[to + gauges + i * CHANNELS + OXYGEN_GAUGE] = 1;
    for (let i = 1; i <= s[at + ABOARD]; i++) out[to + gauges + (SIZE - 1 - i) * CHANNELS + DIVER_GAUGE] = 1;
    show(s, at, out, to, bullets, FRIENDLY_BULLET, false);
    show(s, at, out, to, enemyBullets, ENEMY_BULLET, false);
    show(s, at, out, to, fish, ENEMY_FISH, true);
    show(s, at, out, to, subs, ENEMY_SUB, true);
    show(s, at, out, to, divers, DIVER, true);
  }
}

function steer(s: Int32Array, at: number, action: number): void {
  if (action === FIRE && s[at + SHOT_TIMER] === 0) {
    bullets.add(s, at, s[at + SUB_X], s[at + SUB_Y], s[at + FACING]);
    s[at + SHOT_TIMER] = SHOT_PERIOD;
  } else if (action === LEFT) {
    s[at + SUB_X] = Math.max(s[at + SUB_X] - 1, 0);
    s[at + FACING] = -1;
  } else if (action === RIGHT) {
    s[at + SUB_X] = Math.min(s[at + SUB_X] + 1, SIZE - 1);
    s[at + FACING] = 1;
  } else if (action === UP) s[at + SUB_Y] = Math.max(s[at + SUB_Y] - 1, 0);
  else if (action === DOWN) s[at + SUB_Y] = Math.min(s[at + SUB_Y] + 1, SIZE - 2);
}

function spawnEnemy(s: Int32Array, at: number, random: NumpyRandom): void {
  const direction = random.uniform() < 0.5 ? 1 : -1;
  const isSub = random.uniform() < 1 / 3;
  const y = random.integer(1, SIZE - 1);
  if (anyAgainst(s, at, fish, y, direction) || anyAgainst(s, at, subs, y, direction)) return;
  const index = enter(s, at, isSub ? subs : fish, y, direction, s[at + MOVE_EVERY]);
  if (isSub) subs.set(s, at, index, GUN_TIMER, GUN_PERIOD);
}

/** Whether one of `enemies` on row `y` has the other direction. */
function anyAgainst(s: Int32Array, at: number, enemies: Swimmers, y: number, direction: number): boolean {
  for (let index = 0; index < enemies.count(s, at); index++) {
    if (enemies.get(s, at, index, Y) === y && enemies.get(s, at, index, DIRECTION) !== direction) return true;
  }
  return false;
}

/** Adds what comes in from the side that `direction` leads away from; returns its index. */
function enter(
  s: Int32Array,
  at: number,
  swimmers: Swimmers,
  y: number,
  direction: number,
  moveTimer: number,
): number {
  const index = swimmers.add(s, at, direction === 1 ? 0 : SIZE - 1, y, direction);
  swimmers.set(s, at, index, MOVE_TIMER, moveTimer);
  return index;
}

function moveBullets(s: Int32Array, at: number): number {
  let hits = 0;
  for (let index = bullets.count(s, at) - 1; index >= 0; index--) {
    const x = bullets.move(s, at, index);
    if (!onGrid(x)) {
      bullets.removeEqual(s, at, index);
      continue;
    }
    const y = bullets.get(s, at, index, Y);
    if (!fish.removeAt(s, at, x, y) && !subs.removeAt(s, at, x, y)) continue;
    bullets.removeEqual(s, at, index);
    hits++;
  }
  return hits;
}

function moveDivers(s: Int32Array, at: number): void {
  for (let index = divers.count(s, at) - 1; index >= 0; index--) {
    if (board(s, at, index)) continue;
    const timer = divers.get(s, at, index, MOVE_TIMER);
    divers.set(s, at, index, MOVE_TIMER, timer === 0 ? DIVER_PERIOD : timer - 1);
    if (timer > 0) continue;
    if (!onGrid(divers.move(s, at, index))) divers.removeEqual(s, at, index);
    else board(s, at, index);
  }
}

/** Takes a diver aboard who is where the submarine is, if there is room. */
function board(s: Int32Array, at: number, index: number): boolean {
  if (!meets(s, at, divers, index) || s[at + ABOARD] >= CREW) return false;
  divers.removeEqual(s, at, index);
  s[at + ABOARD]++;
  return true;
}

function meets(s: Int32Array, at: number, swimmers: Swimmers, index: number): boolean {
  return swimmers.isAt(s, at, index, s[at + SUB_X], s[at + SUB_Y]);
}

/** Moves fish or subs, which may run into bullets; returns how many did. */
function moveEnemies(s: Int32Array, at: number, enemies: Swimmers, armed: boolean): number {
  let hits = 0;
  for (let index = enemies.count(s, at) - 1; index >= 0; index--) {
    const timer = enemies.get(s, at, index, MOVE_TIMER);
    const gun = armed ? enemies.get(s, at, index, GUN_TIMER) : 1;
    const y = enemies.get(s, at, index, Y);
    const direction = enemies.get(s, at, index, DIRECTION);
    let x = enemies.get(s, at, index, X);
    /** Where it is in the list, −1 once it is gone. */
    let place = index;
    if (meets(s, at, enemies, index)) s[at + OVER] = 1;
    enemies.set(s, at, index, MOVE_TIMER, timer === 0 ? s[at + MOVE_EVERY] : timer - 1);
    if (timer === 0) {
      x = enemies.move(s, at, index);
      if (!onGrid(x)) place = enemies.removeEqual(s, at, index);
      else if (meets(s, at, enemies, index)) s[at + OVER] = 1;
      else if (bullets.removeAt(s, at, x, y)) {
        place = enemies.removeEqual(s, at, index);
        hits++;
      }
    }
    if (!armed) continue;
    // A sub that went in this step still shoots.
    if (gun === 0) enemyBullets.add(s, at, x, y, direction);
    if (place >= 0) enemies.set(s, at, place, GUN_TIMER, gun === 0 ? GUN_PERIOD : gun - 1);
  }
  return hits;
}

function moveEnemyBullets(s: Int32Array, at: number): void {
  for (let index = enemyBullets.count(s, at) - 1; index >= 0; index--) {
    if (meets(s, at, enemyBullets, index)) s[at + OVER] = 1;
    if (!onGrid(enemyBullets.move(s, at, index))) enemyBullets.removeEqual(s, at, index);
    else if (meets(s, at, enemyBullets, index)) s[at + OVER] = 1;
  }
}

/** Cells of ten that the oxygen fills. */
function gauge(s: Int32Array, at: number): number {
  return Math.floor((Math.max(s[at + OXYGEN_LEFT], 0) * 10) / OXYGEN);
}

function show(
  s: Int32Array,
  at: number,
  out: ObservationArray,
  to: number,
  swimmers: Swimmers,
  channel: number,
  trail: boolean,
): void {
  for (let index = 0; index < swimmers.count(s, at); index++) {
    const x = swimmers.get(s, at, index, X);
    const y = swimmers.get(s, at, index, Y);
    const behind = x - swimmers.get(s, at, index, DIRECTION);
    out[to + cell(y, x, CHANNELS) + channel] = 1;
    if (trail && onGrid(behind)) out[to + cell(y, behind, CHANNELS) + TRAIL] = 1;
  }
}
