import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { runSchema } from '@qfleet/config';
import {
  connectRedis,
  createRun,
  EvaluationQueue,
  exitCodes,
  FleetReader,
  LearnerLease,
  readEvaluations,
  setPhase,
} from '@qfleet/fleet';
import { requestOf } from '@qfleet/training';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/support/redis.ts';

const MAIN = new URL('../dist/main.js', import.meta.url).pathname;
const within = { timeout: 25_000, interval: 50 };
type NamedTensors = Parameters<EvaluationQueue['request']>[0]['parameters'];

const request = (updates: number, parameters: NamedTensors, episodes: number) =>
  requestOf({ updates, version: updates, parameters }, episodes, 0);

/** Tabular Q-learning on CliffWalking: what its greedy policy does can be told from the table. */
const CONFIG = runSchema.parse({
  environment: { id: 'CliffWalking-v1', options: { max_episode_steps: 100 } },
  agent: { kind: 'tabular' },
});

/** Always the same of the four actions: up, right, down, left. */
const always = (action: number): NamedTensors =>
  new Map([
    ['q', { shape: [48, 4], data: Float32Array.from({ length: 192 }, (_, i) => Number(i % 4 === action)) }],
  ]);

describe('an evaluator process', () => {
  let server: TestRedis;
  let redis: Awaited<ReturnType<typeof connectRedis>>;
  let queue: EvaluationQueue;
  let lease: LearnerLease;

  beforeAll(async () => {
    server = await startRedis();
    redis = await connectRedis(`unix://${server.socket}`, { role: 'test' });
  });
  beforeEach(async () => {
    await redis.flushall();
    await createRun(redis, 'r', CONFIG);
    lease = await LearnerLease.acquire(redis, 'r', 'learner');
    queue = new EvaluationQueue(redis, 'r', lease);
  });
  afterEach(() => lease.release());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  function evaluator() {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, QFLEET_REDIS_URL: `unix://${server.socket}`, QFLEET_RUN: 'r' },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit').then(([code]) => code as number | null);
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    return { child, ended };
  }

  it('plays the greedy policy of the parameters, and ends with the run', async () => {
    const { ended } = evaluator();
    // Left at the start is the wall: −1 a step until the limit. Right is the cliff: −100 a step.
    await queue.request(request(1, always(3), 3));
    await queue.request(request(2, always(1), 2));
    await expect.poll(() => readEvaluations(redis, 'r'), within).toHaveLength(2);
    const results = await queue.results();
    expect(results.map(({ updates, returns, std }) => ({ updates, returns, std }))).toEqual([
      { updates: 1, returns: [-100, -100, -100], std: 0 },
      { updates: 2, returns: [-10_000, -10_000], std: 0 },
    ]);
    await setPhase(redis, 'r', 'finished');
    expect(await ended).toBe(0);
  });

  it('gives its evaluation back at SIGTERM', async () => {
    const { child, ended } = evaluator();
    await queue.request(request(1, always(3), 1_000_000));
    const reader = new FleetReader(redis, 'r');
    const evaluations = async () => (await reader.read())!.queues['evaluations'];
    await expect.poll(async () => (await evaluations()).active, within).toBe(1);
    child.kill('SIGTERM');
    expect(await ended).toBe(exitCodes.stopped);
    expect(await evaluations()).toMatchObject({ waiting: 1, active: 0, failed: 0 });
    expect(await queue.results()).toEqual([]);
    await reader.close();
  });

  it('refuses parameters of another agent', async () => {
    evaluator();
    const parameters: NamedTensors = new Map([['other', { shape: [1], data: new Float32Array(1) }]]);
    await queue.request(request(1, parameters, 1));
    const reader = new FleetReader(redis, 'r');
    await expect.poll(async () => (await reader.read())!.totals.evaluationsFailed, within).toBeGreaterThan(0);
    expect(await queue.results()).toEqual([]);
    await reader.close();
  });
});
