import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { faults } from './support/fault.ts';
import { within } from './support/fleet.ts';
import { doubleOutage, machineOutage, outage, writtenOut } from './support/outage.ts';

faults('a Redis with an append-only file', {
  redis: ['--appendonly', 'yes', '--appendfsync', 'always'],
  rounds: 2,
  strikes: {
    'Redis is killed, and again as it starts, with an append-only file: nothing is lost': async (
      fleet,
      random,
    ) => {
      const before = (await fleet.state())!;
      await doubleOutage(fleet.server, random);
      const after = await fleet.until(() => true, 'Redis has the run');
      expect(after.totals.transitionsPushed).toBeGreaterThanOrEqual(before.totals.transitionsPushed);
      expect(fleet.books.losses).toBe(0);
    },
    'Redis is out of memory while a learner and an actor start: they wait, and say so': async (fleet) => {
      const names = ['learner-0', 'actor-0'];
      const before = names.map((name) => ({ ...fleet.process(name), log: fleet.log(name).length }));
      await fleet.redis.config('SET', 'maxmemory', '1');
      for (const name of names) fleet.signal(name, 'SIGKILL');
      for (const { name, log } of before) {
        await expect.poll(() => fleet.log(name).slice(log), within).toMatch(/at its maxmemory .* this waits/);
      }
      // Long enough for several starts that fail.
      await sleep(2_000);
      await fleet.redis.config('SET', 'maxmemory', '0');
      await fleet.progress();
      for (const { name, restarts } of before) expect(fleet.process(name).restarts).toBe(restarts + 1);
    },
    'a script does not end: the fleet waits, and goes on when it is killed': async (fleet) => {
      const before = (await fleet.state())!;
      await fleet.redis.config('SET', 'busy-reply-threshold', '50');
      const other = fleet.redis.duplicate();
      other
        .eval('while true do end', 0)
        .catch(() => undefined)
        .finally(() => other.disconnect());
      await expect.poll(() => fleet.redis.get('any').catch(String), within).toMatch(/BUSY/);
      await sleep(2_000);
      await fleet.redis.script('KILL');
      // It has been told to end, and ends a moment later.
      await expect.poll(() => fleet.redis.get('any').then(String, String), within).not.toMatch(/BUSY/);
      await fleet.progress();
      const after = (await fleet.state())!;
      expect(after.totals).toMatchObject({
        actorRestarts: before.totals.actorRestarts,
        learnerRestarts: before.totals.learnerRestarts,
      });
    },
    'Redis is out of memory for a while: the fleet waits': async (fleet, random) => {
      const before = (await fleet.state())!;
      await fleet.redis.config('SET', 'maxmemory', '1');
      await sleep(1_000 + random.integer(3_000));
      await fleet.redis.config('SET', 'maxmemory', '0');
      await fleet.progress();
      const after = (await fleet.state())!;
      expect(after.totals).toMatchObject({
        actorRestarts: before.totals.actorRestarts,
        learnerRestarts: before.totals.learnerRestarts,
      });
    },
  },
});

faults('a Redis with an append-only file that is synced every second', {
  redis: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
  strikes: {
    'Redis is killed: nothing is lost': async (fleet, random) => {
      const before = (await fleet.state())!;
      await fleet.redis.client('PAUSE', 60_000, 'WRITE');
      await writtenOut(fleet.redis);
      await outage(fleet.server, random);
      const after = await fleet.until(() => true, 'Redis has the run');
      expect(after.totals.transitionsPushed).toBeGreaterThanOrEqual(before.totals.transitionsPushed);
      expect(fleet.books.losses).toBe(0);
    },
    'its machine dies: what was not synced is lost, nothing older, and the run goes on': async (
      fleet,
      random,
    ) => {
      const before = (await fleet.state())!;
      const lost = fleet.books.lost;
      await machineOutage(fleet, random);
      const { transitionsPushed } = (await fleet.state())!.totals;
      expect(transitionsPushed).toBeGreaterThanOrEqual(before.totals.transitionsPushed);
      expect(fleet.books.lost).toBeGreaterThanOrEqual(lost);
      await fleet.progress();
      expect(fleet.books.losses).toBe(0);
    },
  },
});

faults('a Redis that keeps nothing', {
  rounds: 2,
  strikes: {
    'Redis is killed and keeps nothing: the fleet says so, and refills it': async (fleet, random) => {
      const said = fleet.log('learner-0').match(/Redis lost the run/g)?.length ?? 0;
      await outage(fleet.server, random);
      await fleet.until(({ phase, replay }) => phase === 'running' && replay.transitions > 500, 'it refills');
      expect(fleet.log('learner-0').match(/Redis lost the run/g)).toHaveLength(said + 1);
    },
  },
});
