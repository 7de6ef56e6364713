import { type Batch, makeTransitionBatch } from '@qfleet/replay';
import { describe, expect, it } from 'vitest';
import { ChunkSpans } from '../src/chunk-spans.ts';

const layout = { frames: 1, shape: [1], dtype: 'float32', actions: 2 } as const;

/** A batch of these handles. */
function batchOf(...handles: number[]): Batch {
  const batch = makeTransitionBatch(handles.length, layout);
  batch.handles.set(handles);
  return batch;
}

/** Spans as `writer sequence name`, of chunks whose sequence is even. */
function spansOfEven() {
  const written: string[] = [];
  const times: number[][] = [];
  const spans = new ChunkSpans({
    chunk: (writer, sequence) =>
      sequence % 2 === 1
        ? null
        : {
            root: () => undefined,
            span: (name, from, to) => {
              written.push(`${writer} ${sequence} ${name}`);
              times.push([from, to]);
            },
          },
    close: async () => undefined,
  });
  const train = (...batches: Batch[]): string[] => {
    written.length = 0;
    spans.sampling();
    spans.sampled(batches);
    spans.updated(1);
    return [...written];
  };
  return { spans, train, times };
}

describe('the learner’s part of a chunk’s trace', () => {
  it('is written when one of its transitions is first sampled, and once', () => {
    const { spans, train, times } = spansOfEven();
    spans.taken({ writer: 'a', sequence: 2, length: 3 }, 10);
    spans.taken({ writer: 'a', sequence: 3, length: 3 }, 13);
    spans.taken({ writer: 'a', sequence: 4, length: 3 }, 16);
    expect(train(batchOf(9, 13, 15), batchOf(19))).toEqual([]);
    expect(train(batchOf(14, 12), batchOf(10))).toEqual(['a 2 replay', 'a 2 sample', 'a 2 update']);
    for (const [from, to] of times) expect(to).toBeGreaterThanOrEqual(from);
    expect(train(batchOf(10, 11, 12))).toEqual([]);
    expect(train(batchOf(18))).toEqual(['a 4 replay', 'a 4 sample', 'a 4 update']);
  });

  it('finds a chunk whose handles begin again at 0', () => {
    const { spans, train } = spansOfEven();
    spans.taken({ writer: 'a', sequence: 2, length: 4 }, 2 ** 31 - 2);
    expect(train(batchOf(1))).toEqual(['a 2 replay', 'a 2 sample', 'a 2 update']);
    expect(train(batchOf(2 ** 31 - 1))).toEqual([]);
  });

  it('forgets the oldest of too many that are never sampled', () => {
    const { spans, train } = spansOfEven();
    for (let i = 0; i <= 1_000; i++) spans.taken({ writer: 'a', sequence: 2 * i, length: 2 }, 2 * i);
    expect(train(batchOf(0, 1))).toEqual([]);
    expect(train(batchOf(3))).toHaveLength(3);
  });
});
