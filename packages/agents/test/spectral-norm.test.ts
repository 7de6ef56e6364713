import type { Layout } from '@qfleet/replay';
import { describe, expect, it } from 'vitest';
import { createAgent } from '../src/index.ts';
import { drawBatch, Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

const spec: Layout = { frames: 1, shape: [6, 6], dtype: 'float32', actions: 3 };
const config = dqnConfig({
  network: { kind: 'impala', hidden: [8], spectralNorm: true, pool: 2 },
  optimizer: { kind: 'adamw', weightDecay: 0.1 },
  batchSize: 4,
  updatesPerCall: 1,
});
const KERNEL = 'block1/unit0/conv1/kernel';

describe('the vector of a spectral norm', () => {
  it('moves by one power iteration an update and by nothing else, and is part of checkpoints', async () => {
    const [agent, resumed] = await Promise.all(
      [1, 1].map((seed) => createAgent({ config, spec, seed, totalUpdates: null, isRepeatable: true })),
    );
    const update = (each: typeof agent) => each.update([drawBatch(new Lcg(3), spec, 4)], new Float32Array(4));
    const before = agent.parameters();
    update(agent);
    const after = agent.parameters();
    // By hand in float64: v = Wᵀu, u = Wv/‖Wv‖, with W [outputs, all else].
    const kernel = before.get(KERNEL)!.data;
    const u = before.get(`${KERNEL}/u`)!.data;
    const v = Array.from({ length: kernel.length / 32 }, (_, i) =>
      u.reduce((sum, each, o) => sum + each * kernel[i * 32 + o], 0),
    );
    const moved = Array.from(u, (_, o) => v.reduce((sum, each, i) => sum + each * kernel[i * 32 + o], 0));
    const length = Math.hypot(...moved);
    const { data } = after.get(`${KERNEL}/u`)!;
    for (const [o, each] of moved.entries()) expect(data[o]).toBeCloseTo(each / length, 5);

    resumed.restore(agent.state());
    update(agent);
    update(resumed);
    expect(resumed.state()).toEqual(agent.state());
    for (const each of [agent, resumed]) each.dispose();
  });
});
