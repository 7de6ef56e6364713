import { Queue } from 'bullmq';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type CellJob, CellQueue, CellWorker } from '../src/index.ts';
import { sweepQueues } from '../src/keys.ts';
import { log, useRedis } from './support/fixture.ts';

const job = (i: number): CellJob => ({ cell: i.toString(16).padStart(12, '0'), rung: 0 });
const within = { timeout: 20_000, interval: 20 };

describe('the cells of a sweep', () => {
  const fixture = useRedis();

  function newQueue(): CellQueue {
    const queue = new CellQueue(fixture.connect(), 's');
    onTestFinished(() => queue.close());
    return queue;
  }

  function worker(train: (job: CellJob, signal: AbortSignal) => Promise<void>, count = 1): CellWorker {
    return new CellWorker({ redis: fixture.connect(), sweep: 's', count, train, log });
  }

  it('are taken in their order, once, though they are added by several and again', async () => {
    const [one, other] = [newQueue(), newQueue()];
    const jobs = [1, 2, 3, 4].map(job);
    await one.add(jobs);
    await Promise.all([one.add(jobs), other.add(jobs)]);
    const trained: CellJob[] = [];
    const two = worker(async (each) => {
      trained.push(each);
      await other.add(jobs.slice(trained.length - 1));
    });
    await expect.poll(() => trained.length, within).toBe(4);
    await two.close();
    expect(trained).toEqual(jobs);
  });

  it('are given back by a worker that is told to end, and taken by another', async () => {
    const queue = newQueue();
    await queue.add([job(1)]);
    const first = worker(
      (_, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    await expect.poll(() => queue.active(), within).toEqual([job(1)]);
    await first.close();
    expect(await queue.active()).toEqual([]);
    const trained: CellJob[] = [];
    const second = worker(async (each) => void trained.push(each));
    await expect.poll(() => trained, within).toEqual([job(1)]);
    await second.close();
    expect(await queue.givenUp()).toEqual([]);
  });

  it('are given up after three attempts, and can be forgotten then and removed', async () => {
    const queue = newQueue();
    await queue.add([job(7)]);
    let attempts = 0;
    const failing = worker(async () => {
      attempts++;
      throw new Error('It was killed.');
    });
    await expect.poll(() => queue.givenUp(), within).toEqual([{ ...job(7), reason: 'It was killed.' }]);
    expect(attempts).toBe(3);
    await queue.add([job(7)]);
    expect(await queue.givenUp()).toHaveLength(1);
    await queue.forgetGivenUp();
    await queue.add([job(7)]);
    await expect.poll(() => attempts, within).toBeGreaterThan(3);
    await failing.close();
    await queue.remove();
    expect(await fixture.redis.keys('*')).toEqual([]);
  });

  it('are refused where they are none', async () => {
    const foreign = new Queue('cells', { connection: fixture.connect(), prefix: sweepQueues('s') });
    onTestFinished(() => foreign.close());
    await foreign.add('cell', { cell: '../../etc', rung: 0 });
    await foreign.add('cell', { cell: job(1).cell, rung: 1e9 });
    const trained: CellJob[] = [];
    const one = worker(async (each) => void trained.push(each));
    await expect.poll(() => foreign.getFailedCount(), within).toBe(2);
    await one.close();
    expect(trained).toEqual([]);
    expect(await newQueue().givenUp()).toEqual([]);
  });
});
