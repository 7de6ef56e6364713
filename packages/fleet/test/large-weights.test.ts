import type { Weights } from '@qfleet/agents';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fleetKeys, LearnerLease, WeightsPublisher, WeightsSubscriber } from '../src/index.ts';
import { PART_BYTES } from '../src/redis/parts.ts';
import { useRedis } from './support/fixture.ts';

const keys = fleetKeys('r');
const PARTS = 4;
const VALUES = ((PARTS - 1) * PART_BYTES) / Float32Array.BYTES_PER_ELEMENT + 1_000;

/** All values say which version they are of. */
const weights = (version: number, values = VALUES): Weights => ({
  version,
  updates: version,
  tensors: new Map([['w', { shape: [values], data: new Float32Array(values).fill(version) }]]),
});

describe('weights in parts', () => {
  const fixture = useRedis();

  async function learner(id = 'learner') {
    const lease = await LearnerLease.acquire(fixture.redis, 'r', id);
    onTestFinished(() => lease.release());
    return { lease, publisher: new WeightsPublisher(fixture.connect(), 'r', lease) };
  }

  const partsThere = async (): Promise<string[]> => (await fixture.redis.keys(`${keys.weights}:*`)).sort();

  it('are given as they were published, and no longer value lies in Redis than a part', async () => {
    const { publisher, lease } = await learner();
    await publisher.publish(weights(1));
    expect(publisher.mayPublish()).toBe(false);
    const reader = new WeightsSubscriber(fixture.connect(), 'r');
    expect(await reader.newerThan(0)).toEqual(weights(1));
    expect(await reader.newerThan(1)).toBeNull();
    const key = keys.weightsParts(lease.token, 1);
    const lengths = await Promise.all(
      Array.from({ length: PARTS }, (_, part) => fixture.redis.hstrlen(key, String(part))),
    );
    expect(lengths.slice(0, -1)).toEqual(Array(PARTS - 1).fill(PART_BYTES));
    expect(await fixture.redis.hlen(key)).toBe(PARTS);
    expect(await fixture.redis.hexists(keys.weights, 'blob')).toBe(0);
    expect(await fixture.redis.ttl(key)).toBe(-1);
    await expect.poll(() => publisher.mayPublish(), { timeout: 10_000 }).toBe(true);
  });

  it('are there in two versions at most, of which the old one goes by itself', async () => {
    const { publisher, lease } = await learner();
    const key = (version: number): string => keys.weightsParts(lease.token, version);
    for (let version = 1; version <= 4; version++) await publisher.publish(weights(version));
    expect(await partsThere()).toEqual([key(3), key(4)]);
    expect(await fixture.redis.ttl(key(3))).toBeGreaterThan(0);
    // Small ones, as of another configuration under this run's name.
    await publisher.publish(weights(5, 10));
    expect(await partsThere()).toEqual([key(4)]);
    expect(await new WeightsSubscriber(fixture.redis, 'r').newerThan(4)).toEqual(weights(5, 10));
    await publisher.publish(weights(6, 10));
    expect(await partsThere()).toEqual([]);
  });

  it('are never mixed, however often a reader loses them to newer ones', async () => {
    const { publisher } = await learner();
    const newest = 12;
    await publisher.publish(weights(1));
    const publishing = (async () => {
      for (let version = 2; version <= newest; version++) await publisher.publish(weights(version));
    })();
    const readers = Array.from({ length: 3 }, async () => {
      const reader = new WeightsSubscriber(fixture.connect(), 'r');
      let held = 0;
      while (held < newest) {
        const read = await reader.newerThan(held);
        if (read === null) continue;
        held = read.version;
        expect(read.tensors.get('w')!.data.every((value) => value === held)).toBe(true);
      }
      expect(reader.refused).toBe(0);
    });
    await Promise.all([publishing, ...readers]);
  });

  it('of a learner that was replaced while it sent them are refused, and go', async () => {
    const { publisher, lease } = await learner();
    await publisher.publish(weights(1));
    const sending = publisher.publish(weights(2));
    await expect.poll(() => fixture.redis.exists(keys.weightsParts(lease.token, 2)), { interval: 1 }).toBe(1);
    await fixture.redis.set(keys.fence, lease.token + 1);
    await expect(sending).rejects.toThrow(/another learner took over/);
    expect(lease.lost.aborted).toBe(true);
    expect((await new WeightsSubscriber(fixture.redis, 'r').newerThan(0))!.version).toBe(1);
    expect(await fixture.redis.ttl(keys.weightsParts(lease.token, 2))).toBeGreaterThan(0);
  });

  it('are refused, once, where a part is missing, short, or of another', async () => {
    const { publisher, lease } = await learner();
    const key = keys.weightsParts(lease.token, 1);
    const spoil: [() => Promise<unknown>, RegExp][] = [
      [() => fixture.redis.hdel(key, '1'), /some of their parts are missing/],
      [() => fixture.redis.hset(key, '1', 'short'), /their 4 parts do not have \d+ bytes/],
      [async () => fixture.redis.hset(key, '1', (await fixture.redis.hgetBuffer(key, '0'))!), /CRC-32/],
      [() => fixture.redis.hset(keys.weights, 'bytes', '9'.repeat(16)), /there are none/],
    ];
    for (const [damage, why] of spoil) {
      await fixture.redis.del(keys.weights);
      await publisher.publish(weights(1));
      await damage();
      const reader = new WeightsSubscriber(fixture.redis, 'r');
      for (let i = 0; i < 3; i++) expect(await reader.newerThan(0)).toBeNull();
      expect(reader.refused).toBe(1);
      expect(reader.lastRefusal).toMatch(why);
    }
  });
});
