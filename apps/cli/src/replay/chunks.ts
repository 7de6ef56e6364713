import { type Chunk, ChunkError, decodeChunk } from '@qfleet/replay';
import type { OpenReplay } from './open.ts';

/** Bytes that are asked for at a time. */
const PORTION_BYTES = 8 << 20;

/** A chunk and its id in the store. */
export interface ReadChunk {
  readonly id: number;
  readonly chunk: Chunk;
}

/** Goes over all chunks that are there now, oldest first, in portions; `refused` is told of those that are corrupted. */
export async function* readChunks(
  { store, layout }: OpenReplay,
  refused: (error: ChunkError) => void,
): AsyncGenerator<ReadChunk[]> {
  const { newest } = await store.standing();
  for (let after = 0; after < newest; ) {
    const { chunks } = await store.follow(after, PORTION_BYTES);
    if (chunks.length === 0) return;
    after = chunks.at(-1)!.id;
    const portion: ReadChunk[] = [];
    for (const { id, bytes } of chunks) {
      try {
        portion.push({ id, chunk: decodeChunk(bytes, layout) });
      } catch (error) {
        if (!(error instanceof ChunkError)) throw error;
        refused(error);
      }
    }
    yield portion;
  }
}
