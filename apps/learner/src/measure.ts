import type { Beat } from '@qfleet/fleet';
import type { Trainer, Waits } from '@qfleet/training';

/** What the learner's heartbeat tells. */
export function measure(trainer: Trainer, waits: Waits): Beat<'learner'> {
  const { counts, stats, updates, version, replay } = trainer;
  return {
    snapshot: {
      training: 1,
      updates,
      weightsVersion: version,
      loss: stats?.loss ?? null,
      meanAbsTdError: stats?.meanAbsTdError ?? null,
      meanQ: stats?.meanQ ?? null,
      gradientNorm: stats?.gradientNorm ?? null,
    },
    totals: {
      transitionsSampled: counts.sampled,
      updates: counts.updates,
      weightsPublished: counts.published,
      checkpoints: counts.checkpoints,
      chunksRefused: replay.counts.refusedChunks,
      learnerWaitMinimumSeconds: waits['too little experience'],
      learnerWaitCheckpointSeconds: waits.checkpoint,
      learnerWaitRatioSeconds: waits['sample-to-insert ratio'],
      learnerWaitRedisSeconds: counts.fetchWaitSeconds,
    },
  };
}
