import { type DqnConfig, type ObjectiveConfig, type PqnConfig, Registered } from '@qfleet/config';
import { valuesHead } from '@qfleet/networks';
import { c51 } from './c51.ts';
import { withCql } from './cql.ts';
import { expectedValue } from './expected.ts';
import { hlGauss } from './hl-gauss.ts';
import { implicitQuantiles } from './iqn.ts';
import type { Objective } from './objective.ts';
import { quantileRegression } from './qr.ts';

type Kind = ObjectiveConfig['kind'];

/** Makes an objective of a configuration and of what `agent.objective.options` says. */
export type ObjectiveMaker = (config: DqnConfig, options: Readonly<Record<string, unknown>>) => Objective;

const registered = new Registered<ObjectiveMaker>('agent.objective', 'registerObjective');

/**
 * Lets a configuration name an objective of user code, as `agent.objective: { kind: custom, name, options }`. In a fleet every process
 * has to know it: call it in the environment's module.
 *
 * @param make is given the agent's configuration and the options.
 * @example
 * registerObjective('half', (config, { weight = 0.5 }) => {
 *   const plain = createObjective({ ...config, objective: { kind: 'expected' } });
 *   return {
 *     ...plain,
 *     loss(context, out, targets, batch) {
 *       const { loss, ...rest } = plain.loss(context, out, targets, batch);
 *       return { ...rest, loss: context.tf.mul(loss, weight) };
 *     },
 *   };
 * });
 */
export const registerObjective = (name: string, make: ObjectiveMaker): void => registered.add(name, make);

/** The objectives by the `kind` of their configuration. */
const OBJECTIVES: {
  readonly [K in Kind]: (config: DqnConfig, of: Extract<ObjectiveConfig, { kind: K }>) => Objective;
} = {
  expected: expectedValue,
  c51,
  qr: quantileRegression,
  iqn: implicitQuantiles,
  'hl-gauss': hlGauss,
  custom: (config, { name, options }) => registered.find(name)(config, options),
};

/**
 * The objective of a configuration.
 *
 * @example
 * registerObjective('plain', (config) => createObjective({ ...config, objective: { kind: 'expected' } }));
 */
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
