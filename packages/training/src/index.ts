export { checkRun, type TrainingPlace } from './check-run.ts';
export {
  bestCheckpoint,
  type Checkpoint,
  CheckpointError,
  CheckpointFolder,
  decodeCheckpoint,
  encodeCheckpoint,
  latestCheckpoint,
  listCheckpoints,
  readCheckpoint,
} from './checkpoint.ts';
export type { ChunkWatch } from './chunk-watch.ts';
export { DivergenceError } from './divergence.ts';
export type { Evaluations } from './evaluation/evaluations.ts';
export { InProcessEvaluations } from './evaluation/in-process.ts';
export type { EvaluationLimits } from './evaluation/play-episodes.ts';
export { EvaluationPlayer, PATIENCE_SECONDS } from './evaluation/player.ts';
export { type EvaluationRequest, heldOutSeed, requestOf } from './evaluation/request.ts';
export {
  type BestEvaluation,
  type EvaluationResult,
  type FinalEvaluation,
  meanAndStd,
} from './evaluation/result.ts';
export type { ScoreboardListener } from './evaluation/scoreboard.ts';
export { HandedInRounds, type HandedInRoundsParts, roundCapacity } from './handed-in-rounds.ts';
export { type EpisodeFigures, MetricsRecorder } from './metrics-recorder.ts';
export { outlastFullDisk } from './outlast-full-disk.ts';
export { type RecentEpisode, RecentEpisodes } from './recent-episodes.ts';
export { changesOf, recordChanges } from './run-changes.ts';
export { runTrainer, type Waits } from './run-trainer.ts';
export { goalOf, type RunEnd, summarize } from './summary.ts';
export { Trainer } from './trainer.ts';
export type {
  CommonParts,
  OfflineStore,
  ReplayTrainerParts,
  RoundSource,
  StopReason,
  TrainerCounts,
  TrainerParts,
  WaitReason,
} from './trainer-parts.ts';
export { warmStart } from './warm-start.ts';
