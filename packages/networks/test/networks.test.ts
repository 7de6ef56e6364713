import type { NetworkConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import { inputSize, type StateSpec, stateShape } from '@qfleet/spaces';
import { loadTensor, type NamedTensors } from '@qfleet/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble, MODULES } from '../scripts/assemble.ts';
import {
  createInference,
  createNetwork,
  type Inference,
  initialParameters,
  type Network,
  valuesHead,
} from '../src/index.ts';
import { convolutionWasm } from '../src/inference/convolution/convolution-wasm.ts';
import { denseWasm } from '../src/inference/dense/dense-wasm.ts';
import { transformerWasm } from '../src/inference/transformer/transformer-wasm.ts';
import { PLAIN } from './plain.ts';

const box: StateSpec = { shape: [4], dtype: 'float32', frames: 1, actions: 3 };
const discrete: StateSpec = { shape: [], dtype: 'int32', count: 7, frames: 1, actions: 4 };
const mlp = (hidden: number[], dueling = false, layerNorm = false): NetworkConfig => ({
  kind: 'mlp',
  hidden,
  dueling,
  ...PLAIN,
  layerNorm,
});

const networkOf = (config: NetworkConfig, spec: StateSpec): Network =>
  createNetwork(config, spec, valuesHead);
const startOf = (config: NetworkConfig, spec: StateSpec, random: Random): NamedTensors =>
  initialParameters(networkOf(config, spec).parameters, random);
/** Dense layers: tfjs is not asked for values. */
const inferenceOf = (config: NetworkConfig, spec: StateSpec): Promise<Inference> =>
  createInference(networkOf(config, spec), () => {
    throw new Error('this network needs no tfjs');
  });

/** The network written out in float64, straight from its definition. */
function plain(config: NetworkConfig, tensors: NamedTensors, input: number[]): number[] {
  const dense = (name: string, x: number[]) => {
    const { shape, data } = tensors.get(`${name}/kernel`)!;
    const bias = tensors.get(`${name}/bias`)!.data;
    return Array.from(bias, (b, o) => x.reduce((sum, xi, i) => sum + xi * data[i * shape[1] + o], b));
  };
  const normalized = (name: string, x: number[]) => {
    const [gain, bias] = ['gain', 'bias'].map((each) => tensors.get(`${name}/norm/${each}`)!.data);
    const mean = x.reduce((sum, each) => sum + each / x.length, 0);
    const variance = x.reduce((sum, each) => sum + (each - mean) ** 2 / x.length, 0);
    return x.map((each, i) => (gain[i] * (each - mean)) / Math.sqrt(variance + 1e-6) + bias[i]);
  };
  const hidden = (name: string, x: number[]) => {
    const sums = dense(name, x);
    return (config.layerNorm ? normalized(name, sums) : sums).map((y) => Math.max(0, y));
  };
  const shared = config.hidden.length - (config.dueling ? 1 : 0);
  let x = input;
  for (let i = 0; i < shared; i++) x = hidden(`hidden${i}`, x);
  if (!config.dueling) return dense('output', x);
  const [value] = dense('value/output', hidden('value/hidden', x));
  const advantages = dense('advantage/output', hidden('advantage/hidden', x));
  const mean = advantages.reduce((sum, a) => sum + a / advantages.length, 0);
  return advantages.map((a) => value + a - mean);
}

describe('parameters', () => {
  it('have names and shapes', () => {
    const read = (config: NetworkConfig, spec: StateSpec) =>
      networkOf(config, spec).parameters.map(({ name, shape }) => `${name} ${shape}`);
    expect(read(mlp([8, 6]), box)).toEqual([
      'hidden0/kernel 4,8',
      'hidden0/bias 8',
      'hidden1/kernel 8,6',
      'hidden1/bias 6',
      'output/kernel 6,3',
      'output/bias 3',
    ]);
    expect(read(mlp([8], true), discrete)).toEqual([
      'value/hidden/kernel 7,8',
      'value/hidden/bias 8',
      'value/output/kernel 8,1',
      'value/output/bias 1',
      'advantage/hidden/kernel 7,8',
      'advantage/hidden/bias 8',
      'advantage/output/kernel 8,4',
      'advantage/output/bias 4',
    ]);
  });

  it('start uniform on ±1/√fanIn, from their stream alone', () => {
    const draw = (seed: number) => startOf(mlp([400, 100]), box, new Random(seed));
    const start = draw(1);
    expect(draw(1)).toEqual(start);
    expect(draw(2)).not.toEqual(start);
    const { data } = start.get('hidden1/kernel')!;
    const bound = 1 / Math.sqrt(400);
    expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(bound);
    // A uniform variable on ±b has variance b²/3; of 40,000 draws within 2 %.
    const variance = data.reduce((sum, x) => sum + x * x, 0) / data.length;
    expect(variance / (bound ** 2 / 3)).toBeCloseTo(1, 1.5);
    const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
    expect(Math.abs(mean)).toBeLessThan((4 * bound) / Math.sqrt(3 * data.length));
  });
});

describe('the kernels', () => {
  const modules = { dense: denseWasm, convolution: convolutionWasm, transformer: transformerWasm };
  it.each(MODULES)('%s is what its source assembles to', async (name) => {
    expect(await assemble(name)).toBe(Buffer.from(modules[name]).toString('base64'));
  });
});

describe('the kernel of dense networks', () => {
  const networks = fc.record({
    hidden: fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 3 }),
    dueling: fc.boolean(),
    layerNorm: fc.boolean(),
    actions: fc.integer({ min: 1, max: 40 }),
    input: fc.oneof(
      fc.record({ size: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ count: fc.integer({ min: 1, max: 40 }) }),
    ),
    frames: fc.integer({ min: 1, max: 3 }),
    rows: fc.integer({ min: 1, max: 140 }),
    seed: fc.nat(),
  });

  it('computes what the definition and tfjs compute, whatever the sizes', async () => {
    const { tf } = await loadTensor();
    await fc.assert(
      fc.asyncProperty(
        networks,
        async ({ hidden, dueling, layerNorm, actions, input, frames, rows, seed }) => {
          const config = mlp(hidden, dueling, layerNorm);
          // A norm of few units that are nearly equal magnifies what float32 rounds.
          const tolerance = layerNorm ? 1e-4 : 1e-5;
          const spec: StateSpec =
            'count' in input
              ? { shape: [], dtype: 'int32', count: input.count, actions, frames }
              : { shape: [input.size], dtype: 'float32', actions, frames };
          const random = new Random(seed);
          const tensors = startOf(config, spec, random);
          const observations =
            'count' in input
              ? Int32Array.from({ length: rows * frames }, () => random.integer(input.count))
              : Float32Array.from({ length: rows * frames * input.size }, () => random.normal());
          const network = await inferenceOf(config, spec);
          network.load(tensors);
          const values = new Float32Array(rows * actions);
          network.run({ states: observations, count: rows }, values);

          const byTfjs = tf.tidy(() => {
            const parameters = Object.fromEntries(
              [...tensors].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
            );
            const batch = tf.tensor(
              observations,
              [rows, ...stateShape(spec)],
              'count' in input ? 'int32' : 'float32',
            );
            const { out } = networkOf(config, spec).forward(tf, parameters, { states: batch });
            return out['values'].dataSync();
          });
          const size = inputSize(spec);
          for (let row = 0; row < rows; row++) {
            const one =
              'count' in input
                ? Array.from({ length: size }, (_, i) => {
                    const frame = Math.floor(i / input.count);
                    return Number(i % input.count === observations[row * frames + frame]);
                  })
                : [...observations.slice(row * size, (row + 1) * size)];
            for (const [a, expected] of plain(config, tensors, one).entries()) {
              expect(Math.abs(values[row * actions + a] - expected)).toBeLessThan(tolerance);
              expect(Math.abs(byTfjs[row * actions + a] - expected)).toBeLessThan(tolerance);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives a row the same values to the bit, alone and among others', async () => {
    const network = await inferenceOf(mlp([64, 33], true), box);
    network.load(startOf(mlp([64, 33], true), box, new Random(1)));
    const random = new Random(2);
    const rows = 150;
    const observations = Float32Array.from({ length: rows * 4 }, () => random.normal());
    const together = new Float32Array(rows * 3);
    network.run({ states: observations, count: rows }, together);
    const alone = new Float32Array(3);
    for (let row = 0; row < rows; row++) {
      network.run({ states: observations.subarray(row * 4, row * 4 + 4), count: 1 }, alone);
      expect(alone).toEqual(together.subarray(row * 3, row * 3 + 3));
    }
  });

  it('takes vectors whose inputs do not fit its memory at once', async () => {
    const wide: StateSpec = { shape: [30_001], dtype: 'float32', frames: 1, actions: 5 };
    const network = await inferenceOf(mlp([6]), wide);
    network.load(startOf(mlp([6]), wide, new Random(1)));
    const random = new Random(2);
    const rows = 75;
    const observations = Float32Array.from({ length: rows * 30_001 }, () => random.normal());
    const together = new Float32Array(rows * 5);
    network.run({ states: observations, count: rows }, together);
    const alone = new Float32Array(5);
    for (let row = 0; row < rows; row++) {
      network.run({ states: observations.subarray(row * 30_001), count: 1 }, alone);
      expect(alone).toEqual(together.subarray(row * 5, row * 5 + 5));
    }
  });

  it('takes integers, zeros and unused rows as they are', async () => {
    const spec: StateSpec = { shape: [2, 2], dtype: 'uint8', frames: 1, actions: 3 };
    const config = mlp([5]);
    const tensors = startOf(config, spec, new Random(1));
    const network = await inferenceOf(config, spec);
    network.load(tensors);
    const values = new Float32Array(6);
    network.run({ states: Uint8Array.of(0, 255, 0, 3, 0, 0, 0, 0), count: 2 }, values);
    const expected = [...plain(config, tensors, [0, 255, 0, 3]), ...plain(config, tensors, [0, 0, 0, 0])];
    for (const [i, value] of expected.entries()) expect(values[i]).toBeCloseTo(value, 4);
    network.run({ states: new Uint8Array(0), count: 0 }, values);
  });

  it('refuses a state that is not one, and arrays that are too short', async () => {
    const network = await inferenceOf(mlp([5]), discrete);
    network.load(startOf(mlp([5]), discrete, new Random(1)));
    const values = new Float32Array(8);
    expect(() => network.run({ states: Int32Array.of(3, 7), count: 2 }, values)).toThrow(
      /7 is not a state: they are 0 to 6/,
    );
    expect(() => network.run({ states: Int32Array.of(3), count: 2 }, values)).toThrow(
      /2 rows need 2 observation elements/,
    );
    expect(() => network.run({ states: Int32Array.of(1, 2, 3), count: 3 }, values)).toThrow(
      /room for 12 values, not 3 and 8/,
    );
  });
});
