import { type Body, Box, Polygon, type World } from 'planck';
import { LegJoint } from './leg-joint.ts';
import { HEIGHT, SCALE, WIDTH } from './scale.ts';

/** The hull, in pixels from the body's origin. */
const HULL = [
  [-14, 17],
  [-17, 0],
  [-17, -10],
  [17, -10],
  [17, 0],
  [14, 17],
];
const LEG_HALF_WIDTH = 2 / SCALE;
const LEG_HALF_HEIGHT = 8 / SCALE;
/** The angle that a leg is made with, in radians to its side. */
const LEG_ANGLE = 0.05;
/** How far a leg's joint is from its middle to the side, in metres. */
const LEG_AWAY = 20 / SCALE;
/** How far a leg's joint is above its middle, in metres. */
export const LEG_DOWN = 18 / SCALE;

// Hull and legs meet the ground, and nothing else.
const GROUND_BITS = 0x0001;
const HULL_BITS = 0x0010;
const LEG_BITS = 0x0020;

/** A hull with two legs on springy joints, at the top of the world. */
export interface Lander {
  readonly hull: Body;
  /** The right one first: Gymnasium's legs 0 and 1. */
  readonly legs: readonly [Body, Body];
}

export function makeLander(world: World): Lander {
  const hull = world.createDynamicBody({ position: { x: WIDTH / 2, y: HEIGHT } });
  hull.createFixture({
    shape: new Polygon(HULL.map(([x, y]) => ({ x: x / SCALE, y: y / SCALE }))),
    density: 5,
    friction: 0.1,
    filterCategoryBits: HULL_BITS,
    filterMaskBits: GROUND_BITS,
  });
  return { hull, legs: [makeLeg(world, hull, -1), makeLeg(world, hull, 1)] };
}

/**
 * A leg, whose motor presses it against a limit of its joint.
 *
 * @param side −1 for the leg that stands to the right, 1 for the left one.
 */
function makeLeg(world: World, hull: Body, side: -1 | 1): Body {
  const leg = world.createDynamicBody({
    position: { x: WIDTH / 2 - side * LEG_AWAY, y: HEIGHT },
    angle: side * LEG_ANGLE,
  });
  leg.createFixture({
    shape: new Box(LEG_HALF_WIDTH, LEG_HALF_HEIGHT),
    density: 1,
    filterCategoryBits: LEG_BITS,
    filterMaskBits: GROUND_BITS,
  });
  world.createJoint(
    new LegJoint({
      bodyA: hull,
      bodyB: leg,
      localAnchorA: { x: 0, y: 0 },
      localAnchorB: { x: side * LEG_AWAY, y: LEG_DOWN },
      // Limits count from the angle that the leg is made with, as they do by pybox2d's default.
      referenceAngle: side * LEG_ANGLE,
      enableMotor: true,
      maxMotorTorque: 40,
      motorSpeed: 0.3 * side,
      enableLimit: true,
      lowerAngle: side < 0 ? 0.4 : -0.9,
      upperAngle: side < 0 ? 0.9 : -0.4,
    }),
  );
  return leg;
}
