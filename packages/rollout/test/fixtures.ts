import type { ActingRows, Policy } from '@qfleet/agents';
import { box, defineEnvironment, discrete, type EnvironmentDefinition } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { Memory, type ObservationArray } from '@qfleet/spaces';

/** Counts its steps: observation [t, draw], reward t; ends after a random number of steps, now and then by time. */
export function countingEnvironment(limit = 12): EnvironmentDefinition {
  return defineEnvironment({
    id: 'Counting',
    observationSpace: box({ low: 0, high: 1e6, shape: [2] }),
    actionSpace: discrete(3),
    maxEpisodeSteps: limit,
    create: (random) => {
      let t = 0;
      let last = 0;
      return {
        reset: () => {
          t = 0;
          last = 1 + random.integer(2 * limit);
          return [0, last];
        },
        step: () => {
          t++;
          return { observation: [t, last], reward: t, terminated: t === last };
        },
      };
    },
  });
}

/** Uniformly random where ε says so, else the action t mod 3: a policy without parameters. */
export const roundRobin: Policy = {
  load: () => {},
  memory: (rows) => new Memory([], rows),
  act: ({ states, count, epsilons, random, actions }) => {
    for (let i = 0; i < count; i++) {
      actions[i] = random.uniform() < epsilons[i] ? random.integer(3) : states[2 * i] % 3;
    }
  },
};

/** Ends after 6 steps; where `fails` says so of an episode, counted over all copies, it throws in its fourth step. */
export function failingEnvironment(fails: (episode: number) => boolean): EnvironmentDefinition {
  let episodes = 0;
  return defineEnvironment({
    id: 'Failing',
    observationSpace: box({ low: 0, high: 1e6, shape: [2] }),
    actionSpace: discrete(3),
    maxEpisodeSteps: 6,
    create: () => {
      let t = 0;
      let episode = 0;
      return {
        reset: () => {
          t = 0;
          episode = ++episodes;
          return [0, episode];
        },
        step: () => {
          if (++t === 4 && fails(episode)) throw new Error('no power');
          return { observation: [t, episode], reward: 1, terminated: false };
        },
      };
    },
  });
}

/** One row of a policy, greedy and at the beginning of an episode; `fields` replaces what is said of it. */
export const oneRow = (
  policy: Policy,
  states: ObservationArray,
  fields: Partial<ActingRows> = {},
): ActingRows => ({
  count: 1,
  states,
  begins: Int32Array.of(1),
  memory: policy.memory(1),
  masks: null,
  epsilons: new Float32Array(1),
  random: new Random(0),
  actions: new Int32Array(1),
  values: null,
  ...fields,
});
