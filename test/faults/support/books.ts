import { setTimeout as sleep } from 'node:timers/promises';
import { FleetReader, fleetKeys, replayPrefix, WeightsSubscriber } from '@qfleet/fleet';
import { peekChunk, RedisReplayStore, type ReplayStanding } from '@qfleet/replay';
import type { Redis } from 'ioredis';
import { expect } from 'vitest';

interface Entry {
  readonly id: number;
  readonly bytes: number;
  readonly length: number;
  readonly writer: string;
  readonly sequence: number;
  readonly slot: number;
  readonly episode: number;
  readonly offset: number;
}

interface Shard {
  readonly redis: Redis;
  readonly prefix: string;
}

const LOOK_MS = 20;
const FOLLOW_BYTES = 8 << 20;

/** Writes down every chunk that ever came into a run's replay, and every counter that went back. */
export class Books {
  readonly #redis: Redis;
  readonly #run: string;
  readonly #shards: readonly Shard[];
  readonly #reader: FleetReader;
  /** By the replay's generation: a Redis that keeps nothing makes a new one. */
  readonly #replays = new Map<string, Entry[]>();
  /** By the replay's generation: how many entries there were when the server lost those after them. */
  readonly #breaks = new Map<string, number[]>();
  #lost = 0;
  readonly #wentBack: string[] = [];
  /** Each actor's last life, by its name: one that was killed may not have told of all its steps. */
  readonly #lives = new Map<string, { readonly id: string; readonly startedAt: number }>();
  readonly #last = new Map<string, number>();
  readonly #ended = new AbortController();
  readonly #looking: Promise<void>;
  #glance: Promise<void> = Promise.resolve();
  #paused = false;

  /**
   * @param redis a connection of its own, past all faults of the network.
   * @param shards such connections to each server of the replay.
   * @param urls of those servers that are not the run's own.
   */
  constructor(redis: Redis, run: string, shards: readonly Redis[], urls: readonly string[]) {
    this.#redis = redis;
    this.#run = run;
    this.#shards = shards.map((server, shard) => ({ redis: server, prefix: replayPrefix(run, shard) }));
    this.#reader = new FleetReader(redis, run, urls);
    this.#looking = this.#look();
  }

  /** Replays that were lost. */
  get losses(): number {
    return this.#replays.size - this.#shards.length;
  }

  /** Whether a server lost its last moments, be there transitions among them or not. */
  get wroteOff(): boolean {
    return this.#breaks.size > 0;
  }

  /** Transitions that were stored, and then were no more: what a server had not brought to disk. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * After `pause`, with nobody writing: a server may have lost its last moments. These are written off, and counters may
   * have gone back.
   */
  async writeOff(): Promise<void> {
    for (const { redis, prefix } of this.#shards) {
      const { generation, newest } = await (await RedisReplayStore.open(redis, prefix)).standing();
      const entries = this.#replays.get(generation) ?? [];
      const gone = entries.splice(newest);
      this.#lost += gone.reduce((sum, { length }) => sum + length, 0);
      this.#breaks.set(generation, [...(this.#breaks.get(generation) ?? []), entries.length]);
    }
    this.#last.clear();
    this.#paused = false;
  }

  /** Looks no more until `writeOff`. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#glance;
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
    for (const { redis } of this.#shards) redis.disconnect();
    this.#ended.abort();
    await this.#looking;
    await this.#reader.close();
  }

  /**
   * With all actors ended: what is stored is what came, in order, none twice, and the counters say so.
   * @throws AssertionError naming the entry that does not balance.
   */
  async balance(): Promise<void> {
    this.#ended.abort();
    await this.#looking;
    expect(this.#wentBack, 'counters that went back').toEqual([]);
    for (const shard of this.#shards) await this.#balanceShard(shard);
    const first = [...this.#replays.keys()].slice(0, this.#shards.length);
    for (const [generation, entries] of this.#replays) {
      // Into one that was made after a loss comes what was on its way to the one before.
      const breaks = first.includes(generation) ? (this.#breaks.get(generation) ?? []) : [0];
      checkOrder(entries, breaks, this.#shards.length > 1);
    }
    // What a server had acknowledged just before its end, and lost, may be on no page.
    if (this.losses === 0 && this.#breaks.size === 0) await this.#checkWriters();
  }

  async #balanceShard(shard: Shard): Promise<void> {
    // What came after the learner's end: nobody takes it in but the next one.
    const store = await RedisReplayStore.open(shard.redis, shard.prefix);
    const fence = await RedisReplayStore.fence(shard.redis, shard.prefix);
    while ((await store.admit(fence)) > 0);
    const standing = await this.#follow(shard);
    const entries = this.#replays.get(standing.generation)!;
    const held = entries.filter(({ id }) => id >= standing.oldest);
    const sum = (list: readonly Entry[], what: 'length' | 'bytes'): number =>
      list.reduce((total, entry) => total + entry[what], 0);
    expect(standing).toMatchObject({
      newest: entries.length,
      insertedTotal: sum(entries, 'length'),
      evictedTotal: sum(entries, 'length') - sum(held, 'length'),
      transitions: sum(held, 'length'),
      bytes: sum(held, 'bytes'),
    });
    const keys = (await shard.redis.keys(`${shard.prefix}*`)).filter((key) => !/:mark:[^:]+$/.test(key));
    const expected = ['meta', 'sizes', 'writers', ...held.map(({ id }) => `chunk:${id}`)];
    expect(keys.toSorted()).toEqual(expected.map((name) => shard.prefix + name).toSorted());
  }

  /** What each actor that lived to its end has stepped is stored, whole. */
  async #checkWriters(): Promise<void> {
    const stored = new Map<string, number>();
    for (const { writer, length } of [...this.#replays.values()].flat()) {
      stored.set(writer, (stored.get(writer) ?? 0) + length);
    }
    const keys = fleetKeys(this.#run);
    const killed = await this.#redis.smembers(keys.unended);
    for (const [name, { id: writer }] of this.#lives) {
      if (killed.includes(`actor:${name}`)) continue;
      const [steps, dropped] = await this.#redis.hmget(
        keys.counted(`actor:${writer}`),
        'environmentSteps',
        'transitionsDropped',
      );
      expect((stored.get(writer) ?? 0) + Number(dropped ?? 0), `transitions of ${writer}`).toBe(
        Number(steps),
      );
    }
  }

  async #look(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      if (!this.#paused) {
        this.#glance = this.#lookOnce();
        await this.#glance;
      }
      await sleep(LOOK_MS, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
  }

  async #lookOnce(): Promise<void> {
    try {
      const standings: ReplayStanding[] = [];
      for (const shard of this.#shards) standings.push(await this.#follow(shard));
      standings.forEach((standing) => {
        this.#compare(standing);
      });
      const state = await this.#reader.read();
      const weights = await new WeightsSubscriber(this.#redis, this.#run).newerThan(0);
      if (weights) this.#rises('weights version', weights.version);
      // Redis may have lost it all in between.
      const generations = await Promise.all(
        this.#shards.map(({ redis, prefix }) => redis.hget(`${prefix}meta`, 'generation')),
      );
      const generation = standings.map((standing) => standing.generation).join();
      for (const { id, startedAt } of state?.actors ?? []) {
        const name = id.split('.')[0];
        if (startedAt >= (this.#lives.get(name)?.startedAt ?? 0)) this.#lives.set(name, { id, startedAt });
      }
      if (state && generations.join() === generation) {
        for (const [name, value] of Object.entries(state.totals)) this.#rises(`${generation} ${name}`, value);
      }
    } catch {
      // Redis is away, or has no run yet: the next look tells.
    }
  }

  #compare({ generation, insertedTotal, evictedTotal, sampledTotal, newest }: ReplayStanding): void {
    for (const [name, value] of Object.entries({ insertedTotal, evictedTotal, sampledTotal, newest })) {
      this.#rises(`${generation} ${name}`, value);
    }
  }

  #rises(name: string, value: number): void {
    const last = this.#last.get(name) ?? 0;
    if (value < last) this.#wentBack.push(`${name}: ${last} then ${value}`);
    this.#last.set(name, value);
  }

  async #follow({ redis, prefix }: Shard): Promise<ReplayStanding> {
    const store = await RedisReplayStore.open(redis, prefix);
    for (;;) {
      const { generation } = await store.standing();
      const entries = this.#replays.get(generation) ?? [];
      this.#replays.set(generation, entries);
      const { chunks, standing } = await store.follow(entries.at(-1)?.id ?? 0, FOLLOW_BYTES);
      if (standing.generation !== generation) continue;
      for (const { id, bytes } of chunks) {
        const { writer: name, sequence, slot, episode, offset, length } = peekChunk(bytes);
        // A writer that took a new name hands in the same chunks again.
        const [writer] = name.split('~');
        entries.push({ id, bytes: bytes.length, length, writer, sequence, slot, episode, offset });
      }
      if (chunks.length === 0) return standing;
    }
  }
}

/**
 * Ids without a gap; of each writer every chunk once; before the first break in its order, of each episode every step.
 * @param breaks places before which chunks were lost.
 * @param several whether other chunks of the same writers lie on other shards.
 */
function checkOrder(entries: readonly Entry[], breaks: readonly number[], several: boolean): void {
  expect(entries.map(({ id }) => id)).toEqual(entries.map((_, i) => i + 1));
  const sequences = new Map<string, number>();
  const episodes = new Map<string, { episode: number; next: number }>();
  const seen = new Set<string>();
  let whole = true;
  for (const { id, writer, sequence, slot, episode, offset, length } of entries) {
    expect(seen.has(`${writer} ${sequence}`), `${sequence} of ${writer} twice`).toBe(false);
    seen.add(`${writer} ${sequence}`);
    // What its writers hand in again comes after what they did meanwhile.
    if (breaks.includes(id - 1)) whole = false;
    if (!whole) continue;
    const before = sequences.get(writer);
    if (before !== undefined && !several) expect(sequence, `after ${before} of ${writer}`).toBe(before + 1);
    if (before !== undefined) expect(sequence, `after ${before} of ${writer}`).toBeGreaterThan(before);
    sequences.set(writer, sequence);
    const key = `${writer} ${slot}`;
    const open = episodes.get(key);
    if (open?.episode === episode) {
      expect(offset, `episode ${episode} of slot ${slot} of ${writer}`).toBe(open.next);
    }
    episodes.set(key, { episode, next: offset + length });
  }
}
