import { Queue } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { fleetKeys, RolloutLeases, seedLeases } from '../src/index.ts';
import { leaseOrder } from '../src/run/lease-order.ts';
import { configOf, log, useRedis } from './support/fixture.ts';

const FLEET = configOf({ slots: 12, slotsPerLease: 2, slotsPerActor: 4 }).fleet;
const ORDER = leaseOrder(12, 2);

describe('rollout leases', () => {
  const fixture = useRedis();

  function actor(capacity = FLEET.slotsPerActor) {
    const taken: number[][] = [];
    /** By slot: what the lease says, and what is played here. */
    const known = new Map<number, number>();
    const played = new Map<number, number>();
    const lost: number[][] = [];
    const redis = fixture.connect();
    const leases = new RolloutLeases({
      redis,
      run: 'r',
      fleet: { ...FLEET, slotsPerActor: capacity },
      onTaken: (slots, episodes) => {
        taken.push([...slots]);
        for (const [i, slot] of slots.entries()) known.set(slot, episodes[i]);
      },
      episodesOf: (slot) => played.get(slot) ?? 0,
      onLost: (slots) => lost.push([...slots]),
      log,
    });
    leases.start();
    return { leases, taken, lost, redis, known, played };
  }

  const counts = async () => {
    const queue = new Queue('rollouts', { connection: fixture.redis, prefix: fleetKeys('r').queues });
    try {
      return await queue.getJobCounts('wait', 'prioritized', 'active', 'failed', 'delayed');
    } finally {
      await queue.close();
    }
  };
  const within = { timeout: 20_000, interval: 50 };

  it('are seeded once', async () => {
    await seedLeases(fixture.redis, 'r', FLEET);
    await seedLeases(fixture.redis, 'r', FLEET);
    expect(await counts()).toMatchObject({ prioritized: 6, wait: 0, active: 0 });
  });

  it('are taken in order, up to what an actor holds, and by added actors', async () => {
    await seedLeases(fixture.redis, 'r', FLEET);
    const first = actor();
    await expect.poll(() => first.taken, within).toEqual(ORDER.slice(0, 2));
    const second = actor();
    await expect.poll(() => second.taken, within).toEqual(ORDER.slice(2, 4));
    expect(first.leases.slots).toBe(4);
    // Held leases are not seeded again.
    await seedLeases(fixture.redis, 'r', FLEET);
    expect(await counts()).toMatchObject({ prioritized: 2, active: 4 });
    await Promise.all([first.leases.release(), second.leases.release()]);
  });

  it('go back into their place of the order at a release, and run elsewhere', async () => {
    await seedLeases(fixture.redis, 'r', FLEET);
    const first = actor();
    await expect.poll(() => first.taken, within).toHaveLength(2);
    await first.leases.release();
    expect(first.leases.slots).toBe(0);
    expect(await counts()).toMatchObject({ prioritized: 6, active: 0 });
    const second = actor();
    await expect.poll(() => second.taken, within).toEqual(ORDER.slice(0, 2));
    await second.leases.release();
  });

  it('of an actor that fell silent are taken by one with room; nobody else loses any', async () => {
    await seedLeases(fixture.redis, 'r', FLEET);
    const dead = actor();
    await expect.poll(() => dead.taken, within).toHaveLength(2);
    const other = actor(12);
    await expect.poll(() => other.taken, within).toHaveLength(4);
    dead.redis.disconnect();
    await expect.poll(() => other.taken.length, within).toBe(6);
    expect(other.taken.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(other.lost).toEqual([]);
    expect(await counts()).toMatchObject({ active: 6, failed: 0 });
    await other.leases.release();
  });

  it('carry the episodes of their slots to the next actor, written down at each renewal too', async () => {
    await seedLeases(fixture.redis, 'r', FLEET);
    const first = actor();
    await expect.poll(() => first.taken, within).toHaveLength(2);
    const [[a, b]] = first.taken;
    expect(first.known.get(a)).toBe(0);
    first.played.set(a, 7).set(b, 1);
    await first.leases.release();
    const second = actor();
    await expect.poll(() => second.taken, within).toHaveLength(2);
    expect([second.known.get(a), second.known.get(b)]).toEqual([7, 1]);
    second.played.set(a, 9);
    const episodesKept = async (): Promise<unknown> =>
      JSON.parse((await fixture.redis.hget(`${fleetKeys('r').queues}:rollouts:lease-0`, 'data'))!).episodes;
    await expect.poll(episodesKept, within).toEqual([9, 1]);
    await second.leases.release();
  });

  it('that ran out are reported lost', async () => {
    await seedLeases(fixture.redis, 'r', FLEET);
    const first = actor();
    await expect.poll(() => first.taken, within).toHaveLength(2);
    await fixture.redis.flushall();
    await expect.poll(() => first.lost, within).toEqual(ORDER.slice(0, 2));
    // Seeded again, they are taken up again.
    await seedLeases(fixture.redis, 'r', FLEET);
    await expect.poll(() => first.taken, within).toHaveLength(4);
    await first.leases.release();
  });

  it('leave no room for one that would not fit', async () => {
    await seedLeases(fixture.redis, 'r', FLEET);
    const small = actor(3);
    await expect.poll(() => small.taken, within).toEqual(ORDER.slice(0, 1));
    // Another is taken and put back now and then.
    await expect.poll(counts, within).toMatchObject({ prioritized: 5, active: 1 });
    await small.leases.release();
  });
});
