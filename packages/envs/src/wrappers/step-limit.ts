import { markAdapted } from '../adapted.ts';
import type { EnvironmentDefinition } from '../environment.ts';

/**
 * The environment whose episodes are truncated after `steps` steps, at least 1, in place of its own time limit, as
 * `gymnasium.make(id, max_episode_steps=steps)` does; `null` keeps its own. Where an environment counts steps itself and
 * cuts earlier, it still does. The batched kernel and the transition table stay.
 */
export function limitSteps(definition: EnvironmentDefinition, steps: number | null): EnvironmentDefinition {
  if (steps === null || steps === definition.maxEpisodeSteps) return definition;
  return markAdapted({ ...definition, maxEpisodeSteps: steps });
}
