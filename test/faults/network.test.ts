import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { faults, soak } from './support/fault.ts';
import type { FaultyFleet } from './support/fleet.ts';

const PARTITION_MS = soak ? 30_000 : 4_000;

/** Nothing of the network is a reason to start a process again. */
function expectNoRestarts(fleet: FaultyFleet): void {
  expect(fleet.supervisor.status().filter(({ restarts }) => restarts > 0)).toEqual([]);
}

faults('the network is bad', {
  rounds: 2,
  strikes: {
    'Redis is slow': async (fleet) => {
      // Each way half of 200 milliseconds.
      fleet.proxy.latencyMs = 100;
      await fleet.progress(20);
      fleet.proxy.latencyMs = 0;
      expectNoRestarts(fleet);
    },
    'connections are cut in the middle of a reply': async (fleet) => {
      expect(fleet.proxy.cutMidReply()).toBeGreaterThan(2);
      await fleet.progress(10);
      expectNoRestarts(fleet);
    },
    'the network is parted, and heals': async (fleet) => {
      fleet.proxy.partition();
      await sleep(PARTITION_MS);
      fleet.proxy.heal();
      await fleet.progress();
      expectNoRestarts(fleet);
    },
  },
});
