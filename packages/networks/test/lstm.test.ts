import { runSchema } from '@qfleet/config';
import { Random } from '@qfleet/random';
import type { Memory, StateSpec } from '@qfleet/spaces';
import { loadTensor, type NamedTensors } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createInference,
  createNetwork,
  initialParameters,
  isStatistic,
  type Network,
  valuesHead,
} from '../src/index.ts';

const box: StateSpec = { shape: [4], dtype: 'float32', frames: 1, actions: 3 };
const discrete: StateSpec = { shape: [], dtype: 'int32', count: 7, frames: 2, actions: 4 };
const normalized: StateSpec = { ...box, normalized: true };
const grid: StateSpec = { shape: [10, 10, 4], dtype: 'uint8', high: 1, frames: 1, actions: 6 };
const image: StateSpec = { shape: [36, 36, 1], dtype: 'uint8', frames: 1, actions: 2 };

function networkOf(network: object, spec: StateSpec): Network {
  const agent = { kind: 'dqn', network };
  const config = runSchema.shape.agent.parse(agent);
  if (config.kind !== 'dqn') throw new Error('not a network');
  return createNetwork(config.network, spec, valuesHead);
}

/** States of each row one after another, and where episodes begin. */
function draw(spec: StateSpec, rows: number, steps: number, random: Random) {
  const size = spec.frames * spec.shape.reduce((product, n) => product * n, 1);
  const length = rows * steps * size;
  const number = {
    float32: () => random.normal(),
    int32: () => random.integer(7),
    uint8: () => random.integer((spec.high ?? 255) + 1),
  };
  const next = number[spec.dtype as keyof typeof number];
  const array = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array }[
    spec.dtype as keyof typeof number
  ];
  return {
    size,
    states: new array(length).map(next),
    begins: Int32Array.from({ length: rows * steps }, () => Number(random.uniform() < 0.2)),
  };
}

/** Start values; those of statistics, which are 0 and 1, at random. */
const parametersOf = ({ parameters }: Network, random: Random) =>
  new Map(
    [...initialParameters(parameters, random)].map(([name, { shape, data }]) => [
      name,
      { shape, data: isStatistic(name) ? data.map(() => 0.5 + random.uniform()) : data },
    ]),
  );

/** Q of all steps, [rows × steps × actions], and the last memory by an actor, a step of all rows at a time. */
async function act(network: Network, rows: number, steps: number, seed: number, start: Memory | null) {
  const { spec } = network;
  const random = new Random(seed);
  const tensors = parametersOf(network, random);
  const { size, states, begins } = draw(spec, rows, steps, random);
  const inference = await createInference(network, (_tf, out) => out['values']!);
  inference.load(tensors);
  const memory = inference.memory(rows);
  if (start !== null) memory.set(start);
  const values = new Float32Array(rows * steps * spec.actions);
  for (let step = 0; step < steps; step++) {
    const now = states.slice(0, rows * size);
    const beginning = new Int32Array(rows);
    for (let row = 0; row < rows; row++) {
      const at = row * steps + step;
      now.set(states.subarray(at * size, (at + 1) * size), row * size);
      beginning[row] = begins[at]!;
    }
    const out = new Float32Array(rows * spec.actions);
    inference.run({ count: rows, states: now, begins: beginning, memory }, out);
    for (let row = 0; row < rows; row++) {
      const q = out.subarray(row * spec.actions, (row + 1) * spec.actions);
      values.set(q, (row * steps + step) * spec.actions);
    }
  }
  return { tensors, states, begins, values, memory };
}

/** What actors find a step at a time, and the learner at once, with the same numbers. */
async function both(network: Network, rows: number, steps: number, seed: number) {
  const { spec } = network;
  const { tf } = await loadTensor();
  const started = await act(network, rows, 2, seed + 1, null);
  const actor = await act(network, rows, steps, seed, started.memory);
  const learner = tf.tidy(() => {
    const parameters = Object.fromEntries(
      [...actor.tensors].map(([name, { shape, data }]): [string, Tensor] => [
        name,
        tf.tensor(data, [...shape]),
      ]),
    );
    const states = [rows * steps, ...(spec.frames > 1 ? [spec.frames] : []), ...spec.shape];
    const dtype = spec.dtype === 'float32' ? 'float32' : 'int32';
    const { out, memory } = network.forward(tf, parameters, {
      states: tf.tensor(Array.from(actor.states), states, dtype),
      steps,
      begins: tf.tensor1d(actor.begins, 'int32'),
      memory: Object.fromEntries(
        network.memory.map(({ name, shape }) => [
          name,
          tf.tensor(started.memory.values[name] as Float32Array, [rows, ...shape]),
        ]),
      ),
    });
    return {
      values: out['values']!.dataSync(),
      memory: Object.fromEntries(Object.entries(memory).map(([name, each]) => [name, each.dataSync()])),
    };
  });
  return { actor, learner };
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-4);
}

describe('an LSTM', () => {
  it('is for actors, a step at a time and without tfjs, what it is for the learner at once', async () => {
    const cases = fc.record({
      spec: fc.constantFrom(box, normalized, discrete),
      hidden: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 2 }),
      units: fc.integer({ min: 1, max: 40 }),
      dueling: fc.boolean(),
      layerNorm: fc.boolean(),
      rows: fc.integer({ min: 1, max: 40 }),
      steps: fc.integer({ min: 1, max: 12 }),
      seed: fc.nat({ max: 1e6 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ spec, rows, steps, seed, units, ...layers }) => {
        const network = networkOf({ kind: 'mlp', ...layers, core: { kind: 'lstm', units } }, spec);
        expect(network.recurrent).not.toBeNull();
        const { actor, learner } = await both(network, rows, steps, seed);
        expectClose(actor.values, learner.values);
        for (const { name } of network.memory)
          expectClose(actor.memory.values[name] as Float32Array, learner.memory[name]!);
      }),
      { numRuns: 20 },
    );
  });

  it('after a convolution is the same without tfjs', async () => {
    const core = { kind: 'lstm', units: 6 };
    for (const layers of [{ dueling: true }, { layerNorm: true }]) {
      const network = networkOf({ kind: 'minatar-cnn', hidden: [8], core, ...layers }, grid);
      expect(network.recurrent).not.toBeNull();
      const { actor, learner } = await both(network, 5, 4, 5);
      expectClose(actor.values, learner.values);
    }
  });

  it('between noisy layers has noise for actors that explore, of each call anew, and its means for others', async () => {
    const core = { kind: 'lstm', units: 6 };
    const network = networkOf({ kind: 'mlp', hidden: [8], noisy: { sigma: 2 }, core }, box);
    const tensors = parametersOf(network, new Random(2));
    const states = Float32Array.from({ length: 8 }, (_, i) => Math.sin(i));
    const begins = new Int32Array([1, 0]);
    const [exploring, fixed] = [true, false].map((explores) =>
      createInference(network, () => expect.fail(), explores),
    );
    const valued = async (by: typeof exploring, weights: NamedTensors, random?: Random) => {
      const inference = await by!;
      inference.load(weights);
      const values = new Float32Array(6);
      const memory = inference.memory(2);
      inference.run({ count: 2, states, begins, memory, ...(random ? { random } : {}) }, values);
      return values;
    };
    const random = new Random(7);
    const disturbed = [network.disturbed!(tensors, random), network.disturbed!(tensors, random)];
    const same = new Random(7);
    expect(await valued(exploring, tensors, same)).toEqual(await valued(fixed, disturbed[0]!));
    expect(await valued(exploring, tensors, same)).toEqual(await valued(fixed, disturbed[1]!));
    expect(await valued(fixed, disturbed[0]!)).not.toEqual(await valued(fixed, tensors));
    await expect(valued(exploring, tensors)).rejects.toThrow(/network is noisy: give it what noise/);
  });

  it('after convolutions is the same by the runtime’s graph', async () => {
    const network = networkOf({ kind: 'nature-cnn', hidden: [8], core: { kind: 'lstm', units: 6 } }, image);
    expect(network.recurrent).toBeNull();
    const { actor, learner } = await both(network, 3, 4, 5);
    expectClose(actor.values, learner.values);
  });

  it('passes over steps that are not there', async () => {
    const network = networkOf({ kind: 'mlp', hidden: [5], core: { kind: 'lstm', units: 4 } }, box);
    const { tf } = await loadTensor();
    const random = new Random(3);
    const tensors = initialParameters(network.parameters, random);
    const states = Float32Array.from({ length: 5 * 4 }, () => random.normal());
    const start = Float32Array.from({ length: 4 }, () => random.normal());
    const run = (from: number, to: number, present: number[] | null) =>
      tf.tidy(() => {
        const parameters = Object.fromEntries(
          [...tensors].map(([name, { shape, data }]): [string, Tensor] => [
            name,
            tf.tensor(data, [...shape]),
          ]),
        );
        const { memory } = network.forward(tf, parameters, {
          states: tf.tensor(states.subarray(from * 4, to * 4), [to - from, 4]),
          steps: to - from,
          ...(present === null ? {} : { present: tf.tensor1d(present) }),
          memory: { 'lstm/hidden': tf.tensor(start, [1, 4]), 'lstm/cell': tf.tensor(start, [1, 4]) },
        });
        return [...memory['lstm/hidden']!.dataSync(), ...memory['lstm/cell']!.dataSync()];
      });
    expectClose(run(0, 5, [0, 0, 1, 1, 0]), run(2, 4, null));
    expectClose(run(0, 5, [0, 0, 0, 0, 0]), [...start, ...start]);
  });

  it('without a memory is told', async () => {
    const network = networkOf({ kind: 'mlp', hidden: [5], core: { kind: 'lstm', units: 4 } }, box);
    const inference = await createInference(network, () => {
      throw new Error('this network needs no tfjs');
    });
    const [states, values] = [new Float32Array(8), new Float32Array(6)];
    const begins = new Int32Array(2);
    expect(() => inference.run({ count: 2, states, begins, memory: inference.memory(2) }, values)).toThrow(
      /no parameters yet/,
    );
    inference.load(initialParameters(network.parameters, new Random(1)));
    expect(() => inference.run({ count: 2, states }, values)).toThrow(/network remembers: give it a memory/);
    expect(() => inference.run({ count: 2, states, begins, memory: inference.memory(1) }, values)).toThrow(
      /2 rows need 8 elements of memory\/lstm\/hidden, not 4/,
    );
  });
});
