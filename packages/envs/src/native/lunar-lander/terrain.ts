import { type Body, Edge, type Vec2Value, type World } from 'planck';
import { PAD_HEIGHT, WIDTH } from './scale.ts';

/** Points of the ground, 2 m apart. */
const POINTS = 11;
/** The terrain is drawn with one height more than it has points; the first point is smoothed with that one. */
export const HEIGHTS = POINTS + 1;
const MIDDLE = (POINTS - 1) / 2;
/** The first and the last point of the pad. */
export const PAD = [MIDDLE - 1, MIDDLE + 1] as const;

/**
 * The points of the ground, from left to right: the smoothed heights, flat in the middle where the pad is.
 *
 * @param heights in metres; those of the pad are overwritten.
 */
export function terrainPoints(heights: Float64Array): Vec2Value[] {
  heights.fill(PAD_HEIGHT, MIDDLE - 2, MIDDLE + 3);
  return Array.from({ length: POINTS }, (_, i) => ({
    x: (WIDTH / (POINTS - 1)) * i,
    // A little lower than the mean, as in Gymnasium.
    y: 0.33 * (heights[(i + HEIGHTS - 1) % HEIGHTS] + heights[i] + heights[i + 1]),
  }));
}

/** Makes the ground: ten edges between its points, and one along the bottom. */
export function makeTerrain(world: World, points: readonly Vec2Value[]): Body {
  const ground = world.createBody();
  ground.createFixture(new Edge({ x: 0, y: 0 }, { x: WIDTH, y: 0 }));
  for (let i = 1; i < POINTS; i++) {
    ground.createFixture({ shape: new Edge(points[i - 1], points[i]), friction: 0.1 });
  }
  return ground;
}
