export { backoff } from './backoff.ts';
export { type CellJob, CellQueue } from './cells/cell-queue.ts';
export { CellWorker } from './cells/cell-worker.ts';
export { FleetConfigurationError, FleetError } from './errors.ts';
export {
  type Evaluate,
  EvaluationWorker,
  type EvaluationWorkerOptions,
} from './evaluations/evaluation-worker.ts';
export { EvaluationQueue, readEvaluations } from './evaluations/evaluations.ts';
export { checkRunId, type FleetKeys, fleetKeys, newRunId, replayPrefix } from './keys.ts';
export { createLogger, type Logger, type LogLevel } from './logger.ts';
export { exitCodes } from './process/exit-codes.ts';
export { type ProcessEnv, readProcessEnv } from './process/process-env.ts';
export {
  DRAIN_SECONDS,
  type ProcessContext,
  REDIS_PATIENCE_SECONDS,
  runProcess,
} from './process/run-process.ts';
export {
  type ChildSpec,
  type ChildStatus,
  Supervisor,
  type SupervisorOptions,
} from './process/supervisor.ts';
export { reportRefusals } from './records/refusals.ts';
export { type CountedReturns, episodesBefore, readReturns } from './records/returns.ts';
export { TotalsReader } from './records/totals.ts';
export { type ConnectOptions, connectRedis } from './redis/connect.ts';
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
} from './redis/local/index.ts';
export { outlastRefusedWrites } from './redis/outlast.ts';
export { readRedisServer, readRedisServers } from './redis/redis-info.ts';
export { displayUrl, redisOptionsOf } from './redis/redis-url.ts';
export { serversOf } from './redis/servers-of.ts';
export { LearnerLease } from './run/learner-lease.ts';
export { namedShards, ownShards } from './run/own-config.ts';
export { QueueKeeper } from './run/queue-keeper.ts';
export { RecordKeeper } from './run/record-keeper.ts';
export { connectShards, ReplayShards } from './run/replay-shards.ts';
export { RolloutLeases, type RolloutLeasesOptions, seedLeases } from './run/rollout-leases.ts';
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
} from './run/run.ts';
export { RunKeeper } from './run/run-keeper.ts';
export { EpisodeTally } from './state/episode-tally.ts';
export {
  type RecentEpisodes,
  readRecentEpisodes,
  reportEpisodes,
} from './state/episodes.ts';
export {
  type Beat,
  Heartbeats,
  type HeartbeatsOptions,
  type Role,
  type Snapshots,
} from './state/heartbeats.ts';
export { FleetReader } from './state/read-fleet.ts';
export { unlessAborted } from './unless-aborted.ts';
export { Uplink, type UplinkOptions } from './uplink.ts';
export { type FollowWeightsOptions, followWeights } from './weights/weights-feed.ts';
export { WeightsPublisher } from './weights/weights-publisher.ts';
export { WeightsSubscriber } from './weights/weights-subscriber.ts';
