import { fleetKeys } from '@qfleet/fleet';
import { expect } from 'vitest';
import { faults } from './support/fault.ts';
import { type FaultyFleet, RUN, within } from './support/fleet.ts';

/** Which of the two trains. */
async function holderOf(fleet: FaultyFleet): Promise<string> {
  await expect.poll(() => fleet.redis.get(fleetKeys(RUN).lease), within).toBeTruthy();
  return (await fleet.redis.get(fleetKeys(RUN).lease))!.split('.')[0];
}

const otherThan = (name: string): string => (name === 'learner-0' ? 'learner-1' : 'learner-0');
const takenOver = (fleet: FaultyFleet, by: string) =>
  fleet.until(({ learners }) => learners.some(({ id }) => id.startsWith(by)), `${by} trains`);

async function addSecond(fleet: FaultyFleet): Promise<void> {
  if (fleet.process('learner-1') === undefined) fleet.add('learner-1');
  await expect.poll(() => fleet.log(otherThan('learner-0')), within).toMatch(/Another learner trains run/);
}

faults('there are two learners', {
  strikes: {
    'of two learners one trains; when it is killed the other does': async (fleet) => {
      await addSecond(fleet);
      expect((await fleet.state())!.learners).toHaveLength(1);
      const first = await holderOf(fleet);
      fleet.signal(first, 'SIGKILL');
      // The one that was killed is started again too, and may be the faster.
      await fleet.progress();
      expect((await fleet.state())!.learners).toHaveLength(1);
    },
    'a learner that sleeps past its lease is replaced, and does no harm when it wakes': async (fleet) => {
      await addSecond(fleet);
      const first = await holderOf(fleet);
      const { restarts } = fleet.process(first);
      fleet.signal(first, 'SIGSTOP');
      await takenOver(fleet, otherThan(first));
      const before = (await fleet.state())!.totals.updates;
      fleet.signal(first, 'SIGCONT');
      await expect.poll(() => fleet.process(first).restarts, within).toBe(restarts + 1);
      expect(fleet.log(first)).toMatch(/another learner took over/i);
      expect((await fleet.state())!.totals.updates).toBeGreaterThanOrEqual(before);
      expect(await holderOf(fleet)).toBe(otherThan(first));
    },
  },
});
