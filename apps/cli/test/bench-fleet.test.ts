import { describe, expect, it, onTestFinished } from 'vitest';
import { startRedis } from '../../../test/support/redis.ts';
import type { Costs } from '../src/bench/fleet/costs.ts';
import { extrapolate } from '../src/bench/fleet/extrapolate.ts';
import { CARTPOLE, FRAMES, makeReplay, premade, pushAll } from '../src/bench/fleet/simulated.ts';
import { connectMany } from '../src/bench/fleet/throughput.ts';

describe('simulated actors', () => {
  it.each([CARTPOLE, FRAMES])('push whole chunks, each once: $name', async (load) => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const connections = await connectMany(`unix://${server.socket}`, 3);
    onTestFinished(() => {
      for (const connection of connections) connection.disconnect();
    });
    const store = await makeReplay(connections[0], 'qfleet:{t:0}:replay:', load);
    const actors = connections.map((redis, i) => ({ redis, portions: premade(load, `a${i}`, 20) }));
    expect(actors[0].portions.map(({ length }) => length)).toEqual([8, 8, 4]);
    const taken = await pushAll(actors, 'qfleet:{t:0}:replay:');
    expect(taken).toHaveLength(9);
    expect(await store.standing()).toMatchObject({ newest: 60, transitions: 60 * 32, evictedTotal: 0 });
  });
});

describe('the extrapolation', () => {
  const costs: Costs = {
    presence: 0.5e-3,
    chunk: 20e-6,
    chunkByte: 1e-9,
    read: 1e-6,
    readByte: 1e-9,
    weightsByte: 1e-12,
    memory: [],
  };

  it('sums what 1,000 actors take, and names the first bottleneck', () => {
    const mlp = extrapolate(costs).filter(({ name }) => name.includes('MLP'));
    const value = (part: string) => mlp.find(({ name }) => name.includes(part))?.value;
    expect(value('actors that are there')).toBeCloseTo(0.5);
    // 4,000 updates of 64 at 8 samples an insert: 1,000 chunks of 32 a second.
    expect(value('appends')).toBeGreaterThan(0.02);
    expect(value('appends')).toBeLessThan(0.03);
    // 20 versions a second to each.
    expect(value('weights to actors')).toBeCloseTo(1_000 * 20 * 4 * 17_410 * 1e-12);
    const first = mlp.filter(({ name }) => name.includes('first bottleneck'));
    expect(first.map(({ name }) => name)).toEqual([
      '1000 actors, MLP: network out of Redis (first bottleneck)',
    ]);
    const busy = extrapolate({ ...costs, presence: 5e-3 }).filter(({ name }) => name.includes('MLP'));
    expect(busy.find(({ name }) => name.includes('first bottleneck'))?.name).toContain(
      'actors that are there',
    );
  });
});
