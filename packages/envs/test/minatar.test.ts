import { gunzipSync } from 'node:zlib';
import { Random } from '@qfleet/random';
import { allocateObservations } from '@qfleet/spaces';
import { describe, expect, test } from 'vitest';
import {
  createEnvironment,
  type EnvironmentOptions,
  findEnvironment,
  traceEnvironment,
} from '../src/index.ts';
import { readReference } from './support/reference.ts';

/** What the package played from one seed: see reference/make_minatar.py. */
interface Played {
  seed: number;
  options: EnvironmentOptions;
  actions: Uint8Array;
  rewards: Uint8Array;
  ends: Uint8Array;
  /** States one after the other, their bits packed into `stateBytes` bytes each. */
  states: Uint8Array;
}

function read(game: string): { stateBytes: number; channels: number; runs: Played[] } {
  const data = gunzipSync(readReference(`minatar/${game}.gz`));
  let at = data.indexOf('\n') + 1;
  const { acts, channels, runs } = JSON.parse(data.subarray(0, at).toString());
  const stateBytes = Math.ceil((100 * channels) / 8);
  const take = (bytes: number) => {
    at += bytes;
    return data.subarray(at - bytes, at);
  };
  return {
    stateBytes,
    channels,
    runs: runs.map(({ seed, options }: Pick<Played, 'seed' | 'options'>) => {
      const [actions, rewards, ends] = [take(acts), take(acts), take(acts)];
      const states = take(stateBytes * (1 + acts + ends.reduce((sum, end) => sum + end, 0)));
      for (let i = stateBytes; i < states.length; i++) states[i] ^= states[i - stateBytes];
      return { seed, options, actions, rewards, ends, states };
    }),
  };
}

/** Plays the package's actions on ours, from the same seed. */
function replay(game: string, { seed, options, actions, states }: Played, stateBytes: number): Played {
  const definition = findEnvironment(`MinAtar/${game}-v0`, options);
  const environment = createEnvironment(definition, new Random(99));
  const observation = allocateObservations(definition.observationSpace);
  const outcome = { reward: 0, terminated: false, truncated: false };
  const played: Played = {
    seed,
    options,
    actions,
    rewards: new Uint8Array(actions.length),
    ends: new Uint8Array(actions.length),
    states: new Uint8Array(states.length),
  };
  let at = 0;
  const keep = () => {
    for (let i = 0; i < observation.length; i++)
      played.states[at + (i >> 3)] |= observation[i] << (7 - (i & 7));
    at += stateBytes;
  };
  environment.seed?.(seed);
  environment.reset(observation);
  keep();
  actions.forEach((action, t) => {
    environment.step(action, observation, outcome);
    keep();
    played.rewards[t] = outcome.reward;
    played.ends[t] = Number(outcome.terminated);
    if (!outcome.terminated) return;
    environment.reset(observation);
    keep();
  });
  return played;
}

const games = [
  ['Asterix', 'asterix', [0, 1, 2, 3, 4]],
  ['Breakout', 'breakout', [0, 1, 3]],
  ['Freeway', 'freeway', [0, 2, 4]],
  ['Seaquest', 'seaquest', [0, 1, 2, 3, 4, 5]],
  ['SpaceInvaders', 'space_invaders', [0, 1, 3, 5]],
] as const;

describe.each(games)('%s equals the package MinAtar, bit for bit', (game, name, own) => {
  const { stateBytes, channels, runs } = read(name);

  test.each(runs)('over $actions.length acts from seed $seed, $options', (theirs) => {
    expect(theirs.actions.length).toBeGreaterThanOrEqual(2600);
    const ours = replay(game, theirs, stateBytes);
    // The first state that differs says more than the first byte.
    const differs = ours.states.findIndex((byte, i) => byte !== theirs.states[i]);
    expect(differs < 0 ? 'none' : `state ${Math.floor(differs / stateBytes)}`).toBe('none');
    expect(ours.rewards).toEqual(new Uint8Array(theirs.rewards));
    expect(ours.ends).toEqual(new Uint8Array(theirs.ends));
  });

  test('takes the seed of a trace as the package does', () => {
    const [, { seed, actions, rewards, ends, states }] = runs;
    const until = ends.indexOf(1) + 1 || ends.length;
    const trace = traceEnvironment(findEnvironment(`MinAtar/${game}-v0`), {
      seed,
      actions: [...actions.subarray(0, until)],
    });
    expect(trace.rewards).toEqual([...rewards.subarray(0, until)]);
    expect(trace.terminated).toEqual(Array.from(ends.subarray(0, until), Boolean));
    const last = states.subarray(until * stateBytes, (until + 1) * stateBytes);
    const bits = Array.from({ length: 100 * channels }, (_, i) => (last[i >> 3] >> (7 - (i & 7))) & 1);
    expect([trace.observations.at(-1)].flat(4)).toEqual(bits);
  });

  test('has its own actions under two ids, and the six under the third', () => {
    const [lower, v1, v0] = [`minatar/${name}`, `MinAtar/${game}-v1`, `MinAtar/${game}-v0`].map((id) =>
      findEnvironment(id),
    );
    for (const { observationSpace } of [lower, v1, v0]) {
      expect(observationSpace).toMatchObject({ shape: [10, 10, channels], dtype: 'uint8', low: 0, high: 1 });
    }
    expect([lower, v1, v0].map(({ actionSpace }) => actionSpace.n)).toEqual([own.length, own.length, 6]);
    const play = (id: string, actions: readonly number[]) => {
      const definition = findEnvironment(id);
      const environment = createEnvironment(definition, new Random(3));
      const outcome = { reward: 0, terminated: false, truncated: false };
      const observation = allocateObservations(definition.observationSpace);
      environment.reset(observation);
      const seen = [...observation];
      for (let t = 0; t < 100; t++) {
        environment.step(actions[(t * t) % actions.length], observation, outcome);
        seen.push(...observation, outcome.reward);
        if (outcome.terminated) environment.reset(observation);
      }
      return seen;
    };
    const indices = own.map((_, index) => index);
    expect(play(lower.id, indices)).toEqual(play(v0.id, own));
    expect(play(v1.id, indices)).toEqual(play(v0.id, own));
  });
});
