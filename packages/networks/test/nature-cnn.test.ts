import type { NetworkConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import type { StateSpec } from '@qfleet/spaces';
import { compile, loadTensor, type NamedTensors, type Runtime } from '@qfleet/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { createNetwork, initialParameters, multiplyAdds, Packing, valuesHead } from '../src/index.ts';
import { PLAIN } from './plain.ts';

const config: NetworkConfig = { kind: 'nature-cnn', hidden: [16], dueling: true, ...PLAIN };
/** The smallest image: one position is left after the last convolution. */
const image: StateSpec = { shape: [36, 40, 3], dtype: 'uint8', frames: 1, actions: 4 };
const networkOf = (of: NetworkConfig, spec: StateSpec) => createNetwork(of, spec, valuesHead);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await loadTensor();
});

const frames = (length: number, seed = 1) => {
  const random = new Random(seed);
  return Uint8Array.from({ length }, () => random.integer(256));
};

/** Q of one image, written out in float64 from the definition: pixel (y, x, channel) is `at(y, x, channel)`. */
function plain(
  tensors: NamedTensors,
  [height, width, channels]: readonly [number, number, number],
  at: (y: number, x: number, channel: number) => number,
): number[] {
  const data = (name: string) => tensors.get(name)!.data;
  let input = { height, width, channels, at };
  for (const [layer, [size, stride, filters]] of [
    [8, 4, 32],
    [4, 2, 64],
    [3, 1, 64],
  ].entries()) {
    const [kernel, bias] = [data(`conv${layer}/kernel`), data(`conv${layer}/bias`)];
    const before = input;
    const output = {
      height: Math.floor((before.height - size) / stride) + 1,
      width: Math.floor((before.width - size) / stride) + 1,
      channels: filters,
    };
    const values = new Float64Array(output.height * output.width * filters);
    for (let y = 0; y < output.height; y++)
      for (let x = 0; x < output.width; x++)
        for (let f = 0; f < filters; f++) {
          let sum = bias[f];
          for (let ky = 0; ky < size; ky++)
            for (let kx = 0; kx < size; kx++)
              for (let c = 0; c < before.channels; c++) {
                const weight = kernel[((ky * size + kx) * before.channels + c) * filters + f];
                sum += weight * before.at(y * stride + ky, x * stride + kx, c);
              }
          values[(y * output.width + x) * filters + f] = Math.max(0, sum);
        }
    input = { ...output, at: (y, x, c) => values[(y * output.width + x) * filters + c] };
  }
  const features: number[] = [];
  for (let y = 0; y < input.height; y++)
    for (let x = 0; x < input.width; x++)
      for (let c = 0; c < input.channels; c++) features.push(input.at(y, x, c));
  const dense = (name: string, x: number[]) => {
    const { shape } = tensors.get(`${name}/kernel`)!;
    return Array.from(data(`${name}/bias`), (b, o) =>
      x.reduce((sum, xi, i) => sum + xi * data(`${name}/kernel`)[i * shape[1] + o], b),
    );
  };
  const hidden = (name: string) => dense(name, features).map((y) => Math.max(0, y));
  const [value] = dense('value/output', hidden('value/hidden'));
  const advantages = dense('advantage/output', hidden('advantage/hidden'));
  const mean = advantages.reduce((sum, a) => sum + a / advantages.length, 0);
  return advantages.map((a) => value + a - mean);
}

function valuesOf(spec: StateSpec, tensors: NamedTensors, observations: Uint8Array, shape: number[]) {
  const { tf } = runtime;
  return tf.tidy(() => {
    const parameters = Object.fromEntries(
      [...tensors].map(([name, tensor]) => [name, tf.tensor(tensor.data, [...tensor.shape])]),
    );
    const batch = tf.tensor(Int32Array.from(observations), shape, 'int32');
    return networkOf(config, spec).forward(tf, parameters, { states: batch }).out['values'].dataSync();
  });
}

describe('the Nature CNN', () => {
  it('costs what its layers add up to', () => {
    const atari: StateSpec = { shape: [84, 84, 4], dtype: 'uint8', frames: 1, actions: 6 };
    const specs = networkOf(
      { kind: 'nature-cnn', hidden: [512], dueling: false, ...PLAIN },
      atari,
    ).parameters;
    // Outputs × (inputs of one + its bias): 20×20×32, 9×9×64, 7×7×64, 512 and 6 of them.
    const sum = 12_800 * 257 + 5_184 * 513 + 3_136 * 577 + 512 * 3_137 + 6 * 513;
    expect(multiplyAdds(specs)).toBe(sum);
  });

  it('has the parameters of the paper on 84 × 84 × 4', () => {
    const { parameters: specs } = networkOf(
      { kind: 'nature-cnn', hidden: [512], dueling: false, ...PLAIN },
      { shape: [84, 84, 4], dtype: 'uint8', frames: 1, actions: 6 },
    );
    expect(specs.map(({ name, shape }) => `${name} ${shape}`)).toEqual([
      'conv0/kernel 8,8,4,32',
      'conv0/bias 32',
      'conv1/kernel 4,4,32,64',
      'conv1/bias 64',
      'conv2/kernel 3,3,64,64',
      'conv2/bias 64',
      'hidden0/kernel 3136,512',
      'hidden0/bias 512',
      'output/kernel 512,6',
      'output/bias 6',
    ]);
  });

  it('computes what its definition says, on bytes scaled to [0, 1]', () => {
    const tensors = initialParameters(networkOf(config, image).parameters, new Random(3));
    const size = 36 * 40 * 3;
    const observations = frames(2 * size);
    const values = valuesOf(image, tensors, observations, [2, 36, 40, 3]);
    for (const row of [0, 1]) {
      const at = (y: number, x: number, c: number) => observations[row * size + (y * 40 + x) * 3 + c] / 255;
      for (const [a, expected] of plain(tensors, [36, 40, 3], at).entries())
        expect(values[row * 4 + a]).toBeCloseTo(expected, 5);
    }
  });

  it('takes stacked frames as channels', () => {
    const stacked: StateSpec = { ...image, shape: [36, 40], frames: 3 };
    const tensors = initialParameters(networkOf(config, stacked).parameters, new Random(3));
    const observations = frames(3 * 36 * 40);
    const values = valuesOf(stacked, tensors, observations, [1, 3, 36, 40]);
    const at = (y: number, x: number, frame: number) => observations[(frame * 36 + y) * 40 + x] / 255;
    for (const [a, expected] of plain(tensors, [36, 40, 3], at).entries())
      expect(values[a]).toBeCloseTo(expected, 5);
  });

  it('has the same values and gradients compiled and op by op', () => {
    const { tf } = runtime;
    // With a kernel that the packing leaves apart.
    const wide = { ...config, hidden: [1100] };
    const packing = new Packing(networkOf(wide, image).parameters);
    expect(packing.names).toEqual(['packed', 'value/hidden/kernel', 'advantage/hidden/kernel']);
    const state = packing.pack(initialParameters(networkOf(wide, image).parameters, new Random(3)));
    const [compiled, eager] = [false, true].map((asItIs) => {
      const step = compile(
        runtime,
        (parameters, { observations }) => {
          const loss = (...tensors: Parameters<typeof packing.split>[1][number][]) =>
            tf.mean(
              tf.square(
                networkOf(wide, image).forward(tf, packing.split(tf, tensors), { states: observations }).out[
                  'values'
                ],
              ),
            );
          const { value, grads } = tf.valueAndGrads(loss)(packing.names.map((name) => parameters[name]));
          return { outputs: { value, grad: tf.concat(grads.map((each) => tf.reshape(each, [-1]))) } };
        },
        { state, inputs: { observations: { shape: [null, 36, 40, 3], dtype: 'uint8' } }, eager: asItIs },
      );
      const outputs = step.run({ observations: frames(5 * 36 * 40 * 3) });
      const copies = [[...outputs['value']], [...outputs['grad']]];
      step.dispose();
      return copies;
    });
    for (const [i, expected] of eager.entries()) {
      let largest = 0;
      for (const x of expected) largest = Math.max(largest, Math.abs(x));
      expect(largest).toBeGreaterThan(0);
      for (let j = 0; j < expected.length; j++)
        expect(Math.abs(compiled[i][j] - expected[j])).toBeLessThan(1e-5 * Math.max(1, largest));
    }
  });

  it('refuses what is no image, and images that are too small', () => {
    const of = (shape: number[]) => () => networkOf(config, { ...image, shape });
    expect(of([4])).toThrow(/takes images \[height, width\].*gives \[4\]: take agent\.network\.kind mlp/);
    expect(of([35, 84, 4])).toThrow(/images of 36 × 36 and more, and this environment gives 35 × 84: take/);
    expect(of([10, 10])).toThrow(/gives 10 × 10: take agent\.network\.kind mlp/);
  });

  it('knows channels that come first', () => {
    const of = (shape: number[]) => () => networkOf(config, { ...image, shape });
    expect(of([4, 84, 90])).toThrow(
      /gives \[4, 84, 90\], which looks like channels first: give .* as \[84, 90, 4\]/,
    );
    expect(of([1, 10, 10])).toThrow(/looks like channels first: take agent\.network\.kind mlp/);
    expect(of([84, 84, 100])).not.toThrow();
  });
});
