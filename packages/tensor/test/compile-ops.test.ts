import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, loadTensor, type NamedTensors, type Runtime, type TensorFlow } from '../src/index.ts';
import { hasLibrary } from './native.ts';

type Op = (tf: TensorFlow, x: Tensor, y: Tensor) => Tensor;

/** What has a gradient in tfjs. x and y are [2, 3, 4] here; each op makes of them what it needs. The gradient is that of the sum of squares. */
const DIFFERENTIABLE: Record<string, Op> = {
  add: (tf, x, y) => tf.add(x, y),
  'add, broadcast': (tf, x, y) => tf.add(x, tf.slice(tf.reshape(y, [24]), 0, 4)),
  sub: (tf, x, y) => tf.sub(x, y),
  mul: (tf, x, y) => tf.mul(x, y),
  div: (tf, x, y) => tf.div(x, tf.add(tf.abs(y), 1)),
  maximum: (tf, x, y) => tf.maximum(x, y),
  minimum: (tf, x, y) => tf.minimum(x, y),
  pow: (tf, x) => tf.pow(tf.abs(x), 1.5),
  squaredDifference: (tf, x, y) => tf.squaredDifference(x, y),
  where: (tf, x, y) =>
    tf.where(tf.cast(tf.reshape(tf.tile(tf.tensor1d([0, 1]), [12]), [2, 3, 4]), 'bool'), x, y),
  abs: (tf, x) => tf.abs(x),
  neg: (tf, x) => tf.neg(x),
  square: (tf, x) => tf.square(x),
  sqrt: (tf, x) => tf.sqrt(tf.add(tf.square(x), 1)),
  exp: (tf, x) => tf.exp(x),
  expm1: (tf, x) => tf.expm1(x),
  log: (tf, x) => tf.log(tf.add(tf.abs(x), 1)),
  clipByValue: (tf, x) => tf.clipByValue(x, -0.5, 0.5),
  relu: (tf, x) => tf.relu(x),
  'relu after a layer': (tf, x) =>
    tf.relu(tf.add(tf.matMul(tf.reshape(x, [6, 4]), tf.ones([4, 5])), tf.ones([5]))),
  elu: (tf, x) => tf.elu(x),
  sigmoid: (tf, x) => tf.sigmoid(x),
  tanh: (tf, x) => tf.tanh(x),
  softplus: (tf, x) => tf.softplus(x),
  leakyRelu: (tf, x) => tf.leakyRelu(x),
  erf: (tf, x) => tf.erf(x),
  softmax: (tf, x) => tf.softmax(x),
  logSoftmax: (tf, x) => tf.logSoftmax(x),
  logSumExp: (tf, x) => tf.logSumExp(x, -1),
  sum: (tf, x) => tf.sum(x, 1),
  'sum of all but the last axis': (tf, x) => tf.sum(x, [1, 0]),
  mean: (tf, x) => tf.mean(x, [0, 2], true),
  max: (tf, x) => tf.max(x, 2),
  prod: (tf, x) => tf.prod(x, 2),
  norm: (tf, x) => tf.norm(x),
  moments: (tf, x) => tf.moments(x, -1).variance,
  matMul: (tf, x, y) => tf.matMul(tf.reshape(x, [6, 4]), tf.reshape(y, [4, 6])),
  'matMul, transposed': (tf, x, y) => tf.matMul(tf.reshape(x, [4, 6]), tf.reshape(y, [4, 6]), true),
  'matMul of batches': (tf, x, y) => tf.matMul(x, y, false, true),
  reshape: (tf, x) => tf.reshape(x, [4, 6]),
  transpose: (tf, x) => tf.transpose(x, [2, 0, 1]),
  expandDims: (tf, x) => tf.expandDims(x, 1),
  squeeze: (tf, x) => tf.squeeze(tf.reshape(x, [1, 24, 1])),
  concat: (tf, x, y) => tf.concat([x, y], 1),
  stack: (tf, x, y) => tf.stack([x, y], 1),
  split: (tf, x) => tf.split(x, 2, 2)[1]!,
  slice: (tf, x) => tf.slice(x, [0, 1, 1], [2, 2, 2]),
  pad: (tf, x) =>
    tf.pad(x, [
      [0, 1],
      [1, 0],
      [2, 2],
    ]),
  tile: (tf, x) => tf.tile(x, [1, 2, 1]),
  cumsum: (tf, x) => tf.cumsum(x, 1),
  gather: (tf, x) => tf.gather(x, tf.tensor1d([2, 0], 'int32'), 1),
  oneHot: (tf, x) => tf.mul(x, tf.oneHot(tf.argMax(x, 2) as never, 4)),
  'oneHot of bool, cast': (tf, x) =>
    tf.mul(x, tf.cast(tf.oneHot(tf.argMax(x, 2) as never, 4, 1, 0, 'bool'), 'float32')),
  'oneHot of int32 with values of its own, cast': (tf, x) =>
    tf.mul(x, tf.cast(tf.oneHot(tf.argMax(x, 2) as never, 4, -3, 7, 'int32'), 'float32')),
  'oneHot of bool with values swapped, cast': (tf, x) =>
    tf.mul(x, tf.cast(tf.oneHot(tf.argMax(x, 2) as never, 4, 0, 1, 'bool'), 'float32')),
  cast: (tf, x, y) => tf.mul(x, tf.cast(tf.greaterEqual(y, 0), 'float32')),
  conv2d: (tf, x, y) =>
    tf.conv2d(tf.reshape(x, [1, 4, 3, 2]) as never, tf.reshape(y, [2, 2, 2, 3]) as never, 1, 'valid'),
  'conv2d, same and strided': (tf, x, y) =>
    tf.relu(
      tf.add(
        tf.conv2d(tf.reshape(x, [1, 4, 3, 2]) as never, tf.reshape(y, [2, 2, 2, 3]) as never, 2, 'same'),
        tf.tensor1d([0.1, 0.2, 0.3]),
      ),
    ),
  maxPool: (tf, x) => tf.maxPool(tf.reshape(x, [1, 4, 3, 2]) as never, 2, 1, 'same'),
  avgPool: (tf, x) => tf.avgPool(tf.reshape(x, [1, 4, 3, 2]) as never, 2, 2, 'valid'),
  einsum: (tf, x, y) => tf.einsum('abc,adc->abd', x, y),
  scatterND: (tf, x) =>
    tf.scatterND(tf.tensor2d([[1], [3]], [2, 1], 'int32'), tf.slice(tf.reshape(x, [24]), 0, 2), [4]),
  gatherND: (tf, x) =>
    tf.gatherND(
      x,
      tf.tensor2d(
        [
          [0, 1],
          [1, 2],
        ],
        [2, 2],
        'int32',
      ),
    ),
  layerNorm: (tf, x) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
  },
  huber: (tf, x, y) => {
    const error = tf.abs(tf.sub(x, y));
    const quadratic = tf.minimum(error, 1);
    return tf.add(tf.mul(0.5, tf.square(quadratic)), tf.sub(error, quadratic));
  },
  'gelu (tanh)': (tf, x) =>
    tf.mul(
      tf.mul(0.5, x),
      tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3)))))),
    ),
};

/** What has none. */
const CONSTANT: Record<string, Op> = {
  stridedSlice: (tf, x) => tf.stridedSlice(x, [0, 0, 0], [2, 3, 4], [1, 2, 2]),
  'oneHot of bool': (tf, x) => tf.oneHot(tf.argMax(x, 2) as never, 4, 1, 0, 'bool'),
  argMax: (tf, x) => tf.argMax(x, 1),
  argMin: (tf, x) => tf.argMin(x, 1),
  topk: (tf, x) => tf.topk(x, 2).indices,
  comparisons: (tf, x, y) =>
    tf.stack(
      [tf.less(x, y), tf.lessEqual(x, y), tf.equal(x, x), tf.notEqual(x, y)].map((each) =>
        tf.cast(each, 'int32'),
      ),
    ),
  logical: (tf, x, y) =>
    tf.logicalOr(tf.logicalAnd(tf.greater(x, 0), tf.greater(y, 0)), tf.logicalNot(tf.less(x, 1))),
  floor: (tf, x) => tf.floor(x),
  ceil: (tf, x) => tf.ceil(x),
  round: (tf, x) => tf.round(x),
  sign: (tf, x) => tf.sign(x),
  mod: (tf, x) => tf.mod(x, 0.7),
  isNaN: (tf, x) => tf.isNaN(tf.log(x)),
  any: (tf, x) => tf.any(tf.greater(x, 1), 0),
  all: (tf, x) => tf.all(tf.less(x, 1), 0),
  range: (tf, x) => tf.add(tf.range(0, 4), x),
  linspace: (tf, x) => tf.add(tf.linspace(-1, 1, 4), x),
  onesLike: (tf, x) => tf.add(tf.onesLike(x), tf.zerosLike(x)),
  fill: (tf, x) => tf.add(tf.fill([2, 3, 4], 3), x),
  reverse: (tf, x) => tf.reverse(x, 1),
};

describe.skipIf(!hasLibrary)('traced ops against eager tfjs', () => {
  let runtime: Runtime;
  const state: NamedTensors = new Map();
  const spec = { shape: [2, 3, 4] };
  const inputs = () => ({
    x: Float32Array.from({ length: 24 }, (_, i) => Math.sin(i * 1.7) * 1.5),
    y: Float32Array.from({ length: 24 }, (_, i) => Math.cos(i * 2.3)),
  });

  beforeAll(async () => {
    runtime = await loadTensor({ force: 'cpu' });
  });

  const both = (fn: Parameters<typeof compile>[1]) => {
    const traced = compile(runtime, fn, { state, inputs: { x: spec, y: spec } });
    const eager = compile(runtime, fn, { state, inputs: { x: spec, y: spec }, eager: true });
    // Traced on other values than it then runs on: what the trace had frozen would show.
    traced.run({ x: new Float32Array(24).fill(0.3), y: new Float32Array(24).fill(-0.2) });
    const results = [traced.run(inputs()), eager.run(inputs())] as const;
    traced.dispose();
    eager.dispose();
    for (const name of Object.keys(results[1])) {
      const [actual, expected] = [results[0][name]!, results[1][name]!];
      expect(actual.constructor).toBe(expected.constructor);
      expect(actual.length).toBe(expected.length);
      actual.forEach((each, i) => {
        expect(each, `${name}[${i}]`).toBeCloseTo(expected[i]!, 5);
      });
    }
    return results[1];
  };

  it.each(Object.entries(DIFFERENTIABLE))('%s and its gradient', (_, op) => {
    const { tf } = runtime;
    const result = both((_state, { x, y }) => {
      const [dx, dy] = tf.grads((a: Tensor, b: Tensor) =>
        tf.add(tf.sum(tf.square(op(tf, a, b))), tf.mul(0, tf.sum(b))),
      )([x!, y!]);
      return { outputs: { value: op(tf, x!, y!), dx: dx!, dy: dy! } };
    });
    expect(result['dx']!.some((each) => each !== 0)).toBe(true);
  });

  it.each(Object.entries(CONSTANT))('%s', (_, op) => {
    both((_state, { x, y }) => ({ outputs: { value: op(runtime.tf, x!, y!) } }));
  });

  it('keeps large constants of equal numbers by that number, and warns of others', async () => {
    const warnings: string[] = [];
    const warned = (warning: Error) => warnings.push(warning.message);
    process.on('warning', warned);
    const { tf } = runtime;
    const times = (factors: () => Tensor) =>
      both((_state, { x }) => ({
        outputs: { y: tf.sum(tf.mul(tf.reshape(x!, [1, 24, 1]), tf.cast(factors(), 'float32')), [0, 2]) },
      }));
    times(() => tf.fill([200, 24, 100], 0.5));
    times(() => tf.fill([200, 24, 100], -3, 'int32'));
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
    const different = Float32Array.from({ length: 480_000 }, (_, i) => i % 7);
    times(() => tf.tensor(different, [200, 24, 100]));
    await new Promise(setImmediate);
    process.off('warning', warned);
    expect(warnings).toEqual([
      'a trace holds a constant of 1920000 bytes, shape [200,24,100]: pass it as an input or state',
    ]);
  });
});
