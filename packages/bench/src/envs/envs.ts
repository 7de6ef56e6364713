import { createEnvironment, findEnvironment } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { allocateObservations, observationRows, observationSize } from '@qfleet/spaces';
import { type BenchRow, benchRow } from '../row.ts';

/** The peer: its fastest way. */
const GYMNASIUM = 'Gymnasium 1.4.0 NumPy vector (recorded)';

/** What it reached on one core of a 2-core CPU, on CartPole-v1, where that was recorded. */
const peers: readonly { readonly slots: number; readonly stepsPerSecond?: number }[] = [
  { slots: 1 },
  { slots: 64, stepsPerSecond: 1.5e6 },
  { slots: 1024, stepsPerSecond: 12e6 },
];

/**
 * Steps a second of one core, CartPole-v1 with its time limit and resets, written into one batch.
 *
 * @param milliseconds of measuring a figure, after as long a warm-up.
 */
export function benchEnvs(milliseconds = 500): BenchRow[] {
  return peers.map(({ slots, stepsPerSecond }) => {
    const name = `CartPole-v1, ${slots} ${slots === 1 ? 'slot' : 'slots'}`;
    return benchRow(name, measure(slots, milliseconds), 'steps/s', GYMNASIUM, stepsPerSecond);
  });
}

function measure(slots: number, milliseconds: number): number {
  const definition = findEnvironment('CartPole-v1');
  const random = new Random(0);
  const environments = Array.from({ length: slots }, (_, slot) =>
    createEnvironment(definition, random, slot),
  );
  const size = observationSize(definition.observationSpace);
  const rows = observationRows(allocateObservations(definition.observationSpace, slots), size);
  const outcome = { reward: 0, terminated: false, truncated: false };
  environments.forEach((environment, slot) => {
    environment.reset(rows[slot]);
  });

  const run = (): number => {
    const start = performance.now();
    let steps = 0;
    let elapsed = 0;
    while (elapsed < milliseconds) {
      for (let turn = 0; turn < 8192; turn += slots) {
        for (let slot = 0; slot < slots; slot++) {
          environments[slot].step(steps++ & 1, rows[slot], outcome);
          if (outcome.terminated || outcome.truncated) environments[slot].reset(rows[slot]);
        }
      }
      elapsed = performance.now() - start;
    }
    return (steps / elapsed) * 1000;
  };
  run();
  return run();
}
