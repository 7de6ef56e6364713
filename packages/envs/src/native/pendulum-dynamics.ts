// The rod: 1 kg and 1 m.
const MASS = 1;
const LENGTH = 1;
const DT = 0.05;
/** Radians a second. */
export const MAX_SPEED = 8;
/** N·m. */
const MAX_TORQUE = 2;

/** The torque of an action, N·m: `levels` of them, evenly spread over [−2, 2]. */
export const torqueOf = (action: number, levels: number): number =>
  -MAX_TORQUE + (2 * MAX_TORQUE * action) / (levels - 1);

/** The angle in [−π, π). */
function wrap(angle: number): number {
  const turn = 2 * Math.PI;
  const rest = (angle + Math.PI) % turn;
  return (rest < 0 ? rest + turn : rest) - Math.PI;
}

/** The reward of a torque in a state. */
export function rewardOf(theta: number, speed: number, torque: number): number {
  const angle = wrap(theta);
  return -(angle * angle + 0.1 * (speed * speed) + 0.001 * (torque * torque));
}

/** The speed after a step, under gravity `g` (m/s²). */
export function speedAfter(theta: number, speed: number, torque: number, g: number): number {
  const acceleration = ((3 * g) / (2 * LENGTH)) * Math.sin(theta) + (3 / (MASS * (LENGTH * LENGTH))) * torque;
  return Math.min(Math.max(speed + acceleration * DT, -MAX_SPEED), MAX_SPEED);
}

/** The angle after a step at a speed. */
export const angleAfter = (theta: number, speed: number): number => theta + speed * DT;

/** The angle that an episode starts from, for a draw from [0, 1). */
export const startAngle = (uniform: number): number => -Math.PI + 2 * Math.PI * uniform;

/** The speed that an episode starts with, for a draw from [0, 1). */
export const startSpeed = (uniform: number): number => -1 + 2 * uniform;
