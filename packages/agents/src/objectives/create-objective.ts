import type { DqnConfig, ObjectiveConfig, PqnConfig } from '@qfleet/config';
import { valuesHead } from '@qfleet/networks';
import { c51 } from './c51.ts';
import { withCql } from './cql.ts';
import { expectedValue } from './expected.ts';
import { hlGauss } from './hl-gauss.ts';
import { implicitQuantiles } from './iqn.ts';
import type { Objective } from './objective.ts';
import { quantileRegression } from './qr.ts';

type Kind = ObjectiveConfig['kind'];

/** The objectives by the `kind` of their configuration. */
const OBJECTIVES: {
  readonly [K in Kind]: (config: DqnConfig, of: Extract<ObjectiveConfig, { kind: K }>) => Objective;
} = {
  expected: expectedValue,
  c51,
  qr: quantileRegression,
  iqn: implicitQuantiles,
  'hl-gauss': hlGauss,
};

/** The objective of a configuration. */
export function createObjective(config: DqnConfig): Objective {
  const { objective, cql } = config;
  const create = OBJECTIVES[objective.kind] as (config: DqnConfig, of: ObjectiveConfig) => Objective;
  const made = create(config, objective);
  return cql === null ? made : withCql(made, cql.alpha);
}

/** What acting takes of an objective: its head, and how values and distributions follow from that. */
export type Valuing = Pick<Objective, 'head' | 'values' | 'distribution'>;

/** How a configured network's outputs are valued. */
export const createValuing = (config: DqnConfig | PqnConfig): Valuing =>
  config.kind === 'pqn' ? { head: valuesHead, values: (_tf, out) => out['values'] } : createObjective(config);
