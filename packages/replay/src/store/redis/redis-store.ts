import { randomUUID } from 'node:crypto';
import type { Layout } from '../../chunk/chunk.ts';
import type { SealedChunk } from '../../chunk/encoded.ts';
import { CHECKSUM_AT, checksumOf } from '../../chunk/header.ts';
import { describeLayout, layoutFingerprint, parseLayout, storedLayout } from '../../chunk/layout.ts';
import type { ChunkPriorities, PriorityStore } from '../priority-store.ts';
import type {
  AppendReply,
  Capacity,
  Followed,
  ReplayStanding,
  ReplayStore,
  StoredChunk,
  WriterStore,
} from '../store.ts';
import { explain, missing, parseStanding, STANDING } from './replies.ts';
import { appendScript } from './scripts/append.lua.ts';
import { INBOX, REPLAY_KEYS, type RedisClient, type ScriptTransaction, withScripts } from './scripts.ts';

/** Chunks of up to so many bytes cost less as arguments of a script than as commands of their own. */
const SMALL_BYTES = 8192;

/** The ids from `first` on of as many chunks as make `maxBytes` if they are of average size. */
function idsOf(first: number, { oldest, newest, bytes }: ReplayStanding, maxBytes: number): number[] {
  const count = Math.max(1, Math.floor(maxBytes / (bytes / (newest - oldest + 1))));
  return Array.from({ length: Math.max(0, Math.min(count, newest - first + 1)) }, (_, i) => first + i);
}

/** How many chunks were stored, and the standing. */
type ScriptReply = [number, ...string[]];

/** Chunks a call of `remove` unlinks in one command. */
const REMOVE_AT_A_TIME = 1000;

/**
 * A replay on one Redis. All its keys begin with `prefix`, which holds one hash tag (`qfleet:{run:0}:replay:`),
 * so that the scripts also work on a cluster. The client is the caller's: `close` leaves it open.
 */
export class RedisReplayStore implements ReplayStore, PriorityStore, WriterStore {
  readonly layout: Layout;
  readonly capacity: Capacity;
  readonly #redis: ReturnType<typeof withScripts>;
  readonly #prefix: string;
  /** Checksums of the chunks that `follow` may be asked to go on from: the last that it gave, each time. */
  readonly #given = new Map<number, number>();
  #followedFrom = 0;
  /** As the last `follow` found it. */
  #followedStanding: ReplayStanding | null = null;
  /** Names this store's calls of `recordSampled`, so that one that is sent again is recognised. */
  readonly #caller = randomUUID();
  #calls = 0;

  private constructor(redis: RedisClient, prefix: string, layout: Layout, capacity: Capacity) {
    this.#redis = withScripts(redis);
    this.#prefix = prefix;
    this.layout = layout;
    this.capacity = capacity;
  }

  /**
   * Makes the replay, or opens the one that is there; that one gets the new capacity, and holds to it from the
   * next append on.
   * @throws Error when the one that is there has another layout.
   */
  static async create(
    redis: RedisClient,
    prefix: string,
    layout: Layout,
    capacity: Capacity,
  ): Promise<RedisReplayStore> {
    const json = JSON.stringify(storedLayout(layout));
    const found = await withScripts(redis).qfleetReplayCreate(
      ...REPLAY_KEYS.map((name) => prefix + name),
      randomUUID(),
      layoutFingerprint(layout),
      json,
      capacity.transitions,
      capacity.bytes,
    );
    if (found !== json)
      throw new Error(
        `The replay ${prefix} holds ${describeLayout(parseLayout(found))}, not ` +
          `${describeLayout(layout)}: start a new run for another environment.`,
      );
    return new RedisReplayStore(redis, prefix, layout, capacity);
  }

  /** @throws ReplayMissingError when there is no replay under `prefix` (yet). */
  static async open(redis: RedisClient, prefix: string): Promise<RedisReplayStore> {
    const [layout, transitions, bytes] = await redis.hmget(
      `${prefix}meta`,
      'layout',
      'capacityTransitions',
      'capacityBytes',
    );
    if (!layout) throw missing(prefix);
    return new RedisReplayStore(redis, prefix, parseLayout(layout), {
      transitions: Number(transitions),
      bytes: Number(bytes),
    });
  }

  /** The highest fencing token that the replay under `prefix` has seen; 0: none. */
  static async fence(redis: RedisClient, prefix: string): Promise<number> {
    return Number((await redis.hget(`${prefix}meta`, 'fence')) ?? 0);
  }

  /** Removes the replay and all it holds. */
  static async remove(redis: RedisClient, prefix: string): Promise<void> {
    const [oldest, newest] = (await redis.hmget(`${prefix}meta`, 'oldest', 'newest')).map(Number);
    // First the meta: without it nothing is appended any more.
    await redis.unlink(...[...REPLAY_KEYS, INBOX].map((name) => prefix + name));
    for (let first = oldest; first <= newest; first += REMOVE_AT_A_TIME) {
      const count = Math.min(REMOVE_AT_A_TIME, newest - first + 1);
      await redis.unlink(...Array.from({ length: count }, (_, i) => `${prefix}chunk:${first + i}`));
    }
  }

  async append(chunks: readonly SealedChunk[]): Promise<AppendReply> {
    if (chunks.length === 0) return { stored: 0, standing: await this.standing() };
    // Buffers on the same bytes: what ioredis sends as they are.
    const values = chunks.map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength),
    );
    const bytes = values.reduce((sum, { length }) => sum + length, 0);
    const reply = await (bytes <= SMALL_BYTES * values.length ? this.#pass(values) : this.#stage(values));
    const [stored, ...standing] = reply;
    return { stored, standing: parseStanding(standing, this.#prefix) };
  }

  /** Sends chunks as arguments of the script. */
  #pass(values: readonly Buffer[]): Promise<ScriptReply> {
    const keys = REPLAY_KEYS.map((name) => this.#prefix + name);
    return this.#redis
      .qfleetReplayAppend(keys.length, ...keys, `${this.#prefix}chunk:`, ...values)
      .catch((error: unknown) => this.#explain(error));
  }

  /** Sends chunks as values, and has the script store them, in one transaction. */
  async #stage(values: readonly Buffer[]): Promise<ScriptReply> {
    const staged = values.map((_, i) => `${this.#prefix}staged:${i}`);
    const keys = [...REPLAY_KEYS.map((name) => this.#prefix + name), ...staged];
    const call = [keys.length, ...keys, `${this.#prefix}chunk:`] as const;
    const attempt = async (withSource: boolean): Promise<[Error | null, unknown]> => {
      const transaction = this.#redis.multi() as ScriptTransaction;
      transaction.mset(values.flatMap((value, i) => [staged[i], value]));
      if (withSource) transaction.eval(appendScript, ...call);
      else transaction.qfleetReplayAppend(...call);
      const results = await transaction.exec().catch((error: unknown) => this.#explain(error));
      return results!.at(-1)!;
    };
    let [error, reply] = await attempt(false);
    // A server that was restarted has forgotten the script, which ioredis does not notice within a transaction.
    if (error?.message.startsWith('NOSCRIPT')) [error, reply] = await attempt(true);
    if (error) this.#explain(error);
    return reply as ScriptReply;
  }

  async admit(fence: number): Promise<number> {
    const keys = [...REPLAY_KEYS, INBOX].map((name) => this.#prefix + name);
    const [left] = await this.#redis
      .qfleetReplayAdmit(...keys, `${this.#prefix}chunk:`, `${this.#prefix}${INBOX}:`, fence)
      .catch((error: unknown) => this.#explain(error));
    return left;
  }

  async follow(after: number, maxBytes: number): Promise<Followed> {
    // A follower that goes on asks at once for the chunks of the last standing, and does not wait for a new one.
    let known = this.#given.has(after) ? this.#followedStanding : null;
    for (let from = after + 1; ; ) {
      const asked = this.standing();
      if (known === null || known.newest < from) known = await asked;
      const first = Math.max(from, known.oldest);
      const ids = idsOf(first, known, maxBytes);
      // Plain reads: a script would copy each chunk twice more. In this order, all that is read is of one history, or of
      // one that the next call finds lost.
      const isThere = ids.length === 0 || this.#isThere(after);
      const [standing, values, followed] = await Promise.all([asked, this.fetch(ids), isThere]);
      this.#followedStanding = known = standing;
      if (standing.newest < after || !followed) return { chunks: [], standing, wentBack: true };
      if (ids.length === 0) return { chunks: [], standing };
      const chunks: StoredChunk[] = [];
      values.forEach((value, i) => {
        if (value) chunks.push({ id: ids[i], bytes: value });
      });
      const last = chunks.at(-1);
      if (!last) {
        // All were evicted since that standing was read, or they were lost.
        from = Math.min(first + ids.length, standing.newest + 1);
        continue;
      }
      // Calls may be one ahead of what was ingested, and then come again from there.
      for (const id of this.#given.keys()) if (id < this.#followedFrom) this.#given.delete(id);
      this.#followedFrom = after;
      this.#given.set(last.id, checksumOf(last.bytes));
      return { chunks, standing };
    }
  }

  /**
   * Whether the chunk that was followed last is what it was, or was evicted. Where a server lost its last moments (a
   * failover to a replica that did not have them yet, an append-only file that was not synced), that chunk is among
   * them, whatever took its place.
   */
  async #isThere(after: number): Promise<boolean> {
    const given = this.#given.get(after);
    if (given === undefined) return true;
    const checksum = await this.#redis.getrangeBuffer(
      `${this.#prefix}chunk:${after}`,
      CHECKSUM_AT,
      CHECKSUM_AT + 3,
    );
    return checksum.length < 4 || checksum.readUInt32LE() === given;
  }

  async fetch(ids: readonly number[]): Promise<(Uint8Array | null)[]> {
    return ids.length === 0 ? [] : this.#redis.mgetBuffer(ids.map((id) => `${this.#prefix}chunk:${id}`));
  }

  async recordSampled(transitions: number, fence = 0): Promise<ReplayStanding> {
    const reply = await this.#redis
      .qfleetReplayRecordSampled(
        `${this.#prefix}meta`,
        transitions,
        fence,
        `${this.#caller} ${++this.#calls}`,
      )
      .catch((error: unknown) => this.#explain(error));
    return parseStanding(reply, this.#prefix);
  }

  async savePriorities(
    generation: string,
    priorities: readonly ChunkPriorities[],
    fence: number,
  ): Promise<void> {
    const entries = priorities.flatMap(({ id, values: { buffer, byteOffset, byteLength } }) => [
      id,
      Buffer.from(buffer, byteOffset, byteLength),
    ]);
    await this.#redis
      .qfleetReplaySavePriorities(
        `${this.#prefix}meta`,
        `${this.#prefix}priorities`,
        fence,
        generation,
        ...entries,
      )
      .catch((error: unknown) => this.#explain(error));
  }

  async loadPriorities(ids: readonly number[]): Promise<(Float32Array | null)[]> {
    if (ids.length === 0) return [];
    const values = await this.#redis.hmgetBuffer(`${this.#prefix}priorities`, ...ids.map(String));
    // Copied: the bytes of a reply begin anywhere.
    return values.map(
      (value) => value && new Float32Array(new Uint8Array(value).buffer, 0, value.length >> 2),
    );
  }

  async standing(): Promise<ReplayStanding> {
    const values = await this.#redis.hmget(`${this.#prefix}meta`, ...STANDING);
    return parseStanding(values, this.#prefix);
  }

  async knownWriters(writers: readonly string[]): Promise<ReadonlySet<string>> {
    if (writers.length === 0) return new Set();
    const sequences = await this.#redis.hmget(`${this.#prefix}writers`, ...writers);
    return new Set(writers.filter((_, i) => sequences[i] !== null));
  }

  async close(): Promise<void> {}

  #explain(error: unknown): never {
    return explain(error, this.#prefix, this.capacity.bytes);
  }
}
