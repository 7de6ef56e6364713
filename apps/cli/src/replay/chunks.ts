import { type Chunk, ChunkError, decodeChunk, type Layout, type ReplayStore } from '@qfleet/replay';

/** Bytes that are asked for at a time. */
const PORTION_BYTES = 8 << 20;

/** A chunk and its id in the store. */
export interface ReadChunk {
  readonly id: number;
  readonly chunk: Chunk;
}

/** A store, and what its chunks hold. */
export interface ReadableReplay {
  readonly store: ReplayStore;
  readonly layout: Layout;
}

/** Goes over all chunks that are there now, oldest first, in portions; `refused` is told of those that are corrupted. */
export async function* readChunks(
  { store, layout }: ReadableReplay,
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
        portion.push({ id, chunk: decodeChunk(bytes, layout, store.inProcess) });
      } catch (error) {
        if (!(error instanceof ChunkError)) throw error;
        refused(error);
      }
    }
    yield portion;
  }
}
