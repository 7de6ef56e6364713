import { randomUUID } from 'node:crypto';
import type { Layout } from './chunk.ts';
import { describeLayout, layoutFingerprint } from './layout.ts';
import { type RedisClient, withScripts } from './redis/scripts.ts';
import type { AppendReply, Capacity, ReplayStanding, ReplayStore, StoredChunk } from './store.ts';
import { ChunkError } from './validate-chunk.ts';

/** There is no replay under this prefix: not made yet, or lost with a Redis that keeps nothing. */
export class ReplayMissingError extends Error {
  override name = 'ReplayMissingError';
}

const STANDING = ['generation', 'oldest', 'newest', 'transitions', 'bytes', 'inserted', 'evicted', 'sampled'];

/**
 * A replay on one Redis. All its keys begin with `prefix`, which holds one hash tag (`qfleet:{run:0}:replay:`),
 * so that the scripts also work on a cluster. The client is the caller's: `close` leaves it open.
 */
export class RedisReplayStore implements ReplayStore {
  readonly layout: Layout;
  readonly capacity: Capacity;
  readonly #redis: ReturnType<typeof withScripts>;
  readonly #prefix: string;

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
    const { observationShape, observationDType, actions } = layout;
    const json = JSON.stringify({ observationShape, observationDType, actions });
    const found = await withScripts(redis).qfleetReplayCreate(
      `${prefix}meta`,
      randomUUID(),
      layoutFingerprint(layout),
      json,
      capacity.transitions,
      capacity.bytes,
    );
    if (found !== json)
      throw new Error(
        `The replay ${prefix} holds ${describeLayout(JSON.parse(found) as Layout)}, not ` +
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
    return new RedisReplayStore(redis, prefix, JSON.parse(layout) as Layout, {
      transitions: Number(transitions),
      bytes: Number(bytes),
    });
  }

  /** Removes the replay and all it holds. */
  static async remove(redis: RedisClient, prefix: string): Promise<void> {
    await redis.unlink(...['meta', 'chunks', 'sizes', 'writers'].map((name) => prefix + name));
  }

  async append(chunks: readonly Uint8Array[]): Promise<AppendReply> {
    const [stored, ...standing] = await this.#redis
      .qfleetReplayAppend(...this.#keys('meta', 'chunks', 'sizes', 'writers'), ...chunks.map(asBuffer))
      .catch((error: unknown) => this.#explain(error));
    return { stored: Number(stored), standing: parseStanding(standing) };
  }

  async follow(
    after: number,
    maxBytes: number,
  ): Promise<{ chunks: StoredChunk[]; standing: ReplayStanding }> {
    const reply = await this.#redis
      .qfleetReplayFollowBuffer(...this.#keys('meta', 'chunks'), after, maxBytes)
      .catch((error: unknown) => this.#explain(error));
    const first = Number(reply[STANDING.length]);
    return {
      chunks: reply.slice(STANDING.length + 1).map((bytes, i) => ({ id: first + i, bytes })),
      standing: parseStanding(reply.slice(0, STANDING.length).map(String)),
    };
  }

  async fetch(ids: readonly number[]): Promise<(Uint8Array | null)[]> {
    return ids.length === 0 ? [] : this.#redis.hmgetBuffer(`${this.#prefix}chunks`, ...ids.map(String));
  }

  async recordSampled(transitions: number): Promise<ReplayStanding> {
    const reply = await this.#redis
      .qfleetReplayRecordSampled(`${this.#prefix}meta`, transitions)
      .catch((error: unknown) => this.#explain(error));
    return parseStanding(reply);
  }

  async standing(): Promise<ReplayStanding> {
    const values = await this.#redis.hmget(`${this.#prefix}meta`, ...STANDING);
    if (values[0] === null) throw missing(this.#prefix);
    return parseStanding(values as string[]);
  }

  async close(): Promise<void> {}

  #keys(...names: string[]): string[] {
    return names.map((name) => this.#prefix + name);
  }

  /** The scripts' own errors as what they mean. */
  #explain(error: unknown): never {
    const message = error instanceof Error ? error.message : '';
    if (message.startsWith('NOREPLAY')) throw missing(this.#prefix);
    if (message.startsWith('BADCHUNK ')) throw new ChunkError(message.slice('BADCHUNK '.length));
    if (message.startsWith('OOM'))
      throw new Error(
        `Redis is at its maxmemory, so the replay ${this.#prefix} can't take more: give Redis more, or the replay ` +
          `a smaller capacity than its ${this.capacity.bytes} bytes.`,
      );
    // ioredis hangs the command on its error: megabytes of chunks that have no place in a log.
    if (error instanceof Error && 'command' in error) delete error.command;
    throw error;
  }
}

function missing(prefix: string): ReplayMissingError {
  return new ReplayMissingError(
    `There is no replay ${prefix} on this Redis: it is made by the run's learner, so start that, or check the run id.`,
  );
}

/** A Buffer on the same bytes: what ioredis sends as they are. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The values in the order of `STANDING`. */
function parseStanding(values: readonly string[]): ReplayStanding {
  const [oldest, newest, transitions, bytes, insertedTotal, evictedTotal, sampledTotal] = values
    .slice(1)
    .map(Number);
  return {
    generation: values[0],
    oldest,
    newest,
    transitions,
    bytes,
    insertedTotal,
    evictedTotal,
    sampledTotal,
  };
}
