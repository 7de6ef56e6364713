import { ConfigError } from './errors.ts';
import { learnsFromRounds, type ReplayRunConfig, type RunConfig } from './schema/run.ts';

/**
 * The configuration of a run that a fleet can train.
 * @throws ConfigError for one whose agent learns from rounds: these are played in the learner's own process.
 */
export function fleetRunConfig(config: RunConfig): ReplayRunConfig {
  if (!learnsFromRounds(config)) return config as ReplayRunConfig;
  throw new ConfigError([
    'agent.kind is pqn, whose rounds are played and learned from in one process: train it with --single.',
  ]);
}
