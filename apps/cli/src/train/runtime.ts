import type { RunConfig } from '@qfleet/config';
import type { RunSummary } from '@qfleet/report';

/** What crunched the numbers of a run's learner on this machine. */
export async function runtimeOf(
  config: RunConfig,
): Promise<Pick<RunSummary['versions'], 'tensorflow' | 'runtime'>> {
  if (config.agent.kind === 'tabular') return { tensorflow: null, runtime: 'JavaScript' };
  const { loadTensor } = await import('@qfleet/tensor');
  const { kind, version } = await loadTensor();
  return { tensorflow: version, runtime: kind };
}
