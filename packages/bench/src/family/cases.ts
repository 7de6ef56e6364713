import { type DqnConfig, loadRunConfig, type PqnConfig, type RunConfig } from '@qfleet/config';
import { findEnvironment } from '@qfleet/envs';
import { dqnConfig } from '../contest/cases.ts';

/** A network of the comparison, by an environment whose observations it suits. */
export interface FamilyNetwork {
  readonly name: string;
  /** The id of a native environment with a box of observations. */
  readonly environment: string;
}

/** The networks that a method takes for a vector and for a small image. */
export const familyNetworks: readonly FamilyNetwork[] = [
  { name: 'MLP', environment: 'CartPole-v1' },
  { name: 'MinAtar CNN', environment: 'MinAtar/Breakout-v1' },
];

/** A run's configuration whose agent is a neural network. */
export type FamilyRunConfig = RunConfig & { readonly agent: DqnConfig | PqnConfig };

/** How a method trains an environment, with `--set` as given. */
export function methodOn(preset: string, id: string, overrides: readonly string[] = []): FamilyRunConfig {
  const { observationSpace, maxEpisodeSteps, solvedReturn } = findEnvironment(id);
  const observation = observationSpace.kind === 'box' ? observationSpace.shape : [];
  const environment = { id, isDiscrete: false, maxEpisodeSteps, solvedReturn };
  const config = loadRunConfig({ environment }, overrides, { preset, observation });
  if (config.agent.kind === 'tabular') throw new TypeError('A method trains a network.');
  return config as FamilyRunConfig;
}

/** The overrides by which a method's updates have so many rows; null: it can't have them. */
export function rowsOverride({ agent }: FamilyRunConfig, rows: number): string | null {
  if (agent.kind === 'dqn') return `agent.batchSize=${rows}`;
  const minibatches = (agent.copies * agent.steps) / rows;
  return Number.isInteger(minibatches) ? `agent.minibatches=${minibatches}` : null;
}

/** Rows of an update: transitions, sequences, or the steps of a minibatch. */
export const rowsOf = ({ agent }: FamilyRunConfig): number =>
  agent.kind === 'dqn' ? agent.batchSize : (agent.copies * agent.steps) / agent.minibatches;

/** Agents by the head of their network, for acting. */
export function familyHeads(network: DqnConfig['network']): Readonly<Record<string, DqnConfig>> {
  const agent = (fields: object, layers: object = {}) =>
    dqnConfig({ ...fields, network: { ...network, ...layers } });
  return {
    values: agent({}),
    'values, dueling': agent({}, { dueling: true }),
    'C51, 51 atoms': agent({ objective: { kind: 'c51' } }),
    'HL-Gauss, 51 bins': agent({ objective: { kind: 'hl-gauss' } }),
    'quantiles, 50': agent({ objective: { kind: 'qr', quantiles: 50 } }),
    'implicit quantiles, 32 levels': agent({ objective: { kind: 'iqn' } }),
    'values after an LSTM of 64 units': agent(
      { sequence: { burnIn: 8, length: 16, stride: 8 } },
      { core: { kind: 'lstm', units: 64 } },
    ),
  };
}
