import { fileURLToPath } from 'node:url';
import { compile, loadTensor, type Runtime, type TensorRecord } from '@qfleet/tensor';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { languageNetwork, loadModel, sentenceVectors } from '../src/index.ts';

const modelOf = (name: string) =>
  loadModel(fileURLToPath(new URL(`./reference/language/stored/${name}`, import.meta.url)));

let runtime: Runtime;
beforeAll(async () => {
  runtime = await loadTensor();
});

/** Two rows of tokens, the second one padded at its beginning, and two tokens whose logits are asked for. */
const INPUTS = {
  ids: { shape: [2, 5], dtype: 'int32', values: [4, 8, 15, 16, 23, 0, 0, 42, 7, 1] },
  positions: { shape: [2, 5], dtype: 'int32', values: [0, 1, 2, 3, 4, 0, 0, 0, 1, 2] },
  mask: { shape: [2, 5], dtype: 'int32', values: [1, 1, 1, 1, 1, 0, 0, 1, 1, 1] },
  picked: { shape: [2], dtype: 'int32', values: [3, 8] },
} as const;

const given = Object.fromEntries(
  Object.entries(INPUTS).map(([name, { values }]) => [name, Int32Array.from(values)]),
);

/** Between them they have every part that a model can have. */
describe.each(['gpt2', 'llama-biases', 'gpt-neox', 'bert'])('%s as a step of training', (name) => {
  const { shape, tensors } = modelOf(name);
  const network = languageNetwork(shape);
  const names = network.parameters.map((each) => each.name);

  /** A loss of all that the network gives. */
  const lossOf =
    ({ ids, positions, mask, picked }: TensorRecord) =>
    (...values: TensorRecord[string][]) => {
      const { tf } = runtime;
      const parameters = Object.fromEntries(names.map((each, i) => [each, values[i]]));
      const out = network.forward(tf, parameters, {
        ...{ ids: ids as Tensor2D, positions: positions as Tensor2D, mask: mask as Tensor2D },
        picked: picked as Tensor1D,
      });
      const { logits = tf.gather(out['features'], picked as Tensor1D) } = out;
      return tf.neg(tf.mean(tf.slice(tf.logSoftmax(logits as Tensor2D), [0, 0], [2, 3])));
    };

  function step(state: TensorRecord, inputs: TensorRecord) {
    const { tf } = runtime;
    const loss = lossOf(inputs);
    const parameters = names.map((each) => state[each]);
    const gradients = tf.grads(loss as never)(parameters);
    return {
      outputs: {
        loss: loss(...parameters),
        ...Object.fromEntries(names.map((each, i) => [`of ${each}`, gradients[i]])),
      },
    };
  }

  const inputs = Object.fromEntries(
    Object.entries(INPUTS).map(([each, { shape: size, dtype }]) => [each, { shape: size, dtype }]),
  );
  const compiled = (eager: boolean) => compile(runtime, step, { ...{ state: tensors, eager }, inputs });

  it('has the parameters of the file, and compiles to what it gives op by op', () => {
    expect([...tensors].map(([each, { shape: size }]) => [each, size])).toEqual(
      expect.arrayContaining(network.parameters.map((each) => [each.name, each.shape])),
    );
    expect(tensors.size).toBe(names.length);
    const [native, eager] = [compiled(false), compiled(true)];
    const [traced, direct] = [native.run(given), eager.run(given)];
    for (const [output, values] of Object.entries(traced)) {
      const size = [...direct[output]].reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      values.forEach((value, i) => {
        if (!(Math.abs(value - direct[output][i]) <= 1e-5 * size))
          throw new Error(`${output}[${i}] is ${value} compiled, and ${direct[output][i]} op by op`);
      });
    }
    native.dispose();
    eager.dispose();
  });

  it('has gradients that are the slopes of the loss', () => {
    const gradientsOf = compiled(true);
    const gradients = gradientsOf.run(given);
    const losses = gradientsOf.share(
      (state, fed) => ({ outputs: { loss: lossOf(fed)(...names.map((each) => state[each])) } }),
      { inputs },
    );
    for (const [each, { shape: size, data }] of tensors) {
      const gradient = gradients[`of ${each}`] as Float32Array;
      // Along the gradient itself the slope is its length.
      const length = Math.hypot(...gradient);
      if (length < 1e-4) continue;
      const far = 3e-3 / Math.max(1, length);
      const lossAt = (way: number) => {
        const moved = data.map((value, i) => value + (way * gradient[i]) / length);
        losses.setState(new Map([[each, { shape: size, data: moved }]]));
        return losses.run(given)['loss'][0];
      };
      const slope = (lossAt(far) - lossAt(-far)) / (2 * far);
      losses.setState(new Map([[each, { shape: size, data }]]));
      expect(Math.abs(slope / length - 1), `${each}: ${slope}, ${length}`).toBeLessThan(0.05);
    }
    gradientsOf.dispose();
  });
});

it('sentenceVectors gives means over real tokens, of length 1', () => {
  const { tf } = runtime;
  const features = tf.tensor2d([1, 2, 3, 4, 50, 60, 5, 6, 70, 80, 90, 100], [6, 2]);
  const mask = tf.tensor2d([1, 1, 0, 1, 0, 0], [2, 3], 'int32');
  const vectors = sentenceVectors(tf, features, mask).arraySync();
  const unit = ([x, y]: readonly number[]) => [x / Math.hypot(x, y), y / Math.hypot(x, y)];
  for (const [i, mean] of [
    [2, 3],
    [5, 6],
  ].entries())
    for (const [j, each] of unit(mean).entries()) expect(vectors[i][j]).toBeCloseTo(each, 6);
});
