import { requestOf } from '@qfleet/training';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createRun,
  EvaluationQueue,
  EvaluationWorker,
  FleetReader,
  fleetKeys,
  Heartbeats,
  LearnerLease,
  RecordKeeper,
  readReturns,
  reportEpisodes,
} from '../src/index.ts';
import { configOf, log, useRedis } from './support/fixture.ts';

const keys = fleetKeys('r');
const within = { timeout: 20_000, interval: 50 };

describe('counters that somebody spoiled', () => {
  const fixture = useRedis();

  let reports = 0;
  const report = () =>
    reportEpisodes(fixture.redis, 'r', 'a1', ++reports, {
      episodes: 2,
      meanReturn: 5,
      returnSquares: 0,
      meanEpsilon: 0.1,
      buckets: [[3, 2]],
    });

  it('keep nobody from reporting, and are as they were once they are mended', async () => {
    await createRun(fixture.redis, 'r', configOf());
    let steps = 100;
    const heartbeats = new Heartbeats({
      redis: fixture.redis,
      run: 'r',
      role: 'evaluator',
      id: 'e1',
      name: null,
      measure: () => ({ snapshot: { evaluations: 1 }, totals: { environmentSteps: steps, episodes: 7 } }),
      log,
    });
    const reader = new FleetReader(fixture.redis, 'r');
    onTestFinished(() => reader.close());
    const keeper = new RecordKeeper(fixture.redis, 'r');
    await heartbeats.beat();
    await report();
    await keeper.check();
    for (const text of ['text', '1e300', '99999999999999999999', '', 'NaN']) {
      await fixture.redis.hset(keys.totals, 'environmentSteps', text);
      await fixture.redis.hset(keys.returns, '3', text, 'sum', 'x');
      await fixture.redis.hset(keys.counted('evaluator:e1'), 'episodes', 'x');
      steps += 10;
      await heartbeats.beat();
      await report();
      expect((await reader.read())!.evaluators).toHaveLength(1);
      await keeper.check();
    }
    expect(await readReturns(fixture.redis, 'r')).toMatchObject({ sum: 10 });
    expect((await readReturns(fixture.redis, 'r')).counts[3]).toBe(2);
    steps += 10;
    await heartbeats.beat();
    await report();
    expect((await readReturns(fixture.redis, 'r')).counts[3]).toBe(4);
    expect((await reader.read())!.totals.environmentSteps).toBe(110);
  });

  it('keys of another type are removed, for others to write to', async () => {
    const keeper = new RecordKeeper(fixture.redis, 'r');
    const spoiled = [keys.run, keys.processes, keys.unended, keys.totals, keys.returns, keys.episodes];
    for (const key of [...spoiled, keys.evaluations]) await fixture.redis.set(key, 'a string');
    await keeper.check();
    expect(await fixture.redis.keys('*')).toEqual([]);
    await report();
    expect((await readReturns(fixture.redis, 'r')).counts[3]).toBe(2);
  });

  it('a fraction where whole numbers are counted is taken back', async () => {
    const keeper = new RecordKeeper(fixture.redis, 'r');
    await report();
    await keeper.check();
    await fixture.redis.hincrbyfloat(keys.returns, '3', 0.5);
    await keeper.check();
    await report();
    expect((await readReturns(fixture.redis, 'r')).counts[3]).toBe(4);
  });

  it('a stream that takes no more is begun anew', async () => {
    await fixture.redis.xadd(keys.episodes, '18446744073709551615-18446744073709551615', 'report', '{}');
    await report();
    expect(await fixture.redis.xlen(keys.episodes)).toBe(1);
    await new RecordKeeper(fixture.redis, 'r').check();
    await report();
    expect(await fixture.redis.xlen(keys.episodes)).toBe(1);
    expect(await fixture.redis.xrange(keys.episodes, '-', '+')).not.toMatchObject([[/^1844/, []]]);
  });

  it('a queue of evaluations with what nobody can play does not keep others out', async () => {
    await using lease = await LearnerLease.acquire(fixture.redis, 'r', 'learner');
    const queue = new EvaluationQueue(fixture.redis, 'r', lease);
    const worker = new EvaluationWorker({
      redis: fixture.connect(),
      run: 'r',
      evaluate: async ({ updates }) => ({ returns: [updates] }),
      log,
    });
    onTestFinished(async () => {
      await worker.close();
      await queue.close();
    });
    const job = `${keys.queues}:evaluations:forged`;
    const request = (updates: number) =>
      queue.request(requestOf({ updates, version: updates, parameters: new Map() }, 1, 0));
    const played = async (): Promise<number[]> => (await queue.results()).map(({ updates }) => updates);
    for (const [i, data] of ['null', '{', '{"updates":-1}', '"text"'].entries()) {
      await fixture.redis.hset(job, 'name', 'evaluation', 'data', data, 'opts', '{}', 'timestamp', '1');
      await fixture.redis.lpush(`${keys.queues}:evaluations:wait`, 'forged');
      await request(i + 1);
      await expect.poll(played, within).toEqual([i + 1]);
    }
    for (const name of ['wait', 'meta', 'events', 'id']) {
      const key = `${keys.queues}:evaluations:${name}`;
      await fixture.redis.multi().del(key).zadd(key, 1, 'x').exec();
      await request(100 + name.length);
    }
  });
});
