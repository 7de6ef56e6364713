import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createRun, fleetKeys, LearnerLease, setPhase, WeightsPublisher } from '../src/index.ts';
import { configOf, useRedis } from './support/fixture.ts';

describe('the learner lease', () => {
  const fixture = useRedis();

  it('is held by one; another takes over at its release, with a higher token', async () => {
    const first = await LearnerLease.acquire(fixture.redis, 'r', 'a');
    let taken = false;
    const waiting = LearnerLease.acquire(fixture.connect(), 'r', 'b').then((lease) => {
      taken = true;
      return lease;
    });
    await fixture.redis.ping();
    expect(taken).toBe(false);
    await first.release();
    await using second = await waiting;
    expect(second.token).toBe(first.token + 1);
    expect(first.lost.aborted).toBe(false);
  });

  it('is renewed', async () => {
    await using _lease = await LearnerLease.acquire(fixture.redis, 'r', 'a');
    const { lease } = fleetKeys('r');
    await fixture.redis.pexpire(lease, 3_000);
    const before = await fixture.redis.pttl(lease);
    await expect.poll(() => fixture.redis.pttl(lease), { timeout: 10_000 }).toBeGreaterThan(before);
  });

  it('is kept over a Redis that forgot it', async () => {
    await using held = await LearnerLease.acquire(fixture.redis, 'r', 'a');
    await fixture.redis.flushall();
    await expect.poll(() => fixture.redis.get(fleetKeys('r').lease), { timeout: 10_000 }).toBe('a');
    expect(held.lost.aborted).toBe(false);
  });

  it('is lost when another holds it', async () => {
    const lease = await LearnerLease.acquire(fixture.redis, 'r', 'a');
    await fixture.redis.set(fleetKeys('r').lease, 'b');
    if (!lease.lost.aborted) await once(lease.lost, 'abort');
    expect((lease.lost.reason as Error).message).toBe('Another learner took over run r: this one stops.');
  });

  it('goes on above the tokens that others know, where Redis forgot its own', async () => {
    const known = async (): Promise<number> => 7;
    await using first = await LearnerLease.acquire(fixture.redis, 'r', 'a', { known });
    expect(first.token).toBe(8);
    await fixture.redis.set(fleetKeys('r').fence, 9);
    await using other = await LearnerLease.acquire(fixture.redis, 's', 'a');
    expect(other.token).toBe(1);
    await fixture.redis.del(fleetKeys('r').lease);
    await using second = await LearnerLease.acquire(fixture.redis, 'r', 'b', { known });
    expect(second.token).toBe(10);
  });

  it.each(['9e99', 'text', '-1', '1.5', '9007199254740993', ''])(
    'is had, and kept, where the fence says %j',
    async (fence) => {
      const keys = fleetKeys('r');
      await fixture.redis.set(keys.fence, fence);
      await using lease = await LearnerLease.acquire(fixture.redis, 'r', 'a', { known: async () => 9e99 });
      expect(lease.token).toBe(1);
      await fixture.redis.set(keys.fence, fence);
      await createRun(fixture.redis, 'r', configOf());
      expect(await setPhase(fixture.redis, 'r', 'running', '', lease)).toBe('running');
      const publisher = new WeightsPublisher(fixture.redis, 'r', lease);
      await publisher.publish({ version: 1, updates: 1, tensors: new Map() });
      expect(await fixture.redis.get(keys.fence)).toBe('1');
      await fixture.redis.set(keys.fence, fence);
      // The next renewal mends it, too.
      await expect.poll(() => fixture.redis.get(keys.fence), { timeout: 10_000 }).toBe('1');
      expect(lease.lost.aborted).toBe(false);
    },
  );

  it('is waited for only as long as the signal says', async () => {
    await using _lease = await LearnerLease.acquire(fixture.redis, 'r', 'a');
    const stop = new AbortController();
    const waiting = LearnerLease.acquire(fixture.redis, 'r', 'b', { signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toThrow();
  });
});
