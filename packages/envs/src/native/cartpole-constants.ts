/** CartPole's constants, in metres, kilograms, seconds, newtons and radians. */
export const GRAVITY = 9.8;
export const POLE_MASS = 0.1;
/** Pole and cart. */
export const TOTAL_MASS = POLE_MASS + 1;
export const HALF_LENGTH = 0.5;
export const POLE_MASS_LENGTH = POLE_MASS * HALF_LENGTH;
export const FORCE = 10;
/** The time of a step. */
export const TAU = 0.02;
/** An episode ends beyond these. */
export const X_LIMIT = 2.4;
export const THETA_LIMIT = (12 * 2 * Math.PI) / 360;
