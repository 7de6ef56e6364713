import { learnsFromReplay, type ReplayRunConfig, type RunConfig } from './schema/run.ts';

/**
 * The configuration of a run whose agent learns from a replay.
 * @throws TypeError for one whose agent learns from rounds.
 */
export function replayRunConfig(config: RunConfig): ReplayRunConfig {
  if (learnsFromReplay(config)) return config;
  throw new TypeError(`agent.kind ${config.agent.kind} learns from rounds, and from no replay.`);
}
