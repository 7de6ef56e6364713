export { backoff } from './backoff.ts';
export { type ConnectOptions, connectRedis } from './connect.ts';
export { type EpisodeReport, EpisodeTally, type FinishedEpisode } from './episode-tally.ts';
export {
  type RecentEpisodes,
  readRecentEpisodes,
  reportEpisodes,
} from './episodes.ts';
export { FleetConfigurationError, FleetError } from './errors.ts';
export { type Evaluate, EvaluationWorker, type EvaluationWorkerOptions } from './evaluation-worker.ts';
export { EvaluationQueue, readEvaluations } from './evaluations.ts';
export { type Beat, Heartbeats, type HeartbeatsOptions, type Role, type Snapshots } from './heartbeats.ts';
export { checkRunId, type FleetKeys, fleetKeys, newRunId, replayPrefix } from './keys.ts';
export { LearnerLease } from './learner-lease.ts';
export { RolloutLeases, type RolloutLeasesOptions, seedLeases } from './leases.ts';
export {
  checkRedis,
  explainRedisError,
  findRedisServer,
  isOldRedis,
  type LocalRedis,
  type LocalRedisOptions,
  OLDEST_REDIS,
  provisionRedis,
  type RedisServerProgram,
  RedisStartError,
  startLocalRedis,
} from './local-redis/index.ts';
export { createLogger, type Logger } from './logger.ts';
export { outlastRefusedWrites } from './outlast.ts';
export { namedShards, ownShards } from './own-config.ts';
export { exitCodes } from './process/exit-codes.ts';
export { type LogLevel, type ProcessEnv, readProcessEnv } from './process-env.ts';
export { QueueKeeper } from './queue-keeper.ts';
export { FleetReader } from './read-fleet.ts';
export { RecordKeeper } from './record-keeper.ts';
export { reportRefusals } from './records/refusals.ts';
export { type CountedReturns, episodesBefore, readReturns } from './records/returns.ts';
export { TotalsReader } from './records/totals.ts';
export { readRedisServer, readRedisServers } from './redis-info.ts';
export { displayUrl, redisOptionsOf } from './redis-url.ts';
export { connectShards, ReplayShards } from './replay-shards.ts';
export {
  createRun,
  isOver,
  type RunPhase,
  type RunRecord,
  readPhase,
  readRun,
  restoreRun,
  reviseRun,
  setPhase,
  type WaitForRunOptions,
  waitForRun,
} from './run.ts';
export { RunKeeper } from './run-keeper.ts';
export { DRAIN_SECONDS, type ProcessContext, REDIS_PATIENCE_SECONDS, runProcess } from './run-process.ts';
export { serversOf } from './servers-of.ts';
export { type ChildSpec, type ChildStatus, Supervisor, type SupervisorOptions } from './supervisor.ts';
export { unlessAborted } from './unless-aborted.ts';
export { RedisWeightsChannel } from './weights-channel.ts';
export { type FollowWeightsOptions, followWeights } from './weights-feed.ts';
