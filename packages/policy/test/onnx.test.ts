import { readFileSync } from 'node:fs';
import { loadWasm, type TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { computationOf } from '../src/onnx/computation.ts';
import { Graph } from '../src/onnx/graph.ts';
import { OPERATORS } from '../src/onnx/operators/operators.ts';
import { record } from '../src/onnx/record.ts';
import { CASES } from './cases.ts';
import {
  checkOutputs,
  type Fingerprint,
  fingerprint,
  type Outputs,
  STORED,
  STORED_SEED,
} from './onnx-checks.ts';

type Stored = Readonly<Record<string, Fingerprint & { readonly steps: Outputs[string] }>>;
const stored = JSON.parse(readFileSync(STORED, 'utf8')) as Stored;

it('every case is stored', () => {
  expect(Object.keys(stored)).toEqual(Object.keys(CASES));
});

/** Networks that are compiled by TensorFlow, half a second each, are here with two heads. */
const QUICK = Object.keys(CASES).filter((name) => !/^(nature-cnn|impala).*(hl-gauss|qr|iqn)$/.test(name));

describe('a model is the one that onnxruntime was given, and gave what actors compute', () => {
  it.each(QUICK)('%s', async (name) => {
    const { graph, constants } = await fingerprint(name, STORED_SEED);
    // Where it differs on purpose: QFLEET_REFERENCE_SEED=0 npm run test:reference
    expect(graph).toBe(stored[name].graph);
    expect(constants).toHaveLength(stored[name].constants.length);
    for (const [i, each] of constants.entries()) {
      expect(Math.abs(each - stored[name].constants[i])).toBeLessThan(1e-4 * Math.max(1, Math.abs(each)));
    }
    await checkOutputs(name, STORED_SEED, stored[name].steps);
  });
});

describe('a network that can’t be written', () => {
  /** What a function of rows [rows, 3] becomes. */
  async function written(fn: (tf: TensorFlow, x: Tensor2D) => Tensor): Promise<void> {
    const { tf } = await loadWasm();
    const [first, second] = [2, 3].map((rows) => {
      const x = tf.ones([rows, 3]) as Tensor2D;
      return record(tf, {}, { x }, () => ({ y: fn(tf, x) }));
    });
    const y = computationOf({ rows: [2, 3], first, second }).get('y')!;
    new Graph(OPERATORS, new Map([['x', 'x']]), 'x').ref(y);
  }

  it('is refused in one sentence', async () => {
    await expect(written((tf, x) => tf.cumsum(x, 1))).rejects.toThrow(
      'tfjs’s Cumsum, which is not translated',
    );
    await expect(written((tf, x) => tf.mul(x, x.shape[0] ** 2))).rejects.toThrow('has other constants');
    await expect(written((tf, x) => (x.shape[0] === 2 ? tf.relu(x) : tf.tanh(x)))).rejects.toThrow(
      'calls Tanh',
    );
    await expect(written((tf, x) => tf.slice(x, [1, 0], [-1, 3]))).rejects.toThrow(
      'has a size of 1 and of 2',
    );
    await expect(written((tf, x) => tf.split(x, 3, 1)[1])).resolves.toBeUndefined();
  });
});
