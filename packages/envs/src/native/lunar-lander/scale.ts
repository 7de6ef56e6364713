/** Pixels a metre: Gymnasium gives the sizes of the lander in pixels. */
export const SCALE = 30;
/** Steps a second. */
export const FPS = 50;
/** The width of the world, in metres. */
export const WIDTH = 600 / SCALE;
/** The height of the world, in metres. */
export const HEIGHT = 400 / SCALE;
/** The height of the landing pad before the terrain is smoothed, and the zero of observed heights, in metres. */
export const PAD_HEIGHT = HEIGHT / 4;
