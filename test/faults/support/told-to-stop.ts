import { expect } from 'vitest';
import { type FaultyFleet, within } from './fleet.ts';

/** SIGTERM to the learner, each actor and an exporter, one after the other: each comes back. */
export async function toldToStop(fleet: FaultyFleet): Promise<void> {
  if (fleet.process('exporter-0') === undefined) fleet.add('exporter-0');
  const names = fleet.supervisor.status().map(({ name }) => name);
  for (const name of names) {
    await expect.poll(() => fleet.process(name).pid, within).not.toBeNull();
    const { restarts } = fleet.process(name);
    // One that does not listen yet is ended by the signal itself, and started again as well.
    fleet.signal(name, 'SIGTERM');
    await expect.poll(() => fleet.process(name).restarts, within).toBeGreaterThan(restarts);
    await expect.poll(() => fleet.process(name).pid, within).not.toBeNull();
  }
  await fleet.until(({ exporters, actors }) => exporters.length === 1 && actors.length === 2, 'all are back');
}
