import type { FleetState } from '@qfleet/metrics';
import { expect } from 'vitest';
import { faults } from './support/fault.ts';
import { CHECKPOINT_EVERY, type FaultyFleet, within } from './support/fleet.ts';
import { killedSupervisor } from './support/supervisors.ts';
import { toldToStop } from './support/told-to-stop.ts';

const KILLED_SLOTS_RUN_AGAIN_MS = 15_000;

/** The fleet, once all its processes live and have told so. */
const allWork = (fleet: FaultyFleet): Promise<FleetState> =>
  fleet.until(({ actors, learners }) => {
    const living = fleet.supervisor.status().map(({ pid }) => pid);
    const lives = ({ pid }: { readonly pid: number }) => living.includes(pid);
    return actors.length === 2 && actors.every(lives) && learners.some(lives);
  }, 'all work');

faults('processes are killed', {
  fleet: 'fleet: { actors: 1, slots: 8, slotsPerLease: 2, slotsPerActor: 8 }',
  strikes: {
    'an actor is killed: its slots run elsewhere within 15 seconds': async (fleet, random) => {
      const { actors } = await allWork(fleet);
      const dead = actors[random.integer(2)];
      process.kill(dead.pid, 'SIGKILL');
      await fleet.until(
        (state) =>
          state.actors.filter(({ id }) => id !== dead.id).reduce((sum, { slots }) => sum + slots, 0) === 8,
        'all slots run again',
        KILLED_SLOTS_RUN_AGAIN_MS,
      );
    },
    'each role is told to stop: it is started again': toldToStop,
    'another supervisor is killed in its first second: what it started ends': killedSupervisor,
    'the learner is killed: it goes on from its checkpoint': async (fleet) => {
      const before = await allWork(fleet);
      const { pid, restarts } = fleet.process('learner-0');
      const trainings = (): RegExpExecArray[] => [
        ...fleet.log('learner-0').matchAll(/Training from update (\d+)\./g),
      ];
      const trained = trainings().length;
      const { id: dead } = before.learners.find((learner) => learner.pid === pid)!;
      fleet.signal('learner-0', 'SIGKILL');
      const isDead = ({ id }: { readonly id: string }): boolean => id === dead;
      const last = (await fleet.state())!.learners.find(isDead) ?? before.learners.find(isDead)!;
      const ids = (state: FleetState): string[] => state.actors.map(({ id }) => id).toSorted();
      // The same actors, undisturbed.
      const after = await fleet.until(
        (state) =>
          state.learners.some(({ id, startedAt }) => id !== dead && startedAt > last.startedAt) &&
          ids(state).join() === ids(before).join() &&
          state.totals.transitionsPushed > before.totals.transitionsPushed,
        'another learner trains, and the same actors push on',
      );
      await expect.poll(() => fleet.process('learner-0').restarts, within).toBe(restarts + 1);
      await expect.poll(() => trainings().length, within).toBe(trained + 1);
      const resumedFrom = Number(trainings().at(-1)![1]);
      expect(resumedFrom).toBeGreaterThanOrEqual(last.updates - CHECKPOINT_EVERY);
      const next = after.learners.find(({ id, startedAt }) => id !== dead && startedAt > last.startedAt)!;
      expect(next.weightsVersion).toBeGreaterThan(last.weightsVersion);
      expect(after.totals.actorRestarts).toBe(before.totals.actorRestarts);
    },
  },
});
