/** `x`, held between `low` and `high`. */
export const clamp = (x: number, low: number, high: number): number => Math.max(low, Math.min(high, x));

/** Degrees as radians, in NumPy's order. */
export const radians = (degrees: number): number => degrees * (Math.PI / 180);

/** The angle in [−π, π). */
export function wrapAngle(angle: number): number {
  const turn = 2 * Math.PI;
  const rest = (angle + Math.PI) % turn;
  return (rest < 0 ? rest + turn : rest) - Math.PI;
}

/** `x`, kept at least 0.01 away from 0 with its sign, so that it can divide; 0 counts as positive. */
export function notZero(x: number): number {
  if (Math.abs(x) > 0.01) return x;
  return x >= 0 ? 0.01 : -0.01;
}

/** The line through (x0, 0) and (x1, 1), at `x`. */
export const unit = (x: number, x0: number, x1: number): number => (x - x0) / (x1 - x0);

/** The nearest integer; halves go to the even one, as NumPy rounds. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
