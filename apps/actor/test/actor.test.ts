import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { replayRunConfig } from '@qfleet/config';
import { exitCodes, replayPrefix, reviseRun, setPhase } from '@qfleet/fleet';
import { encodeChunk, type Layout, openReplayInbox, ratioLimiter, type SealedChunk } from '@qfleet/replay';
import { describe, expect, it } from 'vitest';
import { configOf, TestFleet } from './support/fleet.ts';

/** A step under another's name, after which nothing of that name is new. */
const forged = (layout: Layout, writer: string): SealedChunk =>
  encodeChunk(
    {
      writer,
      sequence: Number.MAX_SAFE_INTEGER,
      slot: 0,
      episode: 0,
      offset: 0,
      length: 1,
      end: 'truncated',
      episodeReturn: 0,
      epsilon: 1,
      weightsVersion: 1,
      observations: new Float32Array(8),
      actions: Int32Array.of(0),
      rewards: Float32Array.of(0),
      priorities: null,
    },
    layout,
  );

const within = { timeout: 25_000, interval: 50 };

describe('an actor process', () => {
  it('may be started before the run; hands every step over when it is ended, and its leases back', async () => {
    await using fleet = await TestFleet.start(configOf({}));
    const actor = fleet.actor('actor-0');
    await expect.poll(actor.log, within).toMatch(/Waiting for run r/);
    await fleet.createRun();
    await expect
      .poll(async () => (await fleet.state()).totals.transitionsPushed, within)
      .toBeGreaterThan(2_000);
    await expect
      .poll(async () => (await fleet.state()).actors, within)
      .toMatchObject([{ slots: 4, weightsVersion: 1, id: expect.stringMatching(/^actor-0\./) }]);
    actor.child.kill('SIGTERM');
    expect(await actor.ended).toBe(exitCodes.stopped);
    const state = await fleet.state();
    expect(state.totals.environmentSteps).toBe(state.totals.transitionsPushed);
    expect(state.totals.transitionsDropped).toBe(0);
    expect(state.totals.episodes).toBe(state.returns.counts.reduce((sum, count) => sum + count, 0));
    expect(state.actors).toEqual([]);
    expect(state.queues['rollouts']).toMatchObject({ waiting: 4, active: 0 });
  });

  it('ends with its run', async () => {
    await using fleet = await TestFleet.start(configOf({}));
    await fleet.createRun();
    const actor = fleet.actor('actor-0');
    await expect.poll(async () => (await fleet.state()).totals.transitionsPushed, within).toBeGreaterThan(0);
    await setPhase(fleet.redis, 'r', 'stopping');
    expect(await actor.ended).toBe(0);
  });

  it('ends to be started again, all handed over, where the settings of its run are changed', async () => {
    await using fleet = await TestFleet.start(configOf({}));
    await fleet.createRun();
    const actor = fleet.actor('actor-0');
    await expect.poll(async () => (await fleet.state()).totals.transitionsPushed, within).toBeGreaterThan(0);
    await reviseRun(fleet.redis, 'r', configOf({ fleet: { maxStaleness: 77 } }));
    expect(await actor.ended).toBe(exitCodes.stopped);
    expect(actor.log()).toContain('The settings of the run were changed: this process ends');
    const { totals } = await fleet.state();
    expect(totals.transitionsPushed).toBe(totals.environmentSteps);
    // One that reads the record now goes on.
    fleet.actor('actor-1');
    const pushed = async () => (await fleet.state()).totals.transitionsPushed;
    await expect.poll(pushed, within).toBeGreaterThan(totals.transitionsPushed);
  });

  it('without a slot says that it stands by, and takes the slots of one that is killed', async () => {
    await using fleet = await TestFleet.start(configOf({ fleet: { slotsPerActor: 8 } }));
    await fleet.createRun();
    const first = fleet.actor('actor-0');
    await expect.poll(async () => (await fleet.state()).actors[0]?.slots, within).toBe(8);
    const second = fleet.actor('actor-1');
    await expect
      .poll(second.log, within)
      .toContain('Stands by: all 8 slots are held by other actors (fleet.slots).');
    first.child.kill('SIGKILL');
    await expect
      .poll(
        async () => (await fleet.state()).actors.find(({ id }) => id.startsWith('actor-1.'))?.slots,
        within,
      )
      .toBe(8);
    expect(second.log().match(/Stands by/g)).toHaveLength(1);
    await expect.poll(second.log, within).toContain('Goes to work, on slots ');
  });

  it('keeps its weights where a blob is corrupt or of another network, and takes the next', async () => {
    await using fleet = await TestFleet.start(configOf({}));
    await fleet.createRun();
    const actor = fleet.actor('actor-0');
    const versions = async () => (await fleet.state()).actors.map(({ weightsVersion }) => weightsVersion);
    const refused = async () => (await fleet.state()).totals.weightsRefused;
    await expect.poll(versions, within).toEqual([1]);
    await fleet.redis.hset('qfleet:{r:fleet}:weights', 'version', '2', 'blob', 'not safetensors at all');
    await expect.poll(refused, within).toBe(1);
    await fleet.publish(3, fleet.parameters(8));
    await expect.poll(refused, within).toBe(2);
    expect(await versions()).toEqual([1]);
    expect(actor.log()).toMatch(/Weights version 2 of run r are refused/);
    expect(actor.log()).toMatch(/Weights version 3 of run r are refused: .*hidden0\/kernel/);
    await fleet.publish(4);
    await expect.poll(versions, within).toEqual([4]);
  });

  it('stands still on weights that are staler than fleet.maxStaleness', async () => {
    await using fleet = await TestFleet.start(configOf({ fleet: { maxStaleness: 10 } }));
    await fleet.createRun();
    fleet.actor('actor-0');
    const steps = async () => (await fleet.state()).totals.environmentSteps;
    await expect.poll(steps, within).toBeGreaterThan(0);
    await fleet.redis.hset('qfleet:{r:fleet}:weights', 'version', '12', 'blob', 'lost');
    const waited = async () => (await fleet.state()).totals.actorWaitWeightsSeconds;
    const before = await waited();
    await expect.poll(waited, within).toBeGreaterThan(before + 2);
    const still = await steps();
    await sleep(1_500);
    expect(await steps()).toBe(still);
    await fleet.publish(13);
    await expect.poll(steps, within).toBeGreaterThan(still);
  });

  it('takes a new name where another writes to the replay under its own, and loses nothing', async () => {
    await using fleet = await TestFleet.start(configOf({}));
    await fleet.createRun();
    const actor = fleet.actor('actor-0');
    const totals = async () => (await fleet.state()).totals;
    await expect.poll(async () => (await totals()).transitionsPushed, within).toBeGreaterThan(1_000);
    const [writer] = await fleet.redis.hkeys(`${replayPrefix('r')}writers`);
    const { layout } = await fleet.replay();
    const enemy = await openReplayInbox([{ redis: fleet.redis, prefix: replayPrefix('r') }], layout, writer);
    await enemy.handIn([forged(layout, writer)]);
    await expect.poll(async () => (await totals()).actorNamesTaken, within).toBe(1);
    const { transitionsPushed } = await totals();
    await expect
      .poll(async () => (await totals()).transitionsPushed, within)
      .toBeGreaterThan(transitionsPushed + 1_000);
    actor.child.kill('SIGTERM');
    await actor.ended;
    expect(actor.log()).toMatch(
      /Another process writes to the replay under this actor's name, so \d+ of its chunks/,
    );
    const { environmentSteps } = await totals();
    await expect.poll(async () => (await totals()).transitionsPushed, within).toBe(environmentSteps + 1);
  });

  it('holds the insert side of the sample-to-insert ratio', async () => {
    const config = configOf({ replay: { samplesPerInsert: 2, minSize: 50_000 } });
    await using fleet = await TestFleet.start(config);
    await fleet.createRun();
    fleet.actor('actor-0');
    fleet.actor('actor-1');
    await expect.poll(async () => (await fleet.state()).totals.transitionsPushed, within).toBeGreaterThan(0);
    const replay = await fleet.replay();
    const held = await replay.standing();
    const bound = (sampled: number): number => {
      let inserted = 0;
      const limiter = ratioLimiter(replayRunConfig(config))!;
      while (limiter.mayInsert({ ...held, insertedTotal: inserted, sampledTotal: sampled })) inserted++;
      return inserted;
    };
    const waited = async () => (await fleet.state()).totals.actorWaitRatioSeconds;
    // Open chunks are not in the replay yet, and an actor hears of the other's steps at its own next append.
    const expectHeld = async (sampled: number): Promise<void> => {
      const part = async () => (await replay.standing()).insertedTotal / bound(sampled);
      await expect.poll(part, within).toBeGreaterThan(0.95);
      const since = await waited();
      await expect.poll(waited, within).toBeGreaterThan(since + 2);
      expect(await part()).toBeLessThan(1.05);
    };
    await expectHeld(0);
    await replay.recordSampled(50_000);
    await expectHeld(50_000);
  });

  it('goes on after a Redis that was killed, with nothing lost that was acknowledged, and nothing twice', async () => {
    await using fleet = await TestFleet.start(configOf({}), '--appendonly', 'yes', '--appendfsync', 'always');
    await fleet.createRun();
    const actor = fleet.actor('actor-0');
    const pushed = async () => (await fleet.state()).totals.transitionsPushed;
    await expect.poll(pushed, within).toBeGreaterThan(1_000);
    for (let outage = 0; outage < 2; outage++) {
      const before = await pushed();
      await fleet.server.kill();
      await fleet.server.start();
      await expect.poll(pushed, within).toBeGreaterThan(before + 1_000);
    }
    actor.child.kill('SIGTERM');
    expect(await actor.ended).toBe(exitCodes.stopped);
    const { totals } = await fleet.state();
    expect(totals.transitionsPushed).toBe(totals.environmentSteps);
    expect(actor.log()).toMatch(/Redis is away .*\n.*Redis is back/);
  });

  it('goes on after a Redis that forgot everything, once the run is there again', async () => {
    await using fleet = await TestFleet.start(configOf({}));
    await fleet.createRun();
    const actor = fleet.actor('actor-0');
    await expect
      .poll(async () => (await fleet.state()).totals.transitionsPushed, within)
      .toBeGreaterThan(1_000);
    await fleet.server.kill();
    await fleet.server.start();
    await fleet.createRun().catch(() => undefined);
    await fleet.publish(2);
    await expect
      .poll(async () => (await fleet.state()).totals.transitionsPushed, within)
      .toBeGreaterThan(1_000);
    await expect.poll(async () => (await fleet.state()).actors[0]?.weightsVersion, within).toBe(2);
    expect(actor.child.exitCode).toBeNull();
  });

  it('stands still in an outage once its buffer is full, and then hands all of it over', async () => {
    await using fleet = await TestFleet.start(
      configOf({ replay: { chunkLength: 4 } }),
      '--appendonly',
      'yes',
    );
    await fleet.createRun();
    const actor = fleet.actor('actor-0');
    await expect
      .poll(async () => (await fleet.state()).totals.transitionsPushed, within)
      .toBeGreaterThan(1_000);
    await fleet.server.kill();
    await sleep(2_000);
    await fleet.server.start();
    await expect
      .poll(async () => (await fleet.state()).totals.actorWaitRedisSeconds, within)
      .toBeGreaterThan(1);
    actor.child.kill('SIGTERM');
    expect(await actor.ended).toBe(exitCodes.stopped);
  });

  it('ends in an outage too, and says what it could not hand over', async () => {
    await using fleet = await TestFleet.start(configOf({}));
    await fleet.createRun();
    const actor = fleet.actor('actor-0');
    await expect
      .poll(async () => (await fleet.state()).totals.transitionsPushed, within)
      .toBeGreaterThan(1_000);
    await fleet.server.kill();
    await expect.poll(actor.log, within).toMatch(/Redis is away/);
    actor.child.kill('SIGTERM');
    expect(await actor.ended).toBe(exitCodes.stopped);
    expect(actor.log()).toMatch(/\d+ transitions could not be handed to the replay in time/);
  });

  it('ends with code 2 and one sentence on NaN from an environment; that step is in no chunk', async () => {
    const config = configOf({ environment: { id: 'mine' } });
    await using fleet = await TestFleet.start(config);
    const module = join(fleet.server.folder, 'mine.ts');
    writeFileSync(
      module,
      `import { box, defineEnvironment, discrete } from '@qfleet/envs';
      export default defineEnvironment({
        id: 'mine',
        observationSpace: box({ low: -1, high: 1, shape: [4] }),
        actionSpace: discrete(2),
        create() {
          let steps = 0;
          return {
            reset: () => [0, 0, 0, 0],
            step: () => ({ observation: [0, ++steps < 50 ? 0 : NaN, 0, 0], reward: 1, terminated: false }),
          };
        },
      });`,
    );
    config.environment.module = module;
    await fleet.createRun();
    const actor = fleet.actor('actor-0');
    expect(await actor.ended).toBe(2);
    expect(actor.log().trimEnd().split('\n').at(-1)).toMatch(
      /^Environment mine, slot \d, episode 1, step 50: .*NaN/,
    );
    const replay = await fleet.replay();
    const { insertedTotal } = await replay.standing();
    // The slots of a lease that was taken later are not as far.
    expect(insertedTotal).toBeGreaterThanOrEqual(2 * 49);
    expect(insertedTotal).toBeLessThanOrEqual(4 * 49);
  });

  it('stays responsive while a step is awaited: keeps and takes leases, sends heartbeats, and ends when it is told to', async () => {
    const module = new URL('../../../packages/env-host/test/fixtures/slow-rows.ts', import.meta.url).pathname;
    const config = configOf({
      environment: { id: 'SlowRows', module },
      replay: { chunkLength: 3 },
      fleet: { slots: 4 },
    });
    await using fleet = await TestFleet.start(config);
    await fleet.createRun(2);
    const actor = fleet.actor('actor-0');
    await expect.poll(async () => (await fleet.state()).totals.transitionsPushed, within).toBeGreaterThan(0);
    // Most likely while a step is in flight, as there nearly always is one.
    await fleet.leaseAll();
    await expect.poll(actor.log, within).toMatch(/This step never comes back/);
    // A lease that is not renewed runs out within 6 seconds.
    await sleep(8_000);
    const held = await fleet.state();
    expect(held.actors).toMatchObject([{ slots: 4 }]);
    expect(held.queues['rollouts']).toMatchObject({ waiting: 0, active: 2 });
    expect(actor.log()).not.toMatch(/ran out/);
    actor.child.kill('SIGTERM');
    expect(await actor.ended).toBe(exitCodes.stopped);
    const { totals, queues } = await fleet.state();
    expect(totals.environmentSteps).toBeGreaterThanOrEqual(4 * 6);
    expect(totals.environmentSteps).toBe(totals.transitionsPushed);
    expect(totals.transitionsDropped).toBe(0);
    expect(queues['rollouts']).toMatchObject({ waiting: 2, active: 0 });
  });

  it.each([
    [
      'an unknown environment',
      { environment: { id: 'CartPol-v1' } },
      /^There is no environment CartPol-v1: did you mean CartPole-v1/,
    ],
    [
      'a module that is not there',
      { environment: { id: 'x', module: '/nowhere/x.ts' } },
      /^There is no environment module \/nowhere\/x.ts/,
    ],
  ])('ends with code 2 on %s', async (_, changes, message) => {
    await using fleet = await TestFleet.start(configOf(changes));
    await fleet.createRun();
    const actor = fleet.actor('actor-0');
    expect(await actor.ended).toBe(2);
    expect(actor.log()).toMatch(message);
  });
});
