import { createEnvironment, createVectorEnvironment, findEnvironment } from '@qfleet/envs';
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

/** What the batched kernel is held against, measured in alternate turns with it. */
const LOOP = 'a copy for each row, in a loop';
const TURNS = 10;

const definition = findEnvironment('CartPole-v1');

/**
 * Steps a second of one core, CartPole-v1 with its time limit and resets, written into one batch: copies in a loop, and
 * the rows of its batched kernel.
 *
 * @param milliseconds of measuring a figure, after as long a warm-up.
 */
export function benchEnvs(milliseconds = 500): BenchRow[] {
  return peers.flatMap(({ slots, stepsPerSecond }) => {
    const [loop, kernel] = measure([copies(slots), batched(slots)], slots, milliseconds);
    const many = slots === 1 ? '' : 's';
    return [
      benchRow(`CartPole-v1, ${slots} slot${many}`, loop, 'steps/s', GYMNASIUM, stepsPerSecond),
      benchRow(`CartPole-v1, ${slots} row${many} of the kernel`, kernel, 'steps/s', LOOP, loop),
    ];
  });
}

/** One step of all slots, with resets. Actions alternate from slot to slot and from step to step. */
type Step = (turn: number) => void;

function copies(slots: number): Step {
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
  return (turn) => {
    for (let slot = 0; slot < slots; slot++) {
      environments[slot].step((turn + slot) & 1, rows[slot], outcome);
      if (outcome.terminated || outcome.truncated) environments[slot].reset(rows[slot]);
    }
  };
}

function batched(slots: number): Step {
  const random = new Random(0);
  const environment = createVectorEnvironment(definition);
  for (let slot = 0; slot < slots; slot++) environment.add(random, slot, 0);
  const actions = new Int32Array(slots);
  const terminated = new Uint8Array(slots);
  const truncated = new Uint8Array(slots);
  environment.bind({
    observations: allocateObservations(definition.observationSpace, slots),
    stride: observationSize(definition.observationSpace),
    ...{ rewards: new Float64Array(slots), terminated, truncated, masks: null },
  });
  for (let slot = 0; slot < slots; slot++) environment.reset(slot);
  return (turn) => {
    for (let slot = 0; slot < slots; slot++) actions[slot] = (turn + slot) & 1;
    environment.step(actions);
    for (let slot = 0; slot < slots; slot++) if (terminated[slot] || truncated[slot]) environment.reset(slot);
  };
}

/** Steps a second of each contestant, in alternate turns. */
function measure(contestants: readonly Step[], slots: number, milliseconds: number): number[] {
  const run = (step: Step): { steps: number; elapsed: number } => {
    const start = performance.now();
    let turn = 0;
    let elapsed = 0;
    while (elapsed < milliseconds / TURNS) {
      for (const end = turn + Math.ceil(8192 / slots); turn < end; turn++) step(turn);
      elapsed = performance.now() - start;
    }
    return { steps: turn * slots, elapsed };
  };
  const totals = contestants.map(() => ({ steps: 0, elapsed: 0 }));
  for (let turn = -TURNS; turn < TURNS; turn++) {
    contestants.forEach((step, i) => {
      const { steps, elapsed } = run(step);
      // Turns before 0 are the warm-up.
      if (turn < 0) return;
      totals[i].steps += steps;
      totals[i].elapsed += elapsed;
    });
  }
  return totals.map(({ steps, elapsed }) => (steps / elapsed) * 1000);
}
