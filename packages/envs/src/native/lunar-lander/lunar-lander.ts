import type { Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import { type Body, type PolygonShape, type Vec2Value, World } from 'planck';
import { z } from 'zod';
import { landerPicture } from '../../drawing/lander.ts';
import type { Picture, Point } from '../../drawing/picture.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../../environment.ts';
import { Contacts } from './contacts.ts';
import { type Draws, givenDraws, randomDraws } from './draws.ts';
import { FUEL, fire, NOTHING } from './engines.ts';
import { type Lander, LEG_DOWN, makeLander } from './lander.ts';
import { FPS, HEIGHT, PAD_HEIGHT, WIDTH } from './scale.ts';
import { HEIGHTS, makeTerrain, PAD, terrainPoints } from './terrain.ts';
import { Wind } from './wind.ts';

const VELOCITY_ITERATIONS = 180;
const POSITION_ITERATIONS = 60;

/** The options, named and bounded as Gymnasium's keyword arguments are. */
export const lunarLanderOptions = {
  continuous: z
    .boolean()
    .default(false)
    .refine(
      (continuous) => !continuous,
      'continuous actions are not offered: leave it out for the four discrete ones',
    ),
  gravity: z
    .number()
    .default(-10)
    .refine((gravity) => gravity > -12 && gravity < 0, 'it must lie between -12 and 0, without these'),
  enable_wind: z.boolean().default(false),
  wind_power: z.number().default(15),
  turbulence_power: z.number().default(1.5),
};

type Options = z.infer<z.ZodObject<typeof lunarLanderOptions>>;

/** The lander of Gymnasium's `lunar_lander.py` (Oleg Klimov), on planck where that has Box2D. */
class LunarLander implements Environment {
  readonly #random: Draws;
  readonly #gravity: number;
  readonly #wind: Wind | null;
  readonly #heights = new Float64Array(HEIGHTS);
  /** The observation in float64, which rewards are computed of. */
  readonly #state = new Float64Array(8);
  /** Those of this episode. */
  #draws: Draws;
  #world!: World;
  #ground: readonly Vec2Value[] = [];
  #lander!: Lander;
  #contacts!: Contacts;
  #shaping = 0;

  constructor(random: Random, options: Options) {
    this.#random = randomDraws(random);
    this.#draws = this.#random;
    this.#gravity = options.gravity;
    this.#wind = options.enable_wind ? new Wind(options.wind_power, options.turbulence_power) : null;
  }

  reset(observation: ObservationArray): void {
    this.#begin(this.#random, observation);
  }

  /** @param draws see `givenDraws`. */
  resetWith(draws: unknown, observation: ObservationArray): void {
    this.#begin(givenDraws(draws, this.#wind !== null), observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    this.#advance(action);
    const before = this.#shaping;
    this.#shaping = shaping(this.#state);
    outcome.reward = this.#shaping - before - FUEL[action];
    outcome.terminated = false;
    outcome.truncated = false;
    if (this.#contacts.crashed || Math.abs(this.#state[0]) >= 1) {
      outcome.reward = -100;
      outcome.terminated = true;
    }
    if (!this.#lander.hull.isAwake()) {
      outcome.reward = 100;
      outcome.terminated = true;
    }
    observation.set(this.#state);
  }

  picture(): Picture {
    const { hull, legs } = this.#lander;
    const ground = this.#ground.map(({ x, y }): Point => [x, y]);
    return landerPicture({
      width: WIDTH,
      height: HEIGHT,
      ground,
      pad: [ground[PAD[0]], ground[PAD[1]]],
      hull: cornersOf(hull),
      legs: legs.map(cornersOf),
    });
  }

  /** Builds the world of an episode. Gymnasium's reset takes an idle step too. */
  #begin(draws: Draws, observation: ObservationArray): void {
    this.#draws = draws;
    draws.terrain(this.#heights);
    const world = new World({ x: 0, y: this.#gravity });
    this.#ground = terrainPoints(this.#heights);
    makeTerrain(world, this.#ground);
    const lander = makeLander(world);
    this.#world = world;
    this.#lander = lander;
    this.#contacts = new Contacts(world, lander);
    const x = draws.force();
    lander.hull.applyForceToCenter({ x, y: draws.force() }, true);
    if (this.#wind !== null) {
      const forceStep = draws.wind();
      this.#wind.start(forceStep, draws.wind());
    }
    this.#advance(NOTHING);
    this.#shaping = shaping(this.#state);
    observation.set(this.#state);
  }

  /** One step of the world. Two dispersions are drawn whatever the action. */
  #advance(action: number): void {
    const { hull } = this.#lander;
    const contacts = this.#contacts;
    if (this.#wind !== null && !contacts.leg0 && !contacts.leg1) this.#wind.blow(hull);
    const d0 = this.#draws.dispersion();
    const d1 = this.#draws.dispersion();
    fire(hull, action, d0, d1);
    this.#world.step(1 / FPS, VELOCITY_ITERATIONS, POSITION_ITERATIONS);

    const state = this.#state;
    const { x, y } = hull.getPosition();
    const velocity = hull.getLinearVelocity();
    state[0] = (x - WIDTH / 2) / (WIDTH / 2);
    state[1] = (y - (PAD_HEIGHT + LEG_DOWN)) / (HEIGHT / 2);
    state[2] = (velocity.x * (WIDTH / 2)) / FPS;
    state[3] = (velocity.y * (HEIGHT / 2)) / FPS;
    state[4] = hull.getAngle();
    state[5] = (20 * hull.getAngularVelocity()) / FPS;
    state[6] = Number(contacts.leg0);
    state[7] = Number(contacts.leg1);
  }
}

/** Where the corners of a body's one polygon are, in metres. */
function cornersOf(body: Body): Point[] {
  const shape = body.getFixtureList()!.getShape() as PolygonShape;
  return shape.m_vertices.map((vertex): Point => {
    const { x, y } = body.getWorldPoint(vertex);
    return [x, y];
  });
}

/** How good a state is: near to the pad, slow, upright and on its legs. */
function shaping(state: Float64Array): number {
  return (
    -100 * Math.sqrt(state[0] * state[0] + state[1] * state[1]) -
    100 * Math.sqrt(state[2] * state[2] + state[3] * state[3]) -
    100 * Math.abs(state[4]) +
    10 * state[6] +
    10 * state[7]
  );
}

const high = [2.5, 2.5, 10, 10, 2 * Math.PI, 10, 1, 1].map(Math.fround);
const low = high.map((bound, i) => (i < 6 ? -bound : 0));

export function lunarLander(id: 'LunarLander-v3', options: Options): EnvironmentDefinition {
  return {
    id,
    native: true,
    observationSpace: box({ low, high }),
    actionSpace: discrete(4),
    maxEpisodeSteps: 1000,
    solvedReturn: 200,
    summary: 'Land a spacecraft on a pad by firing its three engines.',
    create: (random) => new LunarLander(random, options),
  };
}
