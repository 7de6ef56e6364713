import type { Random } from '@qfleet/random';
import { z } from 'zod';
import { EnvironmentDefinitionError } from '../../errors.ts';
import { issueSentence } from '../../issues.ts';
import { HEIGHT, SCALE } from './scale.ts';
import { HEIGHTS } from './terrain.ts';

/** The least and most newtons that push a lander in the first step, on each axis. */
const FORCE = 1000;
/** The most metres by which an engine's nozzle is off its place, on each axis. */
const DISPERSION = 1 / SCALE;
const WIND = 9999;

/** All that is random in an episode, in the order in which it is drawn. */
export interface Draws {
  /** Writes 12 terrain heights in metres, at the start of an episode. */
  terrain(heights: Float64Array): void;
  /** A component of the first step's push, in newtons: x first, then y. */
  force(): number;
  /** Where in its pattern a wind starts, in steps: the linear wind's first, then the turbulence's. */
  wind(): number;
  /** A component of the engines' dispersion, in metres: two of them in each step, the one in a reset included. */
  dispersion(): number;
}

const between = (random: Random, limit: number): number => -limit + 2 * limit * random.uniform();

/** Draws from a stream, distributed as Gymnasium's. */
export function randomDraws(random: Random): Draws {
  return {
    terrain(heights) {
      for (let i = 0; i < heights.length; i++) heights[i] = (HEIGHT / 2) * random.uniform();
    },
    force: () => between(random, FORCE),
    wind: () => random.integer(2 * WIND) - WIND,
    dispersion: () => between(random, DISPERSION),
  };
}

const within = (low: number, high: number) => z.number().min(low).max(high);

const list = (of: z.ZodType<number>, length: number) =>
  z.array(of).refine((numbers) => numbers.length === length, `it must have ${length} numbers`);

const schema = z.strictObject({
  terrain: list(within(0, HEIGHT / 2), HEIGHTS),
  force: list(within(-FORCE, FORCE), 2),
  wind: list(z.int().min(-WIND).max(WIND), 2).optional(),
  dispersion: z.array(list(within(-DISPERSION, DISPERSION), 2)),
});

/**
 * Given draws of one episode in place of random ones: `{ terrain: [12], force: [2], dispersion: [[2], …] }`, and
 * `wind: [2]` where there is wind. The first dispersion is the reset's.
 *
 * @throws RangeError when they are not of that form; EnvironmentDefinitionError from `dispersion`, when they are too few.
 */
export function givenDraws(given: unknown, windy: boolean): Draws {
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    throw new RangeError(
      issueSentence('A set of draws', 'field', parsed.error, Object.keys(schema.shape), given),
    );
  }
  const { terrain, force, wind = [], dispersion } = parsed.data;
  if (windy !== wind.length > 0) {
    throw new RangeError(
      windy
        ? 'With enable_wind a set of draws has wind, the two steps that its patterns start at: add it.'
        : 'Without enable_wind a set of draws has no wind: leave it out.',
    );
  }
  const dispersions = dispersion.flat();
  let forces = 0;
  let winds = 0;
  let taken = 0;
  return {
    terrain: (heights) => heights.set(terrain),
    force: () => force[forces++],
    wind: () => wind[winds++],
    dispersion() {
      if (taken < dispersions.length) return dispersions[taken++];
      throw new EnvironmentDefinitionError(
        `A set of draws has ${dispersion.length} dispersions, and step ${dispersion.length} takes another: give one for the reset and one for each step.`,
      );
    },
  };
}
