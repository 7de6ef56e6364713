import type { RunConfig } from '@qfleet/config';

/** Whether a network that remembers is shown stacked observations: what it sees of the past, it could remember. */
export const remembersTwice = ({ agent, environment }: RunConfig): boolean =>
  agent.kind === 'dqn' && agent.network.core.kind !== 'none' && environment.frameStack > 1;

/** What is said of that. */
export const REMEMBERS_TWICE =
  'environment.frameStack is above 1 and agent.network.core remembers: the frames are work for what its memory holds ' +
  'already; environment.frameStack=1 trains faster.';
