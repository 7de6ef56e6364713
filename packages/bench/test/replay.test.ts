import { expect, onTestFinished, test } from 'vitest';
import { startRedis } from '../../../test/support/redis.ts';
import { benchReplay } from '../src/replay/replay.ts';
import { SHAPES } from '../src/replay/shapes.ts';

/** As many transitions as show that all is measured, and the smallest frames that are compressed. */
const [vectors, frames] = SHAPES;
const small = [
  { ...vectors, capacity: 1024, chunksPerAppend: 4, chunks: 16 },
  {
    ...frames,
    layout: { ...frames.layout, frames: 1, shape: [32, 32] },
    capacity: 512,
    chunksPerAppend: 1,
    chunks: 4,
  },
];

test('a replay is measured in memory and on Redis, beside plain values and recorded peers', {
  timeout: 240_000,
}, async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const rows = await benchReplay({ redis: { path: redis.socket }, milliseconds: 1, shapes: small });
  for (const { value } of rows) expect(value).toBeGreaterThan(0);
  for (const { name } of small) {
    const held = (part: string) =>
      rows.find((row) => row.name.startsWith(name) && row.name.includes(part))?.reference;
    expect(held('in memory, prioritized with update, insert')).toBe('cpprb 11.0 (recorded)');
    expect(held('Redis, insert, 1 producer')).toBe('pipelined SET, alternately');
    expect(held('Redis, insert, 4 producers')).toBe('pipelined SET, alternately');
    expect(held('memory as reported')).toBe('used_memory');
    expect(held('follow into the index')).toMatch(/pipelined GET/);
    expect(held('uniform, batch 32, 0.125 of it in the cache')).toMatch(/pipelined GET/);
  }
  expect(rows.some(({ name }) => name.includes("insert of a game's frames"))).toBe(true);
});
