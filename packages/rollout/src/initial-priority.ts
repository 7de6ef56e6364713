import { type ReturnOptions, rewardShaping } from '@qfleet/replay';

/** The fields of a run's configuration that say where new transitions' priorities come from. */
interface PriorityFields {
  readonly agent: {
    readonly discount: number;
    readonly nSteps?: number;
    readonly rewardClip?: number | null;
    readonly rewardScale?: number;
  };
  readonly replay: {
    readonly sampling: { readonly kind: string; readonly initialPriority?: 'max' | 'td-error' };
  };
}

/** The option `tdErrors` of a run's rollouts: the learner's returns, where their TD errors are the first priorities. */
export function initialPriority({ agent, replay }: PriorityFields): { tdErrors?: ReturnOptions } {
  if (replay.sampling.initialPriority !== 'td-error') return {};
  const rewards = rewardShaping(agent);
  return {
    tdErrors: { discount: agent.discount, nSteps: agent.nSteps ?? 1, ...(rewards ? { rewards } : {}) },
  };
}
