import { peekChunk } from '@qfleet/replay';
import { describe, expect, it, onTestFinished } from 'vitest';
import { main } from '../../../test/support/qfleet.ts';
import { startRedis } from '../../../test/support/redis.ts';
import type { Costs } from '../src/fleet/costs.ts';
import { extrapolate } from '../src/fleet/extrapolate.ts';
import { benchReal } from '../src/fleet/real.ts';
import { withClients } from '../src/fleet/servers.ts';
import { CARTPOLE, FRAMES, makeReplay, premade, pushAll } from '../src/fleet/simulated.ts';
import { benchConnections, connectMany } from '../src/fleet/throughput.ts';

describe('simulated actors', () => {
  const cases = [CARTPOLE, FRAMES].flatMap((load) => [1, 2].map((shards) => ({ ...load, load, shards })));

  it.each(cases)('push whole chunks, each once: $name, $shards shards', async ({ load, shards }) => {
    const servers = await Promise.all(Array.from({ length: shards }, () => startRedis()));
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))));
    const connections = await connectMany(
      servers.map(({ socket }) => `unix://${socket}`),
      3,
    );
    onTestFinished(() => {
      for (const connection of connections.flat()) connection.disconnect();
    });
    const store = await makeReplay(connections[0], load);
    const actors = connections.map((each, i) => ({
      connections: each,
      writer: `a${i}`,
      portions: premade(load, `a${i}`, 20),
    }));
    expect(actors[0].portions.map(({ length }) => length)).toEqual([8, 8, 4]);
    expect(await pushAll(actors, load, store)).toHaveLength(9);
    expect(await store.standing()).toMatchObject({ newest: 60, transitions: 60 * 32, evictedTotal: 0 });
    // Every shard has its part: an actor's slots are spread.
    const { chunks } = await store.follow(0, 1e9);
    expect(
      new Set(chunks.map(({ bytes }) => `${peekChunk(bytes).writer} ${peekChunk(bytes).sequence}`)).size,
    ).toBe(60);
    for (const redis of connections[0]) {
      const shard = Number(await redis.dbsize());
      expect(shard).toBeGreaterThan(60 / shards / 2);
    }
  });

  it('hold many connections without an error', async () => {
    const servers = await Promise.all([startRedis(), startRedis()]);
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))));
    const { rows, connectionBytes } = await withClients(
      servers.map(({ socket }) => `unix://${socket}`),
      (there) => benchConnections(there, 40, 6),
    );
    const value = (part: string) => rows.find(({ name }) => name.endsWith(part))?.value;
    expect(value('errors')).toBe(0);
    // 40 idle, 6 actors with a connection to both, and the two that look.
    expect(value('connections')).toBe(54);
    expect(connectionBytes).toBeGreaterThan(1_000);
  });
});

describe('a real fleet', () => {
  it('is started by the command and measured', { timeout: 240_000 }, async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const rows = await withClients([`unix://${server.socket}`], (there) => benchReal(there, 1, main));
    const value = (part: string) => rows.find(({ name }) => name.endsWith(part))?.value;
    expect(value('pushed')).toBeGreaterThan(0);
    expect(value('updates')).toBeGreaterThan(0);
  });
});

describe('the extrapolation', () => {
  const costs: Costs = {
    presence: 0.2e-3,
    chunk: 20e-6,
    chunkByte: 1e-9,
    read: 1e-6,
    readByte: 1e-9,
    weights: { waiting: 0.3e-3, version: 5e-6, byte: 1e-12 },
    connectionBytes: 40_000,
    memory: [],
  };
  const mlp = (changes: Partial<Costs> = {}) =>
    extrapolate({ ...costs, ...changes }, [1, 4]).filter(({ name }) => name.includes('MLP'));

  it('sums what 1,000 actors take, and names the first bottleneck', () => {
    const rows = mlp();
    const value = (part: string) => rows.find(({ name }) => name.includes(part))!.value;
    expect(value('actors that are there')).toBeCloseTo(0.2);
    expect(value('waiting for weights')).toBeCloseTo(0.3);
    // 4,000 updates of 64 at 8 samples an insert: 1,000 chunks of 32 a second.
    expect(value('appends')).toBeGreaterThan(0.02);
    expect(value('appends')).toBeLessThan(0.03);
    // 20 versions a second to each.
    const weights = 1_000 * 20 * 4 * 17_410;
    expect(value('weights to actors')).toBeCloseTo(1_000 * 20 * 5e-6 + weights * 1e-12);
    expect(value('memory for connections')).toBeCloseTo(40);
    const first = rows.filter(({ name }) => name.includes('first bottleneck'));
    expect(first.map(({ name }) => name)).toEqual([
      '1000 actors, MLP: network out of Redis (first bottleneck)',
    ]);
    // What 1.25 GB/s carry, less the chunks that the learner reads.
    expect(value('as many as')).toBeGreaterThan(860);
    expect(value('as many as')).toBeLessThan(1.25e9 / (weights / 1_000));
    const busy = mlp({ presence: 5e-3 });
    expect(busy.find(({ name }) => name.includes('first bottleneck'))?.name).toContain(
      'actors that are there',
    );
  });

  it('leaves to one server what no shard takes from it', () => {
    const busiest = (count: number) => mlp().find(({ name }) => name.endsWith(`of ${count}`))!.value;
    const rest = 0.5 + 0.1 + 1_000 * 20 * 4 * 17_410 * 1e-12;
    expect(busiest(4) - rest).toBeCloseTo((busiest(1) - rest) / 4);
  });
});
