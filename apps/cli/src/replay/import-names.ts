import { createHash, hash } from 'node:crypto';
import { type Chunk, encodeChunk, type Layout } from '@qfleet/replay';
import { readChunks } from './chunks.ts';
import type { OpenReplay } from './open.ts';

type Name = Pick<Chunk, 'writer' | 'sequence'>;

/** What tells chunks apart: equal where all that they hold is. */
const digestOf = (chunk: Chunk, layout: Layout): string =>
  hash('sha256', encodeChunk(chunk, layout), 'base64url');

/**
 * The writer and sequence under which an imported file's chunks are stored. A store takes a chunk whose sequence does
 * not rise for a repeated one, and a writer's name may be that of an actor that still writes. So chunks keep their
 * writer only where its sequences rise in the file and it is new to the replay. Otherwise they get a writer that is
 * named after the whole file's content, and a sequence that counts them: so a file that is imported again is
 * recognised.
 */
export class ImportNames {
  readonly #layout: Layout;
  readonly #content = createHash('sha256');
  readonly #lastSequence = new Map<string, number>();
  readonly #renamed = new Set<string>();
  /** Digests of the chunks that the replay holds of writers that it knows. */
  readonly #held = new Set<string>();
  /** Each renamed writer's new name, and the chunks that it was given for. */
  readonly #given = new Map<string, { readonly writer: string; count: number }>();
  #file = '';

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Takes note of each chunk of the file, in order, before the first is named. */
  note(chunk: Chunk): void {
    const { writer, sequence } = chunk;
    this.#content.update(digestOf(chunk, this.#layout));
    if (sequence <= (this.#lastSequence.get(writer) ?? -1)) this.#renamed.add(writer);
    this.#lastSequence.set(writer, sequence);
  }

  /** Ends the noting, and looks up what the replay has of the file's writers. */
  async lookUp(replay: OpenReplay): Promise<void> {
    this.#file = this.#content.digest('base64url');
    const known = await replay.store.knownWriters([...this.#lastSequence.keys()]);
    if (known.size === 0) return;
    for (const writer of known) this.#renamed.add(writer);
    for await (const portion of readChunks(replay, () => undefined))
      for (const { chunk } of portion)
        if (known.has(chunk.writer)) this.#held.add(digestOf(chunk, this.#layout));
  }

  /** The name of the file's next chunk; null: the replay holds that very chunk. */
  next(chunk: Chunk): Name | null {
    const { writer, sequence } = chunk;
    if (!this.#renamed.has(writer)) return { writer, sequence };
    let given = this.#given.get(writer);
    if (given === undefined) {
      given = { writer: `import-${hash('sha256', this.#file + writer, 'base64url').slice(0, 22)}`, count: 0 };
      this.#given.set(writer, given);
    }
    const name = { writer: given.writer, sequence: given.count++ };
    return this.#held.size > 0 && this.#held.has(digestOf(chunk, this.#layout)) ? null : name;
  }
}
