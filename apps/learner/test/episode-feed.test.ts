import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runSchema } from '@qfleet/config';
import { connectRedis, createLogger, EpisodeTally, readProcessEnv, reportEpisodes } from '@qfleet/fleet';
import { RunDirectory } from '@qfleet/report';
import { MetricsRecorder } from '@qfleet/training';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/support/redis.ts';
import { EpisodeFeed } from '../src/episode-feed.ts';

type Client = Awaited<ReturnType<typeof connectRedis>>;

const within = { timeout: 10_000, interval: 20 };
const folder = mkdtempSync(join(tmpdir(), 'qfleet-feed-'));
let server: TestRedis;
let redis: Client;
let actor: Client;

beforeAll(async () => {
  server = await startRedis();
  redis = await connectRedis(`unix://${server.socket}`, { role: 'learner' });
  actor = await connectRedis(`unix://${server.socket}`, { role: 'actor' });
});

afterAll(async () => {
  redis.disconnect();
  actor.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true });
});

let reports = 0;

async function report(...returns: number[]): Promise<void> {
  const tally = new EpisodeTally();
  for (const value of returns) tally.add({ return: value, epsilon: 0.25 });
  await reportEpisodes(actor, 'r', 'a', ++reports, tally.take()!);
}

function feedInto(recorder: MetricsRecorder, onReading: () => void = () => undefined): EpisodeFeed {
  const env = readProcessEnv({ QFLEET_REDIS_URL: 'redis://127.0.0.1', QFLEET_RUN: 'r' });
  return new EpisodeFeed({ redis, env, log: createLogger('silent', {}) }, recorder, onReading);
}

const recorderOf = (episodes: number): MetricsRecorder => {
  const config = runSchema.parse({ environment: { id: 'CartPole-v1' }, agent: { kind: 'dqn' } });
  const recorder = new MetricsRecorder(
    RunDirectory.create(`${mkdtempSync(join(folder, 'run-'))}/r`, 'r', config),
    () => undefined,
  );
  recorder.episodes = { ...recorder.episodes, episodes };
  return recorder;
};

it('counts each episode once: over sessions, and over the loss of Redis', async () => {
  const first = recorderOf(0);
  const feed = feedInto(first);
  await report(10, 30);
  await report(20);
  await expect.poll(() => first.episodes.episodes, within).toBe(3);
  await feed.stop();
  expect(first.episodes).toEqual({
    episodes: 3,
    meanReturn: 20,
    returnStd: Math.sqrt(200 / 3),
    epsilon: 0.25,
  });
  // A resumed run, on the same Redis.
  await report(20);
  const second = recorderOf(3);
  const resumed = feedInto(second);
  await expect.poll(() => second.episodes.episodes, within).toBe(4);
  // Redis loses all.
  await actor.flushall();
  reports = 0;
  await report(5, 5);
  await expect.poll(() => second.episodes.episodes, within).toBe(6);
  await resumed.stop();
  // And again, between two sessions.
  await actor.flushall();
  reports = 0;
  await report(7);
  const third = recorderOf(6);
  await feedInto(third).stop();
  expect(third.episodes).toMatchObject({ episodes: 7, meanReturn: 7 });
});

it('asks nothing before the last question is answered', async () => {
  let readings = 0;
  const feed = feedInto(recorderOf(0), () => readings++);
  await expect.poll(() => readings, within).toBeGreaterThan(0);
  await actor.call('CLIENT', 'PAUSE', '3000', 'ALL');
  const inFlight = (): number =>
    (redis as unknown as { commandQueue: { length: number } }).commandQueue.length;
  await expect.poll(inFlight, within).toBeGreaterThan(0);
  const asked = inFlight();
  // Time for three more.
  await sleep(1_700);
  expect(inFlight()).toBe(asked);
  await feed.stop();
});
