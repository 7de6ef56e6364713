import { gunzipSync } from 'node:zlib';
import { Random } from '@qfleet/random';
import { describe, expect, test } from 'vitest';
import {
  allocateObservations,
  createEnvironment,
  EnvironmentDefinitionError,
  type EnvironmentOptions,
  findEnvironment,
  traceEnvironment,
} from '../src/index.ts';
import { readReference } from './support/reference.ts';

// Made by highway-env itself: see reference/make_highway.py.
interface Episode {
  id: string;
  options: EnvironmentOptions;
  scene: { vehicles: { id: number; position: [number, number]; heading: number; speed: number }[] };
  actions: string;
  /** For how many steps highway-env itself stays where it is when rounding differs. */
  steady: number;
  observations: string;
  rewards: string;
  flags: string;
  counts: string;
  ids: string;
  crashed: string;
  moves: string;
}

const read = (name: string): Episode[] => JSON.parse(gunzipSync(readReference(`${name}.json.gz`)).toString());

const unpack = (base64: string): ArrayBuffer => Uint8Array.from(Buffer.from(base64, 'base64')).buffer;

/** Rows of id, x, y, heading, speed, crashed after each step. */
function statesOf(episode: Episode): number[][][] {
  const ids = new Int8Array(unpack(episode.ids));
  const crashed = new Int8Array(unpack(episode.crashed));
  const moves = new Int32Array(unpack(episode.moves));
  const at = new Map(
    episode.scene.vehicles.map(({ id, position, heading, speed }) => [
      id,
      [...position, heading, speed].map((value) => Math.round(value * 1e7)),
    ]),
  );
  let row = 0;
  return [...new Int8Array(unpack(episode.counts))].map((count) =>
    Array.from({ length: count }, () => {
      const state = at.get(ids[row])!;
      for (let column = 0; column < 4; column++) state[column] += moves[column * ids.length + row];
      return [ids[row], ...state.map((value) => value / 1e7), crashed[row++]];
    }),
  );
}

/** The greatest difference between numbers in the same places. */
const apart = (ours: ArrayLike<number>, theirs: ArrayLike<number>): number =>
  Array.from(ours).reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), 0);

describe.each([
  'highway-fast-v0',
  'highway-v0',
  'merge-v0',
  'merge-v1',
  'roundabout-v0',
  'roundabout-v1',
  'intersection-v0',
  'intersection-v2',
  'occupancy-grid',
])('%s drives as highway-env drives', (name) => {
  const episodes = read(name);

  test.each(episodes.map((episode, index) => ({ index, episode })))('episode $index', ({ episode }) => {
    const { id, options, scene, actions } = episode;
    const definition = findEnvironment(id, options);
    const environment = createEnvironment(definition, new Random(0));
    const observation = allocateObservations(definition.observationSpace);
    const observations = new Float32Array(unpack(episode.observations));
    const rewards = new Float64Array(unpack(episode.rewards));
    const states = statesOf(episode);
    const outcome = { reward: 0, terminated: false, truncated: false };
    const row = (step: number) =>
      observations.subarray(step * observation.length, (step + 1) * observation.length);
    environment.setState?.(scene, observation);
    expect(apart(observation, row(0))).toBeLessThan(1e-6);
    for (let step = 0; step < episode.steady; step++) {
      environment.step(Number(actions[step]), observation, outcome);
      const ours = environment.getState?.() as number[][];
      expect(ours.map(([vehicle]) => vehicle)).toEqual(states[step].map(([vehicle]) => vehicle));
      expect(apart(ours.flat(), states[step].flat()), `states of step ${step}`).toBeLessThan(1e-6);
      expect(apart(observation, row(step + 1)), `observation of step ${step}`).toBeLessThan(1e-6);
      expect(outcome.reward).toBeCloseTo(rewards[step], 6);
      expect(Number(outcome.terminated) + 2 * Number(outcome.truncated)).toBe(Number(episode.flags[step]));
    }
  });
});

describe('a scene', () => {
  const [{ scene }] = read('highway-fast-v0');
  type Fields = Record<string, unknown>;
  /** The trace of a copy of the scene that `change` has changed. */
  const traceOf = (change: (scene: { vehicles: Fields[] } & Fields) => unknown) => {
    const copy = structuredClone(scene) as unknown as { vehicles: Fields[] } & Fields;
    const state = change(copy) ?? copy;
    return traceEnvironment(findEnvironment('highway-fast-v0'), { state, actions: [1] });
  };
  const set = (fields: Fields, name: string, value: unknown) => {
    fields[name] = value;
  };
  const without = (fields: Fields, name: string) => {
    delete fields[name];
  };

  test('is traced with the rows of its vehicles after each act', () => {
    const [episode] = read('highway-fast-v0');
    const actions = [...episode.actions.slice(0, episode.steady)].map(Number);
    const { states } = traceEnvironment(findEnvironment(episode.id), { state: scene, actions });
    expect(states).toHaveLength(actions.length);
    expect(
      apart(states!.flat(2) as number[], statesOf(episode).slice(0, episode.steady).flat(2)),
    ).toBeLessThan(1e-6);
  });

  test.each<[string, (scene: { vehicles: Fields[] } & Fields) => unknown, string]>([
    ['a list', () => [1, 2, 3], 'A scene: it must be an object, not an array.'],
    ['no vehicles', (s) => without(s, 'vehicles'), 'A scene, field vehicles: it is missing.'],
    [
      'a position of three',
      ({ vehicles }) => set(vehicles[1], 'position', [1, 2, 3]),
      'A scene, field vehicles.1.position: it must be a list of 2 finite numbers.',
    ],
    [
      'NaN',
      ({ vehicles }) => set(vehicles[2], 'speed', Number.NaN),
      'A scene, field vehicles.2.speed: it must be a number, not NaN.',
    ],
    [
      'NaN as JSON has it',
      ({ vehicles }) => set(vehicles[2], 'heading', null),
      'A scene, field vehicles.2.heading: it must be a number, not null.',
    ],
    [
      'a lane that does not exist',
      ({ vehicles }) => set(vehicles[0], 'lane', ['0', '1', 3]),
      'A scene, field vehicles.0.lane: the road has no lane ["0","1",3].',
    ],
    [
      'a lane without a number',
      ({ vehicles }) => set(vehicles[0], 'target_lane', ['0', '1', null]),
      'A scene, field vehicles.0.target_lane: it must be a lane as [from, to, id].',
    ],
    [
      'a route to nowhere',
      ({ vehicles }) => set(vehicles[3], 'route', [['0', '2', null]]),
      'A scene, field vehicles.3.route.0: the road has no lane ["0","2",0].',
    ],
    [
      'a timer missing',
      ({ vehicles }) => without(vehicles[4], 'timer'),
      'A scene, field vehicles.4.timer: it is missing.',
    ],
    [
      'another kind',
      ({ vehicles }) => set(vehicles[4], 'kind', 'Truck'),
      'A scene, field vehicles.4.kind: it must be MDPVehicle or IDMVehicle.',
    ],
    [
      'nobody to drive',
      ({ vehicles }) => ({ vehicles: vehicles.slice(1) }),
      'A scene, field vehicles: one of them must be an MDPVehicle.',
    ],
    [
      'two to drive',
      ({ vehicles }) => ({ vehicles: [vehicles[0], { ...vehicles[0], id: 99 }] }),
      'A scene, field vehicles.1.kind: one vehicle alone is an MDPVehicle.',
    ],
    [
      'two of one id',
      ({ vehicles }) => ({ vehicles: [vehicles[0], { ...vehicles[1], id: 0 }] }),
      "A scene, field vehicles.1.id: 0 is another vehicle's already.",
    ],
    [
      'a target speed that is not',
      ({ vehicles }) => set(vehicles[0], 'speed_index', 3),
      'A scene, field vehicles.0.speed_index: it must be at most 2.',
    ],
  ])('is refused with %s', (_, change, message) => {
    expect(() => traceOf(change)).toThrow(EnvironmentDefinitionError);
    expect(() => traceOf(change)).toThrow(message);
  });
});

describe('a highway begins as highway-env draws it', () => {
  const definition = findEnvironment('highway-fast-v0');
  const environment = createEnvironment(definition, new Random(7));
  const observation = allocateObservations(definition.observationSpace);
  const scenes = Array.from({ length: 300 }, () => {
    environment.reset(observation);
    return environment.getState?.() as number[][];
  });

  test('with 21 vehicles, the agent first, on every lane', () => {
    expect(scenes.every((rows) => rows.length === 21)).toBe(true);
    const lanes = scenes.flat().map(([, , y]) => y);
    for (const y of [0, 4, 8]) {
      const share = lanes.filter((lane) => lane === y).length / lanes.length;
      expect(share).toBeGreaterThan(0.3);
      expect(share).toBeLessThan(0.37);
    }
  });

  test('with the gaps and speeds of its ranges', () => {
    const gap = (speed: number) => (12 + speed) * Math.exp(-3 / 8);
    for (const rows of scenes) {
      const room = 1.5 * gap(25);
      expect(rows[0][4]).toBe(25);
      expect(rows[0][1] / room).toBeGreaterThanOrEqual(3.9);
      expect(rows[0][1] / room).toBeLessThanOrEqual(4.1);
      for (let i = 1; i < rows.length; i++) {
        const [, x, , heading, speed] = rows[i];
        expect(heading).toBe(0);
        expect(speed).toBeGreaterThanOrEqual(21);
        expect(speed).toBeLessThan(24);
        const share = (x - rows[i - 1][1]) / gap(speed);
        expect(share).toBeGreaterThanOrEqual(0.9 - 1e-9);
        expect(share).toBeLessThanOrEqual(1.1);
      }
    }
  });
});

describe('other scenes begin as highway-env draws them', () => {
  const scenesOf = (id: string) => {
    const definition = findEnvironment(id);
    const environment = createEnvironment(definition, new Random(11));
    const observation = allocateObservations(definition.observationSpace);
    return Array.from({ length: 200 }, () => {
      environment.reset(observation);
      return environment.getState?.() as number[][];
    });
  };

  test('merge-v1: three about their places on either lane, one on the ramp', () => {
    const scenes = scenesOf('merge-v1');
    for (const [ego, ...others] of scenes) {
      expect(ego.slice(1)).toEqual([30, 4, 0, 30, 0]);
      expect(others[3].slice(1)).toEqual([110, 14.5, 0, 20, 0]);
      for (const [i, [x, speed]] of [
        [90, 29],
        [70, 31],
        [5, 31.5],
      ].entries()) {
        expect(Math.abs(others[i][1] - x)).toBeLessThanOrEqual(5);
        expect(Math.abs(others[i][4] - speed)).toBeLessThanOrEqual(1);
      }
    }
    expect(new Set(scenes.map((rows) => rows[1][2]))).toEqual(new Set([0, 4]));
  });

  test('roundabout-v1: three on the ring in the west, one from the east', () => {
    const means = Array.from({ length: 5 }, () => 0);
    for (const rows of scenesOf('roundabout-v1')) {
      expect(rows).toHaveLength(5);
      expect(rows[0].slice(1, 3)).toEqual([2, 45]);
      for (const [i, [, x, y, , speed]] of rows.entries()) {
        means[i] += speed / 200;
        if (i >= 1 && i <= 3) expect(Math.hypot(x, y)).toBeCloseTo(i === 1 ? 24 : 20, 9);
        if (i === 4) expect(y).toBeCloseTo(-2, 9);
      }
    }
    expect(means[0]).toBeCloseTo(8, 9);
    // The deviation of a mean over 200 draws is 2 / √200 = 0.14.
    for (const mean of means.slice(1)) expect(Math.abs(mean - 16)).toBeLessThan(0.6);
  });

  test('intersection-v2: the agent last, from the south, with nobody within 20 m', () => {
    for (const rows of scenesOf('intersection-v2')) {
      const [, x, y, , speed] = rows[rows.length - 1];
      expect(x).toBeCloseTo(2, 9);
      expect(Math.abs(y - 46)).toBeLessThan(25);
      expect(speed).toBe(10);
      expect(rows.length).toBeLessThanOrEqual(11);
      for (const other of rows.slice(0, -1)) {
        expect(Math.hypot(other[1] - x, other[2] - y)).toBeGreaterThanOrEqual(20);
      }
    }
  });
});
