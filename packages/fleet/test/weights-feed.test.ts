import type { Weights } from '@qfleet/agents';
import type { RedisClient } from '@qfleet/replay';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  connectRedis,
  createLogger,
  fleetKeys,
  followWeights,
  LearnerLease,
  WeightsPublisher,
  WeightsSubscriber,
} from '../src/index.ts';
import { asBuffer } from '../src/redis/parts.ts';
import { encodeWeights } from '../src/weights/weights-blob.ts';
import { useRedis } from './support/fixture.ts';

const within = { timeout: 15_000 };

const weights = (version: number, values = 1): Weights => ({
  version,
  updates: version,
  tensors: new Map([['w', { shape: [values], data: new Float32Array(values).fill(version) }]]),
});

describe('following weights', () => {
  const fixture = useRedis();

  /** The versions that a follower took up, and the end of it. */
  function follow(announcements: RedisClient, redis: RedisClient = announcements) {
    const taken: number[] = [];
    const end = new AbortController();
    const ended = followWeights({
      announcements,
      run: 'r',
      subscriber: new WeightsSubscriber(redis, 'r'),
      held: () => taken.at(-1) ?? 0,
      take: ({ version }) => taken.push(version),
      log: createLogger('silent'),
      signal: end.signal,
    });
    const stop = async (): Promise<void> => {
      end.abort();
      await ended;
    };
    onTestFinished(stop);
    return { taken, stop };
  }

  const connect = async (): Promise<RedisClient> => {
    const redis = await connectRedis(`unix://${fixture.server.socket}`, { role: 'test' });
    onTestFinished(() => redis.disconnect());
    return redis;
  };

  const publisher = async (values?: number): Promise<(version: number) => Promise<number>> => {
    const lease = await LearnerLease.acquire(fixture.redis, 'r', 'learner');
    onTestFinished(() => lease.release());
    const publisher = new WeightsPublisher(fixture.redis, 'r', lease);
    return (version) => publisher.publish(weights(version, values));
  };

  /** How often the commands that read weights were called. */
  const reads = async (): Promise<number> => {
    const stats = await fixture.redis.info('commandstats');
    const calls = (command: string) =>
      Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    return calls('hget') + calls('hmget');
  };

  it('takes up what is there, and each newest version when it comes', async () => {
    const publish = await publisher();
    await publish(1);
    const { taken, stop } = follow(await connect());
    for (const version of [1, 2, 3]) {
      await expect.poll(() => taken.at(-1), within).toBe(version);
      await publish(version + 1);
    }
    await expect.poll(() => taken, within).toEqual([1, 2, 3, 4]);
    await stop();
    await publish(5);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(taken).toEqual([1, 2, 3, 4]);
  });

  it('asks Redis for nothing while there is nothing new', async () => {
    const publish = await publisher();
    await publish(1);
    const { taken } = follow(await connect());
    await expect.poll(() => taken, within).toEqual([1]);
    await expect.poll(() => fixture.redis.pubsub('NUMSUB', fleetKeys('r').weights), within).toContain(1);
    const before = await reads();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    // Once a second, where it asked twenty times.
    expect((await reads()) - before).toBeLessThan(6);
  });

  it('hears of them again after its connection was cut, and of what came meanwhile', async () => {
    const publish = await publisher();
    await publish(1);
    const redis = await connect();
    const { taken } = follow(redis);
    await expect.poll(() => taken, within).toEqual([1]);
    const id = await redis.client('ID');
    await publish(2);
    await fixture.redis.client('KILL', 'ID', id);
    await publish(3);
    await expect.poll(() => taken.at(-1), within).toBe(3);
    await expect.poll(() => fixture.redis.pubsub('NUMSUB', fleetKeys('r').weights), within).toContain(1);
    await publish(4);
    await expect.poll(() => taken.at(-1), within).toBe(4);
  });

  it('takes up a version that was not announced', async () => {
    const publish = await publisher();
    await publish(1);
    const { taken } = follow(await connect());
    await expect.poll(() => taken, within).toEqual([1]);
    const blob = asBuffer(encodeWeights('r', weights(2)).whole());
    await fixture.redis.hset(fleetKeys('r').weights, 'version', '2', 'blob', blob);
    await expect.poll(() => taken, within).toEqual([1, 2]);
  });

  it('asks where it may not subscribe', async () => {
    const redis = new Redis(fixture.server.socket, {
      username: 'mute',
      password: 'secret',
      lazyConnect: true,
    });
    onTestFinished(() => redis.disconnect());
    await fixture.redis.acl('SETUSER', 'mute', 'on', '>secret', '~*', '+@all', '-subscribe', 'resetchannels');
    const publish = await publisher();
    await publish(1);
    const { taken } = follow(redis);
    await expect.poll(() => taken, within).toEqual([1]);
    const before = await reads();
    await publish(2);
    await expect.poll(() => taken, within).toEqual([1, 2]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await reads()) - before).toBeGreaterThan(6);
  });

  it('hears of them over RESP2 too, where a connection that subscribes can do nothing else', async () => {
    const publish = await publisher();
    await publish(1);
    const announcements = new Redis(fixture.server.socket, { protocol: 2 });
    const redis = new Redis(fixture.server.socket, { protocol: 2 });
    onTestFinished(() => {
      announcements.disconnect();
      redis.disconnect();
    });
    const { taken } = follow(announcements, redis);
    await expect.poll(() => taken, within).toEqual([1]);
    await expect.poll(() => fixture.redis.pubsub('NUMSUB', fleetKeys('r').weights), within).toContain(1);
    await publish(2);
    await expect.poll(() => taken, within).toEqual([1, 2]);
  });

  it('reads weights larger than what Redis lets wait for a connection that subscribes', async () => {
    await fixture.redis.config('SET', 'client-output-buffer-limit', 'pubsub 64kb 32kb 1');
    const publish = await publisher(3_000_000);
    const { taken } = follow(await connect(), await connect());
    for (const version of [1, 2]) {
      await publish(version);
      await expect.poll(() => taken.at(-1), within).toBe(version);
    }
    // Redis 7.0 does not count them: there, a connection that was closed would not have brought the second.
    expect(await fixture.redis.info('stats')).not.toMatch(/client_output_buffer_limit_disconnections:[1-9]/);
  });
});
