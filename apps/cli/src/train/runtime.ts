import type { RunConfig } from '@qfleet/config';
import type { RunSummary } from '@qfleet/report';

/** One sentence where the learner will be slow on this machine for lack of a set-up; null: it won't be. */
export async function slowLearnerNote(config: RunConfig): Promise<string | null> {
  if (config.agent.kind === 'tabular') return null;
  const { slowRuntimeNote } = await import('@qfleet/tensor');
  return slowRuntimeNote();
}

/** What crunched the numbers of a run's learner on this machine. */
export async function runtimeOf(
  config: RunConfig,
): Promise<Pick<RunSummary['versions'], 'tensorflow' | 'runtime'>> {
  if (config.agent.kind === 'tabular') return { tensorflow: null, runtime: 'JavaScript' };
  const { loadTensor } = await import('@qfleet/tensor');
  const { kind, version } = await loadTensor();
  return { tensorflow: version, runtime: kind };
}
