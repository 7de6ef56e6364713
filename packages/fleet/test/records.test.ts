import { type RecordKind, refusedTotal, returnBounds } from '@qfleet/metrics';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createRun,
  EvaluationQueue,
  episodesBefore,
  FleetReader,
  fleetKeys,
  Heartbeats,
  LearnerLease,
  readPhase,
  readRun,
  reportEpisodes,
} from '../src/index.ts';
import { configOf, log, useRedis } from './support/fixture.ts';

const TEN_MB = 'x'.repeat(10_000_000);
const keys = fleetKeys('r');

describe('what lies in Redis is not believed', () => {
  const fixture = useRedis();

  async function readerOfARun(): Promise<FleetReader> {
    await createRun(fixture.redis, 'r', configOf());
    const reader = new FleetReader(fixture.redis, 'r');
    onTestFinished(() => reader.close());
    return reader;
  }

  const beating = (id: string, phases: (string | null)[] = []) =>
    new Heartbeats({
      redis: fixture.redis,
      run: 'r',
      role: 'evaluator',
      id,
      name: null,
      measure: () => ({ snapshot: { evaluations: 3 }, totals: { evaluationsFailed: 2 } }),
      onPhase: (phase) => phases.push(phase),
      log,
    });

  /** How many records of a kind `look` has refused. */
  async function refusedBy(
    reader: FleetReader,
    kind: RecordKind,
    look: () => Promise<unknown>,
  ): Promise<number> {
    const count = async () => (await reader.read())!.totals[refusedTotal(kind)];
    const before = await count();
    await look();
    return (await count()) - before;
  }

  /** Values that are no record of any kind. */
  const garbage = ['null', '{', '[]', '[[[[[]]]]]', 'text', '-1', '9e99', 'NaN', '""', '{"id":"a"}', TEN_MB];

  it('garbage in place of heartbeats hides only whom it stands for', async () => {
    const reader = await readerOfARun();
    await beating('e1').beat();
    const snapshot = JSON.parse((await fixture.redis.get(keys.process('evaluator:e1')))!) as object;
    const forged = [
      ...garbage,
      JSON.stringify({ ...snapshot, id: 'e1' }),
      JSON.stringify({ ...snapshot, id: 'forged', evaluations: -1 }),
      JSON.stringify({ ...snapshot, id: 'forged', startedAt: 9e99 }),
      JSON.stringify({ ...snapshot, id: 'forged', host: '\u001b[2J' }),
    ];
    await fixture.redis.zadd(keys.processes, 1e12, 'evaluator:forged');
    for (const text of forged) {
      await fixture.redis.set(keys.process('evaluator:forged'), text);
      const look = async () => {
        const { evaluators } = (await reader.read())!;
        expect(evaluators.map(({ id }) => id)).toEqual(['e1']);
      };
      expect(await refusedBy(reader, 'heartbeat', look)).toBeGreaterThan(0);
    }
    for (const name of ['nobody', 'evaluator:', 'evaluator:a b', '__proto__:x', `actor:${'a'.repeat(100)}`]) {
      await fixture.redis.zadd(keys.processes, 1e12, name);
    }
    await fixture.redis.del(keys.process('evaluator:forged'));
    expect(await refusedBy(reader, 'heartbeat', () => reader.read())).toBeGreaterThanOrEqual(5);
  });

  it('of 20,000 names of processes some are looked at', async () => {
    const reader = await readerOfARun();
    const names = Array.from({ length: 20_000 }, (_, i) => `actor:a${i}`);
    await fixture.redis.zadd(keys.processes, ...names.flatMap((name) => [1, name]));
    await beating('e1').beat();
    await fixture.redis.zadd(keys.processes, ...names.flatMap((name) => [1, name]));
    const { evaluators, actors } = (await reader.read())!;
    expect(evaluators).toHaveLength(1);
    expect(actors).toEqual([]);
  });

  it('totals and returns that are no counts stay as they were', async () => {
    const reader = await readerOfARun();
    await fixture.redis.hset(
      keys.totals,
      'environmentSteps',
      100,
      'actorWaitRedisSeconds',
      '2.50000000000000001',
    );
    await fixture.redis.hset(keys.returns, '3', 7, 'sum', '-12.5');
    const counts = Array.from({ length: returnBounds.length + 1 }, (_, bucket) => (bucket === 3 ? 7 : 0));
    const look = async () => {
      const { totals, returns } = (await reader.read())!;
      expect(totals).toMatchObject({ environmentSteps: 100, actorWaitRedisSeconds: 2.5 });
      expect(returns).toMatchObject({ counts, sum: -12.5 });
    };
    await look();
    for (const text of ['text', '-1', '9e99', 'NaN', 'Infinity', '0x10', '1 ', '[]', TEN_MB]) {
      await fixture.redis.hset(keys.totals, 'environmentSteps', text);
      await fixture.redis.hset(keys.returns, '3', text, 'sum', text === '-1' || text === '9e99' ? 'x' : text);
      expect(await refusedBy(reader, 'totals', look)).toBeGreaterThan(0);
      expect(await refusedBy(reader, 'returns', look)).toBeGreaterThan(0);
    }
  });

  it('keys of another type are as if they were not there', async () => {
    const reader = await readerOfARun();
    await beating('e1').beat();
    const { processes, totals, returns, evaluations, queues } = keys;
    await fixture.redis.zadd(processes, 1, 'actor:a1');
    const spoiled = [totals, returns, evaluations, keys.process('actor:a1'), `${queues}:rollouts:wait`];
    for (const key of spoiled) {
      await fixture.redis.del(key);
      await fixture.redis.sadd(key, 'a member');
    }
    const { evaluators, actors } = (await reader.read())!;
    expect(evaluators).toHaveLength(1);
    expect(actors).toEqual([]);
    await fixture.redis.del(processes);
    await fixture.redis.set(processes, 'a string');
    expect((await reader.read())!.evaluators).toEqual([]);
  });

  it('evaluations are read without what is none, and their mean is what their returns say', async () => {
    const reader = await readerOfARun();
    await using lease = await LearnerLease.acquire(fixture.redis, 'r', 'learner');
    const queue = new EvaluationQueue(fixture.redis, 'r', lease);
    onTestFinished(() => queue.close());
    const report = (updates: number, more: object = {}) =>
      JSON.stringify({ updates, returns: [1, 2], mean: 1e9, std: -1, seed: 1, seconds: 1, ...more });
    await fixture.redis.rpush(
      keys.evaluations,
      report(1),
      ...garbage,
      report(2, { returns: [] }),
      report(3, { returns: [1e300] }),
      report(4, { updates: -1 }),
      report(5, { returns: ['1'] }),
    );
    await fixture.redis.rpush(keys.evaluations, report(6));
    let results: Awaited<ReturnType<EvaluationQueue['results']>> = [];
    const look = async () => {
      results = await queue.results();
    };
    expect(await refusedBy(reader, 'evaluation', look)).toBe(garbage.length + 4);
    expect(results.map(({ updates, mean, std }) => ({ updates, mean, std }))).toEqual([
      { updates: 1, mean: 1.5, std: 0.5 },
      { updates: 6, mean: 1.5, std: 0.5 },
    ]);
    expect((await reader.read())!.returns.lastEvaluationMean).toBe(1.5);
    await fixture.redis.rpush(keys.evaluations, '{');
    expect((await reader.read())!.returns.lastEvaluationMean).toBe(1.5);
    expect(await queue.results()).toEqual([]);
  });

  it('reports of episodes are read without what is none', async () => {
    const reader = await readerOfARun();
    const report = { episodes: 2, meanReturn: 5, returnSquares: 0, meanEpsilon: 0.1 };
    await reportEpisodes(fixture.redis, 'r', 'a1', 1, { ...report, buckets: [] });
    const forged = [
      ...garbage,
      JSON.stringify({ ...report, episodes: -1 }),
      JSON.stringify({ ...report, meanReturn: 1e300 }),
      JSON.stringify({ ...report, meanEpsilon: 2 }),
    ];
    for (const text of forged) await fixture.redis.xadd(keys.episodes, '*', 'report', text);
    await fixture.redis.xadd(keys.episodes, '*', 'another', 'field');
    const look = async () => expect((await reader.read())!.returns.lastMean).toBe(5);
    // Twice: `refusedBy` looks before and after.
    expect(await refusedBy(reader, 'episodes', look)).toBe(2 * (forged.length + 1));
    await fixture.redis.del(keys.episodes);
    await fixture.redis.set(keys.episodes, 'a string');
    expect((await reader.read())!.returns.lastMean).toBeNull();
    await fixture.redis.hset(keys.returns, 'before', 'x');
    expect(await episodesBefore(fixture.redis, 'r', 12)).toBe(12);
  });

  it("a run's record is checked by the schema, and named where it is refused", async () => {
    const config = JSON.stringify(configOf());
    const records: [RegExp, Record<string, string>][] = [
      [/its configuration is not JSON/, { config: '{' }],
      [/no mapping/, { config: 'null' }],
      [/agent\.kind is "x"; allowed: dqn or tabular/, { config: config.replace('"dqn"', '"x"') }],
      [/fleet\.slotsPerActor is -1/, { config: config.replace(/"slotsPerActor":\d+/, '"slotsPerActor":-1') }],
      [/startedAt is "soon"/, { config, startedAt: 'soon', phase: 'running' }],
      [/its phase is "asleep"/, { config, startedAt: '1', phase: 'asleep' }],
    ];
    for (const [message, record] of records) {
      await fixture.redis.del(keys.run);
      await fixture.redis.hset(keys.run, record);
      await expect(readRun(fixture.redis, 'r')).rejects.toThrow(message);
      await expect(readRun(fixture.redis, 'r')).rejects.toThrow(
        /^The record of run r in Redis is refused: [^\n]*$/,
      );
    }
    await fixture.redis.hset(keys.run, 'config', TEN_MB);
    expect(await readRun(fixture.redis, 'r')).toBeNull();
    await fixture.redis.del(keys.run);
    await fixture.redis.set(keys.run, 'a string');
    expect(await readRun(fixture.redis, 'r')).toBeNull();
  });

  it('a phase that there is not changes nothing for those who read it', async () => {
    const reader = await readerOfARun();
    expect((await reader.read())!.phase).toBe('starting');
    const phases: (string | null)[] = [];
    const heartbeats = beating('e1', phases);
    await heartbeats.beat();
    await fixture.redis.hset(keys.run, 'phase', 'asleep');
    await heartbeats.beat();
    expect(phases).toEqual(['starting']);
    expect(await readPhase(fixture.redis, 'r')).toBeNull();
    expect((await reader.read())!.phase).toBe('starting');
  });
});
