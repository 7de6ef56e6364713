import type { DqnConfig } from '@qfleet/config';
import { rewardShaping, type StepUnit } from '@qfleet/replay';

/**
 * What a row of a configuration's batches is, of rewards as its learner counts them.
 *
 * @example
 * sampleUnit({ nSteps: 3, sequence: null, rewardClip: null, rewardScale: 1 }); // → { kind: 'transition', nSteps: 3 }
 */
export function sampleUnit({
  nSteps,
  sequence,
  ...rest
}: Pick<DqnConfig, 'nSteps' | 'sequence' | 'rewardClip' | 'rewardScale'>): StepUnit {
  const rewards = rewardShaping(rest);
  const shaping = rewards ? { rewards } : {};
  return sequence === null
    ? { kind: 'transition', nSteps, ...shaping }
    : { kind: 'sequence', ...sequence, ...shaping };
}
