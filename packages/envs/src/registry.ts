import { z } from 'zod';
import { markAdapted } from './adapted.ts';
import type { EnvironmentDefinition } from './environment.ts';
import { EnvironmentDefinitionError } from './errors.ts';
import { idsLike } from './ids-like.ts';
import { acrobot } from './native/acrobot.ts';
import { cartPole } from './native/cartpole.ts';
import { cliffWalking } from './native/cliff-walking.ts';
import { frozenLake } from './native/frozen-lake.ts';
import { gridWorld } from './native/grid-world.ts';
import { highway, highwayFast } from './native/highway/highway.ts';
import { intersection } from './native/highway/intersection.ts';
import { merge } from './native/highway/merge.ts';
import { roundabout } from './native/highway/roundabout.ts';
import { lunarLander, lunarLanderOptions } from './native/lunar-lander/lunar-lander.ts';
import { type MinAtarGame, minAtar } from './native/minatar/minatar.ts';
import { mountainCar } from './native/mountain-car.ts';
import { pendulum } from './native/pendulum.ts';
import { snake } from './native/snake.ts';
import { tMaze } from './native/t-maze.ts';
import { taxi } from './native/taxi.ts';
import {
  type EnvironmentOptions,
  type RegistryEntry,
  registryEntry,
  unknownEnvironment,
} from './registry-entry.ts';
import { isTextEnvironment, textEnvironmentIds } from './text/registry.ts';

type Entry = RegistryEntry<EnvironmentDefinition>;

/** One entry: its ids, the options it takes beside `max_episode_steps`, and how it is made of them. */
const entry = <const Id extends string, Shape extends z.ZodRawShape>(
  ids: readonly Id[],
  shape: Shape,
  make: (id: Id, options: z.infer<z.ZodObject<Shape>>) => EnvironmentDefinition,
): Entry =>
  registryEntry(ids, { ...shape, max_episode_steps: z.int().min(1).optional() }, (id, options) => {
    const definition = make(id, options as z.infer<z.ZodObject<Shape>>);
    const limit = (options as { max_episode_steps?: number }).max_episode_steps;
    return limit === undefined ? definition : { ...definition, maxEpisodeSteps: limit };
  });

const frozenLakeOptions = {
  map_name: z.enum(['4x4', '8x8']).optional(),
  is_slippery: z.boolean().default(true),
  success_rate: z
    .number()
    .min(0)
    .max(1)
    .default(1 / 3),
};

/** A MinAtar game's ids: `name`'s own, and those that Gymnasium knows. */
function minAtarEntry(game: MinAtarGame, name: string): Entry {
  return entry(
    [`minatar/${name}`, `MinAtar/${game}-v1`, `MinAtar/${game}-v0`],
    {
      sticky_action_prob: z.number().min(0).max(1).default(0.1),
      difficulty_ramping: z.boolean().default(true),
    },
    (id, options) => minAtar(game, id, options),
  );
}

const drivingOptions = {
  observation: z
    .strictObject({ type: z.enum(['Kinematics', 'OccupancyGrid']) })
    .default({ type: 'Kinematics' }),
};

const entries: readonly Entry[] = [
  entry(['CartPole-v1'], { sutton_barto_reward: z.boolean().default(false) }, cartPole),
  entry(['CartPole-v0'], { sutton_barto_reward: z.boolean().default(false) }, cartPole),
  entry(['Acrobot-v1'], {}, acrobot),
  entry(['MountainCar-v0'], { goal_velocity: z.number().default(0) }, mountainCar),
  entry(
    ['Pendulum-v1'],
    { g: z.number().default(10), levels: z.int().min(2).max(1024).default(5) },
    pendulum,
  ),
  entry(['LunarLander-v3'], lunarLanderOptions, lunarLander),
  entry(['FrozenLake-v1'], frozenLakeOptions, frozenLake),
  entry(['FrozenLake8x8-v1'], frozenLakeOptions, frozenLake),
  // Dry and not slippery, the versions are the same environments.
  entry(['CliffWalking-v1', 'CliffWalking-v0'], { is_slippery: z.boolean().default(false) }, cliffWalking),
  entry(['CliffWalkingSlippery-v1'], { is_slippery: z.boolean().default(true) }, cliffWalking),
  entry(['Taxi-v4', 'Taxi-v3'], {}, taxi),
  entry(['GridWorld-v0'], {}, gridWorld),
  entry(['Snake-v0'], { size: z.int().min(4).max(32).default(8) }, snake),
  entry(['TMaze-v0'], { length: z.int().min(1).max(1_000).default(10) }, tMaze),
  minAtarEntry('Asterix', 'asterix'),
  minAtarEntry('Breakout', 'breakout'),
  minAtarEntry('Freeway', 'freeway'),
  minAtarEntry('Seaquest', 'seaquest'),
  minAtarEntry('SpaceInvaders', 'space_invaders'),
  entry(['highway-fast-v0'], drivingOptions, highwayFast),
  entry(['highway-v0'], drivingOptions, highway),
  entry(['merge-v0', 'merge-v1'], drivingOptions, merge),
  entry(['roundabout-v0', 'roundabout-v1'], drivingOptions, roundabout),
  entry(
    ['intersection-v0', 'intersection-v2'],
    { ...drivingOptions, spawn_probability: z.number().min(0).max(1).default(0.6) },
    intersection,
  ),
];

/**
 * The native environment of this id.
 *
 * @param options named as Gymnasium's keyword arguments; each environment also takes `max_episode_steps`.
 * @throws EnvironmentDefinitionError for an unknown id (with the nearest right names) or a wrong option.
 * @example
 * findEnvironment('FrozenLake-v1', { is_slippery: false, max_episode_steps: 50 }).maxEpisodeSteps; // → 50
 */
export function findEnvironment(id: string, options: EnvironmentOptions = {}): EnvironmentDefinition {
  const found = entries.find(({ ids }) => ids.includes(id));
  // Marked, so that a module may export it as its own.
  if (found !== undefined) return markAdapted(found.define(id, options));
  throw new EnvironmentDefinitionError(
    isTextEnvironment(id)
      ? `Environment ${id} is played with texts, which has no meaning here: name one that has actions.`
      : unknownEnvironment(id, [...entries.flatMap(({ ids }) => ids), ...textEnvironmentIds]),
  );
}

/**
 * Every native environment, under each of its ids, with its default options.
 *
 * @example
 * listEnvironments().some(({ id }) => id === 'CartPole-v1'); // → true
 */
export function listEnvironments(): EnvironmentDefinition[] {
  return entries.flatMap(({ ids, define }) => ids.map((id) => define(id, {})));
}

/** The ids that a name may have meant, the likeliest first; none where it is like none of them. */
export const environmentsLike = (name: string): string[] =>
  idsLike(
    name,
    entries.flatMap(({ ids }) => ids),
  );
