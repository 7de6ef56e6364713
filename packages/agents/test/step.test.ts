import { createNetwork, initialParameters, Packing } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import type { Layout } from '@qfleet/replay';
import { adam, initialSlots, loadTensor, type NamedTensors } from '@qfleet/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { createObjective } from '../src/objectives/create-objective.ts';
import { ValueAgent } from '../src/value/agent.ts';
import { updateStep } from '../src/value/step.ts';
import { drawBatch, Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

const layout: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 3 };
let runtime: Awaited<ReturnType<typeof loadTensor>>;
beforeAll(async () => {
  runtime = await loadTensor();
});

describe('a step of DQN', () => {
  it.each(['huber', 'mse'])('follows the gradient that finite differences find (%s)', (loss) => {
    const { tf } = runtime;
    const config = dqnConfig({
      network: { kind: 'mlp', hidden: [9, 7], dueling: true },
      loss,
      gradientClip: null,
      batchSize: 32,
    });
    const random = new Random(4);
    const objective = createObjective(config);
    const network = createNetwork(config.network, layout, objective.head);
    const start = initialParameters(network.parameters, random);
    const target = initialParameters(network.parameters, random);
    const batch = drawBatch(new Lcg(2), layout, 32);
    const packing = new Packing(network.parameters);
    const optimizer = adam();
    /** The outputs and Adam's first moments of a step from θ + h·direction. */
    const step = (direction: NamedTensors, h: number) => {
      const result = { loss: 0, gradients: new Map<string, number[]>() };
      tf.tidy(() => {
        const moved = new Map(
          [...start].map(([name, { shape, data }]) => [
            name,
            { shape, data: data.map((x, i) => x + h * direction.get(name)!.data[i]) },
          ]),
        );
        const online = under('online', packing.pack(moved));
        const state = Object.fromEntries(
          [...online, ...under('target', packing.pack(target)), ...initialSlots(optimizer, online)].map(
            ([name, { shape, data }]) => [name, tf.tensor(data, [...shape])],
          ),
        );
        const parts = { tf, network, packing, objective, optimizer, largestNorm: null, nSteps: 1 };
        const { state: changed, outputs } = updateStep(parts, state, {
          observations: tf.tensor(batch.observations, [32, 4]),
          nextObservations: tf.tensor(batch.nextObservations, [32, 4]),
          actions: tf.tensor(batch.actions, [32], 'int32'),
          returns: tf.tensor(batch.returns),
          // The bootstrap is held fixed by the gradient, and so must not move with θ here.
          discounts: tf.zeros([32]),
          weights: tf.tensor(batch.weights),
          stepSize: tf.scalar(0.001),
          epsilon: tf.scalar(1e-8),
          targetMix: tf.scalar(0),
          targetKeep: tf.scalar(1),
        });
        [result.loss] = outputs!['loss'].dataSync();
        const moments = packing.unpack(
          new Map(
            packing.names.map((name) => {
              const tensor = changed![`adam/m/online/${name}`];
              return [name, { shape: tensor.shape, data: tensor.dataSync() as Float32Array }];
            }),
          ),
        );
        for (const [name, { data }] of moments) {
          // m₁ = (1 − β₁)·g
          result.gradients.set(
            name,
            Array.from(data, (x) => x / (1 - Math.fround(0.9))),
          );
        }
      });
      return result;
    };

    for (let trial = 0; trial < 5; trial++) {
      const direction: NamedTensors = new Map(
        [...start].map(([name, { shape, data }]) => [name, { shape, data: data.map(() => random.normal()) }]),
      );
      const { gradients } = step(direction, 0);
      let analytic = 0;
      for (const [name, gradient] of gradients) {
        analytic += gradient.reduce((sum, g, i) => sum + g * direction.get(name)!.data[i], 0);
      }
      const h = 1e-3;
      const numeric = (step(direction, h).loss - step(direction, -h).loss) / (2 * h);
      // Within float32's rounding over 2h, and the kinks of relu between.
      expect(Math.abs(numeric - analytic)).toBeLessThan(1e-2 * Math.max(1, Math.abs(analytic)));
    }
  });

  it('is the same compiled and op by op, to 1e-5', () => {
    const config = dqnConfig({
      network: { kind: 'mlp', hidden: [32, 32] },
      batchSize: 16,
      updatesPerCall: 4,
      gradientClip: 0.3,
    });
    const given = { config, spec: layout, seed: 1, totalUpdates: 100 };
    const agents = [new ValueAgent(runtime, given), new ValueAgent(runtime, { ...given, eager: true })];
    const results = agents.map((agent) => {
      const lcg = new Lcg(9);
      const tdErrors = new Float32Array(64);
      const stats = Array.from({ length: 5 }, () =>
        agent.update(
          Array.from({ length: 4 }, () => drawBatch(lcg, layout, 16)),
          tdErrors,
        ),
      );
      return { stats, tdErrors, state: agent.state() };
    });
    const [compiled, eager] = results;
    for (const [name, { data }] of eager.state) expectClose(compiled.state.get(name)!.data, data);
    expectClose(compiled.tdErrors, eager.tdErrors);
    for (const [i, stats] of eager.stats.entries()) {
      expectClose(Object.values(compiled.stats[i].numbers), Object.values(stats.numbers));
    }
    for (const agent of agents) agent.dispose();
  });
});

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i] - expected[i])).toBeLessThan(1e-5);
}

function under(prefix: string, tensors: NamedTensors): NamedTensors {
  return new Map([...tensors].map(([name, tensor]) => [`${prefix}/${name}`, tensor]));
}
