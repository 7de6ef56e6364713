import type { NetworkConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import { elementsOf, type StateSpec, stateShape } from '@qfleet/spaces';
import { loadTensor, type NamedTensors, type Runtime } from '@qfleet/tensor';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  actionOutputs,
  createInference,
  createNetwork,
  type HeadFactory,
  type Inference,
  initialParameters,
  multiplyAdds,
  type ValuesOf,
  valuesHead,
} from '../src/index.ts';
import { PLAIN } from './plain.ts';

const config = (
  filters = 16,
  hidden = [128],
  dueling = false,
  layers: Partial<NetworkConfig> = {},
): NetworkConfig => ({ kind: 'minatar-cnn', filters, hidden, dueling, ...PLAIN, ...layers }) as NetworkConfig;
/** MinAtar's Breakout with all six actions. */
const breakout: StateSpec = { shape: [10, 10, 4], dtype: 'uint8', high: 1, frames: 1, actions: 6 };
const networkOf = (of: NetworkConfig, spec: StateSpec) => createNetwork(of, spec, valuesHead);
/** Our kernels compute it: tfjs is not asked for values. */
const inferenceOf = (of: NetworkConfig, spec: StateSpec): Promise<Inference> =>
  createInference(networkOf(of, spec), () => {
    throw new Error('this network needs no tfjs');
  });

let runtime: Runtime;
beforeAll(async () => {
  runtime = await loadTensor();
});

/** Q of one state, written out in float64 from the definition; pixel (y, x, channel) is `at(y, x, channel)`. */
function plain(
  { hidden, dueling, layerNorm }: NetworkConfig,
  [height, width, channels]: readonly number[],
  tensors: NamedTensors,
  at: (y: number, x: number, channel: number) => number,
): number[] {
  const data = (name: string) => tensors.get(name)!.data;
  const [kernel, bias] = [data('conv0/kernel'), data('conv0/bias')];
  const normalized = (name: string, x: number[]) => {
    if (!layerNorm) return x;
    const [gain, shift] = ['gain', 'bias'].map((each) => data(`${name}/norm/${each}`));
    const mean = x.reduce((sum, each) => sum + each / x.length, 0);
    const variance = x.reduce((sum, each) => sum + (each - mean) ** 2 / x.length, 0);
    return x.map((each, i) => (gain[i] * (each - mean)) / Math.sqrt(variance + 1e-6) + shift[i]);
  };
  const features: number[] = [];
  for (let y = 0; y < height - 2; y++)
    for (let x = 0; x < width - 2; x++) {
      const sums = Array.from(bias, (b, f) => {
        let sum = b;
        for (let ky = 0; ky < 3; ky++)
          for (let kx = 0; kx < 3; kx++)
            for (let c = 0; c < channels; c++)
              sum += kernel[((ky * 3 + kx) * channels + c) * bias.length + f] * at(y + ky, x + kx, c);
        return sum;
      });
      // Over the channels of a position.
      features.push(...normalized('conv0', sums).map((each) => Math.max(0, each)));
    }
  const dense = (name: string, x: number[]) => {
    const [, outputs] = tensors.get(`${name}/kernel`)!.shape;
    return Array.from(data(`${name}/bias`), (b, o) =>
      x.reduce((sum, xi, i) => sum + xi * data(`${name}/kernel`)[i * outputs + o], b),
    );
  };
  const relu = (name: string, x: number[]) => normalized(name, dense(name, x)).map((y) => Math.max(0, y));
  let x = features;
  for (let i = 0; i < hidden.length - (dueling ? 1 : 0); i++) x = relu(`hidden${i}`, x);
  if (!dueling) return dense('output', x);
  const [value] = dense('value/output', relu('value/hidden', x));
  const advantages = dense('advantage/output', relu('advantage/hidden', x));
  const mean = advantages.reduce((sum, a) => sum + a / advantages.length, 0);
  return advantages.map((a) => value + a - mean);
}

/** Q of `states` by the learner's forward pass. */
function forwardOf(
  of: NetworkConfig,
  spec: StateSpec,
  tensors: NamedTensors,
  states: Float32Array | Uint8Array,
  head: HeadFactory = valuesHead,
  valuesOf: ValuesOf = (_, out) => out['values'],
): ArrayLike<number> {
  const { tf } = runtime;
  return tf.tidy(() => {
    const parameters = Object.fromEntries(
      [...tensors].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
    );
    const bytes = spec.dtype === 'uint8';
    const shape = [states.length / (spec.frames * elementsOf(spec.shape)), ...stateShape(spec)];
    const batch = tf.tensor(bytes ? Int32Array.from(states) : states, shape, bytes ? 'int32' : 'float32');
    const { out } = createNetwork(of, spec, head).forward(tf, parameters, { states: batch });
    return valuesOf(tf, out).dataSync();
  });
}

describe('the MinAtar CNN', () => {
  it('has the parameters of Young and Tian’s network', () => {
    const { parameters } = networkOf(config(), breakout);
    expect(parameters.map(({ name, shape }) => `${name} ${shape}`)).toEqual([
      'conv0/kernel 3,3,4,16',
      'conv0/bias 16',
      'hidden0/kernel 1024,128',
      'hidden0/bias 128',
      'output/kernel 128,6',
      'output/bias 6',
    ]);
    // 16 filters of 3·3·4 weights and a bias, 128 units of 8·8·16 and a bias, 6 of 128 and a bias.
    const count = (channels: number) => 16 * (9 * channels + 1) + 128 * 1_025 + 6 * 129;
    for (const channels of [4, 6, 7, 10]) {
      const specs = networkOf(config(), { ...breakout, shape: [10, 10, channels] }).parameters;
      expect(specs.reduce((sum, { shape }) => sum + elementsOf(shape), 0)).toBe(count(channels));
    }
    expect(count(4)).toBe(132_566);
    expect(multiplyAdds(parameters)).toBe(64 * 16 * 37 + 128 * 1_025 + 6 * 129);
  });

  it('starts as PyTorch’s layers do, uniform on ±1/√fanIn', () => {
    const { parameters } = networkOf(config(), breakout);
    expect(parameters.map(({ fanIn }) => fanIn)).toEqual([36, 36, 1_024, 1_024, 128, 128]);
  });

  const cases = fc.record({
    height: fc.integer({ min: 3, max: 9 }),
    width: fc.integer({ min: 3, max: 9 }),
    depth: fc.integer({ min: 1, max: 5 }),
    filters: fc.integer({ min: 1, max: 20 }),
    hidden: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 2 }),
    dueling: fc.boolean(),
    layerNorm: fc.boolean(),
    frames: fc.integer({ min: 1, max: 3 }),
    actions: fc.integer({ min: 1, max: 7 }),
    /** The highest byte; null: the observations are floats. */
    high: fc.constantFrom(1, 3, 255, null),
    /** How many cells are not zero. */
    filled: fc.constantFrom(0, 0.1, 0.5, 1),
    rows: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(),
  });

  it('computes what the definition and tfjs compute, whatever the sizes and the values', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (drawn) => {
        const { height, width, depth, filters, hidden, dueling, frames, actions, high, filled, rows } = drawn;
        const { layerNorm } = drawn;
        const of = config(filters, hidden, dueling, { layerNorm });
        // A norm of few units that are nearly equal magnifies what float32 rounds.
        const tolerance = layerNorm ? 1e-4 : 1e-5;
        const spec: StateSpec = {
          ...{ shape: [height, width, depth], frames, actions },
          ...(high === null ? { dtype: 'float32' } : { dtype: 'uint8', ...(high < 255 ? { high } : {}) }),
        };
        const random = new Random(drawn.seed);
        const tensors = initialParameters(networkOf(of, spec).parameters, random);
        const size = frames * height * width * depth;
        const length = rows * size;
        const one = () => (high === null ? random.normal() : 1 + random.integer(high));
        const cell = () => (random.uniform() < filled ? one() : 0);
        const states =
          high === null ? Float32Array.from({ length }, cell) : Uint8Array.from({ length }, cell);
        const inference = await inferenceOf(of, spec);
        inference.load(tensors);
        const values = new Float32Array(rows * actions);
        inference.run({ states, count: rows }, values);
        const byTfjs = forwardOf(of, spec, tensors, states);
        for (let row = 0; row < rows; row++) {
          const at = (y: number, x: number, channel: number) => {
            const frame = Math.floor(channel / depth);
            const index = ((frame * height + y) * width + x) * depth + (channel % depth);
            return states[row * size + index] / (high ?? 1);
          };
          const expected = plain(of, [height, width, depth * frames], tensors, at);
          for (const [a, value] of expected.entries()) {
            expect(Math.abs(values[row * actions + a] - value)).toBeLessThan(tolerance);
            expect(Math.abs(byTfjs[row * actions + a] - value)).toBeLessThan(tolerance);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('takes MinAtar’s zeros and ones as they are, and bytes up to 255 scaled', async () => {
    const tensors = initialParameters(networkOf(config(), breakout).parameters, new Random(1));
    const random = new Random(2);
    const ones = Uint8Array.from({ length: 400 }, () => random.integer(2));
    const [bits, bytes] = [new Float32Array(6), new Float32Array(6)];
    const values = async (spec: StateSpec, states: Uint8Array, into: Float32Array) => {
      const inference = await inferenceOf(config(), spec);
      inference.load(tensors);
      inference.run({ states, count: 1 }, into);
    };
    await values(breakout, ones, bits);
    const { high: _, ...image } = breakout;
    await values(
      image,
      ones.map((x) => 255 * x),
      bytes,
    );
    for (const [a, expected] of plain(
      config(),
      [10, 10, 4],
      tensors,
      (y, x, c) => ones[(y * 10 + x) * 4 + c],
    ).entries()) {
      expect(Math.abs(bits[a] - expected)).toBeLessThan(1e-5);
      expect(Math.abs(bytes[a] - expected)).toBeLessThan(1e-5);
    }
  });

  it('gives a row the same values to the bit, alone and among others', async () => {
    const inference = await inferenceOf(config(16, [64], true), breakout);
    inference.load(initialParameters(networkOf(config(16, [64], true), breakout).parameters, new Random(1)));
    const random = new Random(2);
    const states = Uint8Array.from({ length: 50 * 400 }, () => Number(random.uniform() < 0.1));
    const together = new Float32Array(50 * 6);
    inference.run({ states, count: 50 }, together);
    const alone = new Float32Array(6);
    for (let row = 0; row < 50; row++) {
      inference.run({ states: states.subarray(row * 400, row * 400 + 400), count: 1 }, alone);
      expect(alone).toEqual(together.subarray(row * 6, row * 6 + 6));
    }
  });

  it('takes up other parameters', async () => {
    const inference = await inferenceOf(config(5), breakout);
    const states = Uint8Array.from({ length: 400 }, (_, i) => Number(i % 7 === 0));
    for (const seed of [1, 2]) {
      const tensors = initialParameters(networkOf(config(5), breakout).parameters, new Random(seed));
      inference.load(tensors);
      const values = new Float32Array(6);
      inference.run({ states, count: 1 }, values);
      const expected = forwardOf(config(5), breakout, tensors, states);
      for (const [a, value] of values.entries()) expect(Math.abs(value - expected[a])).toBeLessThan(1e-5);
    }
  });

  it('normalises its convolution over the channels of each position, by parameters that are learned', async () => {
    const of = config(5, [7], false, { layerNorm: true });
    const { parameters } = networkOf(of, breakout);
    expect(parameters.map(({ name, shape }) => `${name} ${shape}`)).toEqual([
      'conv0/kernel 3,3,4,5',
      'conv0/bias 5',
      'conv0/norm/gain 5',
      'conv0/norm/bias 5',
      'hidden0/kernel 320,7',
      'hidden0/bias 7',
      'hidden0/norm/gain 7',
      'hidden0/norm/bias 7',
      'output/kernel 7,6',
      'output/bias 6',
    ]);
    const random = new Random(3);
    // Gains and biases that are not 1 and 0.
    const tensors: NamedTensors = new Map(
      parameters.map(({ name, shape }) => [
        name,
        { shape, data: Float32Array.from({ length: elementsOf(shape) }, () => random.normal()) },
      ]),
    );
    const inference = await inferenceOf(of, breakout);
    inference.load(tensors);
    const states = Uint8Array.from({ length: 20 * 400 }, () => Number(random.uniform() < 0.1));
    const values = new Float32Array(20 * 6);
    inference.run({ states, count: 20 }, values);
    const expected = forwardOf(of, breakout, tensors, states);
    for (const [i, value] of values.entries()) expect(Math.abs(value - expected[i])).toBeLessThan(1e-4);
  });

  it('has noise in its dense layers alone, and start values as its configuration says', () => {
    const { parameters } = networkOf(
      config(5, [7], false, { noisy: { sigma: 0.5 }, initialization: 'orthogonal' }),
      breakout,
    );
    expect(parameters.map(({ name }) => name).filter((name) => name.endsWith('/sigma'))).toEqual([
      'hidden0/kernel/sigma',
      'hidden0/bias/sigma',
      'output/kernel/sigma',
      'output/bias/sigma',
    ]);
    const tensors = initialParameters(parameters, new Random(1));
    const { data } = tensors.get('conv0/kernel')!;
    // Each of 5 filters of 36 numbers has length √2, since relu follows.
    for (let filter = 0; filter < 5; filter++) {
      let squares = 0;
      for (let i = filter; i < data.length; i += 5) squares += data[i] ** 2;
      expect(squares).toBeCloseTo(2, 5);
    }
    expect([...tensors.get('conv0/bias')!.data]).toEqual([0, 0, 0, 0, 0]);
  });

  it('goes with a head that our kernels lack, on tfjs', async () => {
    const head: HeadFactory = (options) => {
      const outputs = actionOutputs(options, 5);
      return {
        parameters: outputs.parameters,
        forward: (tf, parameters, features) => ({ atoms: outputs.forward(tf, parameters, features) }),
      };
    };
    const valuesOf: ValuesOf = (tf, out) => tf.mean(out['atoms'], 2);
    const network = createNetwork(config(4, [8], true), breakout, head);
    const tensors = initialParameters(network.parameters, new Random(1));
    const inference = await createInference(network, valuesOf);
    inference.load(tensors);
    const states = Uint8Array.from({ length: 3 * 400 }, (_, i) => Number(i % 11 === 0));
    const values = new Float32Array(18);
    inference.run({ states, count: 3 }, values);
    const expected = forwardOf(config(4, [8], true), breakout, tensors, states, head, valuesOf);
    for (const [i, value] of values.entries()) expect(Math.abs(value - expected[i])).toBeLessThan(1e-5);
  });

  it('refuses what is no image, and images that are too small', () => {
    const of = (spec: Partial<StateSpec>) => () => networkOf(config(), { ...breakout, ...spec });
    expect(of({ shape: [4] })).toThrow(
      /kind is minatar-cnn, which takes images \[height, width\].*gives \[4\]: take agent\.network\.kind mlp/,
    );
    expect(of({ shape: [], dtype: 'int32', count: 7 })).toThrow(/gives one of 7/);
    expect(of({ shape: [2, 10, 10] })).toThrow(/images of 3 × 3 and more, and this environment gives 2 × 10/);
    expect(of({ shape: [3, 3] })).not.toThrow();
  });
});
