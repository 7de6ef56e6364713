import type { RunConfig } from '@qfleet/config';
import { type Chunk, type Layout, MASK } from '@qfleet/replay';
import { UsageError } from '../errors.ts';

/**
 * Where sequences need what a network remembered: at the beginning of their burn-in, in every `stride`-th place. Chunks
 * hold it for their first state alone, so that no chunk may go past such a place.
 */
export class MemoryPlaces {
  /** Null: no memory is read. */
  readonly #sequence: { readonly burnIn: number; readonly stride: number } | null;

  constructor(agent: RunConfig['agent'], { columns = [] }: Layout) {
    const remembers = columns.some(({ name }) => name !== MASK);
    this.#sequence = agent.kind === 'dqn' && remembers ? agent.sequence : null;
  }

  /** @throws UsageError for a chunk that goes past such a place. */
  check({ offset, length }: Chunk, path: string): void {
    if (this.#sequence === null) return;
    const { burnIn, stride } = this.#sequence;
    // The first place behind the chunk's first step.
    const place = offset + stride - ((offset + burnIn) % stride);
    if (place >= offset + length) return;
    throw new UsageError(
      `${path} has a chunk of the steps ${offset} to ${offset + length - 1} of an episode, and a sequence needs what was ` +
        `remembered before step ${place}: record with a replay.chunkLength that divides agent.sequence.stride, ${stride}, ` +
        `and agent.sequence.burnIn, ${burnIn}.`,
    );
  }
}
