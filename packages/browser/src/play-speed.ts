/** By the beginning of an id: real time, where the environment has one. */
const SPEEDS: readonly (readonly [string, number])[] = [
  ['CartPole', 50],
  ['LunarLander', 50],
  ['MountainCar', 30],
  ['Pendulum', 20],
  ['Acrobot', 15],
  ...['highway', 'merge', 'roundabout', 'intersection'].map((id) => [id, 4] as const),
  ...['FrozenLake', 'CliffWalking', 'Taxi', 'GridWorld', 'TMaze'].map((id) => [id, 4] as const),
];
const OTHERS = 15;

/**
 * Steps a second at which an environment is pleasant to watch.
 *
 * @example
 * playSpeed('CartPole-v1'); // → 50
 */
export const playSpeed = (id: string): number =>
  SPEEDS.find(([start]) => id.replace(/^gym:/, '').startsWith(start))?.[1] ?? OTHERS;
