import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkEnvironment,
  createEnvironment,
  stickActions,
  traceEnvironment,
  WorkerFailure,
} from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { whyNoGymnasium } from '../../../test/support/gymnasium.ts';
import { resolveEnvironment, workerRestarts } from '../src/index.ts';
import { openRows, probe } from './bridge.ts';

const missing = await whyNoGymnasium();
if (missing !== null) process.stderr.write(`The bridge is not tested: ${missing}\n`);
const folder = mkdtempSync(join(tmpdir(), 'qfleet-bridge-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Environments of rows that are closed when the test is over. */
function rowsOf(...given: Parameters<typeof openRows>) {
  const rows = openRows(...given);
  onTestFinished(() => rows.environment.close());
  return rows;
}

describe.skipIf(missing !== null)('Gymnasium', { timeout: 120_000 }, () => {
  it('plays CartPole-v1 as the native one plays it, from the same state', async () => {
    const [bridged, native] = await Promise.all(
      ['gym:CartPole-v1', 'CartPole-v1'].map((id) => resolveEnvironment({ id })),
    );
    expect(bridged).toMatchObject({ maxEpisodeSteps: 500, solvedReturn: 475, actionSpace: { n: 2 } });
    const actions = Array.from({ length: 12 }, (_, i) => (i >> 1) % 2);
    const theirs = traceEnvironment(bridged, { seed: 7, actions });
    const ours = traceEnvironment(native, { state: theirs.initial, actions });
    for (const [i, observation] of theirs.observations.entries()) {
      const own = ours.observations[i] as number[];
      (observation as number[]).forEach((value, at) => {
        // The first state is rounded to float32.
        expect(value).toBeCloseTo(own[at], 4);
      });
    }
    expect(theirs.rewards).toEqual(ours.rewards);
  });

  it('gives the same steps from the same seeds, alone, beside others and by several workers', async () => {
    const played = async (workers: number, count: number) => {
      const { environment, arrays } = rowsOf(await probe('Walk', {}, { workers }), count);
      const seen: number[][] = [];
      for (let step = 0; step < 13; step++) {
        await environment.step(new Int32Array(count).fill(step % 3));
        seen.push([arrays.observations[0], arrays.rewards[0], arrays.terminated[0], arrays.observations[1]]);
        for (let i = 0; i < count; i++) if (arrays.terminated[i]) environment.reset(i);
      }
      return seen;
    };
    const two = await played(1, 2);
    expect(await played(1, 5)).toEqual(two);
    expect(await played(3, 7)).toEqual(two);
    expect(two.map(([, , terminated]) => terminated).join('')).toBe('0000100001000');
    // Actions begin at −1.
    expect(two.slice(0, 3).map(([, reward]) => reward)).toEqual([-1, 0, 1]);
  });

  it('flattens a Dict as gymnasium.spaces.flatten does, and counts MultiDiscrete actions', async () => {
    const definition = await probe('Mixed');
    const { observationSpace, actionSpace } = definition;
    expect(observationSpace).toMatchObject({ kind: 'box', shape: [14], dtype: 'float32' });
    expect(actionSpace.n).toBe(6);
    const actions = [0, 1, 2, 3];
    const trace = traceEnvironment(definition, { seed: 0, actions });
    expect(trace.initial).toEqual([0.5, 1, -1, -2, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1]);
    expect(trace.rewards).toEqual([0, 1, 2, 10]);
  });

  it('honours the action mask in info', async () => {
    const definition = await probe('Masked');
    expect(definition.masked).toBe(true);
    const { environment, arrays } = rowsOf(definition, 2);
    for (let step = 0; step < 12; step++) {
      expect([...arrays.masks!].filter((allowed) => allowed === 1)).toHaveLength(2);
      const allowed = [0, 1].map((row) => arrays.masks!.subarray(3 * row, 3 * row + 3).indexOf(1));
      await environment.step(Int32Array.from(allowed));
      expect([...arrays.rewards]).toEqual([1, 1]);
      for (const row of [0, 1]) if (arrays.terminated[row]) environment.reset(row);
    }
    expect(checkEnvironment(definition, { steps: 60, seed: 1 })).toMatchObject({ problems: [] });
  });

  it('tells the numbers of info when an episode ends', async () => {
    const { environment } = rowsOf(await probe('Walk', { length: 2 }), 1);
    await environment.step(Int32Array.of(0));
    expect(environment.infos ?? null).toBeNull();
    await environment.step(Int32Array.of(0));
    expect(environment.infos).toEqual([{ steps: 2 }]);
  });

  it('plays behind wrappers of ours, and to a time limit of ours', async () => {
    const definition = stickActions(await probe('Walk', { length: 9 }), 0.5);
    expect(checkEnvironment(definition, { steps: 40, seed: 2 })).toMatchObject({ episodes: 4, problems: [] });
    const limited = await resolveEnvironment({ id: 'gym:qfleet_probe/Walk-v0', maxEpisodeSteps: 2 });
    const { environment, arrays } = rowsOf(limited, 1);
    for (let episode = 0; episode < 3; episode++) {
      const [first] = arrays.observations;
      for (const at of [1, 2]) {
        await environment.step(Int32Array.of(1));
        expect(arrays.observations[0] - first).toBeCloseTo(at / 8);
      }
      expect(arrays.truncated[0]).toBe(1);
      environment.reset(0);
    }
  });

  it('lets rows come and go', async () => {
    const { environment, arrays } = rowsOf(await probe('Walk', { length: 50 }), 3);
    await environment.step(new Int32Array(3));
    const [, , third] = arrays.observations;
    environment.remove(1);
    environment.bind({ ...arrays });
    await environment.step(new Int32Array(2));
    expect(arrays.observations[1] - third).toBeCloseTo(1 / 8);
    environment.add(new Random(9), 9, 0);
    environment.bind({ ...arrays });
    environment.reset(2);
    const first = arrays.observations[2];
    await environment.step(new Int32Array(3));
    expect(arrays.observations[2] - first).toBeCloseTo(1 / 8);
  });

  it.each([
    ['dies', 'its process ended with exit code 7; its last words: the simulator lost its licence'],
    ['hangs', 'it has not answered for 4 s'],
    ['garbles', 'its bytes are no message of the bridge'],
  ])('starts a worker again that %s, and its rows begin anew', async (kind, why) => {
    const once = join(folder, kind);
    const { environment, arrays } = rowsOf(
      await probe('Trouble', { kind, once }, kind === 'hangs' ? { limitSeconds: 4 } : {}),
      2,
    );
    const before = workerRestarts.count;
    await environment.step(new Int32Array(2));
    await environment.step(new Int32Array(2));
    expect(environment.failures.size).toBe(0);
    await environment.step(new Int32Array(2));
    expect([...environment.failures.keys()]).toEqual([0, 1]);
    const failure = environment.failures.get(1) as Error;
    expect(failure.message).toContain(`slot 1, episode 1, step 3: Python's worker is gone: ${why}`);
    expect(failure.cause).toBeInstanceOf(WorkerFailure);
    expect(failure.cause).toMatchObject({ isSurvived: true });
    expect(workerRestarts.count).toBe(before + 1);
    for (const row of [0, 1]) environment.reset(row);
    for (let step = 1; step <= 6; step++) await environment.step(new Int32Array(2));
    expect(environment.failures.size).toBe(0);
    expect([...arrays.terminated]).toEqual([1, 1]);
  });

  it('gives a worker up that goes three times in a row, with its last words', async () => {
    const { environment } = rowsOf(await probe('Trouble', { kind: 'dies', step: 1 }), 1);
    const told: string[] = [];
    for (let time = 0; time < 3; time++) {
      await environment.step(Int32Array.of(0));
      const failure = environment.failures.get(0) as Error;
      told.push(failure.message);
      expect((failure.cause as WorkerFailure).isSurvived).toBe(time < 2);
      if (time < 2) environment.reset(0);
    }
    expect(told[2]).toContain(
      "Python's worker went 3 times in a row: its process ended with exit code 7; its last words: the simulator lost",
    );
  });

  it('names what an environment raises, with its line, and goes on with a new copy', async () => {
    const { environment } = rowsOf(await probe('Trouble', { kind: 'raises', step: 2 }), 1);
    await environment.step(Int32Array.of(0));
    await environment.step(Int32Array.of(0));
    const failure = environment.failures.get(0) as Error;
    expect(failure.message).toMatch(
      /step 2: RuntimeError: the wheel came off \(.*qfleet_probe\/__init__\.py:\d+\)\./,
    );
    expect(failure.cause).not.toBeInstanceOf(WorkerFailure);
    environment.reset(0);
    await environment.step(Int32Array.of(0));
    expect(environment.failures.size).toBe(0);
  });

  it('steps single copies for long', async () => {
    const actions = Array.from({ length: 1_000 }, (_, i) => (i >> 1) % 2);
    const definition = await resolveEnvironment({ id: 'gym:CartPole-v1' });
    const { rewards } = traceEnvironment(definition, { seed: 1, actions, autoreset: true });
    expect(rewards).toHaveLength(1_000);
  });

  it('refuses NaN, and passes over what is printed', async () => {
    const { environment } = rowsOf(await probe('Trouble', { kind: 'nan', step: 1 }), 1);
    await environment.step(Int32Array.of(0));
    expect((environment.failures.get(0) as Error).message).toContain('is NaN: it must be a finite float32');
    const printing = rowsOf(await probe('Trouble', { kind: 'prints', step: 1 }), 1);
    for (let step = 0; step < 6; step++) await printing.environment.step(Int32Array.of(0));
    expect(printing.environment.failures.size).toBe(0);
    expect(printing.arrays.terminated[0]).toBe(1);
  });

  it('keeps the event loop turning while a worker steps', async () => {
    const once = join(folder, 'responsive');
    const { environment } = rowsOf(
      await probe('Trouble', { kind: 'hangs', step: 1, once }, { limitSeconds: 4 }),
      1,
    );
    let turns = 0;
    const timer = setInterval(() => turns++, 10);
    await environment.step(Int32Array.of(0));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);
  });

  it.each([
    ['gym:qfleet_probe/Text-v0', /its observation is of the space Text, which has no counterpart/],
    ['gym:qfleet_probe/Continuous-v0', /its action is of the space Box, and agents choose among actions/],
    [
      'gym:qfleet_nowhere/Walk-v0',
      /it is not installed: install the package that has it, as in .* -m pip install/,
    ],
    ['gym:qfleet_nowhere:Walk-v0', /the package qfleet_nowhere is not installed/],
    [
      'gym:qfleet_probe/Wlak-v0',
      /importing it registers no qfleet_probe\/Wlak-v0 \(did you mean qfleet_probe\/Walk-v0/,
    ],
    ['gym:CartPol-v1', /Gymnasium knows no such id \(did you mean CartPole-v1/],
  ])('refuses %s in one sentence', async (id, sentence) => {
    await expect(resolveEnvironment({ id })).rejects.toThrow(sentence);
  });

  it('refuses keyword arguments and Pythons that are wrong', async () => {
    await expect(probe('Walk', { lenght: 3 })).rejects.toThrow(/it cannot be made: TypeError: .*lenght/);
    await expect(probe('Walk', {}, { python: '/nowhere/python' })).rejects.toThrow(
      'There is no Python /nowhere/python',
    );
    const definition = await probe('Walk');
    const copy = createEnvironment(definition, new Random(0));
    onTestFinished(() => copy.close?.());
    expect(() =>
      copy.step(0, new Float32Array(1), { reward: 0, terminated: false, truncated: false }),
    ).toThrow('call reset before step');
  });
});
