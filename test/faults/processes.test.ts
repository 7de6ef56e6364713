import type { FleetState } from '@qfleet/metrics';
import { expect } from 'vitest';
import { faults } from './support/fault.ts';
import { type FaultyFleet, within } from './support/fleet.ts';

const KILLED_SLOTS_RUN_AGAIN_MS = 15_000;

/** The fleet, with the heartbeats of those of its processes that live. */
const bothAct = (fleet: FaultyFleet): Promise<FleetState> =>
  fleet.until(({ actors }) => {
    const living = fleet.supervisor.status().map(({ pid }) => pid);
    return actors.length === 2 && actors.every(({ pid }) => living.includes(pid));
  }, 'both actors act');

faults('processes are killed', {
  fleet: 'fleet: { actors: 1, slots: 8, slotsPerLease: 2, slotsPerActor: 8 }',
  strikes: {
    'an actor is killed: its slots run elsewhere within 15 seconds': async (fleet, random) => {
      const { actors } = await bothAct(fleet);
      const dead = actors[random.integer(2)];
      process.kill(dead.pid, 'SIGKILL');
      await fleet.until(
        (state) =>
          state.actors.filter(({ id }) => id !== dead.id).reduce((sum, { slots }) => sum + slots, 0) === 8,
        'all slots run again',
        KILLED_SLOTS_RUN_AGAIN_MS,
      );
    },
    'the learner is killed: it goes on from its checkpoint': async (fleet) => {
      const before = await bothAct(fleet);
      fleet.signal('learner-0', 'SIGKILL');
      const { restarts } = fleet.process('learner-0');
      const after = await fleet.until(
        ({ learners }) => learners.some(({ id, updates }) => id !== before.learners[0].id && updates > 0),
        'another learner trains',
      );
      await expect.poll(() => fleet.process('learner-0').restarts, within).toBe(restarts + 1);
      const resumedFrom = Number(
        /Training from update (\d+)\.(?!.*Training from)/s.exec(fleet.log('learner-0'))![1],
      );
      // A checkpoint may have been under way, which counts for as little as none.
      expect(resumedFrom).toBeGreaterThanOrEqual(before.learners[0].updates - 2 * 200);
      expect(after.learners.find(({ id }) => id !== before.learners[0].id)!.weightsVersion).toBeGreaterThan(
        before.learners[0].weightsVersion,
      );
      // The same actors, undisturbed.
      expect(after.actors.map(({ id }) => id).toSorted()).toEqual(
        before.actors.map(({ id }) => id).toSorted(),
      );
      expect(after.totals.actorRestarts).toBe(before.totals.actorRestarts);
      expect(after.totals.transitionsPushed).toBeGreaterThan(before.totals.transitionsPushed);
    },
  },
});
