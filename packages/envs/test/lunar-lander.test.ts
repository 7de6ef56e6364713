import { Random } from '@qfleet/random';
import { World } from 'planck';
import { describe, expect, test } from 'vitest';
import { type EnvironmentOptions, findEnvironment, traceEnvironment } from '../src/index.ts';
import { makeLander } from '../src/native/lunar-lander/lander.ts';
import { readReferenceJson } from './support/reference.ts';

interface Flight {
  options: EnvironmentOptions;
  draws: { terrain: number[]; force: number[]; wind?: number[]; dispersion: number[][] };
  actions: string;
  observations: string;
  rewards: number[];
  terminated: boolean;
}

// Made by Gymnasium itself: see reference/make_lunar_lander.py.
const reference = readReferenceJson<{
  bodies: Record<'hull' | 'leg', { mass: number; center: [number, number]; inertia: number }>;
  flights: Flight[];
}>('lunar-lander.json');

function floats(base64: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer);
}

const definition = (options: EnvironmentOptions = {}) => findEnvironment('LunarLander-v3', options);

const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);

test('the bodies weigh what they weigh in Box2D', () => {
  const { hull, legs } = makeLander(new World({ x: 0, y: -10 }));
  for (const [body, expected] of [
    [hull, reference.bodies.hull],
    [legs[0], reference.bodies.leg],
    [legs[1], reference.bodies.leg],
  ] as const) {
    const center = body.getLocalCenter();
    expect(body.getMass()).toBeCloseTo(expected.mass, 6);
    expect(body.getInertia()).toBeCloseTo(expected.inertia, 6);
    expect(apart([center.x, center.y], expected.center)).toBeLessThan(1e-6);
  }
});

describe('from the same draws it flies as in Gymnasium up to the first contact, with it', () => {
  test.each(reference.flights.map((flight, index) => ({ index, flight, options: flight.options })))(
    'flight $index $options',
    ({ flight }) => {
      const { options, draws } = flight;
      const actions = [...flight.actions].map(Number);
      const trace = traceEnvironment(definition(options), { draws, actions });
      const expected = floats(flight.observations);
      expect(apart(trace.initial as number[], expected.subarray(0, 8))).toBeLessThan(1e-5);
      expect(trace.rewards).toHaveLength(actions.length);
      trace.observations.forEach((observation, i) => {
        const row = expected.subarray((i + 1) * 8, (i + 2) * 8);
        expect(apart(observation as number[], row), `observation ${i}`).toBeLessThan(1e-3);
      });
      expect(apart(trace.rewards, flight.rewards)).toBeLessThan(0.03);
      expect(trace.terminated.at(-1)).toBe(flight.terminated);
    },
  );
});

test('an episode from given draws is followed by one from random draws', () => {
  const [{ draws }] = reference.flights;
  const observation = new Float32Array(8);
  const fresh = definition().create(new Random(1));
  fresh.reset(observation);
  const first = [...observation];
  const environment = definition().create(new Random(1));
  environment.resetWith?.(draws, observation);
  expect([...observation]).not.toEqual(first);
  environment.reset(observation);
  expect([...observation]).toEqual(first);
});

describe('draws are refused', () => {
  const given = { terrain: Array(12).fill(1), force: [0, 0], dispersion: [[0, 0]] };
  test.each([
    [{ ...given, terrain: [1] }, 'A set of draws, field terrain: it must have 12 numbers.'],
    [{ ...given, force: [0] }, 'A set of draws, field force: it must have 2 numbers.'],
    [{ ...given, force: [0, 2000] }, 'A set of draws, field force.1: it must be at most 1000.'],
    [
      { ...given, dispersion: [[0, 1]] },
      `A set of draws, field dispersion.0.1: it must be at most ${1 / 30}.`,
    ],
    [{ ...given, dispersions: [] }, 'A set of draws has no field dispersions: did you mean dispersion?'],
    [{ ...given, wind: [0, 0] }, 'Without enable_wind a set of draws has no wind: leave it out.'],
    [{ ...given, dispersion: [] }, 'A set of draws has 0 dispersions, and step 0 takes another'],
  ])('%#', (draws, message) => {
    const environment = definition().create(new Random(0));
    expect(() => environment.resetWith?.(draws, new Float32Array(8))).toThrow(message);
  });

  test('without wind where there is wind', () => {
    const environment = definition({ enable_wind: true }).create(new Random(0));
    expect(() => environment.resetWith?.(given, new Float32Array(8))).toThrow(/^With enable_wind/);
  });

  test('in the step that they are too few for', () => {
    const environment = definition().create(new Random(0));
    const observation = new Float32Array(8);
    environment.resetWith?.(given, observation);
    expect(() =>
      environment.step(0, observation, { reward: 0, terminated: false, truncated: false }),
    ).toThrow('A set of draws has 1 dispersions, and step 1 takes another');
  });
});

test.each([
  [
    { continuous: true },
    'option continuous: continuous actions are not offered: leave it out for the four discrete ones.',
  ],
  [{ gravity: -12 }, 'option gravity: it must lie between -12 and 0, without these.'],
  [{ gravity: 0 }, 'option gravity: it must lie between -12 and 0, without these.'],
  [{ wind: true }, 'has no option wind'],
])('option %j is refused', (options, message) => {
  expect(() => definition(options)).toThrow(
    `Environment LunarLander-v3${message.startsWith('has') ? ' ' : ', '}${message}`,
  );
});
