import type { DqnConfig } from '@qfleet/config';
import { rewardShaping, type TransitionUnit } from '@qfleet/replay';

/** The n-step transitions of a configuration, of rewards as its learner counts them. */
export function transitionUnit(
  config: Pick<DqnConfig, 'nSteps' | 'rewardClip' | 'rewardScale'>,
): TransitionUnit {
  const rewards = rewardShaping(config);
  return { kind: 'transition', nSteps: config.nSteps, ...(rewards ? { rewards } : {}) };
}
