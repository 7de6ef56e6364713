import type { TokenQConfig } from '@qfleet/config';
import type { TokenValueName } from '@qfleet/networks';

/** The heads that an objective learns. */
export function headsOf({ objective, twin }: Pick<TokenQConfig, 'objective' | 'twin'>): TokenValueName[] {
  if (objective.kind === 'sft') return [];
  const q = twin ? (['q1', 'q2'] as const) : (['q1'] as const);
  return objective.kind === 'ilql' ? [...q, 'v'] : [...q];
}
