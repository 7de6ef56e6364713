import { learnsFromRounds, type RunConfig } from './schema/run.ts';

/** The transitions that the first update takes, and the fields that say so. */
export function learningBegins(config: RunConfig): { transitions: number; fields: string } {
  if (!learnsFromRounds(config)) return { transitions: config.replay.minSize, fields: 'replay.minSize' };
  const { copies, steps } = config.agent;
  return { transitions: copies * steps, fields: 'agent.copies × agent.steps' };
}
