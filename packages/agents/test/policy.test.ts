import { execFileSync } from 'node:child_process';
import { type DqnConfig, runSchema } from '@qfleet/config';
import { createNetwork, initialParameters, valuesHead } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import type { Layout } from '@qfleet/replay';
import { loadTensor } from '@qfleet/tensor';
import { describe, expect, it } from 'vitest';
import { createPolicy } from '../src/index.ts';
import { rowsOf } from './acting.ts';

const layout: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 3 };
const config = runSchema.parse({ environment: { id: 'x' }, agent: { kind: 'dqn' } }).agent as DqnConfig;
const networkOf = ({ network }: DqnConfig, of: Layout) => createNetwork(network, of, valuesHead);
const parameters = (seed: number) =>
  initialParameters(networkOf(config, layout).parameters, new Random(seed));

const observationsOf = (rows: number) => {
  const random = new Random(5);
  return Float32Array.from({ length: rows * 4 }, () => random.normal());
};

describe('a network policy', () => {
  it('is greedy at ε = 0, and gives the values that it chose by', async () => {
    const policy = await createPolicy({ config, spec: layout });
    policy.load(parameters(1));
    const rows = 50;
    const actions = new Int32Array(rows);
    const values = new Float32Array(rows * 3);
    policy.act(rowsOf(policy, observationsOf(rows), rows, { actions, values }));
    for (let row = 0; row < rows; row++) {
      const q = [...values.subarray(row * 3, row * 3 + 3)];
      expect(actions[row]).toBe(q.indexOf(Math.max(...q)));
    }
    const again = new Int32Array(rows);
    policy.act(rowsOf(policy, observationsOf(rows), rows, { actions: again, random: new Random(9) }));
    expect(again).toEqual(actions);
  });

  it('explores with the frequencies of ε-greedy, each row with its own ε', async () => {
    const policy = await createPolicy({ config, spec: layout });
    policy.load(parameters(1));
    const random = new Random(3);
    const epsilons = Float32Array.of(0, 0.3, 1);
    const observation = observationsOf(1);
    const observations = Float32Array.of(...observation, ...observation, ...observation);
    const actions = new Int32Array(3);
    const draws = 20_000;
    const acting = rowsOf(policy, observations, 3, { epsilons, random, actions });
    const counts = [0, 1, 2].map(() => new Float64Array(3));
    for (let i = 0; i < draws; i++) {
      policy.act(acting);
      for (let row = 0; row < 3; row++) counts[row][actions[row]]++;
    }
    const greedy = counts[0].indexOf(draws);
    expect(greedy).toBeGreaterThanOrEqual(0);
    for (const row of [1, 2]) {
      const uniform = (draws * epsilons[row]) / 3;
      let chiSquare = 0;
      for (let a = 0; a < 3; a++) {
        const expected = uniform + (a === greedy ? draws * (1 - epsilons[row]) : 0);
        chiSquare += (counts[row][a] - expected) ** 2 / expected;
      }
      // The 99.9 % point of χ² with 2 degrees of freedom.
      expect(chiSquare).toBeLessThan(13.82);
    }
  });

  it('chooses by the selector that it is given, in evaluations by the largest value', async () => {
    const draws = 300;
    const actionsOf = async (given: Partial<Parameters<typeof createPolicy>[0]>): Promise<Set<number>> => {
      const policy = await createPolicy({ config, spec: layout, ...given });
      policy.load(parameters(1));
      const acting = rowsOf(policy, observationsOf(1), 1);
      const seen = new Set<number>();
      for (let i = 0; i < draws; i++) {
        policy.act(acting);
        seen.add(acting.actions[0]);
      }
      return seen;
    };
    expect((await actionsOf({ selector: { kind: 'softmax', temperature: 100 } })).size).toBe(3);
    expect((await actionsOf({})).size).toBe(1);
  });

  it('of a CNN computes on tfjs what the network is, for any number of rows', async () => {
    const cnn = {
      ...config,
      network: { kind: 'nature-cnn', hidden: [16], dueling: false, core: { kind: 'none' } },
    } as DqnConfig;
    const images: Layout = { frames: 1, shape: [36, 36, 2], dtype: 'uint8', actions: 3 };
    const policy = await createPolicy({ config: cnn, spec: images });
    const tensors = initialParameters(networkOf(cnn, images).parameters, new Random(1));
    const random = new Random(2);
    const observations = Uint8Array.from({ length: 3 * 36 * 36 * 2 }, () => random.integer(256));
    const act = (rows: number, values: Float32Array) =>
      policy.act(rowsOf(policy, observations, rows, { values }));
    const values = new Float32Array(9);
    expect(() => act(3, values)).toThrow(/no parameters yet/);
    policy.load(tensors);
    expect(() => act(4, new Float32Array(12))).toThrow(/4 rows need 10368 observation elements/);
    act(3, values);
    const first = new Float32Array(3);
    act(1, first);
    for (const [a, value] of first.entries()) expect(value).toBeCloseTo(values[a], 5);

    const { tf } = await loadTensor();
    const expected = tf.tidy(() => {
      const parameters = Object.fromEntries(
        [...tensors].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
      );
      const batch = tf.tensor(Int32Array.from(observations), [3, 36, 36, 2], 'int32');
      return networkOf(cnn, images).forward(tf, parameters, { states: batch }).out['values'].dataSync();
    });
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i], 5);
  });

  it('of a CNN runs on libtensorflow where that is, unless it is told not to', async () => {
    const script = `
      import { createRequire } from 'node:module';
      import { createPolicy } from '@qfleet/agents';
      const network = { kind: 'nature-cnn', hidden: [16], dueling: false, core: { kind: 'none' } };
      const layout = { frames: 1, shape: [36, 36, 2], dtype: 'uint8', actions: 3 };
      await createPolicy({ config: { ...${JSON.stringify(config)}, network }, spec: layout });
      const loaded = Object.keys(createRequire(import.meta.url).cache);
      console.log(loaded.some((path) => path.endsWith('nodejs_kernel_backend.js')));
    `;
    const run = (environment: object) =>
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: new URL('..', import.meta.url),
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'pipe', 'ignore'],
      }).toString();
    const { kind } = await loadTensor();
    if (kind === 'libtensorflow-cpu') expect(run({})).toBe('true\n');
    expect(run({ QFLEET_TENSOR: 'wasm' })).toBe('false\n');
  });

  it('refuses to act without parameters, and foreign ones, and then keeps the old', async () => {
    const policy = await createPolicy({ config, spec: layout });
    const act = (values: Float32Array) => policy.act(rowsOf(policy, observationsOf(8), 8, { values }));
    expect(() => act(new Float32Array(24))).toThrow(/no parameters yet/);

    policy.load(parameters(1));
    const before = new Float32Array(24);
    act(before);
    const other = initialParameters(networkOf(config, { ...layout, actions: 2 }).parameters, new Random(2));
    expect(() => policy.load(other)).toThrow(/"output\/kernel" has shape \[128,2\].*\[128,3\]/);
    const missing = new Map([...parameters(2)].filter(([name]) => name !== 'hidden1/bias'));
    expect(() => policy.load(missing)).toThrow(/"hidden1\/bias" is missing/);
    const foreign = new Map([...parameters(2), ['extra', { shape: [1], data: new Float32Array(1) }]]);
    expect(() => policy.load(foreign)).toThrow(/"extra" is unknown/);
    const after = new Float32Array(24);
    act(after);
    expect(after).toEqual(before);
  });

  it('loads no TensorFlow, nor does importing what others of its process need', () => {
    // A process of its own: this one has loaded whatever other tests load.
    const script = `
      import { createRequire } from 'node:module';
      import { createPolicy } from '@qfleet/agents';
      import '@qfleet/tensor';
      await createPolicy(${JSON.stringify({ config, spec: layout })});
      const loaded = Object.keys(createRequire(import.meta.url).cache);
      console.log(JSON.stringify(loaded.filter((path) => path.includes('@tensorflow'))));
    `;
    const url = new URL('..', import.meta.url);
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: url });
    expect(JSON.parse(out.toString())).toEqual([]);
  });
});
