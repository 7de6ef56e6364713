import { type FleetState, type FleetTotals, zeroTotals } from '@qfleet/metrics';
import {
  openRedisReplay,
  type RedisClient,
  ReplayMissingError,
  type ReplayStanding,
  replayRefusals,
} from '@qfleet/replay';
import type { Queue } from 'bullmq';
import { readRecentEpisodes, readReturns } from './episodes.ts';
import { readEvaluations } from './evaluations.ts';
import type { Role, Snapshots } from './heartbeats.ts';
import { EVALUATIONS_QUEUE, fleetKeys, ROLLOUTS_QUEUE } from './keys.ts';
import { openQueue } from './queues.ts';
import { readRedisServers } from './redis-info.ts';
import { ReplayShards } from './replay-shards.ts';
import { type RunRecord, readRun } from './run.ts';

const NO_REPLAY: Omit<ReplayStanding, 'generation'> = {
  oldest: 1,
  newest: 0,
  transitions: 0,
  bytes: 0,
  insertedTotal: 0,
  evictedTotal: 0,
  sampledTotal: 0,
};
const QUEUES = [ROLLOUTS_QUEUE, EVALUATIONS_QUEUE] as const;

/** Reads the state of a run's fleet, again and again. */
export class FleetReader {
  readonly #redis: RedisClient;
  readonly #run: string;
  readonly #queues: readonly Queue[];
  /** Connected at the first reading of the run. */
  #shards: ReplayShards | null = null;
  #closed = false;

  constructor(redis: RedisClient, run: string) {
    this.#redis = redis;
    this.#run = run;
    this.#queues = QUEUES.map((name) => openQueue(redis, run, name, { skipMetasUpdate: true }));
  }

  /** The fleet now; null where there is no such run. */
  async read(): Promise<FleetState | null> {
    const redis = this.#redis;
    const run = this.#run;
    const keys = fleetKeys(run);
    const sentAt = performance.now();
    await redis.ping();
    const redisRoundTripSeconds = (performance.now() - sentAt) / 1000;
    const [record, processes, totals, returns, episodes, evaluations, evaluated, redisServers, queues] =
      await Promise.all([
        readRun(redis, run),
        this.#processes(),
        redis.hgetall(keys.totals),
        readReturns(redis, run),
        readRecentEpisodes(redis, run),
        readEvaluations(redis, run, -1),
        redis.llen(keys.evaluations),
        readRedisServers(redis, '0'),
        this.#counts(),
      ]);
    if (!record) return null;
    const { replay } = record.config;
    const shards = await this.#connectShards(record);
    const [standing, refusals, shardServers] = await Promise.all([
      this.#standing(shards),
      replayRefusals(shards.addresses),
      Promise.all(shards.servers.map((server, i) => readRedisServers(server, `${i + 1}`))),
    ]);
    const counted = numbers(zeroTotals(), totals);
    return {
      run,
      at: Date.now(),
      startedAt: record.startedAt,
      phase: record.phase,
      redisRoundTripSeconds,
      totals: {
        ...counted,
        transitionsPushed: standing.insertedTotal,
        transitionsSampled: standing.sampledTotal,
        transitionsEvicted: standing.evictedTotal,
        evaluations: evaluated,
        chunksRefused: counted.chunksRefused + refusals.corrupt,
        chunksRefusedFormat: refusals.format,
        chunksRefusedLayout: refusals.layout,
        chunksRefusedSize: refusals.size,
        processesRefused: refusals.process,
      },
      returns: {
        ...returns,
        lastMean: episodes?.meanReturn ?? null,
        lastEvaluationMean: evaluations[0]?.mean ?? null,
      },
      replay: {
        transitions: standing.transitions,
        bytes: standing.bytes,
        chunks: standing.newest - standing.oldest + 1,
        capacityTransitions: replay.capacity,
        capacityBytes: replay.capacityBytes,
        samplesPerInsertTarget: replay.samplesPerInsert,
      },
      redisServers: [redisServers, ...shardServers].flat(),
      queues,
      ...processes,
    };
  }

  /** Also while a reading is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#shards?.close();
    await Promise.all(this.#queues.map((queue) => queue.close()));
  }

  async #connectShards({ run, config }: RunRecord): Promise<ReplayShards> {
    this.#shards ??= await ReplayShards.connect(this.#redis, run, config.replay.shards, { role: 'reader' });
    if (this.#closed) this.#shards.close();
    return this.#shards;
  }

  async #standing({ addresses }: ReplayShards): Promise<Omit<ReplayStanding, 'generation'>> {
    try {
      const { store } = await openRedisReplay(addresses);
      return await store.standing();
    } catch (error) {
      if (error instanceof ReplayMissingError) return NO_REPLAY;
      throw error;
    }
  }

  /** Those whose snapshot has not expired. */
  async #processes(): Promise<ProcessLists> {
    const keys = fleetKeys(this.#run);
    const members = await this.#redis.zrange(keys.processes, '0', '-1');
    const lists: ProcessLists = { actors: [], learners: [], evaluators: [], exporters: [], supervisors: [] };
    if (members.length === 0) return lists;
    const snapshots = await this.#redis.mget(members.map((member) => keys.process(member)));
    for (const [i, member] of members.entries()) {
      const snapshot = snapshots[i];
      const role = member.slice(0, member.indexOf(':')) as Role;
      if (snapshot) (lists[`${role}s`] as unknown[]).push(JSON.parse(snapshot));
    }
    return lists;
  }

  async #counts(): Promise<FleetState['queues']> {
    const counts = await Promise.all(
      this.#queues.map((queue) => queue.getJobCounts('wait', 'prioritized', 'active', 'delayed', 'failed')),
    );
    return Object.fromEntries(
      QUEUES.map((name, i) => {
        const { wait = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts[i];
        return [name, { waiting: wait + prioritized, active, delayed, failed }];
      }),
    );
  }
}

type ProcessLists = { [R in Role as `${R}s`]: Snapshots[R][] };

function numbers(zero: FleetTotals, texts: Record<string, string>): FleetTotals {
  const totals = { ...zero };
  for (const name of Object.keys(zero) as (keyof FleetTotals)[]) totals[name] = Number(texts[name] ?? 0);
  return totals;
}
