import { returnBucket } from '@qfleet/metrics';
import { describe, expect, it } from 'vitest';
import { EpisodeTally, fleetKeys, readRecentEpisodes, readReturns, reportEpisodes } from '../src/index.ts';
import { useRedis } from './support/fixture.ts';

const keys = fleetKeys('r');

const withInfo = (info: string): string =>
  `{"episodes":1,"meanReturn":0,"returnSquares":0,"meanEpsilon":0,"info":${info}}`;

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

  it('have means of what they told in info, over the episodes that told it', async () => {
    const tally = new EpisodeTally();
    const told = [{ crashed: 1, speed: 20 }, { crashed: 0 }, { crashed: 0, speed: 30 }, undefined];
    for (const info of told) tally.add({ return: 1, epsilon: 0, ...(info ? { info } : {}) });
    const first = tally.take()!;
    expect(first.info).toEqual({ crashed: [3, 1 / 3], speed: [2, 25] });
    await reportEpisodes(fixture.redis, 'r', 'a', ++number, first);
    tally.add({ return: 1, epsilon: 0, info: { crashed: 1 } });
    const second = tally.take()!;
    expect(second.info).toEqual({ crashed: [1, 1] });
    await reportEpisodes(fixture.redis, 'r', 'a', ++number, second);
    const { info } = (await readRecentEpisodes(fixture.redis, 'r'))!;
    expect(info!['crashed']).toBeCloseTo(0.5, 12);
    expect(info!['speed']).toBe(25);
    expect(JSON.stringify(second).length).toBeLessThan(512);
  });

  it('are read at the longest, and have 16 names in all, those of the newest', async () => {
    const tally = new EpisodeTally();
    const longest = (letter: string) =>
      Object.fromEntries(
        Array.from({ length: 16 }, (_, i) => [
          `${letter}${i}`.padEnd(32, 'x'),
          -Math.PI * 1e-99 - i * 1e-100,
        ]),
      );
    for (const letter of ['a', 'b']) {
      for (let i = 0; i < 3; i++)
        tally.add({ return: -Math.PI * 1e99, epsilon: 1 / 3, info: longest(letter) });
      await reportEpisodes(fixture.redis, 'r', 'a', ++number, tally.take()!);
    }
    const { info } = (await readRecentEpisodes(fixture.redis, 'r'))!;
    expect(Object.keys(info!)).toEqual(Object.keys(longest('b')));
  });

  it('are not told of what no actor reports', async () => {
    const forged = [
      '{',
      'null',
      '{}',
      '{"episodes":1e300}',
      '{"episodes":-1,"meanReturn":0}',
      '"x"'.repeat(9),
      ...['{"a\\nb":[1,2]}', '{"a":[0,2]}', '{"a":[1,1e200]}', '{"a":3}', '[]', '{"a":[1,null]}'].map(
        withInfo,
      ),
      withInfo(JSON.stringify(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`n${i}`, [1, 0]])))),
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
