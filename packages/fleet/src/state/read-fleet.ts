import { learnsFromRounds } from '@qfleet/config';
import type { FleetState } from '@qfleet/metrics';
import {
  openRedisReplay,
  type RedisClient,
  ReplayMissingError,
  type ReplayStanding,
  replayRefusals,
} from '@qfleet/replay';
import type { EvaluationResult } from '@qfleet/training';
import type { Queue } from 'bullmq';
import { FleetConfigurationError } from '../errors.ts';
import { readEvaluations } from '../evaluations/evaluations.ts';
import { EVALUATIONS_QUEUE, fleetKeys, ROLLOUTS_QUEUE } from '../keys.ts';
import { readProcesses } from '../records/heartbeat.ts';
import { unlessOtherType } from '../records/read.ts';
import { type CountedReturns, readReturns } from '../records/returns.ts';
import { type RunRecord, readRun } from '../records/run.ts';
import { TotalsReader } from '../records/totals.ts';
import { readRedisServers } from '../redis/redis-info.ts';
import { namedShards, ownShards } from '../run/own-config.ts';
import { openQueue } from '../run/queues.ts';
import { ReplayShards } from '../run/replay-shards.ts';
import { readRecentEpisodes } from './episodes.ts';

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

/** Reads the state of a run's fleet, again and again. What is refused of it is as it was at the reading before. */
export class FleetReader {
  readonly #redis: RedisClient;
  readonly #run: string;
  readonly #named: () => readonly string[];
  readonly #totals: TotalsReader;
  #record: RunRecord | null = null;
  #returns: CountedReturns | undefined;
  #lastEvaluation: EvaluationResult | null = null;
  readonly #queues: readonly Queue[];
  /** Connected at the first reading of the run. */
  #shards: ReplayShards | null = null;
  #closed = false;

  /**
   * @param shards URLs of servers that may be shards of the run's replay, beside the run's own and those that this process's
   *   environment names.
   */
  constructor(redis: RedisClient, run: string, shards: readonly string[] = []) {
    this.#redis = redis;
    this.#run = run;
    this.#named = () => [...shards, ...namedShards()];
    this.#totals = new TotalsReader(redis, run);
    this.#queues = QUEUES.map((name) => openQueue(redis, run, name, { skipMetasUpdate: true }));
  }

  /**
   * The fleet now; null where there is no such run.
   * @throws FleetConfigurationError where the run's record is refused, and no earlier reading had one.
   */
  async read(): Promise<FleetState | null> {
    const redis = this.#redis;
    const run = this.#run;
    const keys = fleetKeys(run);
    const sentAt = performance.now();
    await redis.ping();
    const redisRoundTripSeconds = (performance.now() - sentAt) / 1000;
    const [record, processes, totals, returns, episodes, evaluations, evaluated, redisServers, queues] =
      await Promise.all([
        this.#readRun(),
        readProcesses(redis, run),
        this.#totals.read(),
        readReturns(redis, run, this.#returns),
        readRecentEpisodes(redis, run),
        readEvaluations(redis, run, -1),
        unlessOtherType('evaluation', keys.evaluations, redis.llen(keys.evaluations)),
        readRedisServers(redis, '0'),
        this.#counts(),
      ]);
    if (!record) return null;
    this.#returns = returns;
    this.#lastEvaluation = evaluations[0] ?? this.#lastEvaluation;
    const { replay } = record.config;
    const shards = await this.#connectShards(record);
    const [standing, refusals, shardServers] = await Promise.all([
      this.#standing(shards),
      replayRefusals(shards.addresses),
      Promise.all(shards.servers.map((server, i) => readRedisServers(server, `${i + 1}`))),
    ]);
    return {
      run,
      at: Date.now(),
      startedAt: record.startedAt,
      phase: record.phase,
      redisRoundTripSeconds,
      totals: {
        ...totals,
        transitionsPushed: standing.insertedTotal,
        transitionsSampled: standing.sampledTotal,
        transitionsEvicted: standing.evictedTotal,
        // Also those of before they were counted.
        evaluations: Math.max(totals.evaluations, evaluated ?? 0),
        chunksRefused: totals.chunksRefused + refusals.corrupt,
        chunksRefusedFormat: refusals.format,
        chunksRefusedLayout: refusals.layout,
        chunksRefusedSize: refusals.size,
        processesRefused: refusals.process,
      },
      returns: {
        ...returns,
        lastMean: episodes?.meanReturn ?? null,
        lastEvaluationMean: this.#lastEvaluation?.mean ?? null,
        info: episodes?.info ?? {},
        evaluationInfo: this.#lastEvaluation?.info ?? {},
      },
      replay: {
        transitions: standing.transitions,
        bytes: standing.bytes,
        chunks: standing.newest - standing.oldest + 1,
        capacityTransitions: replay.capacity,
        capacityBytes: replay.capacityBytes,
        samplesPerInsertTarget: learnsFromRounds(record.config) ? null : replay.samplesPerInsert,
      },
      redisServers: [redisServers, ...shardServers].flat(),
      queues,
      ...processes,
    };
  }

  /** Closes its connections, also during a reading. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#shards?.close();
    await Promise.all(this.#queues.map((queue) => queue.close()));
  }

  async #readRun(): Promise<RunRecord | null> {
    try {
      this.#record = await readRun(this.#redis, this.#run);
    } catch (error) {
      if (!(error instanceof FleetConfigurationError) || this.#record === null) throw error;
    }
    return this.#record;
  }

  async #connectShards({ run, config }: RunRecord): Promise<ReplayShards> {
    const urls = ownShards(run, config.replay.shards, this.#redis, this.#named);
    this.#shards ??= await ReplayShards.connect(this.#redis, run, urls, { role: 'reader' });
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

  async #counts(): Promise<FleetState['queues']> {
    const counts = await Promise.all(
      this.#queues.map((queue) =>
        unlessOtherType(
          'queue',
          queue.name,
          queue.getJobCounts('wait', 'prioritized', 'active', 'delayed', 'failed'),
        ),
      ),
    );
    return Object.fromEntries(
      QUEUES.map((name, i) => {
        const { wait = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts[i] ?? {};
        return [name, { waiting: wait + prioritized, active, delayed, failed }];
      }),
    );
  }
}
