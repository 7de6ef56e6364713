export { checkRun, type TrainingPlace } from './check-run.ts';
export {
  type BestEvaluation,
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
export {
  type EvaluationRequest,
  type EvaluationResult,
  type Evaluations,
  HELD_OUT_EPISODES,
  meanAndStd,
} from './evaluations.ts';
export { type EpisodeFigures, MetricsRecorder } from './metrics-recorder.ts';
export { outlastFullDisk } from './outlast-full-disk.ts';
export { type RecentEpisode, RecentEpisodes } from './recent-episodes.ts';
export { runTrainer, type Waits } from './run-trainer.ts';
export { Scoreboard, type ScoreboardListener } from './scoreboard.ts';
export {
  type StopReason,
  Trainer,
  type TrainerCounts,
  type TrainerParts,
  type WaitReason,
} from './trainer.ts';
export { warmStart } from './warm-start.ts';
