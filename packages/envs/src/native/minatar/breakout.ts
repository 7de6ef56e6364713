import type { NumpyRandom } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import { cell, type Game, LEFT, OVER, OWN, RIGHT, SIZE } from './game.ts';

const PADDLE = 0;
const BALL = 1;
const TRAIL = 2;
const BRICK = 3;
const CHANNELS = 4;

/** Bricks lie on rows 1 to 3. */
const FIRST_BRICK = SIZE;
const BRICKS_END = 4 * SIZE;

// A state.
const PADDLE_X = OWN;
const X = OWN + 1;
const Y = OWN + 2;
// Where the ball was a step ago.
const TRAIL_X = OWN + 3;
const TRAIL_Y = OWN + 4;
// The ball's direction: 1 is right and down.
const DX = OWN + 5;
const DY = OWN + 6;
/** 1: the ball has been among bricks since it struck one, and strikes no second one. */
const STRUCK = OWN + 7;
const BRICKS_LEFT = OWN + 8;
/** The cells of all bricks, 1 where there is one. */
const BRICKS = OWN + 9;
const WIDTH = BRICKS + BRICKS_END - FIRST_BRICK;

/** A paddle on row 9 keeps a ball in play, which strikes bricks for 1 each. */
export class Breakout implements Game {
  readonly width = WIDTH;

  reset(s: Int32Array, at: number, random: NumpyRandom): void {
    s[at + OVER] = 0;
    const fromLeft = random.integer(0, 2) === 0;
    s[at + X] = fromLeft ? 0 : SIZE - 1;
    s[at + DX] = fromLeft ? 1 : -1;
    s[at + Y] = 3;
    s[at + DY] = 1;
    s[at + TRAIL_X] = s[at + X];
    s[at + TRAIL_Y] = s[at + Y];
    s[at + PADDLE_X] = 4;
    s[at + STRUCK] = 0;
    layBricks(s, at);
  }

  act(s: Int32Array, at: number, _random: NumpyRandom, action: number): number {
    if (action === LEFT) s[at + PADDLE_X] = Math.max(s[at + PADDLE_X] - 1, 0);
    else if (action === RIGHT) s[at + PADDLE_X] = Math.min(s[at + PADDLE_X] + 1, SIZE - 1);

    const oldX = s[at + X];
    const oldY = s[at + Y];
    s[at + TRAIL_X] = oldX;
    s[at + TRAIL_Y] = oldY;
    s[at + X] += s[at + DX];
    s[at + Y] += s[at + DY];
    if (s[at + X] < 0 || s[at + X] >= SIZE) {
      s[at + X] = oldX;
      s[at + DX] = -s[at + DX];
    }
    if (s[at + Y] < 0) {
      s[at + Y] = 0;
      s[at + DY] = -s[at + DY];
      s[at + STRUCK] = 0;
      return 0;
    }
    const brick = s[at + Y] * SIZE + s[at + X] - FIRST_BRICK;
    if (brick >= 0 && brick < BRICKS_END - FIRST_BRICK && s[at + BRICKS + brick] === 1) {
      if (s[at + STRUCK] === 1) return 0;
      s[at + STRUCK] = 1;
      s[at + BRICKS + brick] = 0;
      s[at + BRICKS_LEFT]--;
      s[at + Y] = oldY;
      s[at + DY] = -s[at + DY];
      return 1;
    }
    s[at + STRUCK] = 0;
    if (s[at + Y] === SIZE - 1) meetPaddle(s, at, oldX, oldY);
    return 0;
  }

  draw(s: Int32Array, at: number, out: ObservationArray, to: number): void {
    out[to + cell(SIZE - 1, s[at + PADDLE_X], CHANNELS) + PADDLE] = 1;
    out[to + cell(s[at + Y], s[at + X], CHANNELS) + BALL] = 1;
    out[to + cell(s[at + TRAIL_Y], s[at + TRAIL_X], CHANNELS) + TRAIL] = 1;
    for (let i = 0; i < BRICKS_END - FIRST_BRICK; i++) {
      out[to + (FIRST_BRICK + i) * CHANNELS + BRICK] = s[at + BRICKS + i];
    }
  }
}

function meetPaddle(s: Int32Array, at: number, oldX: number, oldY: number): void {
  if (s[at + BRICKS_LEFT] === 0) layBricks(s, at);
  if (oldX !== s[at + PADDLE_X] && s[at + X] !== s[at + PADDLE_X]) {
    s[at + OVER] = 1;
    return;
  }
  // Met from the side, the ball goes back where it came from.
  if (oldX !== s[at + PADDLE_X]) s[at + DX] = -s[at + DX];
  s[at + DY] = -s[at + DY];
  s[at + Y] = oldY;
}

function layBricks(s: Int32Array, at: number): void {
  s.fill(1, at + BRICKS, at + WIDTH);
  s[at + BRICKS_LEFT] = BRICKS_END - FIRST_BRICK;
}
