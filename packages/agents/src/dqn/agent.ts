import type { DqnConfig } from '@qfleet/config';
import type { Layout } from '@qfleet/replay';
import type { Agent } from '../agent.ts';

export async function createDqnAgent(_given: {
  config: DqnConfig;
  layout: Layout;
  seed: number;
  totalUpdates: number | null;
}): Promise<Agent> {
  throw new Error('The DQN agent is being built.');
}
