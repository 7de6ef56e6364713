import { Queue } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { fleetKeys, QueueKeeper, RolloutLeases, seedLeases } from '../src/index.ts';
import { configOf, log, useRedis } from './support/fixture.ts';

const FLEET = configOf({ slots: 6, slotsPerLease: 2, slotsPerActor: 6 }).fleet;
const within = { timeout: 20_000, interval: 50 };
const { queues } = fleetKeys('r');
const key = (name: string): string => `${queues}:rollouts:${name}`;

describe('the keeper of the queues', () => {
  const fixture = useRedis();

  const counts = async () => {
    const queue = new Queue('rollouts', { connection: fixture.redis, prefix: queues });
    try {
      return await queue.getJobCounts('wait', 'prioritized', 'active');
    } finally {
      await queue.close();
    }
  };

  async function keeper(): Promise<QueueKeeper> {
    await seedLeases(fixture.redis, 'r', FLEET);
    return new QueueKeeper(fixture.redis, 'r', FLEET, log);
  }

  it('leaves alone what is as it should be, held leases too', async () => {
    const kept = await keeper();
    const leases = new RolloutLeases({
      redis: fixture.connect(),
      run: 'r',
      fleet: { ...FLEET, slotsPerActor: 4 },
      onTaken: () => undefined,
      episodesOf: () => 3,
      onLost: () => undefined,
      log,
    });
    leases.start();
    await expect.poll(() => leases.slots, within).toBe(4);
    // A renewal, which writes down how far the slots are.
    await expect.poll(() => fixture.redis.hget(key('lease-0'), 'data'), within).toMatch(/episodes/);
    const lock = await fixture.redis.get(key('lease-0:lock'));
    await kept.check();
    expect(await fixture.redis.get(key('lease-0:lock'))).toBe(lock);
    expect(await counts()).toEqual({ wait: 0, prioritized: 1, active: 2 });
    // Held leases go on while what was done to others, and to their own records, is mended.
    await fixture.redis.hset(key('lease-1'), 'data', 'null');
    await fixture.redis.rpush(key('wait'), 'another', 'lease-0');
    await fixture.redis.zrem(key('prioritized'), 'lease-2');
    await kept.check();
    expect(await fixture.redis.get(key('lease-0:lock'))).toBe(lock);
    expect(await counts()).toEqual({ wait: 0, prioritized: 1, active: 2 });
    await leases.release();
    await kept.check();
    expect(await counts()).toEqual({ wait: 0, prioritized: 3, active: 0 });
  });

  const redis = () => fixture.redis;
  it.each<[string, () => Promise<unknown>]>([
    ['leases that were lost', () => redis().del(key('prioritized'))],
    ['a job that was lost', () => redis().del(key('lease-1'))],
    ['everything lost', () => redis().flushall()],
    ['a job that is no lease', () => redis().lpush(key('wait'), 'another')],
    [
      'a lease that is there twice',
      () => redis().multi().zrem(key('prioritized'), 'lease-1').rpush(key('wait'), 'lease-0').exec(),
    ],
    ['a queue that is paused', () => redis().hset(key('meta'), 'paused', 1)],
    ['a queue that is limited', () => redis().hset(key('meta'), 'max', 1, 'duration', 1e9)],
    ['a bound of events that is none', () => redis().hset(key('meta'), 'opts.maxLenEvents', 'x')],
    ['a counter that is none', () => redis().set(key('pc'), 'x')],
    [
      'events that are exhausted',
      () => redis().xadd(key('events'), '18446744073709551615-18446744073709551615', 'a', 'b'),
    ],
    ['a lease of other slots', () => redis().hset(key('lease-0'), 'data', '{"slots":[0,1,2,3]}')],
    ['a lease that is garbage', () => redis().hset(key('lease-0'), 'data', 'null')],
    ['options that are garbage', () => redis().hset(key('lease-0'), 'opts', '{')],
    ['a count of a job that is none', () => redis().hset(key('lease-0'), 'ats', 'x')],
    ['a lock that never runs out', () => redis().set(key('lease-0:lock'), 'x')],
    ['a lock of another type', () => redis().rpush(key('lease-0:lock'), 'x')],
    ['a check for stalled jobs that never comes', () => redis().set(key('stalled-check'), 'x')],
    ['a delay', () => redis().set(key('limiter'), 'x')],
    ...['wait', 'active', 'prioritized', 'delayed', 'meta', 'events', 'marker', 'stalled', 'lease-2'].map(
      (name): [string, () => Promise<unknown>] => [
        `${name} of another type`,
        () => redis().multi().del(key(name)).set(key(name), 'a string').exec(),
      ],
    ),
  ])('makes the queue anew for %s', async (_, damage) => {
    const kept = await keeper();
    await damage();
    await kept.check();
    expect(await counts()).toEqual({ wait: 0, prioritized: 3, active: 0 });
    expect(await fixture.redis.hget(key('lease-0'), 'data')).toBe('{"slots":[0,3]}');
    expect(await fixture.redis.hmget(key('meta'), 'paused', 'max')).toEqual([null, null]);
  });
});
