import type { NumpyRandom } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import { cell, type Game, LEFT, RIGHT, SIZE } from './game.ts';

const PADDLE = 0;
const BALL = 1;
const TRAIL = 2;
const BRICK = 3;
const CHANNELS = 4;

/** Bricks lie on rows 1 to 3. */
const FIRST_BRICK = SIZE;
const BRICKS_END = 4 * SIZE;

/** A paddle on row 9 keeps a ball in play, which strikes bricks for 1 each. */
export class Breakout implements Game {
  over = false;
  readonly #random: NumpyRandom;
  readonly #bricks = new Uint8Array(SIZE * SIZE);
  #bricksLeft = 0;
  #paddle = 0;
  #x = 0;
  #y = 0;
  /** Where the ball was a step ago. */
  #trailX = 0;
  #trailY = 0;
  /** The ball's direction: 1 is right and down. */
  #dx = 1;
  #dy = 1;
  /** The ball has been among bricks since it struck one: it strikes no second one. */
  #struck = false;

  constructor(random: NumpyRandom) {
    this.#random = random;
  }

  reset(): void {
    this.over = false;
    const fromLeft = this.#random.integer(0, 2) === 0;
    this.#x = fromLeft ? 0 : SIZE - 1;
    this.#dx = fromLeft ? 1 : -1;
    this.#y = 3;
    this.#dy = 1;
    this.#trailX = this.#x;
    this.#trailY = this.#y;
    this.#paddle = 4;
    this.#struck = false;
    this.#layBricks();
  }

  act(action: number): number {
    if (action === LEFT) this.#paddle = Math.max(this.#paddle - 1, 0);
    else if (action === RIGHT) this.#paddle = Math.min(this.#paddle + 1, SIZE - 1);

    const oldX = this.#x;
    const oldY = this.#y;
    this.#trailX = oldX;
    this.#trailY = oldY;
    this.#x += this.#dx;
    this.#y += this.#dy;
    if (this.#x < 0 || this.#x >= SIZE) {
      this.#x = oldX;
      this.#dx = -this.#dx;
    }
    if (this.#y < 0) {
      this.#y = 0;
      this.#dy = -this.#dy;
      this.#struck = false;
      return 0;
    }
    const at = this.#y * SIZE + this.#x;
    if (this.#bricks[at] === 1) {
      if (this.#struck) return 0;
      this.#struck = true;
      this.#bricks[at] = 0;
      this.#bricksLeft--;
      this.#y = oldY;
      this.#dy = -this.#dy;
      return 1;
    }
    this.#struck = false;
    if (this.#y === SIZE - 1) this.#meetPaddle(oldX, oldY);
    return 0;
  }

  #meetPaddle(oldX: number, oldY: number): void {
    if (this.#bricksLeft === 0) this.#layBricks();
    if (oldX !== this.#paddle && this.#x !== this.#paddle) {
      this.over = true;
      return;
    }
    // Met from the side, the ball goes back where it came from.
    if (oldX !== this.#paddle) this.#dx = -this.#dx;
    this.#dy = -this.#dy;
    this.#y = oldY;
  }

  #layBricks(): void {
    this.#bricks.fill(1, FIRST_BRICK, BRICKS_END);
    this.#bricksLeft = BRICKS_END - FIRST_BRICK;
  }

  draw(state: ObservationArray): void {
    state[cell(SIZE - 1, this.#paddle, CHANNELS) + PADDLE] = 1;
    state[cell(this.#y, this.#x, CHANNELS) + BALL] = 1;
    state[cell(this.#trailY, this.#trailX, CHANNELS) + TRAIL] = 1;
    for (let at = FIRST_BRICK; at < BRICKS_END; at++) state[at * CHANNELS + BRICK] = this.#bricks[at];
  }
}
