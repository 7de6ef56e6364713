import { Random } from '@qfleet/random';
import { type StateSpec, stateShape, stateSize } from '@qfleet/spaces';
import { loadTensor, loadWasm, type NamedTensors, type Runtime } from '@qfleet/tensor';
import { describe, expect, it } from 'vitest';
import {
  createInference,
  createNetwork,
  initialParameters,
  isStatistic,
  type Network,
  valuesHead,
} from '../src/index.ts';
import { createCompiledNetwork } from '../src/inference/compiled-network.ts';
import { PLAIN } from './plain.ts';
import reference from './reference/normalizer.json' with { type: 'json' };

const specOf = (fields: Partial<StateSpec> = {}): StateSpec => ({
  ...{ shape: [5], dtype: 'float32', frames: 1, actions: 3, normalized: true },
  ...fields,
});
const networkOf = (spec: StateSpec): Network =>
  createNetwork({ kind: 'mlp', hidden: [16], dueling: false, ...PLAIN }, spec, valuesHead);
const unpack = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'base64'));
const floats = (text: string): Float32Array => new Float32Array(unpack(text).buffer);
const doubles = (text: string): Float64Array => new Float64Array(unpack(text).buffer);

/** The largest difference, relative to `scale` of each element. */
function distance(
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  scale = (_: number): number => 1,
): number {
  expect(ours.length).toBe(theirs.length);
  return Array.from(ours).reduce((most, x, i) => Math.max(most, Math.abs(x - theirs[i]) / scale(i)), 0);
}

/** The statistics of a network after batches of states. */
function observed(runtime: Runtime, network: Network, batches: readonly Float32Array[]): NamedTensors {
  const { tf } = runtime;
  const { spec } = network;
  const start = initialParameters(network.parameters, new Random(0));
  const shape = spec.frames === 1 ? [-1, ...spec.shape] : [-1, spec.frames, ...spec.shape];
  let statistics: NamedTensors = new Map();
  tf.tidy(() => {
    let parameters = Object.fromEntries(
      [...start].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
    );
    for (const batch of batches) {
      const states = tf.reshape(tf.tensor(batch), shape);
      parameters = { ...parameters, ...network.normalizer!.observe(tf, parameters, states) };
    }
    statistics = new Map(
      [...start].map(([name, { shape }]) => [
        name,
        { shape, data: parameters[name].dataSync() as Float32Array },
      ]),
    );
  });
  return statistics;
}

describe('the running statistics of observations', () => {
  it('are Gymnasium’s after each batch, and scale it as Gymnasium and VecNormalize do', async () => {
    const runtime = await loadTensor();
    const { tf } = runtime;
    const network = networkOf(specOf());
    const batches = reference.batches.map(floats);
    for (const after of [1, 2, 7, batches.length]) {
      const parameters = observed(runtime, network, batches.slice(0, after));
      const mean = doubles(reference.means[after - 1]);
      const variance = doubles(reference.variances[after - 1]);
      // The rounding of float32, in units of the deviation, or of the mean where that is the larger.
      const unit = (i: number): number => Math.max(Math.abs(mean[i]), Math.sqrt(variance[i]), 1e-6);
      expect(distance(parameters.get('normalizer/mean')!.data, mean, unit)).toBeLessThan(1e-6);
      const ours = parameters.get('normalizer/variance')!.data;
      expect(distance(ours, variance, (i) => variance[i] + 1e-6 * Math.abs(mean[i]) + 1e-12)).toBeLessThan(
        1e-4,
      );
      expect(parameters.get('normalizer/count')!.data[0]).toBe(after * reference.rows);

      const scaled = tf.tidy(() => {
        const tensors = Object.fromEntries(
          [...parameters].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
        );
        const states = tf.tensor(batches[after - 1], [reference.rows, reference.width]);
        return network.normalizer!.forward(tf, tensors, states).dataSync();
      });
      const theirs = floats(reference.scaled[after - 1]);
      expect(distance(scaled, theirs)).toBeLessThan(2e-4);
      // Without tfjs, the same.
      const plain = new Float32Array(scaled.length);
      network.normalizer!.scaling(parameters)(batches[after - 1], 0, plain, 0, plain.length);
      expect(distance(plain, scaled)).toBeLessThan(1e-5);
    }
  });

  it('do not depend on how observations come in batches, and each frame of a stack is one', async () => {
    const runtime = await loadTensor();
    const network = networkOf(specOf());
    const batches = reference.batches.map(floats);
    const all = new Float32Array(batches.flatMap((batch) => [...batch]));
    const apart = observed(runtime, network, batches);
    const together = observed(runtime, network, [all]);
    const stacked = observed(runtime, networkOf(specOf({ frames: 4 })), [all]);
    for (const name of [...apart.keys()].filter(isStatistic)) {
      const expected = together.get(name)!.data;
      expect(distance(apart.get(name)!.data, expected, (i) => Math.abs(expected[i]) + 1e-6)).toBeLessThan(
        1e-4,
      );
      expect(stacked.get(name)!.data).toEqual(expected);
    }
  });

  it('are of the states that are there', async () => {
    const { tf } = await loadTensor();
    const { normalizer, parameters } = networkOf(specOf({ frames: 2 }));
    const statistics = (rows: readonly number[]) =>
      tf.tidy(() => {
        const [batch] = reference.batches.map(floats);
        const states = tf.reshape(tf.tensor(batch!.subarray(0, 4 * 10)), [4, 2, 5]);
        const before = Object.fromEntries(
          [...initialParameters(parameters, new Random(0))].map(([name, { shape, data }]) => [
            name,
            tf.tensor(data, [...shape]),
          ]),
        );
        const marks = tf.tensor1d([0, 1, 2, 3].map((row) => Number(rows.includes(row))));
        const some = normalizer!.observe(tf, before, states, marks);
        const same = normalizer!.observe(tf, before, tf.gather(states, tf.tensor1d([...rows], 'int32')));
        return [some, same].map((each) => Object.values(each).flatMap((tensor) => [...tensor.dataSync()]));
      });
    for (const rows of [[1, 3], [0], [0, 1, 2, 3]]) {
      const [some, same] = statistics(rows);
      expect(distance(some!, same!, (i) => Math.abs(same![i]!) + 1e-6)).toBeLessThan(1e-4);
    }
  });
});

describe('a network of normalized observations', () => {
  const layouts = [specOf(), specOf({ frames: 3 }), specOf({ dtype: 'int32', shape: [2, 3] })];

  it('values the same by dense layers, libtensorflow and WASM', async () => {
    const runtime = await loadTensor();
    const random = new Random(3);
    const cases = [];
    for (const spec of layouts) {
      const network = networkOf(spec);
      const length = stateSize(spec);
      const draw = (): number => {
        const x = 7 + 20 * random.normal();
        return spec.dtype === 'int32' ? Math.round(x) : x;
      };
      const tensors = observed(runtime, network, [Float32Array.from({ length: 50 * length }, draw)]);
      const states =
        spec.dtype === 'int32'
          ? Int32Array.from({ length: 9 * length }, draw)
          : Float32Array.from({ length: 9 * length }, draw);
      const values = [];
      for (const inference of [
        await createInference(network, () => expect.fail('dense layers need no tfjs')),
        await createCompiledNetwork(network, (_, out) => out['values'], false),
      ]) {
        inference.load(tensors);
        const out = new Float32Array(9 * spec.actions);
        inference.run({ count: 9, states }, out);
        values.push(out);
      }
      expect(distance(values[0], values[1])).toBeLessThan(1e-5);
      expect(Math.max(...values[0]) - Math.min(...values[0])).toBeGreaterThan(0.1);
      cases.push({ network, tensors, states, values: values[1] });
    }
    // Last: from here on tfjs computes on this backend.
    const { tf } = await loadWasm();
    for (const { network, tensors, states, values } of cases) {
      const { spec } = network;
      const wasm = tf.tidy(() => {
        const parameters = Object.fromEntries(
          [...tensors].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
        );
        const dtype = spec.dtype === 'int32' ? 'int32' : 'float32';
        const given = tf.tensor(states, [9, ...stateShape(spec)], dtype);
        return network.forward(tf, parameters, { states: given }).out['values'].dataSync();
      });
      expect(distance(wasm, values)).toBeLessThan(1e-5);
    }
  });

  it('has the statistics beside what it is without, and draws the same start values', () => {
    const plain = networkOf(specOf({ normalized: false }));
    const network = networkOf(specOf());
    expect(network.parameters.map(({ name }) => name)).toEqual([
      ...plain.parameters.map(({ name }) => name),
      ...['normalizer/mean', 'normalizer/variance', 'normalizer/count'],
    ]);
    const start = initialParameters(network.parameters, new Random(1));
    for (const [name, tensor] of initialParameters(plain.parameters, new Random(1))) {
      expect(start.get(name)).toEqual(tensor);
    }
    expect(plain.normalizer).toBeNull();
  });

  it.each([
    [{ shape: [], dtype: 'int32', count: 16 } as const, 'gives one of 16 states'],
    [{ shape: [84, 84, 3], dtype: 'uint8' } as const, 'gives bytes, which have one scale'],
  ])('refuses what has no scale: %j', (fields, reason) => {
    expect(() => networkOf(specOf(fields))).toThrow(
      'environment.normalizeObservations is true, which takes observations of numbers, and this environment ' +
        `${reason}: set environment.normalizeObservations=false.`,
    );
  });
});
