import type { DqnConfig } from '@qfleet/config';
import { createNetwork, middleLevels } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import type { TransitionBatch } from '@qfleet/replay';
import type { StateSpec } from '@qfleet/spaces';
import { loadTensor, type NamedTensors } from '@qfleet/tensor';
import { expect } from 'vitest';
import { createAgent, createPolicy } from '../src/index.ts';
import { createObjective } from '../src/objectives/create-objective.ts';
import { rowsOf } from './acting.ts';
import { dqnConfig } from './dqn-config.ts';
import { iterate, returnsFrom, type Task, wasserstein, wholeBatch } from './small-tasks.ts';

type Fields = Readonly<Record<string, unknown>>;

const specOf = ({ states, actions }: Task): StateSpec => ({
  shape: [],
  dtype: 'int32',
  count: states,
  frames: 1,
  actions,
});

/** What a member learns of a task from its whole batch, over and over. */
async function learn(
  task: Task,
  fields: Fields,
  updates: number,
): Promise<{ config: DqnConfig; parameters: NamedTensors }> {
  const batch = wholeBatch(task);
  const discounts = Float32Array.from(task.outcomes, ({ next }) => (next === null ? 0 : task.discount));
  const config = dqnConfig({
    ...{ network: { kind: 'mlp', hidden: [64] }, batchSize: batch.size, gradientClip: null },
    ...{ learningRate: 0.01, learningRateDecay: 0.01, target: { kind: 'soft', tau: 0.05 } },
    ...fields,
  });
  const agent = await createAgent({ config, spec: specOf(task), seed: 2, totalUpdates: updates });
  const batches = Array.from({ length: agent.batchesPerUpdate }, () => ({ ...batch, discounts }));
  const priorities = new Float32Array(agent.batchesPerUpdate * batch.size);
  for (let done = 0; done < updates; done += agent.batchesPerUpdate) agent.update(batches, priorities);
  const parameters = agent.parameters();
  agent.dispose();
  return { config, parameters };
}

/** Q of every state and action, as an actor computes it. */
async function valuesOf(task: Task, config: DqnConfig, parameters: NamedTensors): Promise<Float32Array> {
  const policy = await createPolicy({ config, spec: specOf(task) });
  policy.load(parameters);
  const values = new Float32Array(task.states * task.actions);
  const states = Int32Array.from({ length: task.states }, (_, state) => state);
  policy.act(rowsOf(policy, states, task.states, { values }));
  return values;
}

/**
 * Holds what a member learns to Q of the task, within 0.01: to Q*, or for Munchausen to the fixed point of its own backup.
 *
 * @param scale from the member's values to those of returns.
 */
export async function checkValues(
  task: Task,
  fields: Fields,
  updates: number,
  scale: (value: number) => number = (value) => value,
): Promise<void> {
  const { config, parameters } = await learn(task, fields, updates);
  const values = await valuesOf(task, config, parameters);
  const expected = expectedValues(task, config);
  for (const { state, action } of task.outcomes) {
    const at = state * task.actions + action;
    const off = Math.abs(scale(values[at]) - expected[at]);
    expect(off, `state ${state}, action ${action}: ${values[at]} for ${expected[at]}`).toBeLessThan(0.01);
  }
}

function expectedValues(task: Task, { munchausen }: DqnConfig): number[] {
  if (munchausen === null) return iterate(task);
  const { alpha, tau, clip } = munchausen;
  const tauLogs = (q: readonly number[]): number[] => {
    const largest = Math.max(...q);
    const sum = q.reduce((total, x) => total + Math.exp((x - largest) / tau), 0);
    return q.map((x) => x - largest - tau * Math.log(sum));
  };
  return iterate(
    task,
    (q) => tauLogs(q).reduce((sum, log, a) => sum + Math.exp(log / tau) * (q[a] - log), 0),
    (q, action) => alpha * Math.min(0, Math.max(clip, tauLogs(q)[action])),
  );
}

/** Holds the distributions that a member learns to those of returns that were played: within 0.05 of their range. */
export async function checkDistributions(task: Task, fields: Fields, updates: number): Promise<void> {
  const { config, parameters } = await learn(task, fields, updates);
  const places = Array.from({ length: task.states * task.actions }, (_, at) => ({
    state: Math.floor(at / task.actions),
    action: at % task.actions,
  })).filter((place) => task.outcomes.some(({ state }) => state === place.state));
  const returns = places.map(({ state, action }) => returnsFrom(task, state, action, 5_000));
  const all = returns.flat().sort((a, b) => a - b);
  const range = all[all.length - 1] - all[0];
  for (const [i, { state, action }] of places.entries()) {
    const learned = await distributionOf(task, config, parameters, state, action);
    const played = returns[i].map((value) => [value, 1 / returns[i].length] as const);
    const off = wasserstein(learned, played) / range;
    expect(off, `state ${state}, action ${action}`).toBeLessThan(0.05);
  }
}

/** Values with their masses, of an action in a state. */
async function distributionOf(
  task: Task,
  config: DqnConfig,
  tensors: NamedTensors,
  state: number,
  action: number,
): Promise<[value: number, mass: number][]> {
  const { tf } = await loadTensor();
  const { objective } = config;
  const network = createNetwork(config.network, specOf(task), createObjective(config).head);
  const numbers = tf.tidy(() => {
    const parameters = Object.fromEntries(
      [...tensors].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
    );
    const levels = objective.kind === 'iqn' ? { levels: tf.tensor2d([middleLevels(100)]) } : {};
    const states = tf.tensor1d([state], 'int32');
    const { logits, quantiles } = network.forward(tf, parameters, { states, ...levels }).out;
    const out = logits ? tf.softmax(logits) : quantiles!;
    return (out.arraySync() as number[][][])[0][action];
  });
  if (objective.kind !== 'c51') return numbers.map((value) => [value, 1 / numbers.length]);
  const { low, high, atoms } = objective;
  return numbers.map((mass, i) => [low + (i * (high - low)) / (atoms - 1), mass]);
}

/** h⁻¹ at ε = 0.001, by bisection. */
export function unscaled(y: number): number {
  const h = (x: number) => Math.sign(x) * (Math.sqrt(Math.abs(x) + 1) - 1) + 1e-3 * x;
  let [low, high] = [-100, 100];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (h(middle) < y) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The mean over the second half of training of Q(0, 0), which is 0: it leads to a state where each of eight actions ends
 * the episode with a reward of N(0, 1) (van Hasselt, "Double Q-learning", 2010, has such a task).
 */
export async function overestimate(doubleQ: boolean, updates: number): Promise<number> {
  const rows = 16;
  const task: Task = { states: 2, actions: 8, discount: 1, outcomes: [] };
  const config = dqnConfig({
    ...{ network: { kind: 'mlp', hidden: [32] }, batchSize: rows, learningRate: 0.03, loss: 'mse' },
    ...{ target: { kind: 'hard', every: 100 }, updatesPerCall: 10, doubleQ },
  });
  const agent = await createAgent({ config, spec: specOf(task), seed: 1, totalUpdates: updates });
  const random = new Random(6);
  const priorities = new Float32Array(10 * rows);
  const draw = (): TransitionBatch => {
    const observations = Int32Array.from({ length: rows }, () => random.integer(2));
    const actions = observations.map((state) => (state === 0 ? 0 : random.integer(8)));
    return {
      ...{ size: rows, observations, actions, nextObservations: new Int32Array(rows).fill(1) },
      returns: Float32Array.from(observations, (state) => (state === 0 ? 0 : random.normal())),
      discounts: Float32Array.from(observations, (state) => 1 - state),
      weights: new Float32Array(rows).fill(1),
      ...{ handles: new Int32Array(rows), columns: {}, nextColumns: {} },
    };
  };
  let [sum, count] = [0, 0];
  for (let done = 0; done < updates; done += 10) {
    agent.update(
      Array.from({ length: 10 }, () => draw()),
      priorities,
    );
    if (done < updates / 2) continue;
    sum += (await valuesOf(task, config, agent.parameters()))[0];
    count++;
  }
  agent.dispose();
  return sum / count;
}
