import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { faults } from '../faults/support/fault.ts';
import { doubleOutage } from '../faults/support/outage.ts';
import { killedSupervisor } from '../faults/support/supervisors.ts';
import { toldToStop } from '../faults/support/told-to-stop.ts';

/** Eight of each, in any order, to one fleet. */
faults('every fault at once', {
  redis: ['--appendonly', 'yes', '--appendfsync', 'always'],
  strikes: {
    'actor killed': async (fleet, random) => fleet.signal(`actor-${random.integer(2)}`, 'SIGKILL'),
    'learner killed': async (fleet) => fleet.signal('learner-0', 'SIGKILL'),
    'each role told to stop': toldToStop,
    'another supervisor killed': killedSupervisor,
    'Redis killed twice': async (fleet, random) => {
      await doubleOutage(fleet.server, random);
      expect(fleet.books.losses).toBe(0);
    },
    'Redis killed': async (fleet, random) => {
      await fleet.server.kill();
      await sleep(random.integer(2_000));
      await fleet.server.start();
      expect(fleet.books.losses).toBe(0);
    },
    'out of memory': async (fleet, random) => {
      await fleet.redis.config('SET', 'maxmemory', '1');
      await sleep(random.integer(4_000));
      await fleet.redis.config('SET', 'maxmemory', '0');
    },
    'slow for a while': async (fleet, random) => {
      fleet.proxy.latencyMs = 100;
      await sleep(random.integer(4_000));
      fleet.proxy.latencyMs = 0;
    },
    'connections cut': async (fleet) => void fleet.proxy.cutMidReply(),
    parted: async (fleet, random) => {
      fleet.proxy.partition();
      await sleep(random.integer(30_000));
      fleet.proxy.heal();
    },
  },
});
