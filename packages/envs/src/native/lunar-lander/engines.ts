import type { Body } from 'planck';
import { SCALE } from './scale.ts';

const MAIN_POWER = 13;
const SIDE_POWER = 0.6;
/** How far below the hull's origin the main engine pushes, in metres. */
const MAIN_DOWN = 4 / SCALE;
/** How far to the side of the hull's origin a side engine pushes, in metres. */
const SIDE_AWAY = 12 / SCALE;
/** How far above the hull's origin a side engine pushes, in metres: on x and on y. They differ in the original. */
const SIDE_UP_X = 17 / SCALE;
const SIDE_UP_Y = 14 / SCALE;

export const NOTHING = 0;
const LEFT_ENGINE = 1;
const MAIN_ENGINE = 2;
const RIGHT_ENGINE = 3;

/** What a step of an engine costs, by action. */
export const FUEL: readonly number[] = [0, 0.03, 0.3, 0.03];

const impulse = { x: 0, y: 0 };
const point = { x: 0, y: 0 };

/**
 * Fires the engine that an action names, for one step.
 *
 * @param d0 dispersion along the hull's axis, in metres.
 * @param d1 dispersion across it, in metres.
 */
export function fire(hull: Body, action: number, d0: number, d1: number): void {
  if (action === MAIN_ENGINE) push(hull, MAIN_POWER, MAIN_DOWN + 2 * d0, d1, 0, 0);
  else if (action === LEFT_ENGINE) push(hull, SIDE_POWER, d0, 3 * d1 - SIDE_AWAY, SIDE_UP_X, SIDE_UP_Y);
  else if (action === RIGHT_ENGINE) push(hull, SIDE_POWER, d0, 3 * d1 + SIDE_AWAY, SIDE_UP_X, SIDE_UP_Y);
}

/** An impulse against the offset that lies `along` and `across` the hull's axis, at that offset and `up` the axis. */
function push(hull: Body, power: number, along: number, across: number, upX: number, upY: number): void {
  const angle = hull.getAngle();
  const sin = Math.sin(angle);
  const cos = Math.cos(angle);
  const x = sin * along - cos * across;
  const y = -cos * along - sin * across;
  const { x: originX, y: originY } = hull.getPosition();
  impulse.x = -power * x;
  impulse.y = -power * y;
  point.x = originX + x - sin * upX;
  point.y = originY + y + cos * upY;
  hull.applyLinearImpulse(impulse, point, true);
}
