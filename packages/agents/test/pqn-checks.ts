import { createNetwork, oneHot, valuesHead } from '@qfleet/networks';
import type { Layout } from '@qfleet/replay';
import { loadTensor } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { lambdaReturns, makeRound, type Round } from '../src/index.ts';
import { createPqnAgent } from '../src/pqn/agent.ts';
import { roundLoss } from '../src/pqn/loss.ts';
import { END } from '../src/pqn/round.ts';
import { pqnConfig } from './pqn-config.ts';

type Nested = number | readonly Nested[];
type Parameters = Readonly<Record<string, Nested>>;
type Columns = Readonly<
  Record<'observations' | 'actions' | 'rewards' | 'ends' | 'nextValues' | 'returns', Nested>
>;

/** What reference/pqn/main.py prints: 200 updates on 25 rounds. */
export interface PqnReference {
  readonly config: Readonly<Record<string, unknown>>;
  readonly start: Parameters;
  /** Those of the first update. */
  readonly gradients: Parameters;
  readonly rounds: readonly (Columns & {
    readonly orders: readonly (readonly number[])[];
    readonly loss: number;
    readonly gradientNorm: number;
  })[];
  readonly end: Parameters;
}

const layout: Layout = { frames: 1, shape: [3], dtype: 'float32', actions: 3 };

/** Holds returns to the reference to 1e-5. */
export function checkReturns({ config, rounds }: PqnReference): void {
  const { discount, lambda, copies, steps } = pqnConfig(config);
  const out = new Float32Array(copies * steps);
  for (const each of rounds) {
    lambdaReturns(roundOf(each, copies, steps), { discount, lambda, shaping: undefined }, out);
    expectClose(out, flat(each.returns), 1e-5);
  }
}

/** Holds the first minibatch's gradients to the reference, to 1e-5. */
export async function checkGradients({ config, start, gradients, rounds }: PqnReference): Promise<void> {
  const { tf } = await loadTensor();
  const { copies, steps, minibatches, network: fields } = pqnConfig(config);
  const network = createNetwork(fields, layout, valuesHead);
  const names = network.parameters.map(({ name }) => name);
  expect(names).toEqual(Object.keys(start));
  const [first] = rounds;
  const chosen = first.orders[0].slice(0, (copies * steps) / minibatches);
  const column = (values: Nested, width = 1) =>
    chosen.flatMap((place) => flat(values).slice(place * width, (place + 1) * width));
  const found = tf.tidy(() => {
    const batch = {
      observations: tf.tensor(column(first.observations, 3), [chosen.length, 3]),
      actions: tf.tensor1d(column(first.actions), 'int32'),
      returns: tf.tensor1d(column(first.returns)),
      weights: tf.tensor1d(column(first.ends).map((end) => (end === END.lost ? 0 : 1))),
    };
    const taken = oneHot(tf, batch.actions, layout.actions);
    const gradientsOf = tf.grads((...tensors: Tensor[]) => {
      const parameters = Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
      const { out } = network.forward(tf, parameters, { states: batch.observations });
      return roundLoss(tf, chosen.length, out['values'] as Tensor2D, taken, batch).loss;
    });
    return gradientsOf(names.map((name) => tf.tensor(start[name] as number[]))).map((each) =>
      each.dataSync(),
    );
  });
  for (const [i, name] of names.entries()) expectClose(found[i], flat(gradients[name]), 1e-5);
}

/** Holds 200 updates to the reference: each round's loss and gradient norm, and the last parameters, to 1e-3. */
export async function checkRounds({ config: fields, start, rounds, end }: PqnReference): Promise<void> {
  const config = pqnConfig(fields);
  const { copies, steps, minibatches, epochs } = config;
  const order = (places: Int32Array, updates: number): void => {
    const epoch = updates / minibatches;
    places.set(rounds[Math.floor(epoch / epochs)].orders[epoch % epochs]);
  };
  const agent = await createPqnAgent({ config, spec: layout, seed: 0, totalUpdates: null, order });
  const state = new Map(agent.state());
  for (const [name, values] of Object.entries(start)) {
    const { shape } = state.get(`online/${name}`)!;
    state.set(`online/${name}`, { shape, data: Float32Array.from(flat(values)) });
  }
  agent.restore(state);
  for (const each of rounds) {
    const { numbers, fault } = agent.update(roundOf(each, copies, steps));
    expect(fault).toBeNull();
    expect(Math.abs(numbers['loss'] - each.loss)).toBeLessThan(1e-3);
    expect(Math.abs(numbers['gradientNorm'] - each.gradientNorm)).toBeLessThan(1e-3);
  }
  const learned = agent.parameters();
  for (const [name, values] of Object.entries(end)) expectClose(learned.get(name)!.data, flat(values), 1e-3);
  expect([...agent.state().get('updates')!.data]).toEqual([0, 200]);
  agent.dispose();
}

function roundOf(columns: Columns, copies: number, steps: number): Round {
  const round = makeRound(layout, copies, steps);
  round.observations.set(flat(columns.observations));
  round.actions.set(flat(columns.actions));
  round.rewards.set(flat(columns.rewards));
  round.ends.set(flat(columns.ends));
  round.nextValues.set(flat(columns.nextValues));
  return round;
}

const flat = (values: Nested): number[] => (typeof values === 'number' ? [values] : values.flatMap(flat));

function expectClose(actual: ArrayLike<number>, expected: readonly number[], within: number): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i])).toBeLessThan(within * scale);
  }
}
