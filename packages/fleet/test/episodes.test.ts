import { returnBucket } from '@qfleet/metrics';
import { describe, expect, it } from 'vitest';
import { EpisodeTally, fleetKeys, readRecentEpisodes, readReturns, reportEpisodes } from '../src/index.ts';
import { useRedis } from './support/fixture.ts';

const keys = fleetKeys('r');

describe('episodes, from actors to whoever asks', () => {
  const fixture = useRedis();
  let number = 0;

  async function report(returns: readonly number[], epsilon = 0.5): Promise<void> {
    const tally = new EpisodeTally();
    for (const value of returns) tally.add({ return: value, epsilon });
    await reportEpisodes(fixture.redis, 'r', 'a', ++number, tally.take()!);
  }

  it('are summed up by the actor: mean, squares, ε and buckets are those of the episodes', () => {
    const tally = new EpisodeTally();
    expect(tally.take()).toBeNull();
    const returns = Array.from({ length: 1_000 }, (_, i) => 1e6 + Math.sin(i) * 40);
    for (const [i, value] of returns.entries()) tally.add({ return: value, epsilon: i % 2 });
    const { episodes, meanReturn, returnSquares, meanEpsilon, buckets } = tally.take()!;
    const mean = returns.reduce((sum, value) => sum + value) / 1_000;
    expect(episodes).toBe(1_000);
    expect(meanReturn).toBeCloseTo(mean, 6);
    expect(returnSquares / returns.reduce((sum, value) => sum + (value - mean) ** 2, 0)).toBeCloseTo(1, 9);
    expect(meanEpsilon).toBe(0.5);
    expect(buckets).toEqual([[returnBucket(1e6), 1_000]]);
    expect(tally.take()).toBeNull();
  });

  it('take as many bytes in Redis, however many and however short they are', async () => {
    for (let i = 0; i < 1_000; i++) await report(Array.from({ length: 500 }, () => i % 2));
    const reports = await fixture.redis.xlen(keys.episodes);
    expect(reports).toBeGreaterThanOrEqual(100);
    expect(reports).toBeLessThanOrEqual(300);
    expect(await fixture.redis.memory('USAGE', keys.episodes, 'SAMPLES', 0)).toBeLessThan(60_000);
    const { counts, sum } = await readReturns(fixture.redis, 'r');
    expect(counts.reduce((all, count) => all + count)).toBe(500_000);
    expect(sum).toBe(250_000);
  });

  it('are told of as many reports as hold the last 100', async () => {
    expect(await readRecentEpisodes(fixture.redis, 'r')).toBeNull();
    await report(Array.from({ length: 5_000 }, () => -7));
    expect(await readRecentEpisodes(fixture.redis, 'r')).toEqual({
      meanReturn: -7,
      returnStd: 0,
      meanEpsilon: 0.5,
    });
    for (let i = 0; i < 50; i++) await report([i, i + 50], i < 25 ? 0 : 1);
    const recent = (await readRecentEpisodes(fixture.redis, 'r'))!;
    expect(recent.meanReturn).toBeCloseTo(49.5, 9);
    expect(recent.returnStd).toBeCloseTo(Math.sqrt((100 ** 2 - 1) / 12), 9);
    expect(recent.meanEpsilon).toBe(0.5);
  });

  it('are not told of what no actor reports', async () => {
    const forged = [
      '{',
      'null',
      '{}',
      '{"episodes":1e300}',
      '{"episodes":-1,"meanReturn":0}',
      '"x"'.repeat(9),
    ];
    for (const text of forged) await fixture.redis.xadd(keys.episodes, '*', 'report', text);
    await fixture.redis.xadd(keys.episodes, '*', 'episodes', '[{"return":1}]');
    expect(await readRecentEpisodes(fixture.redis, 'r')).toBeNull();
    await report([3]);
    expect(await readRecentEpisodes(fixture.redis, 'r')).toEqual({
      meanReturn: 3,
      returnStd: 0,
      meanEpsilon: 0.5,
    });
  });
});
