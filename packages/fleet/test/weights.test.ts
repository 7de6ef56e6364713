import type { Weights } from '@qfleet/agents';
import { describe, expect, it } from 'vitest';
import { fleetKeys, LearnerLease, WeightsPublisher, WeightsSubscriber } from '../src/index.ts';
import { useRedis } from './support/fixture.ts';

const weights = (version: number): Weights => ({
  version,
  updates: version * 10,
  tensors: new Map([
    ['w', { shape: [2, 3], data: Float32Array.from([1, 2, 3, 4, 5, version]) }],
    ['b', { shape: [3], data: Float32Array.from([0.5, -0.5, Number.NaN]) }],
  ]),
});

describe('weights on Redis', () => {
  const fixture = useRedis();

  async function published(run: string, version: number): Promise<LearnerLease> {
    const lease = await LearnerLease.acquire(fixture.redis, run, 'learner');
    await new WeightsPublisher(fixture.redis, run, lease).publish(weights(version));
    return lease;
  }

  const blobOf = async (run: string): Promise<Buffer> =>
    (await fixture.redis.hgetBuffer(fleetKeys(run).weights, 'blob'))!;

  it('gives what was published, bit for bit, once', async () => {
    await using _lease = await published('r', 3);
    const reader = new WeightsSubscriber(fixture.redis, 'r');
    expect(await reader.newerThan(2)).toEqual(weights(3));
    expect(await reader.newerThan(3)).toBeNull();
    expect(await new WeightsSubscriber(fixture.redis, 'other').newerThan(0)).toBeNull();
  });

  it.each([
    ['float16', 2 ** -11],
    ['bfloat16', 2 ** -8],
  ] as const)('are half as many bytes as %s, rounded, under the same rules', async (dtype, error) => {
    await using lease = await LearnerLease.acquire(fixture.redis, 'r', 'learner');
    const data = Float32Array.from({ length: 1001 }, (_, i) => Math.sin(i) * 10 ** ((i % 9) - 4));
    const given = { version: 1, updates: 2, tensors: new Map([['odd', { shape: [1001], data }]]) };
    const whole = await new WeightsPublisher(fixture.redis, 'r', lease).publish(given);
    const publisher = new WeightsPublisher(fixture.redis, 'r', lease, dtype);
    const half = await publisher.publish({ ...given, version: 2 });
    expect(whole - half).toBeGreaterThan(1001 * 2 - 16);
    const read = await new WeightsSubscriber(fixture.redis, 'r').newerThan(1);
    expect(read).toMatchObject({ version: 2, updates: 2 });
    read!.tensors.get('odd')!.data.forEach((value, i) => {
      // Below 2⁻¹⁴ float16 has a fixed step.
      expect(Math.abs(value - data[i])).toBeLessThanOrEqual(Math.max(error * Math.abs(data[i]), 2 ** -25));
    });
    const large = new Map([['large', { shape: [1], data: Float32Array.of(7e4) }]]);
    const publishing = publisher.publish({ version: 3, updates: 3, tensors: large });
    if (dtype === 'bfloat16') await publishing;
    else await expect(publishing).rejects.toThrow(/large have 70000.*learner\.publishAs to bfloat16/);
    expect(await publisher.version()).toBe(dtype === 'bfloat16' ? 3 : 2);
  });

  it('refuses versions that do not rise', async () => {
    await using lease = await published('r', 3);
    const publisher = new WeightsPublisher(fixture.redis, 'r', lease);
    const reader = new WeightsSubscriber(fixture.redis, 'r');
    // As it comes again when its reply was lost.
    await publisher.publish(weights(3));
    expect((await reader.newerThan(0))!.version).toBe(3);
    await expect(publisher.publish(weights(2))).rejects.toThrow(/version 3 is there already/);
    expect((await reader.newerThan(0))!.version).toBe(3);
    expect(await publisher.version()).toBe(3);
    await publisher.publish(weights(4));
    expect((await reader.newerThan(3))!.version).toBe(4);
  });

  it('is written by the newest learner over a Redis that forgot its token', async () => {
    await using lease = await published('r', 3);
    const { fence } = fleetKeys('r');
    await fixture.redis.set(fence, lease.token - 1);
    await new WeightsPublisher(fixture.redis, 'r', lease).publish(weights(4));
    expect(await fixture.redis.get(fence)).toBe(String(lease.token));
    expect(lease.lost.aborted).toBe(false);
    await fixture.redis.set(fence, lease.token + 1);
    await expect(new WeightsPublisher(fixture.redis, 'r', lease).publish(weights(5))).rejects.toThrow(
      /another learner took over/,
    );
    expect(lease.lost.aborted).toBe(true);
  });

  it('refuses a torn blob wherever it is torn, and a flipped bit wherever it is', async () => {
    await using _lease = await published('r', 1);
    const blob = await blobOf('r');
    const { weights: key } = fleetKeys('r');
    for (let length = 0; length < blob.length; length++) {
      await fixture.redis.hset(key, 'blob', blob.subarray(0, length));
      expect(await new WeightsSubscriber(fixture.redis, 'r').newerThan(0)).toBeNull();
    }
    for (let bit = 0; bit < blob.length * 8; bit++) {
      const flipped = Buffer.from(blob);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      await fixture.redis.hset(key, 'blob', flipped);
      expect(await new WeightsSubscriber(fixture.redis, 'r').newerThan(0)).toBeNull();
    }
  });

  it('counts a refusal once, says why, and takes the next good version', async () => {
    await using lease = await published('r', 1);
    const reader = new WeightsSubscriber(fixture.redis, 'r');
    await fixture.redis.hset(fleetKeys('r').weights, 'blob', (await blobOf('r')).subarray(0, 40));
    expect(await reader.newerThan(0)).toBeNull();
    expect(await reader.newerThan(0)).toBeNull();
    expect(reader.refused).toBe(1);
    expect(reader.lastRefusal).toMatch(/^Weights version 1 of run r are refused: /);
    await new WeightsPublisher(fixture.redis, 'r', lease).publish(weights(2));
    expect((await reader.newerThan(0))!.version).toBe(2);
    expect(reader.refused).toBe(1);
  });

  it('takes whole weights that take the place of refused ones under the same version', async () => {
    await using _lease = await published('r', 1);
    const reader = new WeightsSubscriber(fixture.redis, 'r');
    const whole = await blobOf('r');
    await fixture.redis.hset(fleetKeys('r').weights, 'blob', whole.subarray(0, 40));
    expect(await reader.newerThan(0)).toBeNull();
    await fixture.redis.hset(fleetKeys('r').weights, 'blob', whole);
    await expect.poll(async () => (await reader.newerThan(0))?.version, { timeout: 5_000 }).toBe(1);
    expect(reader.refused).toBe(1);
  });

  it('refuses another run, and an old blob under a new number', async () => {
    await using lease = await published('r', 1);
    await using _other = await published('other', 1);
    const reader = new WeightsSubscriber(fixture.redis, 'r');
    const old = await blobOf('r');
    await fixture.redis.hset(fleetKeys('r').weights, 'blob', await blobOf('other'));
    expect(await reader.newerThan(0)).toBeNull();
    expect(reader.lastRefusal).toMatch(/belong to run other/);
    await new WeightsPublisher(fixture.redis, 'r', lease).publish(weights(2));
    await fixture.redis.hset(fleetKeys('r').weights, 'blob', old);
    expect(await reader.newerThan(0)).toBeNull();
    expect(reader.refused).toBe(2);
  });

  it('refuses a learner whose lease another took, and tells it', async () => {
    const first = await published('r', 1);
    await fixture.redis.del(fleetKeys('r').lease);
    await using second = await LearnerLease.acquire(fixture.redis, 'r', 'second');
    expect(second.token).toBeGreaterThan(first.token);
    const stale = new WeightsPublisher(fixture.redis, 'r', first);
    await expect(stale.publish(weights(9))).rejects.toThrow(/another learner took over/);
    expect(first.lost.aborted).toBe(true);
    expect(await stale.version()).toBe(1);
    await new WeightsPublisher(fixture.redis, 'r', second).publish(weights(2));
    await first.release();
    expect(await fixture.redis.get(fleetKeys('r').lease)).toBe('second');
  });

  it('goes on where Redis lost everything', async () => {
    await using lease = await published('r', 5);
    await fixture.redis.flushall();
    await new WeightsPublisher(fixture.redis, 'r', lease).publish(weights(6));
    expect((await new WeightsSubscriber(fixture.redis, 'r').newerThan(5))!.version).toBe(6);
  });
});
