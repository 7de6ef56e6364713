import { createNetwork } from '@qfleet/networks';
import type { Layout } from '@qfleet/replay';
import { loadTensor, type NamedTensors, type TensorFlow } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { createObjective } from '../src/objectives/create-objective.ts';
import type { Objective, Outputs, TransitionTensors } from '../src/objectives/objective.ts';
import { createValueAgent } from '../src/value/agent.ts';
import { drawBatch, Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

type Nested = number | readonly Nested[];
type Fields = Readonly<Record<string, unknown>>;

/** An objective on given outputs of networks, and what reference/family/losses.py made of it. */
export interface LossCase {
  readonly name: string;
  readonly config: Fields;
  /** The outputs of the network that learns, on s. */
  readonly here: Nested;
  readonly nets: Readonly<Record<string, Nested>>;
  readonly batch: Readonly<Record<string, Nested>>;
  readonly levels: Nested | null;
  readonly expected: Readonly<Record<'loss' | 'priorities' | 'gradient' | 'target' | 'values', Nested>>;
}

/** A network on given states, and what reference/family/networks.py made of it. */
export interface NetworkCase {
  readonly name: string;
  readonly config: Fields & { readonly network: Fields };
  readonly parameters: Readonly<Record<string, Nested>>;
  readonly states: Nested;
  readonly levels: Nested | null;
  /** By which outputs are weighed in the sum that is differentiated. */
  readonly slopes: Nested;
  readonly expected: { readonly out: Nested; readonly gradients: Readonly<Record<string, Nested>> };
}

/** 200 updates by reference/family/updates.py. */
export interface UpdatesCase {
  readonly config: Fields & { readonly network: Fields };
  readonly losses: readonly number[];
  readonly priorities: readonly number[];
  readonly online: Readonly<Record<string, Nested>>;
  readonly target: Readonly<Record<string, Nested>>;
}

/** What reference/family/main.py prints. */
export interface FamilyReference {
  readonly seed: number;
  readonly losses: readonly LossCase[];
  readonly networks: readonly NetworkCase[];
  readonly updates: Readonly<Record<string, UpdatesCase>>;
}

const outputNames: Readonly<Record<string, string>> = {
  expected: 'values',
  c51: 'logits',
  'hl-gauss': 'logits',
};
const targetNames: Readonly<Record<string, string>> = { values: 'returns', logits: 'probabilities' };

/** Holds targets, loss, gradient, priorities and values to the reference: to 1e-5 of the largest number of each. */
export async function checkLoss({ config, here, nets, batch, levels, expected }: LossCase): Promise<void> {
  const { tf } = await loadTensor();
  const dqn = dqnConfig(config);
  const objective = createObjective(dqn);
  const name = outputNames[dqn.objective.kind] ?? 'quantiles';
  const found = tf.tidy(() => {
    const ints = ['actions', 'masks', 'nextMasks'];
    const columns = Object.fromEntries(
      Object.entries(batch).map(([key, x]) => [
        key,
        tensorOf(tf, x, ints.includes(key) ? 'int32' : 'float32'),
      ]),
    );
    const states = { observations: tf.scalar(0), nextObservations: tf.scalar(1) };
    const tensors = { ...columns, ...states } as unknown as TransitionTensors;
    const net = (of: string) => tensorOf(tf, nets[of]!);
    const target: Outputs = (asked, drawn) => {
      if (asked === states.observations) return { [name]: net('target_here') };
      return { [name]: net(drawn === undefined ? 'target_next' : 'target_samples') };
    };
    let draws = 0;
    const uniform = (shape: readonly number[]) =>
      draws++ === 0 ? tf.zeros([...shape]) : tensorOf(tf, levels!);
    const context = { tf, actions: 3, uniform };
    const targets = objective.targets(context, () => ({ [name]: net('online_next') }), target, tensors);
    const lossOf = (out: Tensor) => objective.loss(context, { [name]: out }, targets, tensors);
    const out = tensorOf(tf, here);
    const { loss, priorities } = lossOf(out);
    const gradient = tf.grad((x: Tensor) => lossOf(x).loss)(out);
    const values = objective.values(tf, { [name]: out });
    const found = { loss, priorities, gradient, target: targets[targetNames[name] ?? 'samples']!, values };
    return Object.fromEntries(Object.entries(found).map(([key, x]) => [key, Array.from(x.dataSync())]));
  });
  for (const [key, x] of Object.entries(expected)) expectClose(found[key]!, flat(x), 1e-5, key);
}

/** Holds a network's outputs and gradients to the reference: to 1e-5 of the largest number of each. */
export async function checkNetwork(given: NetworkCase): Promise<void> {
  const { tf } = await loadTensor();
  const config = dqnConfig({ ...given.config, network: { kind: 'mlp', ...given.config.network } });
  const spec: Layout = { frames: 1, shape: [3], dtype: 'float32', actions: 3 };
  const network = createNetwork(config.network, spec, createObjective(config).head);
  const names = network.parameters.map(({ name }) => name);
  expect(names).toEqual(Object.keys(given.parameters));
  const found = tf.tidy(() => {
    const levels = given.levels === null ? {} : { levels: tensorOf(tf, given.levels) };
    const outOf = (parameters: Tensor[]): Tensor => {
      const named = Object.fromEntries(names.map((name, i) => [name, parameters[i]!]));
      const { out } = network.forward(tf, named, { states: tensorOf(tf, given.states), ...levels });
      return Object.values(out)[0]!;
    };
    const parameters = names.map((name) => tensorOf(tf, given.parameters[name]!));
    const slopes = tensorOf(tf, given.slopes);
    const gradients = tf.grads((...of: Tensor[]) => tf.sum(tf.mul(outOf(of), slopes)))(parameters);
    return [outOf(parameters), ...gradients].map((x) => Array.from(x.dataSync()));
  });
  expectClose(found[0]!, flat(given.expected.out), 1e-5, 'out');
  for (const [i, name] of names.entries()) {
    expectClose(found[i + 1]!, flat(given.expected.gradients[name]!), 1e-5, name);
  }
}

/** Holds 200 updates to the reference, from the same parameters and batches: to 1e-3. */
export async function checkUpdates(reference: UpdatesCase, seed: number): Promise<void> {
  const layout: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 3 };
  const [rows, per] = [16, 10];
  const config = dqnConfig({
    ...{ batchSize: rows, updatesPerCall: per, learningRate: 1e-3, target: { kind: 'soft', tau: 0.05 } },
    ...reference.config,
    network: { kind: 'mlp', ...reference.config.network },
  });
  const objective = drawnByReturns(createObjective(config));
  const agent = await createValueAgent({ config, spec: layout, seed: 0, totalUpdates: 200, objective });
  const lcg = new Lcg(seed);
  agent.restore(drawnState(lcg, agent.state()));
  const priorities = new Float32Array(per * rows);
  for (let done = 0; done < 200; done += per) {
    const batches = Array.from({ length: per }, () => drawBatch(lcg, layout, rows));
    const { numbers } = agent.update(batches, priorities);
    const mean = reference.losses.slice(done, done + per).reduce((sum, x) => sum + x / per, 0);
    expect(Math.abs(numbers['loss']! - mean), `loss before update ${done + per}`).toBeLessThan(1e-3);
  }
  expectClose(priorities.slice(-rows), reference.priorities, 1e-3, 'priorities');
  const state = agent.state();
  for (const part of ['online', 'target'] as const) {
    for (const [name, values] of Object.entries(reference[part])) {
      expectClose(state.get(`${part}/${name}`)!.data, flat(values), 1e-3, `${part}/${name}`);
    }
  }
  agent.dispose();
}

/** The objective with levels that follow from the batch, as reference/family/updates.py draws them. */
function drawnByReturns(objective: Objective): Objective {
  return {
    ...objective,
    targets(context, online, target, batch) {
      const { tf } = context;
      let draws = 0;
      const uniform = ([, count]: readonly number[]) => {
        const whole = tf.cast(tf.round(tf.mul(tf.add(batch.returns, 2), 2 ** 22)), 'int32');
        const places = Array.from({ length: count! }, (_, k) => 1663 * k + 977 * draws);
        draws++;
        const each = tf.add(tf.expandDims(tf.mod(whole, 4096), 1), tf.tensor1d(places, 'int32'));
        return tf.div(tf.add(tf.cast(tf.mod(each, 4096), 'float32'), 0.5), 4096);
      };
      return objective.targets({ ...context, uniform }, online, target, batch);
    },
  };
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

const tensorOf = (tf: TensorFlow, x: Nested, dtype: 'float32' | 'int32' = 'float32'): Tensor =>
  tf.tensor(x as number[], undefined, dtype);

const flat = (x: Nested): number[] => (typeof x === 'number' ? [x] : x.flatMap(flat));

/** Each number within `tolerance` of the expected one, relative to the largest of them, at least `tolerance` itself. */
function expectClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
  what: string,
) {
  expect(actual.length, what).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs), tolerance);
  for (const [i, x] of expected.entries()) {
    expect(Math.abs(actual[i]! - x) / largest, `${what} ${i}: ${actual[i]} for ${x}`).toBeLessThan(tolerance);
  }
}
