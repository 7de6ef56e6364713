import { peekChunk } from '@qfleet/replay';
import type { Tracer } from '@qfleet/tracing';

/** The actor's part of a chunk's life, in its trace: `rollout`, then `push`. */
export class ChunkSpans {
  readonly #tracer: Tracer;
  /** By slot: when its open chunk began. */
  readonly #began = new Map<number, number>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** A slot is about to be stepped. */
  begin(slot: number): void {
    this.#began.set(slot, performance.now());
  }

  /** A chunk's last step was done; the next of its slot begins. */
  closed(bytes: Uint8Array): void {
    const { writer, sequence, slot, length, episode, offset, weightsVersion, epsilon } = peekChunk(bytes);
    const now = performance.now();
    const began = this.#began.get(slot) ?? now;
    this.#began.set(slot, now);
    this.#tracer.chunk(writer, sequence)?.root('rollout', began, now, {
      'qfleet.writer': writer,
      'qfleet.sequence': sequence,
      'qfleet.slot': slot,
      'qfleet.episode': episode,
      'qfleet.offset': offset,
      'qfleet.transitions': length,
      'qfleet.epsilon': epsilon,
      'qfleet.weights_version': weightsVersion,
    });
  }

  /** The replay acknowledged these; they were sent at `from`. */
  pushed(chunks: readonly Uint8Array[], from: number): void {
    const now = performance.now();
    for (const bytes of chunks) {
      const { writer, sequence } = peekChunk(bytes);
      this.#tracer.chunk(writer, sequence)?.span('push', from, now, { 'qfleet.bytes': bytes.length });
    }
  }
}
