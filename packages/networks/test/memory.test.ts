import { Random } from '@qfleet/random';
import type { StateSpec } from '@qfleet/spaces';
import { loadTensor, type NamedTensors, type TensorFlow, type TensorRecord } from '@qfleet/tensor';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { Core } from '../src/cores/core.ts';
import { composeNetwork, createInference, initialParameters, valuesHead } from '../src/index.ts';
import { mlpTorso } from '../src/torsos/mlp.ts';

const spec: StateSpec = { shape: [3], dtype: 'float32', frames: 1, actions: 2 };

/** An Elman network (1990), and a count: h ← tanh(x + ½h), n ← n + 1, both from 0 where an episode begins. */
function elmanCore(width: number): Core {
  return {
    parameters: [],
    memory: [
      { name: 'core/h', dtype: 'float32', shape: [width], cadence: 'state' },
      { name: 'core/n', dtype: 'int32', shape: [], cadence: 'chunk' },
    ],
    width,
    forward(tf, _parameters, features, { memory, begins }) {
      const stays = tf.sub(1, begins!);
      const before = tf.mul(memory['core/h'], tf.reshape(tf.cast(stays, 'float32'), [-1, 1]));
      const h = tf.tanh(tf.add(features, tf.mul(before, 0.5))) as Tensor2D;
      return { features: h, memory: { 'core/h': h, 'core/n': tf.add(tf.mul(memory['core/n'], stays), 1) } };
    },
  };
}

const torso = mlpTorso(spec, [4]);
const network = composeNetwork(
  spec,
  torso,
  elmanCore(4),
  valuesHead({ width: 4, actions: 2, dueling: null, hidden: null }),
);
const valuesOf = (_tf: TensorFlow, out: TensorRecord) => out['values'];

/** Q of each of an episode's states, written out in float64. */
function plain(tensors: NamedTensors, states: readonly number[][]): { q: number[]; h: number[] }[] {
  const dense = (name: string, x: number[]) => {
    const { shape, data } = tensors.get(`${name}/kernel`)!;
    const bias = tensors.get(`${name}/bias`)!.data;
    return Array.from(bias, (b, o) => x.reduce((sum, xi, i) => sum + xi * data[i * shape[1] + o], b));
  };
  let h = [0, 0, 0, 0];
  return states.map((state) => {
    const x = dense('hidden0', state).map((y) => Math.max(0, y));
    h = x.map((each, i) => Math.tanh(each + h[i] / 2));
    return { q: dense('output', h), h };
  });
}

describe('a network’s memory', () => {
  it('takes a network off the kernel of dense layers, and is declared', () => {
    expect(network.layers).toBeNull();
    expect(network.memory.map(({ name }) => name)).toEqual(['core/h', 'core/n']);
  });

  it('goes on from step to step, for any number of rows that begin at different times', async () => {
    await loadTensor();
    const inference = await createInference(network, valuesOf);
    const random = new Random(1);
    const tensors = initialParameters(network.parameters, random);
    inference.load(tensors);
    // Rows are padded to 1, 2, 4, 8, 16 …: 3 and 5 leave rows that nobody reads.
    for (const rows of [1, 3, 5]) {
      const memory = inference.memory(rows);
      const episodes: number[][][] = Array.from({ length: rows }, () => []);
      for (let step = 0; step < 12; step++) {
        const begins = Int32Array.from({ length: rows }, (_, i) =>
          Number((step + i) % 4 === 0 || step === 0),
        );
        const states = Float32Array.from({ length: rows * 3 }, () => random.normal());
        const values = new Float32Array(rows * 2);
        for (let i = 0; i < rows; i++) {
          if (begins[i] === 1) {
            episodes[i] = [];
            memory.row(i).clear();
          }
          episodes[i].push([...states.subarray(3 * i, 3 * i + 3)]);
        }
        inference.run({ count: rows, states, begins, memory }, values);
        for (let i = 0; i < rows; i++) {
          const { q, h } = plain(tensors, episodes[i]).at(-1)!;
          for (const [a, value] of q.entries()) expect(values[2 * i + a]).toBeCloseTo(value, 5);
          for (const [k, value] of h.entries())
            expect(memory.values['core/h'][4 * i + k]).toBeCloseTo(value, 5);
          expect(memory.values['core/n'][i]).toBe(episodes[i].length);
        }
      }
    }
  });

  it('that is missing or too small is told', async () => {
    const inference = await createInference(network, valuesOf);
    inference.load(initialParameters(network.parameters, new Random(1)));
    const [states, values] = [new Float32Array(6), new Float32Array(4)];
    const begins = new Int32Array(2);
    expect(() => inference.run({ count: 2, states }, values)).toThrow(/network remembers: give it a memory/);
    expect(() => inference.run({ count: 2, states, begins, memory: inference.memory(1) }, values)).toThrow(
      /2 rows need 8 elements of memory\/core\/h, not 4/,
    );
  });
});
