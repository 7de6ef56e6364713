import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetTotals } from '@qfleet/metrics';
import { requestOf } from '@qfleet/training';
import { describe, expect, it } from 'vitest';
import {
  createRun,
  EpisodeTally,
  EvaluationQueue,
  FleetReader,
  fleetKeys,
  Heartbeats,
  LearnerLease,
  RolloutLeases,
  reportEpisodes,
  seedLeases,
  setPhase,
} from '../src/index.ts';
import { configOf, log, useRedis } from './support/fixture.ts';

const within = { timeout: 10_000, interval: 20 };

describe('the fleet as it is read', () => {
  const fixture = useRedis();

  function actor(id: string, options: { name?: string; totals?: () => Partial<FleetTotals> } = {}) {
    const phases: (string | null)[] = [];
    const heartbeats = new Heartbeats({
      redis: fixture.redis,
      run: 'r',
      role: 'actor',
      id,
      name: options.name ?? null,
      measure: () => ({
        snapshot: {
          slots: 4,
          environmentSteps: 100,
          episodes: 2,
          epsilon: 0.25,
          weightsVersion: 3,
          transitionsBuffered: 5,
        },
        totals: options.totals?.() ?? {},
      }),
      onPhase: (phase) => phases.push(phase),
      log,
    });
    return { heartbeats, phases };
  }

  async function read() {
    const reader = new FleetReader(fixture.redis, 'r');
    try {
      return await reader.read();
    } finally {
      await reader.close();
    }
  }

  function reportOf(returns: readonly number[]) {
    const tally = new EpisodeTally();
    for (const value of returns) tally.add({ return: value, epsilon: 0.1 });
    return tally.take()!;
  }

  it('is null where there is no run', async () => {
    expect(await read()).toBeNull();
  });

  it('lists processes while they beat, and not after a clean end', async () => {
    await createRun(fixture.redis, 'r', configOf());
    const { heartbeats } = actor('a1');
    await heartbeats.start();
    const { actors } = (await read())!;
    expect(actors).toMatchObject([
      { id: 'a1', pid: process.pid, slots: 4, epsilon: 0.25, weightsVersion: 3, transitionsBuffered: 5 },
    ]);
    expect(actors[0].residentBytes).toBeGreaterThan(1e6);
    await heartbeats.stop();
    expect((await read())!.actors).toEqual([]);
  });

  it('tells how long the event loop was held, since the heartbeat before', async () => {
    await createRun(fixture.redis, 'r', configOf());
    const { heartbeats } = actor('a1');
    await heartbeats.start();
    // A heartbeat of its own time may come between and take the lag along.
    const hold = async () => {
      await sleep(60);
      const until = performance.now() + 300;
      while (performance.now() < until);
      // The monitor is a timer too: it gets to see the delay after the hold.
      await sleep(60);
      await heartbeats.beat();
      return (await read())!.actors[0];
    };
    await expect.poll(async () => (await hold()).eventLoopLagSeconds, within).toBeGreaterThan(0.25);
    const [{ heapUsedBytes, residentBytes }] = (await read())!.actors;
    expect(heapUsedBytes).toBeGreaterThan(1e6);
    expect(heapUsedBytes).toBeLessThan(residentBytes);
    await heartbeats.stop();
  });

  it('knows the Redis server: what INFO says', async () => {
    await createRun(fixture.redis, 'r', configOf());
    await fixture.redis.config('SET', 'maxmemory', '512mb');
    const [server] = (await read())!.redisServers;
    await fixture.redis.set('more', 'x'.repeat(5_000_000));
    const [after] = (await read())!.redisServers;
    await fixture.redis.config('SET', 'maxmemory', '0');
    expect(server).toMatchObject({ server: '0', maxMemoryBytes: 512 * 2 ** 20 });
    expect(after.usedMemoryBytes - server.usedMemoryBytes).toBeGreaterThan(4_500_000);
    expect(after.inputBytes - server.inputBytes).toBeGreaterThan(5_000_000);
    expect(after.commands).toBeGreaterThan(server.commands);
    expect(after.clients).toBeGreaterThan(0);
    expect(after.cpuSeconds).toBeGreaterThan(0);
    expect(Math.abs(Date.now() - server.startedAt)).toBeLessThan(600_000);
  });

  it('does not list those that fell silent', async () => {
    await createRun(fixture.redis, 'r', configOf());
    const { heartbeats } = actor('a1');
    await heartbeats.beat();
    const key = fleetKeys('r').process('actor:a1');
    expect(await fixture.redis.pttl(key)).toBeGreaterThan(0);
    await fixture.redis.pexpire(key, 1);
    await expect.poll(async () => (await read())!.actors, within).toEqual([]);
  });

  it('tells processes the phase, and that the run was lost', async () => {
    await createRun(fixture.redis, 'r', configOf());
    const { heartbeats, phases } = actor('a1');
    await heartbeats.start();
    await setPhase(fixture.redis, 'r', 'stopping');
    await expect.poll(() => phases.at(-1), within).toBe('stopping');
    await fixture.redis.flushall();
    await expect.poll(() => phases.at(-1), within).toBeNull();
    await heartbeats.stop();
    expect(phases[0]).toBe('starting');
  });

  it('sums counters over processes and their lives, once each', async () => {
    await createRun(fixture.redis, 'r', configOf());
    let steps = 10;
    const first = actor('a1', {
      totals: () => ({ environmentSteps: steps, actorWaitRatioSeconds: steps / 4 }),
    });
    await first.heartbeats.beat();
    await first.heartbeats.beat();
    steps = 25;
    await first.heartbeats.beat();
    await actor('a2', { totals: () => ({ environmentSteps: 100 }) }).heartbeats.beat();
    expect((await read())!.totals).toMatchObject({
      environmentSteps: 125,
      actorWaitRatioSeconds: 6.25,
      episodes: 0,
    });
  });

  it('counts restarts of what has a name and did not end cleanly', async () => {
    await createRun(fixture.redis, 'r', configOf());
    const restarts = async () => (await read())!.totals.actorRestarts;
    await actor('a0.1', { name: 'a0' }).heartbeats.start();
    expect(await restarts()).toBe(0);
    const second = actor('a0.2', { name: 'a0' }).heartbeats;
    await second.start();
    expect(await restarts()).toBe(1);
    await second.stop();
    const third = actor('a0.3', { name: 'a0' }).heartbeats;
    await third.start();
    expect(await restarts()).toBe(1);
    await third.stop(false);
    await actor('a0.4', { name: 'a0' }).heartbeats.start();
    expect(await restarts()).toBe(2);
  });

  it('knows episodes: how the last ones were, and the histogram of returns', async () => {
    await createRun(fixture.redis, 'r', configOf());
    expect((await read())!.returns).toMatchObject({ sum: 0, lastMean: null, lastEvaluationMean: null });
    await reportEpisodes(fixture.redis, 'r', 'a', 1, reportOf([9, 500]));
    await reportEpisodes(fixture.redis, 'r', 'a', 2, reportOf([-3.5]));
    // Its reply was lost: it comes again.
    await reportEpisodes(fixture.redis, 'r', 'a', 2, reportOf([-3.5]));
    const { returns } = (await read())!;
    expect(returns.sum).toBe(505.5);
    expect(returns.lastMean).toBe(168.5);
    expect(returns.counts.reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  it('knows the queues, and a replay that is not there yet', async () => {
    const config = configOf({ slots: 12, slotsPerLease: 2 });
    await createRun(fixture.redis, 'r', config);
    await seedLeases(fixture.redis, 'r', config.fleet);
    await using lease = await LearnerLease.acquire(fixture.redis, 'r', 'learner');
    const queue = new EvaluationQueue(fixture.redis, 'r', lease);
    await queue.request(requestOf({ updates: 1, version: 1, parameters: new Map() }, 1, 0));
    const leases = new RolloutLeases({
      redis: fixture.redis,
      run: 'r',
      fleet: { ...config.fleet, slotsPerActor: 4 },
      onTaken: () => undefined,
      episodesOf: () => 0,
      onLost: () => undefined,
      log,
    });
    leases.start();
    await expect.poll(() => leases.slots, within).toBe(4);
    const state = (await read())!;
    expect(state.queues).toEqual({
      rollouts: { waiting: 4, active: 2, delayed: 0, failed: 0 },
      evaluations: { waiting: 1, active: 0, delayed: 0, failed: 0 },
    });
    expect(state.replay).toMatchObject({
      transitions: 0,
      chunks: 0,
      capacityTransitions: config.replay.capacity,
    });
    await leases.release();
    await queue.close();
  });
});
