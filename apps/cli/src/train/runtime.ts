import type { RunConfig } from '@qfleet/config';

/** One sentence where the learner will be slow on this machine for lack of a set-up; null: it won't be. */
export async function slowLearnerNote(config: RunConfig): Promise<string | null> {
  if (config.agent.kind === 'tabular') return null;
  const { slowRuntimeNote } = await import('@qfleet/tensor');
  return slowRuntimeNote();
}
