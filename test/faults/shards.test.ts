import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { faults } from './support/fault.ts';
import { connectTo, type FaultyFleet } from './support/fleet.ts';
import { outage } from './support/outage.ts';

/** What happens to a server of the replay is no reason to start a process again. */
function expectNoRestarts(fleet: FaultyFleet): void {
  expect(fleet.supervisor.status().filter(({ restarts }) => restarts > 0)).toEqual([]);
}

faults('one of two servers of the replay fails', {
  redis: ['--appendonly', 'yes', '--appendfsync', 'always'],
  shards: 2,
  strikes: {
    'it is killed and started again: nothing is lost': async (fleet, random) => {
      const before = (await fleet.state())!;
      await outage(fleet.shards[random.integer(2)], random);
      await fleet.progress();
      const after = (await fleet.state())!;
      expect(after.totals.transitionsPushed).toBeGreaterThan(before.totals.transitionsPushed);
      expect(fleet.books.losses).toBe(0);
      expectNoRestarts(fleet);
    },
    'it is full for a while: the fleet waits': async (fleet, random) => {
      const shard = connectTo(fleet.shards[random.integer(2)]);
      await shard.config('SET', 'maxmemory', '1');
      await sleep(1_000 + random.integer(2_000));
      await shard.config('SET', 'maxmemory', '0');
      shard.disconnect();
      await fleet.progress();
      expectNoRestarts(fleet);
    },
  },
});
