import {
  allocateObservations,
  createEnvironment,
  type Environment,
  type EnvironmentDefinition,
  type StepOutcome,
  stickActions,
  WorkerFailure,
} from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { describe, expect, it, onTestFinished } from 'vitest';
import { whyNoGymnasium } from '../../../test/support/gymnasium.ts';
import { resolveEnvironment } from '../src/index.ts';
import { probe } from './bridge.ts';

const missing = await whyNoGymnasium();
if (missing !== null) process.stderr.write(`Frames of the bridge are not tested: ${missing}\n`);

/** A copy that has begun, with what its steps give. */
function begin(definition: EnvironmentDefinition, seed = 1) {
  const observation = allocateObservations(definition.observationSpace);
  const outcome: StepOutcome = { reward: 0, terminated: false, truncated: false };
  const copy: Environment = createEnvironment(definition, new Random(seed));
  onTestFinished(() => copy.close?.());
  copy.reset(observation);
  return { copy, outcome, observation, step: (action: number) => copy.step(action, observation, outcome) };
}

/** The first pixels of each of a frame's rows. */
const rowsOf = (copy: Environment): string[] => {
  const { width, height, pixels } = copy.frame!();
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, at) => (pixels[3 * (row * width + at)] === 200 ? '#' : '.')).join(''),
  );
};

describe.skipIf(missing !== null)('frames', { timeout: 180_000 }, () => {
  it('shows each state, the last of an episode too, and changes nothing of the play', async () => {
    const { copy, outcome, observation, step } = begin(await probe('Drawn', {}, {}, true));
    const { copy: blind, observation: same } = begin(await probe('Drawn'));
    expect(blind.frame).toBeUndefined();
    expect(rowsOf(copy)).toEqual(Array(4).fill('........'));
    for (let at = 1; at <= 5; at++) {
      step(1);
      blind.step(1, same, { reward: 0, terminated: false, truncated: false });
      expect(rowsOf(copy)[3]).toBe('#'.repeat(at).padEnd(8, '.'));
      expect([...observation]).toEqual([...same]);
    }
    expect(outcome.terminated).toBe(true);
    for (const [each, into] of [
      [copy, observation],
      [blind, same],
    ] as const)
      each.reset(into);
    expect([...observation]).toEqual([...same]);
    expect(rowsOf(copy)[0]).toBe('........');
  });

  it('is passed on by wrappers', async () => {
    const { copy, step } = begin(stickActions(await probe('Drawn', {}, {}, true), 0.5));
    step(0);
    expect(rowsOf(copy)[0]).toBe('#.......');
  });

  it.each([
    [
      'Drawn',
      { frame: 'large' },
      /no frame of it: NoFrame: a frame of 2000 x 2000 is larger than 8388608 bytes\.$/,
    ],
    ['Drawn', { frame: 'floats' }, /render\(\) gave numbers of float32, which are no bytes\.$/],
    ['Drawn', { frame: 'raises' }, /no frame of it: RuntimeError: no display \(.*__init__\.py:\d+\)\.$/],
    ['Walk', {}, /it has no render mode rgb_array\.$/],
  ])('says why there is none of %s %j, and the play goes on', async (name, options, why) => {
    const { copy, step, outcome } = begin(await probe(name, options, {}, true));
    expect(() => copy.frame!()).toThrow(why);
    step(2);
    expect(outcome).toMatchObject({ reward: 1, terminated: false });
  });

  it('starts a worker again that dies while it renders', async () => {
    const { copy, step, observation } = begin(await probe('Drawn', { frame: 'dies' }, {}, true));
    expect(() => copy.frame!()).toThrow(WorkerFailure);
    copy.reset(observation);
    step(1);
    expect(Number.isFinite(observation[0])).toBe(true);
  });

  it('renders what Gymnasium itself brings', async () => {
    const definition = await resolveEnvironment({ id: 'gym:CartPole-v1', frames: true });
    const frames = [3, 3, 4].map((seed) => begin(definition, seed).copy.frame!());
    expect(frames[0]).toMatchObject({ width: 600, height: 400 });
    expect(frames[1].pixels).toEqual(frames[0].pixels);
    expect(new Set(frames[0].pixels).size).toBeGreaterThan(5);
  });
});
