import type { Chunk, Layout } from '@qfleet/replay';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TransitionRow } from '../src/replay/columns.ts';
import { GrowingSteps, type StepRow } from '../src/replay/growing-steps.ts';
import { Rechunker } from '../src/replay/rechunk.ts';

const layout: Layout = {
  frames: 1,
  shape: [2],
  dtype: 'float32',
  actions: 2,
  columns: [
    { name: 'whose', dtype: 'uint8', shape: [], cadence: 'step' },
    { name: 'memory', dtype: 'float32', shape: [1], cadence: 'state' },
    { name: 'context', dtype: 'int32', shape: [1], cadence: 'chunk' },
  ],
};

interface Step extends TransitionRow {
  readonly observation: readonly number[];
  readonly next: readonly number[];
  readonly whose: number;
  readonly memory: readonly [number, number];
  readonly context: number;
}

/** Rows of chunks of `lengths` steps each, of two writers alternately; each ends an episode where it is odd. */
const stepsOf = (lengths: readonly number[]): Step[] =>
  lengths.flatMap((length, chunk) =>
    Array.from({ length }, (_, t) => ({
      writer: chunk % 2 === 0 ? 'a' : 'b',
      sequence: chunk,
      slot: 0,
      episode: chunk,
      step: t,
      action: t % 2,
      reward: 100 * chunk + t,
      terminated: chunk % 3 === 1 && t === length - 1,
      truncated: false,
      priority: chunk % 4 === 0 ? t : null,
      epsilon: 0.5,
      weights_version: chunk,
      episode_return: chunk,
      observation: [chunk, t],
      next: [chunk, t + 1],
      whose: (chunk + t) % 2,
      memory: [chunk + t / 4, chunk + (t + 1) / 4],
      context: chunk % 3,
    })),
  );

const stepsIn = (chunk: Chunk): Step[] =>
  Array.from({ length: chunk.length }, (_, t) => ({
    writer: chunk.writer,
    sequence: chunk.sequence,
    slot: chunk.slot,
    episode: chunk.episode,
    step: chunk.offset + t,
    action: chunk.actions[t],
    reward: chunk.rewards[t],
    terminated: chunk.end === 'terminated' && t === chunk.length - 1,
    truncated: chunk.end === 'truncated' && t === chunk.length - 1,
    priority: chunk.priorities?.[t] ?? null,
    epsilon: chunk.epsilon,
    weights_version: chunk.weightsVersion,
    episode_return: chunk.episodeReturn,
    observation: [...chunk.observations.subarray(2 * t, 2 * t + 2)],
    next: [...chunk.observations.subarray(2 * t + 2, 2 * t + 4)],
    whose: chunk.columns!['whose'][t],
    memory: [chunk.columns!['memory'][t], chunk.columns!['memory'][t + 1]],
    context: chunk.columns!['context'][0],
  }));

function chunksOf(steps: readonly Step[]): Chunk[] {
  const rechunker = new Rechunker<StepRow>((row) => new GrowingSteps(layout, row));
  for (const { observation, next, whose, memory, context, ...row } of steps) {
    const arrays = [
      { now: Float32Array.from(observation), next: Float32Array.from(next) },
      { now: Uint8Array.of(whose), next: new Uint8Array(1) },
      { now: Float32Array.of(memory[0]), next: Float32Array.of(memory[1]) },
      { now: Int32Array.of(context), next: new Int32Array(1) },
    ];
    rechunker.add({ ...row, arrays });
  }
  return [...rechunker.take(true)];
}

const byRow = (steps: readonly Step[]): Step[] => steps.toSorted((a, b) => a.reward - b.reward);

it('every row of any part of a file in any order comes out once, as it is', () => {
  const parts = fc
    .array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 })
    .chain((lengths) => fc.shuffledSubarray(stepsOf(lengths)));
  fc.assert(
    fc.property(parts, (steps) => {
      expect(byRow(chunksOf(steps).flatMap(stepsIn))).toEqual(byRow(steps));
    }),
  );
});

it('rows in their order make the chunks that they were, also where two writers alternate', () => {
  const lengths = [3, 5, 1, 4, 2];
  const steps = stepsOf(lengths);
  expect(chunksOf(steps).map(({ length }) => length)).toEqual(lengths);
  const alternating = steps.toSorted((a, b) => a.step - b.step);
  expect(byRow(chunksOf(alternating).flatMap(stepsIn))).toEqual(byRow(steps));
  expect(chunksOf(alternating).length).toBe(lengths.length);
});

it('a chunk ends where what it has once changes', () => {
  const steps = stepsOf([6]).map((step, t) => ({ ...step, context: t < 4 ? 1 : 2 }));
  const chunks = chunksOf(steps);
  expect(chunks.map(({ length }) => length)).toEqual([4, 2]);
  expect(chunks.flatMap(stepsIn)).toEqual(steps);
});

it('what may still grow is bounded: then the chunk is complete that grew least lately', () => {
  const large: Layout = { frames: 1, shape: [2 ** 20], dtype: 'uint8', actions: 2 };
  const rechunker = new Rechunker<StepRow>((row) => new GrowingSteps(large, row));
  const observation = new Uint8Array(2 ** 20);
  const taken: number[] = [];
  for (const [sequence] of Array.from({ length: 100 }, (_, i) => [i])) {
    rechunker.add({ ...stepsOf([1])[0], sequence, arrays: [{ now: observation, next: observation }] });
    for (const chunk of rechunker.take(false)) taken.push(chunk.sequence);
  }
  // Two observations each, in 64 MiB.
  expect(taken.length).toBeGreaterThan(60);
  expect(taken).toEqual(taken.map((_, i) => i));
});
