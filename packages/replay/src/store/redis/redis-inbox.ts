import { randomBytes } from 'node:crypto';
import type { Layout } from '../../chunk/chunk.ts';
import type { SealedChunk } from '../../chunk/encoded.ts';
import { checkFingerprint, peekChunk } from '../../chunk/header.ts';
import { describeLayout, layoutFingerprint, parseLayout } from '../../chunk/layout.ts';
import { withWriter } from '../../chunk/seal.ts';
import { checkSize } from '../../chunk/validate.ts';
import type { Capacity, HandedIn, Inbox, ReplayStanding } from '../store.ts';
import { explain, missing, parseStanding, STANDING } from './replies.ts';
import { handInScript } from './scripts/hand-in.lua.ts';
import { INBOX, MARK, type RedisClient } from './scripts.ts';

/** Up to so many bytes a chunk goes into the list itself; a larger one into a key of its own, which is only renamed later. */
const SMALL_BYTES = 8192;

/** Bytes of a push at most, unless one chunk has more. */
const MOST_BYTES = 4 * 1024 * 1024;

/** How often a chunk is handed in that then lies neither in the inbox nor in the replay. */
const MOST_TRIES = 5;

/** A chunk in the inbox that is not known to be in the replay. */
interface Entry {
  readonly sequence: number;
  /** The number of the push that brought it. */
  readonly push: number;
}

/** What was handed in under one name. */
interface Book {
  readonly name: string;
  /** In order: what is not known to be in the replay. */
  readonly open: Map<SealedChunk, Entry>;
  /** The highest sequence that came in; -1: none. */
  highest: number;
  /** How many of its chunks are known to be in the replay. */
  admitted: number;
}

/**
 * The number of the last push that the server had, how many entries waited before those of this call, how the replay
 * stands, and of each book, what the replay has.
 */
interface Reply {
  readonly seen: number;
  readonly waiting: number;
  readonly standing: ReplayStanding;
  readonly writers: readonly (string | null)[];
}

/** What `handInScript` replies. */
type RawReply = [seen: string, waiting: number, standing: (string | null)[], writers: (string | null)[]];

/**
 * An actor's end of a replay on one Redis. Its user may push to the inbox and read how the replay stands, and no more;
 * the learner has its store admit what lies there (`RedisReplayStore.admit`).
 *
 * A server that lost its last moments is noticed by the number of the last push that it knows: what came with later ones
 * is handed in again, before anything newer.
 *
 * Nobody can write under a name that nobody else knows. Where somebody does, the replay takes this writer's chunks for
 * repeated ones: that is noticed, and those that it dropped are handed in again under a new name.
 */
export class ReplayInbox implements Inbox {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #layout: Layout;
  readonly #capacity: Capacity;
  readonly #mark: string;
  /** The last one's name is in use; those before it wait for what was handed in under theirs. */
  #books: Book[];
  #pending: SealedChunk[] = [];
  /** How often each chunk was handed in. */
  readonly #tries = new WeakMap<SealedChunk, number>();
  /** The number of the last push, and of the last one that is known to have come in. */
  #pushes = 0;
  #arrived = 0;

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
    this.#mark = prefix + MARK + unguessable();
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
        `The replay ${prefix} holds ${describeLayout(parseLayout(found))}, not ${describeLayout(layout)}: start a new run for another environment.`,
      );
    }
    const capacity = { transitions: Number(transitions), bytes: Number(bytes) };
    return new ReplayInbox(redis, prefix, layout, capacity, writer);
  }

  get pending(): readonly SealedChunk[] {
    return this.#pending;
  }

  async handIn(chunks: readonly SealedChunk[]): Promise<HandedIn> {
    for (const chunk of chunks) {
      const header = peekChunk(chunk);
      checkFingerprint(header, this.#layout);
      checkSize(header.length, chunk.length, this.#capacity);
    }
    this.#pending.push(...chunks);
    let lost = 0;
    for (;;) {
      const sent = this.#nextPush();
      const reply = await this.#push(sent);
      if (reply.seen < this.#arrived) {
        // It pushed nothing.
        lost += this.#repend(reply.seen);
        continue;
      }
      const highest = this.#books.map((book) => book.highest);
      // This push, or one before that failed, had come in already, and may have been admitted.
      const cameTwice = reply.seen > this.#arrived;
      if (sent.length > 0) this.#enter(sent);
      if (cameTwice) highest[highest.length - 1] = this.#books.at(-1)!.highest;
      const settled = this.#settle(reply, highest, sent);
      return { ...settled, entered: sent, again: settled.again + lost };
    }
  }

  /** The first of what is pending. */
  #nextPush(): SealedChunk[] {
    let bytes = 0;
    const count = this.#pending.findIndex((chunk) => {
      if (bytes >= MOST_BYTES) return true;
      bytes += chunk.length;
      return false;
    });
    return count < 0 ? [...this.#pending] : this.#pending.slice(0, count);
  }

  /** The server knows no push after this one: what those brought is pending again, before what is newer. @returns how much. */
  #repend(seen: number): number {
    const lost: SealedChunk[] = [];
    for (const { open } of this.#books) {
      for (const [chunk, { push }] of open) if (push > seen) lost.push(chunk);
      for (const chunk of lost) open.delete(chunk);
    }
    this.#pending.unshift(...lost);
    this.#arrived = seen;
    return lost.length;
  }

  /** These have come in. */
  #enter(sent: readonly SealedChunk[]): void {
    this.#arrived = this.#pushes;
    this.#pending.splice(0, sent.length);
    const book = this.#books.at(-1)!;
    for (const chunk of sent) {
      const { sequence } = peekChunk(chunk);
      book.highest = Math.max(book.highest, sequence);
      book.open.set(chunk, { sequence, push: this.#arrived });
      this.#tries.set(chunk, (this.#tries.get(chunk) ?? 0) + 1);
    }
  }

  /**
   * Finds what is in the replay, and what never will be.
   * @param highest sequence of each book that can have been admitted.
   * @param sent in this call: of these nothing is known yet.
   */
  #settle({ standing, waiting, writers }: Reply, highest: readonly number[], sent: readonly SealedChunk[]) {
    const admitted: SealedChunk[] = [];
    const missed: SealedChunk[] = [];
    let taken = 0;
    for (const [i, book] of this.#books.entries()) {
      const { last, stored } = parseWriter(writers[i]);
      const heard = [...book.open].filter(([, { sequence }]) => sequence <= last).map(([chunk]) => chunk);
      for (const chunk of heard) book.open.delete(chunk);
      if (last > highest[i]) {
        // One chunk of another's keeps out those that came after it.
        taken++;
        missed.push(...heard.splice(Math.max(0, stored - book.admitted - 1)));
        book.highest = last;
      }
      book.admitted += heard.length;
      admitted.push(...heard);
      // The inbox is empty: the replay refused what is neither there nor here.
      if (waiting === 0) missed.push(...takeAllBut(book.open, sent));
    }
    const dropped = missed.filter((chunk) => (this.#tries.get(chunk) ?? 0) >= MOST_TRIES);
    const again = missed.filter((chunk) => !dropped.includes(chunk));
    this.#pending.unshift(...again);
    // Newer ones may have come in under the old name.
    if (taken > 0 || again.length > 0) this.#books.push(newBook(newName(this.#books.at(-1)!.name)));
    this.#books = this.#books.filter(({ open }, i) => open.size > 0 || i === this.#books.length - 1);
    return { standing, admitted, dropped, again: again.length, taken };
  }

  async #push(chunks: readonly SealedChunk[]): Promise<Reply> {
    const inbox = this.#prefix + INBOX;
    const book = this.#books.at(-1)!;
    const entries: (Buffer | string)[] = [];
    const large: (Buffer | string)[] = [];
    for (const chunk of chunks) {
      const value = asBuffer(withWriter(chunk, book.name));
      if (value.length <= SMALL_BYTES) {
        entries.push(value);
        continue;
      }
      const entry = `${book.name}:${peekChunk(chunk).sequence}`;
      entries.push(`@${entry}`);
      large.push(`${inbox}:${entry}`, value);
    }
    if (chunks.length > 0) this.#pushes++;
    const names = this.#books.map(({ name }) => name);
    const keys = [inbox, this.#mark, `${this.#prefix}meta`, `${this.#prefix}writers`];
    const counts = [this.#arrived, this.#pushes, STANDING.length, names.length];
    const rest = [...keys, ...counts, ...STANDING, ...names, ...entries];
    const [seen, waiting, standing, writers] = await this.#call(
      [handInScript, keys.length, ...rest],
      large,
    ).catch((error: unknown) => explain(error, this.#prefix, this.#capacity.bytes));
    return { seen: Number(seen), waiting, standing: parseStanding(standing, this.#prefix), writers };
  }

  /** Calls the script, after it has set large chunks. */
  async #call(
    script: Parameters<RedisClient['eval']>,
    large: readonly (Buffer | string)[],
  ): Promise<RawReply> {
    if (large.length === 0) return (await this.#redis.eval(...script)) as RawReply;
    const replies = await this.#redis
      .multi()
      .mset(...large)
      .eval(...script)
      .exec();
    for (const [error] of replies!) if (error) throw error;
    return replies![1][1] as RawReply;
  }
}

/** Takes all chunks out but these. */
function takeAllBut(open: Map<SealedChunk, Entry>, kept: readonly SealedChunk[]): SealedChunk[] {
  const taken = [...open.keys()].filter((chunk) => !kept.includes(chunk));
  for (const chunk of taken) open.delete(chunk);
  return taken;
}

const unguessable = (): string => randomBytes(16).toString('base64url');

/** How many characters of the first name stay, for people to read, before those that nobody can guess. */
const KEPT_CHARACTERS = 40;
const newName = (name: string): string => `${name.split('~')[0].slice(-KEPT_CHARACTERS)}~${unguessable()}`;

const newBook = (name: string): Book => ({ name, open: new Map(), highest: -1, admitted: 0 });

/** @param text a writer's last sequence and how many chunks of it were stored, as `door.lua.ts` writes it. */
function parseWriter(text: string | null | undefined): { last: number; stored: number } {
  const [last = -1, stored = 0] = text ? text.split(' ').map(Number) : [];
  return { last, stored };
}

/** The same bytes, as ioredis wants them. */
const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
