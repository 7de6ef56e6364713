import type { TrainerParts } from './trainer-parts.ts';

/** Whether values are kept low for actions that are not in the data, in a run that could try these actions. */
export const isConservativeOnline = (parts: TrainerParts): boolean =>
  parts.config.agent.kind === 'dqn' &&
  parts.config.agent.cql !== null &&
  !('offline' in parts && parts.offline !== undefined);

/** What is said of that. */
export const CONSERVATIVE_ONLINE =
  'agent.cql is set, and this run plays: the term holds back actions that were seldom tried, which exploration tries to ' +
  'learn about; it is meant for --offline, and agent.cql=null leaves it out.';
