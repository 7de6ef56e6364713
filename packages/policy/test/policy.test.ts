import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@qfleet/random';
import { stateShape, stateSize } from '@qfleet/spaces';
import { SafetensorsFile } from '@qfleet/tensor';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { exportPolicy, LoadedPolicy, readTrained } from '../src/index.ts';
import { CASES, drawRows, trainedOf } from './cases.ts';
import { act } from './onnx-checks.ts';

const folder = mkdtempSync(join(tmpdir(), 'qfleet-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const policyOf = (name: string): Promise<LoadedPolicy> => LoadedPolicy.of(trainedOf(CASES[name], 5));
const nested = (numbers: ArrayLike<number>, shape: readonly number[]): unknown => {
  if (shape.length === 0) return numbers[0];
  const size = numbers.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) =>
    nested(Array.from(numbers).slice(i * size, (i + 1) * size), shape.slice(1)),
  );
};

describe('a loaded policy', () => {
  it.each([
    'mlp; c51',
    'stacked frames',
    'discrete',
    'minatar-cnn; qr',
    'nature-cnn; expected',
    'tabular',
    'half precision',
  ])('acts as actors do, however the numbers are given: %s', async (name) => {
    const policy = await policyOf(name);
    const { layout } = CASES[name];
    const [{ values, actions }] = await act(name, 5);
    const { states } = drawRows(CASES[name], actions.length, Random.seed(5, 'step 0'));
    const batch = policy.actBatch(states);
    expect(batch).toEqual({ actions, values });
    const shape = stateShape(layout);
    expect(policy.actBatch(nested(states, [actions.length, ...shape]) as number[])).toEqual(batch);
    const first = states.slice(0, stateSize(layout));
    const { action, values: own } = policy.decide(nested(first, shape) as number[]);
    expect(action).toBe(actions[0]);
    // A library adds up the terms of one row in another order than those of several.
    own.forEach((value, i) => {
      expect(value).toBeCloseTo(values[i], 6);
    });
    expect(policy.act(Array.from(first))).toBe(actions[0]);
  });

  it('never chooses what a mask forbids', async () => {
    const policy = await policyOf('masked');
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -9, max: 9 }), { minLength: 5, maxLength: 5 }),
        fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }).filter((mask) => mask.includes(true)),
        (state, mask) => {
          const { action, values } = policy.decide(state, { mask });
          expect(mask[action]).toBe(true);
          for (const [i, allowed] of mask.entries())
            if (allowed) expect(values[action]).toBeGreaterThanOrEqual(values[i]);
        },
      ),
    );
  });

  it('remembers within an episode, and by a memory of the caller', async () => {
    const name = 'mlp, lstm; expected';
    const policy = await policyOf(name);
    const steps = await act(name, 5);
    const memory = policy.memory(4);
    const episode = policy.episode();
    const acted = steps.map((_, step) => {
      const { states } = drawRows(CASES[name], 4, Random.seed(5, `step ${step}`));
      return {
        batch: policy.actBatch(states, { memory }),
        one: episode.decide(states.slice(0, 5)),
        state: states.slice(0, 5),
      };
    });
    expect(acted.map(({ batch }) => batch.values)).toEqual(steps.map(({ values }) => values));
    expect(acted.map(({ one }) => one.values)).toEqual(steps.map(({ values }) => values.slice(0, 3)));
    episode.reset();
    expect(episode.decide(acted[0].state)).toEqual(acted[0].one);
    expect(() => policy.act(acted[0].state)).toThrow('remembers');
    expect(() => policy.actBatch(acted[0].state)).toThrow('memory(1)');
  });

  it('stacks frames within an episode: the first one fills all', async () => {
    const policy = await policyOf('stacked frames');
    const episode = policy.episode();
    const [a, b] = [
      [1, 2, 3, 4, 5, 6],
      [7, 8, 9, 1, 2, 3],
    ];
    expect(episode.decide(a)).toEqual(policy.decide([...a, ...a, ...a, ...a]));
    expect(episode.decide(b)).toEqual(policy.decide([...a, ...a, ...a, ...b]));
    // What is refused leaves the episode as it was.
    expect(() => episode.act(a, [0, 0, 0])).toThrow('allows no action');
    expect(episode.decide(a)).toEqual(policy.decide([...a, ...a, ...b, ...a]));
  });

  it.each([
    ['mlp; expected', [1, 2, 3, 4], 'The observation must have 5 numbers, [5], and 4 were given.'],
    ['mlp; expected', [1, 2, 3, 4, Number.NaN], 'Number 4 of the observation is NaN, and it must be finite.'],
    ['mlp; expected', [1, 2, 3, 4, 1e39], 'Number 4 of the observation is 1e+39, and it must be finite.'],
    [
      'mlp; expected',
      [1, 2, 3, 4, '5'],
      'The observation must be numbers in lists, and a string is among them.',
    ],
    ['half precision', [1, 2, 3, 4, 70_000], 'Number 4 of the observation is 70000, and it must be finite.'],
    ['discrete', 6, 'Number 0 of the observation is 6, and it must be an integer from 0 to 5.'],
    ['discrete', -1, 'Number 0 of the observation is -1, and it must be an integer from 0 to 5.'],
    [
      'integers',
      [1, 2, 3, 4, 0.5],
      'Number 4 of the observation is 0.5, and it must be an integer of 32 bits.',
    ],
    [
      'minatar-cnn; expected',
      Array<number>(126).fill(2),
      'Number 0 of the observation is 2, and it must be an integer from 0 to 1.',
    ],
  ])('refuses what is no state: %s', async (name, state, message) => {
    expect((await policyOf(name)).act.bind(await policyOf(name), state as number[])).toThrow(message);
  });
});

describe('exported files', () => {
  it('hold the parameters, and say what they are', async () => {
    const trained = trainedOf(CASES['mlp, lstm, dueling, masked; c51'], 5);
    const { parameters } = trained.checkpoint;
    await exportPolicy(trained, join(folder, 'policy.json'));
    await exportPolicy(trained, join(folder, 'policy.safetensors'));
    const json = JSON.parse(readFileSync(join(folder, 'policy.json'), 'utf8'));
    expect(json).toMatchObject({
      ...{ format: 'qfleet-policy-1', environment: 'x', actions: 3, masked: true, updates: 7 },
      memory: [
        { name: 'lstm_hidden', shape: [6] },
        { name: 'lstm_cell', shape: [6] },
      ],
      observation: { shape: [5], dtype: 'float32', frames: 1 },
    });
    const file = new SafetensorsFile(join(folder, 'policy.safetensors'));
    try {
      expect(JSON.parse(file.metadata['policy']!)).toEqual({ ...json, parameters: undefined });
      for (const [name, { shape, data }] of parameters) {
        expect(json.parameters[name].shape).toEqual(shape);
        expect(Float32Array.from(json.parameters[name].data)).toEqual(data);
        expect(file.read(file.entries.find((each) => each.name === name)!)).toEqual(data);
      }
      expect(Object.keys(json.parameters)).toEqual([...parameters.keys()]);
    } finally {
      file.close();
    }
  });

  it('are refused where they can’t be', async () => {
    const trained = trainedOf(CASES['mlp; expected'], 5);
    const large = trainedOf(
      { layout: CASES['mlp; expected'].layout, agent: { network: { kind: 'mlp', hidden: [400, 300] } } },
      5,
    );
    await expect(exportPolicy(trained, join(folder, 'policy'))).rejects.toThrow(
      'take .onnx, .safetensors, .json',
    );
    await expect(exportPolicy(trained, join(folder, 'none/policy.onnx'))).rejects.toThrow(
      'There is no directory',
    );
    await expect(exportPolicy(large, join(folder, 'large.json'))).rejects.toThrow(
      'JSON is for 100000 at most',
    );
    await expect(readTrained(folder)).rejects.toThrow('is no run directory');
    writeFileSync(join(folder, 'run.json'), '{');
    await expect(readTrained(folder)).rejects.toThrow('is not JSON');
  });
});
