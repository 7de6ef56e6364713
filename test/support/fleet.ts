import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectRedis, createLogger, FleetReader, fleetKeys, replayPrefix, Supervisor } from '@qfleet/fleet';
import type { FleetState } from '@qfleet/metrics';
import { peekChunk, type RedisClient, RedisReplayStore } from '@qfleet/replay';
import { expect, onTestFinished } from 'vitest';
import { temporaryDirectory } from './qfleet.ts';

const mainOf = (app: string): string =>
  fileURLToPath(new URL(`../../apps/${app}/dist/main.js`, import.meta.url));
const NAMES = ['learner-0', 'actor-0', 'actor-1', 'evaluator-0'];
const PATIENCE_MS = 60_000;
/** The lines of a configuration that learns from a replay, and keeps all of its experience, on so many shards at a URL. */
const replaying = (url: string, shards: number): string[] => {
  const module = fileURLToPath(new URL('../faults/support/paced-cliff.ts', import.meta.url));
  return [
    `environment: { id: PacedCliff-v0, module: ${JSON.stringify(module)} }`,
    'agent: { kind: tabular, learningRate: 0.5, discount: 1 }',
    `replay: { capacity: 5000000, minSize: 500, samplesPerInsert: 4, shards: ${JSON.stringify(Array(shards).fill(url))} }`,
    'learner: { publishEvery: 20, checkpointEvery: 400 }',
    'evaluation: { every: 400, episodes: 1 }',
    'stop: { solvedReturn: null }',
    'fleet: { slots: 8, slotsPerLease: 2, slotsPerActor: 4 }',
  ];
};

/** A chunk's writer and sequence. */
export type ChunkName = string;

/** What one replay shard holds: the steps of each chunk, by its name. */
export async function chunksOf(redis: RedisClient, prefix: string): Promise<Map<ChunkName, number>> {
  const store = await RedisReplayStore.open(redis, prefix);
  const held = new Map<ChunkName, number>();
  for (let after = 0; ; ) {
    const { chunks, standing } = await store.follow(after, 4 << 20);
    expect(chunks.map(({ id }) => id)).toEqual(chunks.map((_, i) => after + 1 + i));
    for (const { bytes } of chunks) {
      const { writer: name, sequence, length } = peekChunk(bytes);
      // A writer that took a new name hands in the same chunks again.
      const [writer] = name.split('~');
      expect(held.has(`${writer} ${sequence}`), `${writer} ${sequence} is stored twice`).toBe(false);
      held.set(`${writer} ${sequence}`, length);
    }
    if (chunks.length === 0) {
      const { insertedTotal, evictedTotal, transitions } = standing;
      expect(sumOf(held)).toBe(transitions);
      expect(insertedTotal - evictedTotal).toBe(transitions);
      return held;
    }
    after = chunks.at(-1)!.id;
  }
}

export const sumOf = (chunks: ReadonlyMap<ChunkName, number>): number =>
  [...chunks.values()].reduce((sum, length) => sum + length, 0);

/** A fleet of real processes that trains without end on the Redis of a URL. */
export class TrainingFleet {
  readonly run: string;
  readonly shards: number;
  /** A client as the fleet's own. */
  readonly redis: RedisClient;
  readonly #directory: string;
  readonly #supervisor: Supervisor;
  readonly #reader: FleetReader;

  private constructor(run: string, shards: number, redis: RedisClient) {
    this.run = run;
    this.shards = shards;
    this.redis = redis;
    this.#directory = temporaryDirectory();
    this.#reader = new FleetReader(redis, run);
    this.#supervisor = new Supervisor({
      logDirectory: join(this.#directory, 'logs'),
      log: createLogger('silent'),
    });
  }

  /**
   * Resolves when it trains. It is stopped at the test's end.
   * @param lines of its configuration. Default: one that learns from a replay.
   */
  static async start(
    url: string,
    run: string,
    shards: number,
    lines = replaying(url, shards),
  ): Promise<TrainingFleet> {
    const redis = await connectRedis(url, { role: 'test' });
    redis.on('error', () => undefined);
    const fleet = new TrainingFleet(run, shards, redis);
    onTestFinished(() => fleet.#kill());
    const config = join(fleet.#directory, 'config.yaml');
    writeFileSync(config, lines.join('\n'));
    for (const name of NAMES) {
      const env = {
        QFLEET_REDIS_URL: url,
        QFLEET_RUN: run,
        QFLEET_CONFIG: config,
        QFLEET_RUN_DIR: join(fleet.#directory, 'run'),
        QFLEET_LOG_LEVEL: 'info',
      };
      fleet.#supervisor.start({ name, main: mainOf(name.split('-')[0]), env });
    }
    await fleet.until(({ learners, actors }) => learners[0]?.updates > 0 && actors.length === 2, 'it trains');
    return fleet;
  }

  log(name: string): string {
    return readFileSync(join(this.#directory, 'logs', `${name}.log`), 'utf8');
  }

  /** How often a process was started again. */
  get restarts(): number {
    return this.#supervisor.status().reduce((sum, { restarts }) => sum + restarts, 0);
  }

  /** Waits until the fleet is as wanted; a Redis that fails meanwhile is asked again. @throws with its logs. */
  async until(wanted: (state: FleetState) => boolean, what: string): Promise<FleetState> {
    const deadline = performance.now() + PATIENCE_MS;
    let last: unknown = null;
    for (;;) {
      const state = await this.#reader.read().catch((error: unknown) => {
        last = error;
        return null;
      });
      if (state !== null && wanted(state)) return state;
      if (performance.now() > deadline || this.#supervisor.failed.aborted) {
        const logs = NAMES.map((name) => `${name}:\n${this.log(name).slice(-2_000)}`);
        throw new Error(
          `Waited in vain until ${what}.\n${JSON.stringify(state ?? String(last))}\n${logs.join('\n')}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits until it has done more updates and stored more experience. */
  async progress(transitions = 1_000): Promise<void> {
    const before = await this.until(({ learners }) => learners.length > 0, 'a learner lives');
    await this.until(
      ({ learners, totals }) =>
        learners[0]?.updates > before.learners[0].updates + 50 &&
        totals.transitionsPushed > before.totals.transitionsPushed + transitions,
      `it goes on from update ${before.learners[0].updates}`,
    );
  }

  /**
   * Ends it, and checks that what its actors did is stored, each chunk once, but for those that a server is known to
   * have lost.
   * @param lost chunks that were stored, and then were no more.
   */
  async stop(lost: ReadonlyMap<ChunkName, number> = new Map()): Promise<void> {
    await this.#supervisor.stop();
    const shards = Array.from({ length: this.shards }, (_, shard) => replayPrefix(this.run, shard));
    // What actors handed in after the learner's end lies in the inbox, for the next one.
    for (const prefix of shards) {
      const store = await RedisReplayStore.open(this.redis, prefix);
      while ((await store.admit(await RedisReplayStore.fence(this.redis, prefix))) > 0);
    }
    const held = await Promise.all(shards.map((prefix) => chunksOf(this.redis, prefix)));
    const stored = new Map(held.flatMap((chunks) => [...chunks]));
    expect(stored.size, 'a chunk lies on two shards').toBe(held.reduce((sum, { size }) => sum + size, 0));
    const all = new Map([...stored, ...lost]);
    for (const writer of new Set([...all.keys()].map((name) => name.split(' ')[0]))) {
      const own = [...all.keys()].filter((name) => name.startsWith(`${writer} `));
      const sequences = own.map((name) => Number(name.split(' ')[1])).toSorted((a, b) => a - b);
      expect(sequences, `chunks of ${writer}`).toEqual(sequences.map((_, i) => i));
    }
    const [steps, dropped] = await this.redis.hmget(
      fleetKeys(this.run).totals,
      'environmentSteps',
      'transitionsDropped',
    );
    expect(sumOf(all) + Number(dropped ?? 0)).toBe(Number(steps));
  }

  async #kill(): Promise<void> {
    for (const { name, pid } of this.#supervisor.status()) {
      if (pid !== null) process.kill(pid, 'SIGKILL');
      await this.#supervisor.remove(name);
    }
    this.redis.disconnect();
    await this.#reader.close();
  }
}
