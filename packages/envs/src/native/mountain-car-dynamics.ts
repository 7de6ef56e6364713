/** MountainCar's bounds, in its own units of length and of length a step. */
export const MIN_POSITION = -1.2;
export const MAX_POSITION = 0.6;
export const MAX_SPEED = 0.07;
export const GOAL_POSITION = 0.5;
const FORCE = 0.001;
const GRAVITY = 0.0025;

const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/** The velocity after an action: 0 pushes to the left, 1 not at all, 2 to the right. */
export function pushed(position: number, velocity: number, action: number): number {
  const push = (action - 1) * FORCE + Math.cos(3 * position) * -GRAVITY;
  return clip(velocity + push, -MAX_SPEED, MAX_SPEED);
}

/** The position a step later. */
export const moved = (position: number, velocity: number): number =>
  clip(position + velocity, MIN_POSITION, MAX_POSITION);

/** The velocity that is left at a position: the left wall stops the car. */
export const stopped = (position: number, velocity: number): number =>
  position === MIN_POSITION && velocity < 0 ? 0 : velocity;

export const isAtGoal = (position: number, velocity: number, goalVelocity: number): boolean =>
  position >= GOAL_POSITION && velocity >= goalVelocity;

/** The position that an episode starts from, at rest, for a draw from [0, 1). */
export const startPosition = (uniform: number): number => -0.6 + 0.2 * uniform;
