import type { Beat } from '@qfleet/fleet';
import type { Trainer, Waits } from '@qfleet/training';

/** What the learner's heartbeat tells. */
export function measure(trainer: Trainer, waits: Waits): Beat<'learner'> {
  const { counts, stats, updates, version } = trainer;
  const numbers = stats?.numbers ?? {};
  return {
    snapshot: {
      training: 1,
      updates,
      weightsVersion: version,
      loss: numbers['loss'] ?? null,
      meanAbsTdError: numbers['meanAbsTdError'] ?? null,
      meanQ: numbers['meanQ'] ?? null,
      gradientNorm: numbers['gradientNorm'] ?? null,
    },
    totals: {
      transitionsSampled: counts.sampled,
      updates: counts.updates,
      weightsPublished: counts.published,
      weightsPublishedBytes: counts.publishedBytes,
      weightsPublishSeconds: counts.publishSeconds,
      checkpoints: counts.checkpoints,
      chunksRefused: counts.chunksRefused,
      roundSlotsMissed: counts.roundSlotsMissed,
      learnerWaitMinimumSeconds: waits['too little experience'],
      learnerWaitCheckpointSeconds: waits.checkpoint,
      learnerWaitRatioSeconds: waits['sample-to-insert ratio'],
      learnerWaitRoundSeconds: waits.round,
      learnerWaitRedisSeconds: counts.fetchWaitSeconds,
    },
  };
}
