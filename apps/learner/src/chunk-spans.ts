import type { Batch } from '@qfleet/replay';
import type { Trace, Tracer } from '@qfleet/tracing';
import type { ChunkWatch } from '@qfleet/training';

/** A traced chunk that was ingested and not sampled yet. */
interface Waiting {
  readonly trace: Trace;
  readonly takenAt: number;
  /** The handle of its first transition. */
  readonly first: number;
  readonly length: number;
}

/** The most chunks that wait: one that is evicted before it is sampled is never found. */
const MOST_WAITING = 1_000;

/**
 * The learner's part of a chunk's life, in its trace: `replay` until it is first sampled, the `sample` that drew it,
 * the `update` that learned from it. A chunk is sampled many times; only the first time is traced.
 */
export class ChunkSpans implements ChunkWatch {
  readonly #tracer: Tracer;
  readonly #waiting = new Set<Waiting>();
  /** The same, by the handle of each transition. */
  readonly #byHandle = new Map<number, Waiting>();
  #samplingAt = 0;
  #sampledAt = 0;
  /** The chunks that are first sampled in the current batches. */
  #sampled: Waiting[] = [];

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  readonly taken: ChunkWatch['taken'] = ({ writer, sequence, length }, first) => {
    const trace = this.#tracer.chunk(writer, sequence);
    if (trace === null) return;
    const waiting = { trace, takenAt: performance.now(), first, length };
    this.#waiting.add(waiting);
    for (const handle of handlesOf(waiting)) this.#byHandle.set(handle, waiting);
    if (this.#waiting.size > MOST_WAITING) {
      const [oldest] = this.#waiting;
      this.#forget(oldest);
    }
  };

  sampling(): void {
    this.#samplingAt = performance.now();
  }

  sampled(batches: readonly Batch[]): void {
    this.#sampledAt = performance.now();
    if (this.#waiting.size === 0) return;
    for (const { handles } of batches) {
      for (const handle of handles) {
        const waiting = this.#byHandle.get(handle);
        if (waiting === undefined) continue;
        this.#forget(waiting);
        this.#sampled.push(waiting);
      }
    }
  }

  updated(updates: number): void {
    if (this.#sampled.length === 0) return;
    const now = performance.now();
    for (const { trace, takenAt } of this.#sampled) {
      // It may have come in while the batch was drawn.
      trace.span('replay', takenAt, Math.max(takenAt, this.#samplingAt));
      trace.span('sample', this.#samplingAt, this.#sampledAt);
      trace.span('update', this.#sampledAt, now, { 'qfleet.updates': updates });
    }
    this.#sampled = [];
  }

  #forget(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    for (const handle of handlesOf(waiting)) this.#byHandle.delete(handle);
  }
}

const handlesOf = ({ first, length }: Waiting): number[] =>
  Array.from({ length }, (_, i) => (first + i) & 0x7fffffff);
