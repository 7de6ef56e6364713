import type { Decoding } from '@qfleet/agents';
import { type RunConfig, speaks } from '@qfleet/config';

/** How the episodes of a run's evaluations are played, as an adjective. @param decode in place of the configuration's. */
export function howPlayed(config: RunConfig, decode?: Decoding): 'greedy' | 'sampled' {
  return speaks(config) && (decode ?? config.agent.decode) === 'sample' ? 'sampled' : 'greedy';
}
