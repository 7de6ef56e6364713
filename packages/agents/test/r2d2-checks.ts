import { lstmCore } from '@qfleet/networks';
import type { Layout, SequenceBatch } from '@qfleet/replay';
import { loadTensor, type NamedTensors } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { createValueAgent } from '../src/value/agent.ts';
import { Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

type Nested = number | readonly Nested[];
type Named = Readonly<Record<string, Nested>>;

/** An LSTM on given sequences, and what reference/r2d2/lstm.py made of it. */
export interface LstmCase {
  readonly name: string;
  readonly steps: number;
  /** [rows, steps] */
  readonly begins: Nested;
  /** The features, the memory and the parameters. */
  readonly numbers: Named;
  /** By which outputs are weighed in the sum that is differentiated. */
  readonly slopes: Named;
  readonly expected: Named & { readonly gradients: Named };
}

/** What reference/r2d2/main.py prints. */
export interface R2d2Reference {
  readonly seed: number;
  readonly lstms: readonly LstmCase[];
  /** 200 updates by reference/r2d2/updates.py. */
  readonly updates: {
    readonly losses: readonly number[];
    readonly priorities: readonly number[];
    readonly online: Named;
    readonly target: Named;
  };
}

/** Holds outputs, memory and gradients to the reference: to 1e-5 of the largest number of each. */
export async function checkLstm({ steps, begins, numbers, slopes, expected }: LstmCase): Promise<void> {
  const { tf } = await loadTensor();
  const names = ['features', 'hidden', 'cell', 'kernel', 'recurrent', 'bias'];
  const tensorOf = (x: Nested) => tf.tensor(x as number[]);
  tf.tidy(() => {
    const inputs = names.map((name) => tensorOf(numbers[name]!));
    const [features, hidden] = inputs as [Tensor, Tensor];
    const [, , width] = features.shape as [number, number, number];
    const core = lstmCore(width, hidden.shape[1]!);
    const run = (tensors: readonly Tensor[]): Record<string, Tensor> => {
      const [x, h, c, kernel, recurrent, bias] = tensors as Tensor[];
      const parameters = { 'lstm/kernel': kernel!, 'lstm/recurrent': recurrent!, 'lstm/bias': bias! };
      const { features: out, memory } = core.forward(
        tf,
        parameters,
        tf.reshape(x!, [-1, width]) as Tensor2D,
        {
          steps,
          memory: { 'lstm/hidden': h!, 'lstm/cell': c! },
          begins: tf.cast(tf.reshape(tensorOf(begins), [-1]), 'int32'),
        },
      );
      return { out, hidden: memory['lstm/hidden']!, cell: memory['lstm/cell']! };
    };
    const found = run(inputs);
    for (const name of ['out', 'hidden', 'cell']) expectClose(found[name]!.dataSync(), flat(expected[name]!));
    const weighted = tf.grads((...tensors: Tensor[]) => {
      const outputs = run(tensors);
      const sums = Object.entries(outputs).map(([name, each]) =>
        tf.sum(tf.mul(each, tf.reshape(tensorOf(slopes[name]!), each.shape))),
      );
      return tf.addN(sums);
    });
    // All of them at once: of a saturated gate float32 has 1 − tanh² to 6e-8 at best, whatever is left of a gradient behind it.
    const gradients = weighted(inputs).flatMap((gradient) => Array.from(gradient.dataSync()));
    expectClose(
      gradients,
      names.flatMap((name) => flat(expected.gradients[name]!)),
    );
  });
}

const layout: Layout = { frames: 1, shape: [3], dtype: 'float32', actions: 3 };
const [ROWS, BURN_IN, LENGTH, UNITS] = [6, 3, 6, 5];
const STEPS = BURN_IN + LENGTH;

/** The configuration of reference/r2d2/updates.py. */
const r2d2Config = dqnConfig({
  network: { kind: 'mlp', hidden: [6, 4], dueling: true, core: { kind: 'lstm', units: UNITS } },
  sequence: { burnIn: BURN_IN, length: LENGTH, stride: 3 },
  nSteps: 3,
  valueRescaling: 1e-3,
  batchSize: ROWS,
  learningRate: 1e-3,
  target: { kind: 'soft', tau: 0.05 },
  updatesPerCall: 1,
});

/** Sequences drawn row by row, as updates.py draws them. */
function drawSequences(lcg: Lcg): SequenceBatch {
  const [hidden, cell] = [new Float32Array(ROWS * UNITS), new Float32Array(ROWS * UNITS)];
  const batch = {
    size: ROWS,
    weights: new Float32Array(ROWS),
    handles: new Int32Array(ROWS),
    observations: new Float32Array(ROWS * (STEPS + 1) * 3),
    actions: new Int32Array(ROWS * STEPS),
    rewards: new Float32Array(ROWS * STEPS),
    discounts: new Float32Array(ROWS * STEPS),
    valid: new Float32Array(ROWS * STEPS),
    begins: new Int32Array(ROWS * STEPS),
    columns: { 'lstm/hidden': hidden, 'lstm/cell': cell },
  };
  for (let row = 0; row < ROWS; row++) {
    const before = lcg.integer(BURN_IN + 1);
    const count = 1 + lcg.integer(LENGTH);
    const begins = before < BURN_IN && lcg.uniform() < 0.5;
    const terminated = lcg.uniform() < 0.5;
    for (const column of [hidden, cell])
      for (let k = 0; k < UNITS; k++) column[row * UNITS + k] = begins ? 0 : lcg.uniform() - 0.5;
    const drawn = Array.from({ length: before + count + 1 }, () =>
      Array.from({ length: 3 }, () => 2 * lcg.uniform() - 1),
    );
    const first = BURN_IN - before;
    for (let k = 0; k <= STEPS; k++) {
      // One that is not there repeats the nearest that is.
      const state = drawn[Math.min(drawn.length - 1, Math.max(0, k - first))]!;
      batch.observations.set(state, (row * (STEPS + 1) + k) * 3);
    }
    const at = row * STEPS + first;
    for (let k = 0; k < before + count; k++) batch.actions[at + k] = lcg.integer(3);
    for (let k = 0; k < before + count; k++) batch.rewards[at + k] = 4 * lcg.uniform() - 2;
    batch.discounts.fill(0.9, at, at + before + count);
    if (terminated) batch.discounts[at + before + count - 1] = 0;
    batch.valid.fill(1, at, at + before + count);
    if (begins) batch.begins[at] = 1;
    batch.weights[row] = 0.25 + 0.75 * lcg.uniform();
  }
  return batch;
}

/** Holds 200 updates to the reference: losses, priorities and parameters to 1e-3 of the largest number of each. */
export async function checkUpdates(reference: R2d2Reference['updates'], seed: number): Promise<void> {
  const agent = await createValueAgent({ config: r2d2Config, spec: layout, seed: 0, totalUpdates: null });
  const lcg = new Lcg(seed);
  agent.restore(drawnState(lcg, agent.state()));
  const priorities = new Float32Array(ROWS);
  const losses = reference.losses.map(() => agent.update([drawSequences(lcg)], priorities).numbers['loss']!);
  expectClose(losses, reference.losses, 1e-3);
  expectClose(priorities, reference.priorities, 1e-3);
  const state = agent.state();
  for (const part of ['online', 'target'] as const)
    for (const [name, values] of Object.entries(reference[part]))
      expectClose(state.get(`${part}/${name}`)!.data, flat(values), 1e-3);
  agent.dispose();
}

/** A fresh agent's state with drawn parameters, the target's equal. */
function drawnState(lcg: Lcg, fresh: NamedTensors): NamedTensors {
  const state = new Map(fresh);
  for (const [name, { shape, data }] of fresh) {
    if (!name.startsWith('online/')) continue;
    const tensor = { shape, data: data.map(() => lcg.uniform() - 0.5) };
    state.set(name, tensor).set(name.replace('online/', 'target/'), tensor);
  }
  return state;
}

const flat = (x: Nested): number[] => (typeof x === 'number' ? [x] : x.flatMap(flat));

/** Equal up to a part of the largest number. */
function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, part = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  const largest = Array.from(expected).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThanOrEqual(part * largest);
}
