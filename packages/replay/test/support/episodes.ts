import type { Random } from '@qfleet/random';
import { makeObservations, observationSize } from '../../src/chunk/layout.ts';
import {
  type Chunk,
  type ChunkEnd,
  compressChunk,
  encodeChunk,
  encodeOpenChunk,
  type Layout,
  type SealedChunk,
} from '../../src/index.ts';

export const LAYOUT: Layout = { frames: 1, shape: [3], dtype: 'float32', actions: 4 };
/** A layout whose chunks go to Redis as values of their own, whatever their length. */
export const LARGE: Layout = { ...LAYOUT, frames: 1, shape: [1024] };

/** A whole episode as an environment would give it: T steps, T + 1 observations. */
export interface Episode {
  readonly slot: number;
  readonly number: number;
  readonly observations: number[][];
  readonly actions: number[];
  readonly rewards: number[];
  readonly end: Exclude<ChunkEnd, 'continues'>;
}

/** Observations that no other step has: (slot, episode, step). */
export function makeEpisode(random: Random, slot: number, number: number, steps: number): Episode {
  return {
    slot,
    number,
    observations: Array.from({ length: steps + 1 }, (_, t) => [slot, number, t]),
    actions: Array.from({ length: steps }, () => random.integer(LAYOUT.actions)),
    rewards: Array.from({ length: steps }, () => Math.fround(random.normal())),
    end: random.uniform() < 0.5 ? 'terminated' : 'truncated',
  };
}

/** The episode cut into chunks at random borders of at most `longest` steps. */
export function cut(episode: Episode, random: Random, longest: number, sequence: () => number): Chunk[] {
  const chunks: Chunk[] = [];
  const steps = episode.actions.length;
  for (let offset = 0; offset < steps; ) {
    const length = Math.min(1 + random.integer(longest), steps - offset);
    const to = offset + length;
    chunks.push({
      writer: 'w',
      sequence: sequence(),
      slot: episode.slot,
      episode: episode.number,
      offset,
      length,
      end: to === steps ? episode.end : 'continues',
      episodeReturn: episode.rewards.slice(0, to).reduce((a, b) => a + b, 0),
      epsilon: 0.1,
      weightsVersion: 1,
      observations: Float32Array.from(episode.observations.slice(offset, to + 1).flat()),
      actions: Int32Array.from(episode.actions.slice(offset, to)),
      rewards: Float32Array.from(episode.rewards.slice(offset, to)),
      priorities: null,
    });
    offset = to;
  }
  return chunks;
}

/** A chunk of `length` steps with made-up columns. */
export function makeChunk(change: Partial<Chunk> = {}, layout: Layout = LAYOUT): Chunk {
  const length = change.length ?? 4;
  const size = observationSize(layout);
  const observations = makeObservations(layout.dtype, (length + 1) * size);
  for (let i = 0; i < observations.length; i++) observations[i] = i % 251;
  return {
    writer: 'actor-1',
    sequence: 0,
    slot: 2,
    episode: 5,
    offset: 0,
    length,
    end: 'continues',
    episodeReturn: 1.5,
    epsilon: 0.25,
    weightsVersion: 7,
    observations,
    actions: Int32Array.from({ length }, (_, t) => t % layout.actions),
    rewards: Float32Array.from({ length }, (_, t) => t / 2),
    priorities: null,
    ...change,
  };
}

export const encode = (change: Partial<Chunk> = {}, layout: Layout = LAYOUT): SealedChunk =>
  encodeChunk(makeChunk(change, layout), layout);

export const encodeCompressed = (chunk: Chunk, layout: Layout): Promise<SealedChunk> =>
  compressChunk(encodeOpenChunk(chunk, layout));

/** 0, 1, 2 … */
export function counter(): () => number {
  let next = 0;
  return () => next++;
}
