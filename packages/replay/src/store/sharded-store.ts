import { crc32 } from 'node:zlib';
import type { Layout } from '../chunk/chunk.ts';
import type { SealedChunk } from '../chunk/encoded.ts';
import { type ChunkHeader, checkFingerprint, peekChunk } from '../chunk/header.ts';
import { ChunkError } from '../chunk/validate.ts';
import { Fifo } from '../fifo.ts';
import type { ChunkPriorities, PriorityStore } from './priority-store.ts';
import type {
  AppendReply,
  Followed,
  ReplayStanding,
  ReplayStore,
  StoredChunk,
  WriterStore,
} from './store.ts';

/** A store that may be one of several. */
export type ReplayShard = ReplayStore & PriorityStore & WriterStore;

/** Where a chunk lies: its shard, and its id there. */
interface Place {
  readonly shard: number;
  readonly id: number;
}

/** 2³² over the golden ratio. */
const GOLDEN = 0x9e3779b1;

/**
 * The shard of a writer's slot. A writer's slots spread evenly, be they consecutive or every k-th, as the fractional
 * parts of multiples of the golden ratio do (Knuth, "The Art of Computer Programming" 3, section 6.4: Fibonacci
 * hashing).
 */
export function shardOf({ writer, slot }: Pick<ChunkHeader, 'writer' | 'slot'>, shards: number): number {
  return Math.floor((((crc32(writer) + Math.imul(slot, GOLDEN)) >>> 0) / 2 ** 32) * shards);
}

/**
 * One replay over several stores. All chunks of a writer's slot go to one shard, so that episodes stay whole and a
 * retry is known there. Shards evict on their own.
 *
 * Ids are given to chunks as they are followed, so `follow` goes on from the id that it gave last, or begins again
 * at 0; `fetch` and the priorities know the ids that `follow` gave.
 */
export class ShardedReplayStore implements ReplayStore, PriorityStore, WriterStore {
  readonly #layout: Layout;
  readonly #shards: readonly ReplayShard[];
  /** The id up to which each shard was followed; null before the first `follow`. */
  #followed: number[] | null = null;
  /** The chunks that were followed and are held, oldest first: the last has the id `#newest`. */
  #places = new Fifo<Place>();
  #newest = 0;
  /** Each shard's generation when it was followed last. */
  #generations: readonly string[] = [];

  /** @param layout of all shards; there is at least one. The capacity is that of all of them together. */
  constructor(layout: Layout, shards: readonly ReplayShard[]) {
    this.#layout = layout;
    this.#shards = shards;
  }

  /** @throws as a shard does; then others may have stored their part, which a retry finds stored. */
  async append(chunks: readonly SealedChunk[]): Promise<AppendReply> {
    const parts: SealedChunk[][] = this.#shards.map(() => []);
    // All are checked before the first is sent: a bad one keeps the others out.
    for (const bytes of chunks) {
      const header = this.#headerOf(bytes);
      // Not a chunk of this replay: a shard refuses it, and counts it.
      if (header === null) return this.#shards[0].append([bytes]);
      parts[shardOf(header, parts.length)].push(bytes);
    }
    const replies = await Promise.all(this.#shards.map((shard, i) => shard.append(parts[i])));
    return {
      stored: replies.reduce((sum, { stored }) => sum + stored, 0),
      standing: this.#combine(replies.map(({ standing }) => standing)),
    };
  }

  #headerOf(bytes: Uint8Array): ChunkHeader | null {
    try {
      const header = peekChunk(bytes);
      checkFingerprint(header, this.#layout);
      return header;
    } catch (error) {
      if (!(error instanceof ChunkError)) throw error;
      return null;
    }
  }

  async admit(fence: number): Promise<number> {
    const left = await Promise.all(this.#shards.map((shard) => shard.admit?.(fence) ?? 0));
    return left.reduce((sum, entries) => sum + entries, 0);
  }

  async follow(after: number, maxBytes: number): Promise<Followed> {
    if (after === 0) this.#followed = null;
    else if (after !== this.#newest)
      throw new RangeError(
        `A sharded replay is followed from ${this.#newest} on, or from 0, not from ${after}.`,
      );
    const portion = Math.ceil(maxBytes / this.#shards.length);
    const replies = await Promise.all(
      this.#shards.map((shard, i) => shard.follow(this.#followed?.[i] ?? 0, portion)),
    );
    const standings = replies.map(({ standing }) => standing);
    if (this.#followed === null) this.#begin(standings);
    else if (replies.some(({ wentBack }) => wentBack) || this.#wasLost(standings))
      return { chunks: [], standing: this.#combine(standings), wentBack: true };
    const followed = this.#followed!;
    const taken: StoredChunk[] = [];
    replies.forEach(({ chunks }, shard) => {
      for (const { id, bytes } of chunks) {
        // Chunks that were evicted before they were seen had ids too.
        for (; followed[shard] < id; followed[shard]++) {
          this.#newest++;
          this.#places.push({ shard, id: followed[shard] + 1 });
        }
        taken.push({ id: this.#newest, bytes });
      }
    });
    return { chunks: taken, standing: this.#combine(standings) };
  }

  #begin(standings: readonly ReplayStanding[]): void {
    this.#followed = standings.map(({ oldest }) => oldest - 1);
    this.#newest = this.#followed.reduce((sum, id) => sum + id, 0);
    this.#places = new Fifo();
    this.#generations = standings.map(({ generation }) => generation);
  }

  #wasLost(standings: readonly ReplayStanding[]): boolean {
    return standings.some(({ generation }, i) => generation !== this.#generations[i]);
  }

  /** Only from the oldest on, as a follower drops them: what a faster shard evicted waits for its turn. */
  #dropEvicted(standings: readonly ReplayStanding[]): void {
    for (let place = this.#places.at(0); place; place = this.#places.at(0)) {
      if (place.id >= standings[place.shard].oldest) return;
      this.#places.shift();
    }
  }

  async fetch(ids: readonly number[]): Promise<(Uint8Array | null)[]> {
    return this.#gather(ids, (shard, local) => shard.fetch(local));
  }

  async savePriorities(
    generation: string,
    priorities: readonly ChunkPriorities[],
    fence: number,
  ): Promise<void> {
    if (generation !== this.#generations.join()) return;
    const parts: ChunkPriorities[][] = this.#shards.map(() => []);
    for (const { id, values } of priorities) {
      const place = this.#placeOf(id);
      if (place) parts[place.shard].push({ id: place.id, values });
    }
    // To all, also without priorities: each has to know the token.
    await Promise.all(
      this.#shards.map((shard, i) => shard.savePriorities(this.#generations[i], parts[i], fence)),
    );
  }

  async loadPriorities(ids: readonly number[]): Promise<(Float32Array | null)[]> {
    return this.#gather(ids, (shard, local) => shard.loadPriorities(local));
  }

  /** The sampled transitions are counted on the first shard; each has to know the token. */
  async recordSampled(transitions: number, fence?: number): Promise<ReplayStanding> {
    const [first, ...others] = this.#shards;
    // The others before it: where one fails, the caller tries again, and nothing was counted.
    const standings = await Promise.all(others.map((shard) => shard.recordSampled(0, fence)));
    return this.#combine([await first.recordSampled(transitions, fence), ...standings]);
  }

  async standing(): Promise<ReplayStanding> {
    return this.#combine(await Promise.all(this.#shards.map((shard) => shard.standing())));
  }

  async knownWriters(writers: readonly string[]): Promise<ReadonlySet<string>> {
    const known = await Promise.all(this.#shards.map((shard) => shard.knownWriters(writers)));
    return new Set(known.flatMap((names) => [...names]));
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.close()));
  }

  #placeOf(id: number): Place | undefined {
    return this.#places.at(id - (this.#newest - this.#places.length + 1));
  }

  /** Asks each shard for its part of these ids, and puts the answers in the order of the ids. */
  async #gather<T>(
    ids: readonly number[],
    ask: (shard: ReplayShard, local: readonly number[]) => Promise<(T | null)[]>,
  ): Promise<(T | null)[]> {
    const places = ids.map((id) => this.#placeOf(id));
    const parts: number[][] = this.#shards.map(() => []);
    for (const place of places) if (place) parts[place.shard].push(place.id);
    const answers = await Promise.all(this.#shards.map((shard, i) => ask(shard, parts[i])));
    const next = answers.map((answer) => answer.values());
    return places.map((place) => (place && next[place.shard].next().value) ?? null);
  }

  /** `oldest` is that of the follower where there is one. */
  #combine(standings: readonly ReplayStanding[]): ReplayStanding {
    if (this.#followed) this.#dropEvicted(standings);
    const sum = sumOf(standings);
    return this.#followed ? { ...sum, oldest: this.#newest - this.#places.length + 1 } : sum;
  }
}

/** The standing of several shards together. */
export function sumOf(standings: readonly ReplayStanding[]): ReplayStanding {
  const add = (of: (standing: ReplayStanding) => number) =>
    standings.reduce((sum, standing) => sum + of(standing), 0);
  return {
    generation: standings.map(({ generation }) => generation).join(),
    oldest: add(({ oldest }) => oldest - 1) + 1,
    newest: add(({ newest }) => newest),
    transitions: add(({ transitions }) => transitions),
    bytes: add(({ bytes }) => bytes),
    insertedTotal: add(({ insertedTotal }) => insertedTotal),
    evictedTotal: add(({ evictedTotal }) => evictedTotal),
    sampledTotal: add(({ sampledTotal }) => sampledTotal),
  };
}
