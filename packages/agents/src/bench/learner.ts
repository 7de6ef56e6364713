import { Random } from '@qfleet/random';
import type { Batch, Layout } from '@qfleet/replay';
import { loadTensor } from '@qfleet/tensor';
import { DqnAgent } from '../dqn/agent.ts';
import { dqnConfig } from './configs.ts';
import { type BenchRow, microseconds } from './timing.ts';

const networks = [
  { inputs: 4, hidden: [128, 128], actions: 2, batchSize: 64 },
  { inputs: 8, hidden: [256, 256], actions: 4, batchSize: 256 },
];
const unrolled = [1, 8];

/**
 * Microseconds an update of DQN (double Q, Huber, clipping, Adam, soft target update), from batches in typed arrays
 * to TD errors in one, compiled; held against the same step run op by op on the same runtime in the same run.
 *
 * @param milliseconds of measuring a figure.
 */
export async function benchLearner(milliseconds = 3000): Promise<BenchRow[]> {
  const runtime = await loadTensor();
  return networks.flatMap(({ inputs, hidden, actions, batchSize }) => {
    const layout: Layout = { observationShape: [inputs], observationDType: 'float32', actions };
    const contestant = (updatesPerCall: number, eager: boolean) => {
      const config = dqnConfig({ network: { kind: 'mlp', hidden }, batchSize, updatesPerCall });
      const agent = new DqnAgent(runtime, { config, layout, seed: 0, totalUpdates: null }, eager);
      const batches = drawBatches(layout, batchSize, updatesPerCall);
      const tdErrors = new Float32Array(batchSize * updatesPerCall);
      return { agent, call: () => void agent.update(batches, tdErrors) };
    };
    const compiled = unrolled.map((updates) => ({ updates, ...contestant(updates, false) }));
    const eager = contestant(1, true);
    const calls = Object.fromEntries(compiled.map(({ updates, call }) => [`${updates}`, call]));
    const times = microseconds<string>({ ...calls, eager: eager.call }, milliseconds);
    for (const { agent } of [...compiled, eager]) agent.dispose();
    return compiled.map(({ updates }) => {
      const value = times[updates] / updates;
      return {
        name: `DQN update, MLP ${[inputs, ...hidden, actions].join('-')}, batch ${batchSize}, ${updates} a call`,
        value,
        unit: 'µs',
        reference: `the same op by op, ${runtime.version}`,
        referenceValue: times['eager'],
        ratio: times['eager'] / value,
      };
    });
  });
}

function drawBatches(layout: Layout, size: number, count: number): Batch[] {
  const random = new Random(0);
  const draw = (length: number) => Float32Array.from({ length }, () => random.normal());
  const width = layout.observationShape.reduce((product, n) => product * n, 1);
  return Array.from({ length: count }, () => ({
    size,
    observations: draw(size * width),
    actions: Int32Array.from({ length: size }, () => random.integer(layout.actions)),
    returns: draw(size),
    discounts: new Float32Array(size).fill(0.99),
    nextObservations: draw(size * width),
    weights: new Float32Array(size).fill(1),
    leaves: new Int32Array(size),
  }));
}
