import { Random } from '@qfleet/random';
import { MemoryReplayStore, makeTransitionBatch, Replay } from '@qfleet/replay';
import type { BenchRow } from '../row.ts';
import { best, type Cost, measure, rowsOf, type Speed } from './figures.ts';
import { type Peers, referenceTo } from './peers.ts';
import { chunkSource, EPISODE_LENGTH, type Shape, variedObservations } from './shapes.ts';

export const BATCH_SIZES = [32, 256] as const;
export const PRIORITIZED = { alpha: 0.6, epsilon: 1e-6 };
/** Laps of the ring before anything is measured: a run makes many. */
const LAPS = 8;
/** A turn is short: on a busy machine, some are undisturbed. */
const TURN_MS = 20;

/**
 * A replay in this process beside cpprb, which also takes an episode at a time. An insert counts whole: from `push` to
 * the learner's index.
 */
export async function benchMemory(
  shape: Shape,
  prioritized: boolean,
  milliseconds: number,
  peers: Peers,
): Promise<BenchRow[]> {
  const { name, layout, capacity } = shape;
  const store = new MemoryReplayStore(layout, { transitions: capacity, bytes: Number.POSITIVE_INFINITY });
  const replay = new Replay(store, {
    layout,
    capacity,
    discount: 0.99,
    unit: { kind: 'transition', nSteps: 1 },
    ...(prioritized ? { prioritized: PRIORITIZED } : {}),
  });
  const kind = `${name}, in memory, ${prioritized ? 'prioritized with update' : 'uniform'}`;
  const source = chunkSource(layout, 'bench', variedObservations(layout), EPISODE_LENGTH);
  const [episode] = source(1);
  const insert = async (): Promise<number> => {
    await store.append(source(shape.chunksPerAppend));
    return replay.sync();
  };
  // First to fill it; then, as each append evicts as much, until it comes back to memory that it had before.
  for (let inserted = 0; inserted < LAPS * capacity; ) inserted += await insert();
  const inserts = await inTurns(insert, episode.length / EPISODE_LENGTH, milliseconds);
  const goal = prioritized ? 1 : undefined;
  const rows = rowsOf(`${kind}, insert`, inserts, referenceTo('cpprb', peers, name, 'insert'), goal);

  for (const size of BATCH_SIZES) {
    const batch = makeTransitionBatch(size, layout);
    const random = new Random(size);
    const errors = Float32Array.from({ length: size }, () => random.uniform());
    const sample = async (): Promise<number> => {
      await replay.sample(batch, random, { beta: 0.4 });
      replay.updatePriorities(batch.handles, errors);
      return size;
    };
    const samples = await inTurns(sample, (2 * batch.observations.byteLength) / size, milliseconds);
    rows.push(...rowsOf(`${kind}, batch ${size}`, samples, referenceTo('cpprb', peers, name, size), goal));
  }
  return rows;
}

/** Does `work`, which returns the transitions it moved, again and again: once to warm up, then in turns. */
export async function inTurns(
  work: () => Promise<number>,
  bytesEach: number,
  milliseconds: number,
): Promise<Speed> {
  const turn = async (): Promise<number> => {
    const begin = performance.now();
    let transitions = 0;
    while (performance.now() - begin < TURN_MS) transitions += await work();
    return transitions;
  };
  const costs: Cost[] = [];
  const begin = performance.now();
  while (performance.now() - begin < 2 * milliseconds) costs.push(await measure(turn, bytesEach));
  return best(costs.slice(costs.length >> 1));
}
