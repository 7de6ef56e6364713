import { warmState } from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import type { Layout } from '@qfleet/replay';
import type { Checkpoint } from './checkpoint.ts';
import { samplingRandom } from './sampling.ts';

/**
 * The checkpoint from which a new run begins with the weights of another, and with nothing else of it.
 *
 * @throws ConfigError, Error where they don't fit the run's agent, naming what does not.
 */
export async function warmStart(
  { parameters }: Checkpoint,
  config: RunConfig,
  layout: Layout,
): Promise<Checkpoint> {
  return {
    updates: 0,
    version: 0,
    steps: 0,
    generation: null,
    stepsBefore: 0,
    seconds: 0,
    random: samplingRandom(config.seed).state,
    config,
    layout,
    parameters,
    state: await warmState({ config: config.agent, spec: layout }, parameters),
  };
}
