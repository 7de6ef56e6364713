import { setTimeout as sleep } from 'node:timers/promises';
import type { EvaluationRequest } from '@qfleet/training';
import { UnrecoverableError } from 'bullmq';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Evaluate,
  EvaluationQueue,
  EvaluationWorker,
  fleetKeys,
  LearnerLease,
  readEvaluations,
} from '../src/index.ts';
import { log, useRedis } from './support/fixture.ts';

const request = (updates: number, version = updates): EvaluationRequest => ({
  id: `evaluation-${updates}-${version}-7`,
  updates,
  version,
  parameters: new Map([['w', { shape: [2], data: Float32Array.from([updates, 0.25]) }]]),
  episodes: 3,
  seed: 7,
});
const within = { timeout: 20_000, interval: 50 };

describe('evaluations', () => {
  const fixture = useRedis();

  async function newQueue(): Promise<EvaluationQueue> {
    const lease = await LearnerLease.acquire(fixture.redis, 'r', 'learner');
    const queue = new EvaluationQueue(fixture.redis, 'r', lease);
    onTestFinished(async () => {
      await queue.close();
      await lease.release();
    });
    return queue;
  }

  function worker(evaluate: Evaluate): EvaluationWorker {
    return new EvaluationWorker({ redis: fixture.connect(), run: 'r', evaluate, log });
  }
  /** Plays the parameters: returns follow from what came over the wire. */
  const play: Evaluate = async ({ parameters, episodes, seed, updates }) => ({
    returns: Array.from(
      { length: episodes },
      (_, i) => parameters.get('w')!.data[0] + i * parameters.get('w')!.data[1] + seed,
    ),
    ...(updates === 20 ? { info: { crashed: 0.25 } } : {}),
  });

  it('are played by a worker, and read by the one who asked and by others', async () => {
    const queue = await newQueue();
    await queue.request(request(10));
    await queue.request(request(20));
    expect(await queue.results()).toEqual([]);
    const evaluator = worker(play);
    await expect.poll(() => readEvaluations(fixture.redis, 'r'), within).toHaveLength(2);
    const results = await queue.results();
    expect(results.map(({ id, updates, returns, mean }) => ({ id, updates, returns, mean }))).toEqual([
      { id: request(10).id, updates: 10, returns: [17, 17.25, 17.5], mean: 17.25 },
      { id: request(20).id, updates: 20, returns: [27, 27.25, 27.5], mean: 27.25 },
    ]);
    expect(results.map(({ info }) => info)).toEqual([undefined, { crashed: 0.25 }]);
    expect(results[0].std).toBeCloseTo(Math.sqrt(0.125 / 3), 12);
    expect(await queue.results()).toEqual([]);
    expect(await readEvaluations(fixture.redis, 'r', 1)).toEqual(results.slice(1));
    expect(evaluator.done).toBe(2);
    expect(await fixture.redis.keys('*evaluation-weights*')).toEqual([]);
    await evaluator.close();
    await queue.close();
  });

  it('are each read once, also where Redis lost some of them', async () => {
    const queue = await newQueue();
    const { evaluations } = fleetKeys('r');
    const report = (...updates: number[]) =>
      fixture.redis.rpush(
        evaluations,
        ...updates.map((each) => JSON.stringify({ updates: each, returns: [each], seed: 1, seconds: 1 })),
      );
    const read = async () => (await queue.results()).map(({ updates }) => updates);
    await report(1, 2, 3);
    expect(await read()).toEqual([1, 2, 3]);
    await report(4);
    expect(await read()).toEqual([4]);
    // A failover took the last two, and two others came.
    await fixture.redis.ltrim(evaluations, 0, 1);
    await report(5, 6);
    expect(await read()).toEqual([5, 6]);
    // All were lost, and fewer than before came.
    await fixture.redis.del(evaluations);
    expect(await read()).toEqual([]);
    await report(7);
    expect(await read()).toEqual([7]);
    expect(await read()).toEqual([]);
  });

  it('asked for twice are played once', async () => {
    const queue = await newQueue();
    await queue.request(request(10));
    await queue.request(request(10));
    const evaluator = worker(play);
    await expect.poll(() => evaluator.done, within).toBe(1);
    await queue.request(request(11));
    await expect.poll(() => evaluator.done, within).toBe(2);
    expect((await queue.results()).map(({ updates }) => updates)).toEqual([10, 11]);
    await evaluator.close();
    await queue.close();
  });

  it('that fail are tried again', async () => {
    const queue = await newQueue();
    await queue.request(request(10));
    let tries = 0;
    const evaluator = worker(async (asked, signal) => {
      if (++tries < 3) throw new Error('a bad day');
      return play(asked, signal);
    });
    await expect.poll(() => readEvaluations(fixture.redis, 'r'), within).toHaveLength(1);
    expect(tries).toBe(3);
    expect(evaluator.failed).toBe(2);
    await evaluator.close();
    await queue.close();
  });

  it('in progress at the end of a worker go back, and are played by another', async () => {
    const queue = await newQueue();
    await queue.request(request(10));
    let begun = false;
    const first = worker(async (_, signal) => {
      begun = true;
      await sleep(60_000, undefined, { signal });
      return { returns: [] };
    });
    await expect.poll(() => begun, within).toBe(true);
    await first.close();
    expect(first.failed).toBe(0);
    const second = worker(play);
    await expect.poll(() => second.done, within).toBe(1);
    await second.close();
    await queue.close();
  });

  it('of a corrupt blob are refused and not played', async () => {
    const queue = await newQueue();
    await queue.request(request(10));
    const [key] = await fixture.redis.keys('*evaluation-weights*');
    const blob = (await fixture.redis.hgetBuffer(key, '0'))!;
    blob[blob.length - 1] ^= 1;
    await fixture.redis.hset(key, '0', blob);
    let played = 0;
    const evaluator = worker(async () => ({ returns: [++played] }));
    await expect.poll(() => evaluator.failed, within).toBeGreaterThan(0);
    await evaluator.close();
    expect(played).toBe(0);
    expect(await fixture.redis.llen(fleetKeys('r').evaluations)).toBe(0);
    await queue.close();
  });

  it('are not asked for by a learner whose lease another took', async () => {
    const first = await LearnerLease.acquire(fixture.redis, 'r', 'first');
    const queue = new EvaluationQueue(fixture.redis, 'r', first);
    await fixture.redis.del(fleetKeys('r').lease);
    await using _second = await LearnerLease.acquire(fixture.redis, 'r', 'second');
    await expect(queue.request(request(10))).rejects.toThrow(/another learner took over/);
    expect(first.lost.aborted).toBe(true);
    expect(await fixture.redis.keys('*evaluation-*')).toEqual([]);
    await queue.close();
    await first.release();
  });

  it('have their parameters in parts where they are large, and leave nothing behind', async () => {
    const queue = await newQueue();
    const data = Float32Array.from({ length: 1_500_000 }, (_, i) => i);
    await queue.request({ ...request(10), parameters: new Map([['w', { shape: [data.length], data }]]) });
    expect(await fixture.redis.hlen(fleetKeys('r').evaluationWeights('evaluation-10-10-7'))).toBe(3);
    let played: Float32Array | undefined;
    const evaluator = worker(async ({ parameters }) => {
      played = parameters.get('w')!.data;
      return { returns: [1] };
    });
    await expect.poll(() => evaluator.done, within).toBe(1);
    expect(played).toEqual(data);
    expect(await fixture.redis.keys('*evaluation-weights*')).toEqual([]);
    await evaluator.close();
  });

  it('that nobody plays do not pile up: the oldest are given up for the newest', async () => {
    const queue = await newQueue();
    for (let updates = 1; updates <= 105; updates++) await queue.request(request(updates));
    expect(queue.takeAbandoned()).toEqual(
      [1, 2, 3, 4, 5].map((updates) => ({ id: request(updates).id, updates })),
    );
    expect(await fixture.redis.keys('*evaluation-weights*')).toHaveLength(100);
    const large = (updates: number): EvaluationRequest => ({
      ...request(updates),
      parameters: new Map([['w', { shape: [5e6], data: new Float32Array(5e6) }]]),
    });
    // 20 MB each.
    for (let updates = 201; updates <= 205; updates++) await queue.request(large(updates));
    const kept = (await fixture.redis.keys('*evaluation-weights*')).map((key) =>
      Number(key.split('-').at(-2)),
    );
    expect(kept.sort((a, b) => a - b)).toEqual([203, 204, 205]);
    expect(queue.takeAbandoned()).toHaveLength(100 + 2);
  });

  it('that failed for good leave no parameters behind', async () => {
    const queue = await newQueue();
    await queue.request(request(10));
    const evaluator = worker(async () => {
      throw new UnrecoverableError('never');
    });
    await expect.poll(() => evaluator.failed, within).toBe(1);
    await expect.poll(() => fixture.redis.keys('*evaluation-weights*'), within).toEqual([]);
    await evaluator.close();
  });

  it('are kept a thousand, counted all', async () => {
    const queue = await newQueue();
    const { evaluations, totals } = fleetKeys('r');
    await fixture.redis.rpush(
      evaluations,
      ...Array.from({ length: 1_000 }, (_, i) =>
        JSON.stringify({ updates: i, returns: [1], seed: 7, seconds: 1 }),
      ),
    );
    await fixture.redis.hset(totals, 'evaluations', 1_000);
    expect(await queue.results()).toHaveLength(1_000);
    const evaluator = worker(play);
    for (const updates of [2_000, 2_001]) {
      await queue.request(request(updates));
      await expect
        .poll(async () => (await queue.results()).map((each) => each.updates), within)
        .toEqual([updates]);
    }
    expect(await fixture.redis.llen(evaluations)).toBe(1_000);
    expect(await fixture.redis.hget(totals, 'evaluations')).toBe('1002');
    await evaluator.close();
  });
});
