import type { Layout } from '@qfleet/replay';
import { describe, expect, it } from 'vitest';
import { createAgent } from '../src/index.ts';
import { drawBatch, Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

const spec: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 3 };

describe('weight decay', () => {
  it('is that of kernels, small and large ones, and not of biases and norms', async () => {
    const agents = await Promise.all(
      [{ kind: 'adam' }, { kind: 'adamw', weightDecay: 0.5 }].map((optimizer) => {
        const config = dqnConfig({
          // The kernel between has 66,300 values, and so a tensor of its own.
          network: { kind: 'mlp', hidden: [260, 255], layerNorm: true },
          ...{ optimizer, batchSize: 16, updatesPerCall: 1, learningRate: 1e-2 },
        });
        return createAgent({ config, spec, seed: 0, totalUpdates: null });
      }),
    );
    const [before] = agents.map((each) => each.parameters());
    for (const each of agents) each.update([drawBatch(new Lcg(3), spec, 16)], new Float32Array(16));
    const [adam, adamw] = agents.map((each) => each.parameters());
    // One update from the same start has the same gradient: they differ by the decay ηλθ alone.
    const rate = 1e-2 * 0.5;
    for (const [name, { data, shape }] of before) {
      let largest = 0;
      data.forEach((start, i) => {
        const decayed = adam.get(name)!.data[i] - adamw.get(name)!.data[i];
        const expected = shape.length > 1 ? rate * start : 0;
        largest = Math.max(largest, Math.abs(decayed - expected));
      });
      expect(largest, name).toBeLessThan(shape.length > 1 ? 2e-7 : 1e-9);
    }
    for (const each of agents) each.dispose();
  });
});
