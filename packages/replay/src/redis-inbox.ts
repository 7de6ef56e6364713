import { randomBytes } from 'node:crypto';
import type { Layout } from './chunk.ts';
import { checkFingerprint, peekChunk } from './chunk-header.ts';
import { describeLayout, layoutFingerprint } from './layout.ts';
import { explain, missing, parseStanding, STANDING } from './redis/replies.ts';
import { INBOX, type RedisClient } from './redis/scripts.ts';
import { withWriter } from './seal.ts';
import type { Capacity, HandedIn, Inbox, ReplayStanding } from './store.ts';
import { checkSize } from './validate-chunk.ts';

/** Up to so many bytes a chunk goes into the list itself; a larger one into a key of its own, which is only renamed later. */
const SMALL_BYTES = 8192;

/** How often a chunk is handed in that then lies neither in the inbox nor in the replay. */
const MOST_TRIES = 5;

/** What was handed in under one name. */
interface Book {
  readonly name: string;
  /** In order, with their sequences: what is not known to be in the replay. */
  readonly open: Map<Uint8Array, number>;
  /** The highest sequence that was handed in; -1: none. */
  highest: number;
  /** How many of its chunks are known to be in the replay. */
  admitted: number;
}

/** How the replay stands; how many entries waited before those of this call; of each book, what the replay has. */
interface Reply {
  readonly standing: ReplayStanding;
  readonly waiting: number;
  readonly writers: readonly (string | null)[];
}

/**
 * An actor's end of a replay on one Redis. Its user may push to the inbox and read how the replay stands, and no more;
 * the learner has its store admit what lies there (`RedisReplayStore.admit`).
 *
 * Nobody can write under a name that nobody else knows. Where somebody does, the replay takes this writer's chunks for
 * repeated ones: that is noticed, and those that it dropped are handed in again under a new name.
 */
export class ReplayInbox implements Inbox {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #layout: Layout;
  readonly #capacity: Capacity;
  /** The last one's name is in use; those before it wait for what was handed in under theirs. */
  #books: Book[];
  /** How often each chunk was handed in. */
  readonly #tries = new WeakMap<Uint8Array, number>();
  /** Whether the last call failed: what it carried may have come in, or the replay may be another one. */
  #isUnsure = false;
  /** What was seen in calls that then failed. */
  #unsaid: HandedIn[] = [];

  private constructor(
    redis: RedisClient,
    prefix: string,
    layout: Layout,
    capacity: Capacity,
    writer: string,
  ) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#layout = layout;
    this.#capacity = capacity;
    this.#books = [newBook(writer)];
  }

  /**
   * @param writer the name that all chunks carry.
   * @throws ReplayMissingError when there is no replay under `prefix` (yet); Error when it has another layout.
   */
  static async open(
    redis: RedisClient,
    prefix: string,
    layout: Layout,
    writer: string,
  ): Promise<ReplayInbox> {
    const fields = ['layout', 'fingerprint', 'capacityTransitions', 'capacityBytes'];
    const [found, fingerprint, transitions, bytes] = await redis.hmget(`${prefix}meta`, ...fields);
    if (!found) throw missing(prefix);
    if (Number(fingerprint) !== layoutFingerprint(layout)) {
      // For the replay to count it.
      await redis.rpush(prefix + INBOX, 'layout');
      throw new Error(
        `The replay ${prefix} holds ${describeLayout(JSON.parse(found) as Layout)}, not ${describeLayout(layout)}: start a new run for another environment.`,
      );
    }
    const capacity = { transitions: Number(transitions), bytes: Number(bytes) };
    return new ReplayInbox(redis, prefix, layout, capacity, writer);
  }

  async handIn(chunks: readonly Uint8Array[]): Promise<HandedIn> {
    let next = chunks;
    if (this.#isUnsure) {
      // First looks what came of the failed call, so that chunks that have to go in again go before new ones.
      const seen = await this.#exchange([]);
      this.#unsaid.push({ ...seen, again: [] });
      const known = new Set([
        ...this.#unsaid.flatMap(({ admitted, dropped }) => [...admitted, ...dropped]),
        ...seen.again,
      ]);
      next = [...seen.again, ...chunks.filter((chunk) => !known.has(chunk))];
    }
    const last = await this.#exchange(next);
    const all = [...this.#unsaid, last];
    this.#unsaid = [];
    return {
      standing: last.standing,
      admitted: all.flatMap(({ admitted }) => admitted),
      again: last.again,
      dropped: all.flatMap(({ dropped }) => dropped),
      taken: all.reduce((sum, { taken }) => sum + taken, 0),
    };
  }

  async #exchange(chunks: readonly Uint8Array[]): Promise<HandedIn> {
    const book = this.#books.at(-1)!;
    const highest = this.#books.map((each) => each.highest);
    // Written down before it is sent: the reply may be lost.
    for (const chunk of chunks) this.#note(book, chunk);
    this.#isUnsure = true;
    const { standing, waiting, writers } = await this.#push(book.name, chunks);
    this.#isUnsure = false;
    for (const chunk of chunks) this.#tries.set(chunk, (this.#tries.get(chunk) ?? 0) + 1);
    const admitted: Uint8Array[] = [];
    const missed: Uint8Array[] = [];
    let taken = 0;
    for (const [i, each] of this.#books.entries()) {
      const { last, stored } = parseWriter(writers[i]);
      const heard = [...each.open].filter(([, sequence]) => sequence <= last).map(([chunk]) => chunk);
      for (const chunk of heard) each.open.delete(chunk);
      if (last > highest[i]) {
        // One chunk of another's keeps out those that came after it.
        taken++;
        missed.push(...heard.splice(Math.max(0, stored - each.admitted - 1)));
        each.highest = last;
      }
      each.admitted += heard.length;
      admitted.push(...heard);
      // The inbox is empty: Redis lost its last moments, or the replay refused the last chunks.
      if (waiting === 0) missed.push(...takeAllBut(each.open, chunks));
    }
    const dropped = missed.filter((chunk) => (this.#tries.get(chunk) ?? 0) >= MOST_TRIES);
    const again = missed.filter((chunk) => !dropped.includes(chunk));
    if (taken > 0 || again.length > 0) this.#books.push(newBook(newName(book.name)));
    this.#books = this.#books.filter(({ open }, i) => open.size > 0 || i === this.#books.length - 1);
    return { standing, admitted, again, dropped, taken };
  }

  /** @throws ChunkError for what the replay would refuse. */
  #note(book: Book, chunk: Uint8Array): void {
    const header = peekChunk(chunk);
    checkFingerprint(header, this.#layout);
    checkSize(header.length, chunk.length, this.#capacity);
    book.open.set(chunk, header.sequence);
    book.highest = Math.max(book.highest, header.sequence);
  }

  async #push(name: string, chunks: readonly Uint8Array[]): Promise<Reply> {
    const inbox = this.#prefix + INBOX;
    const entries: (Buffer | string)[] = [];
    const large: (Buffer | string)[] = [];
    for (const chunk of chunks) {
      const value = asBuffer(withWriter(chunk, name));
      if (value.length <= SMALL_BYTES) {
        entries.push(value);
        continue;
      }
      const entry = `${name}:${this.#books.at(-1)!.open.get(chunk)}`;
      entries.push(`@${entry}`);
      large.push(`${inbox}:${entry}`, value);
    }
    const names = this.#books.map((each) => each.name);
    const transaction = this.#redis
      .multi()
      .llen(inbox)
      .hmget(`${this.#prefix}meta`, ...STANDING)
      .hmget(`${this.#prefix}writers`, ...names);
    if (large.length > 0) transaction.mset(...large);
    if (entries.length > 0) transaction.rpush(inbox, ...entries);
    const fail = (error: unknown) => explain(error, this.#prefix, this.#capacity.bytes);
    const replies = await transaction.exec().catch(fail);
    const values = replies!.map(([error, value]) => (error ? fail(error) : value));
    const [waiting, standing, writers] = values as [number, (string | null)[], (string | null)[]];
    return { waiting, standing: parseStanding(standing, this.#prefix), writers };
  }
}

/** Takes all chunks out but these. */
function takeAllBut(open: Map<Uint8Array, number>, kept: readonly Uint8Array[]): Uint8Array[] {
  const taken = [...open.keys()].filter((chunk) => !kept.includes(chunk));
  for (const chunk of taken) open.delete(chunk);
  return taken;
}

/** How many characters of the first name stay, for people to read, before those that nobody can guess. */
const KEPT_CHARACTERS = 40;
const newName = (name: string): string =>
  `${name.split('~')[0].slice(-KEPT_CHARACTERS)}~${randomBytes(16).toString('base64url')}`;

const newBook = (name: string): Book => ({ name, open: new Map(), highest: -1, admitted: 0 });

/** @param text a writer's last sequence and how many chunks of it were stored, as `redis/door.lua.ts` writes it. */
function parseWriter(text: string | null | undefined): { last: number; stored: number } {
  const [last = -1, stored = 0] = text ? text.split(' ').map(Number) : [];
  return { last, stored };
}

/** The same bytes, as ioredis wants them. */
const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
