import type { RunConfig } from '@qfleet/config';
import { openLearning } from '@qfleet/rollout';
import { checkRun } from '@qfleet/training';

/**
 * Refuses what can be known to fail before anything is made or started.
 *
 * @param redis a fleet's Redis that is elsewhere; undefined: the replay lies in this machine's memory.
 * @throws EnvironmentDefinitionError, ConfigError
 */
export async function checkTraining(config: RunConfig, redis: string | undefined): Promise<void> {
  const { layout } = await openLearning(config);
  const holdsReplay = redis === undefined && config.replay.shards.length === 0;
  checkRun(config, layout, { holdsReplay });
}
