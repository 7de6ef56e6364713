import type { RunConfig } from '@qfleet/browser';

/** How a run's agent learns, by the name that people know. */
export function methodOf({ agent }: RunConfig): string {
  if (agent.kind === 'tabular') return 'a table';
  if (agent.kind === 'pqn') return 'PQN';
  if (agent.kind === 'token-q') {
    const kinds = {
      ilql: 'ILQL',
      mc: 'Monte-Carlo values',
      dqn: 'DQN over tokens',
      sft: 'a language model alone',
    };
    return kinds[agent.objective.kind];
  }
  const { objective } = agent;
  if (objective.kind === 'custom') return objective.name;
  const kinds = { expected: 'DQN', c51: 'C51', qr: 'QR-DQN', iqn: 'IQN', 'hl-gauss': 'HL-Gauss' };
  return kinds[objective.kind];
}
