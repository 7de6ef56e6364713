import { createHash, type Hash, hash } from 'node:crypto';
import type { RunConfig } from '@qfleet/config';
import {
  type Chunk,
  ChunkError,
  encodeChunk,
  encodeOpenChunk,
  type Layout,
  type OpenChunk,
  type SealedChunk,
} from '@qfleet/replay';
import type { Recorded } from '@qfleet/report';
import { MemoryReplay } from '@qfleet/single';
import { UsageError } from '../errors.ts';
import { MemoryPlaces } from './memory-places.ts';

/** What an offline run learns from: a replay in memory that is filled once, and what it was filled with. */
export class OfflineExperience {
  readonly replay: MemoryReplay;
  readonly #layout: Layout;
  readonly #places: MemoryPlaces;
  /** Whether chunks bring their own first priorities. */
  readonly #hasPriorities: boolean;
  readonly #sources: { path: string; transitions: number; content: Hash }[] = [];
  /** Digests of all chunks: one that another source has too is left out. */
  readonly #held = new Set<string>();
  readonly #writers = new Map<string, { readonly name: string; count: number }>();
  #transitions = 0;
  #repeated = 0;
  #episodes = 0;
  #returns = 0;

  /** @param transitions about how many there will be. */
  constructor(config: RunConfig, layout: Layout, transitions: number) {
    this.replay = new MemoryReplay(config, layout, { transitions, bytes: Number.POSITIVE_INFINITY });
    this.#layout = layout;
    this.#places = new MemoryPlaces(config.agent, layout);
    const { sampling } = config.replay;
    this.#hasPriorities = sampling.kind === 'prioritized' && sampling.initialPriority === 'td-error';
  }

  get transitions(): number {
    return this.#transitions;
  }

  /** Transitions that several sources have: they are held once. */
  get repeated(): number {
    return this.#repeated;
  }

  /** What it was filled with so far. */
  get recorded(): Recorded {
    return {
      transitions: this.#transitions,
      episodes: this.#episodes,
      meanReturn: this.#episodes === 0 ? null : this.#returns / this.#episodes,
      sources: this.#sources.map(({ path, transitions, content }) => ({
        path,
        transitions,
        fingerprint: content.copy().digest('hex'),
      })),
    };
  }

  /** Begins a source: the chunks that follow are its. */
  begin(path: string): void {
    this.#sources.push({ path, transitions: 0, content: createHash('sha256') });
    this.#writers.clear();
  }

  /**
   * Adds a chunk.
   * @throws UsageError for one that can't be trained on.
   */
  async add(chunk: Chunk): Promise<void> {
    const source = this.#sources.at(-1)!;
    this.#places.check(chunk, source.path);
    const digest = hash('sha256', this.#bytesOf(chunk, source.path), 'base64url');
    source.content.update(digest);
    source.transitions += chunk.length;
    if (this.#held.has(digest)) {
      this.#repeated += chunk.length;
      return;
    }
    this.#held.add(digest);
    const priorities = this.#hasPriorities ? chunk.priorities : null;
    await this.#append({ ...chunk, ...this.#nameOf(chunk), priorities }, source.path);
    this.#transitions += chunk.length;
    if (chunk.end === 'continues') return;
    this.#episodes++;
    this.#returns += chunk.episodeReturn;
  }

  async #append(chunk: Chunk, path: string): Promise<void> {
    // Texts are never compressed, and have one form alone.
    if (this.#layout.tokens !== undefined) await this.replay.store.append([this.#sealed(chunk, path)]);
    else await this.replay.append([this.#open(chunk, path)]);
  }

  /** A name that no other source has: that of an actor need not be unique among runs. */
  #nameOf({ writer }: Chunk): Pick<Chunk, 'writer' | 'sequence'> {
    let named = this.#writers.get(writer);
    if (named === undefined) {
      named = { name: `offline-${this.#sources.length}-${this.#writers.size + 1}`, count: 0 };
      this.#writers.set(writer, named);
    }
    return { writer: named.name, sequence: named.count++ };
  }

  #bytesOf(chunk: Chunk, path: string): Uint8Array {
    return this.#layout.tokens === undefined ? this.#open(chunk, path) : this.#sealed(chunk, path);
  }

  #open(chunk: Chunk, path: string): OpenChunk {
    return refusing(path, () => encodeOpenChunk(chunk, this.#layout));
  }

  #sealed(chunk: Chunk, path: string): SealedChunk {
    return refusing(path, () => encodeChunk(chunk, this.#layout));
  }
}

/** @throws UsageError where a chunk of a source can't be trained on. */
function refusing<T>(path: string, encode: () => T): T {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof ChunkError)) throw error;
    throw new UsageError(`${path} can't be learned from: ${error.message}`);
  }
}
