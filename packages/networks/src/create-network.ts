import { type NetworkConfig, Registered } from '@qfleet/config';
import type { StateSpec } from '@qfleet/spaces';
import type { Core } from './cores/core.ts';
import { lstmCore } from './cores/lstm.ts';
import { noCore } from './cores/none.ts';
import type { HeadFactory } from './heads/head.ts';
import { noisyNetwork } from './layers/noisy.ts';
import { composeNetwork, type Network } from './network.ts';
import { createNormalizer } from './normalizer.ts';
import { impalaTorso } from './torsos/impala.ts';
import { minAtarCnnTorso } from './torsos/minatar-cnn.ts';
import { mlpTorso } from './torsos/mlp.ts';
import { natureCnnTorso } from './torsos/nature-cnn.ts';
import type { Torso } from './torsos/torso.ts';

type Kind = NetworkConfig['kind'];
type ConfigOf<K extends Kind> = Extract<NetworkConfig, { kind: K }>;

/** Makes a torso for states, of the dense layers that are its own and of what `agent.network.options` says. */
export type TorsoMaker = (
  spec: StateSpec,
  hidden: readonly number[],
  options: Readonly<Record<string, unknown>>,
) => Torso;

const registered = new Registered<TorsoMaker>('agent.network', 'registerNetwork');

/**
 * Lets a configuration name a torso of user code, as `agent.network: { kind: custom, name, options, hidden }`. Core and head are
 * Qfleet's.
 *
 * @param make is given what a state is, the units of the dense layers that are the torso's own, and the options.
 * @example
 * registerNetwork('squared', (spec, hidden) => {
 *   const layers = new HiddenLayers(2 * spec.shape[0], hidden);
 *   return {
 *     parameters: layers.parameters,
 *     width: layers.width,
 *     forward: (tf, parameters, states) => layers.forward(tf, parameters, tf.concat([states, tf.square(states)], 1)),
 *   };
 * });
 */
export const registerNetwork = (name: string, make: TorsoMaker): void => registered.add(name, make);

/** The torsos by the `kind` of a network's configuration; `hidden` are the units of the dense layers that are theirs. */
const TORSOS: {
  readonly [K in Kind]: (spec: StateSpec, hidden: readonly number[], config: ConfigOf<K>) => Torso;
} = {
  mlp: mlpTorso,
  'nature-cnn': natureCnnTorso,
  'minatar-cnn': minAtarCnnTorso,
  impala: impalaTorso,
  custom: (spec, hidden, { name, options }) => registered.find(name)(spec, hidden, options),
};

/** @param width how many features the torso makes. */
function createCore(config: NetworkConfig['core'], width: number): Core {
  return config.kind === 'lstm' ? lstmCore(width, config.units) : noCore(width);
}

/**
 * The network of a configuration. A dueling head takes the last hidden layer, once for each of its streams, and so does
 * a head that owns it.
 *
 * @param head the one that the agent's objective needs.
 * @throws Error when the states do not suit the torso.
 */
export function createNetwork<K extends Kind>(
  config: ConfigOf<K> & { readonly kind: K },
  spec: StateSpec,
  head: HeadFactory,
): Network {
  const { hidden, dueling, layerNorm, noisy, initialization }: NetworkConfig = config;
  const last = hidden[hidden.length - 1];
  const normalizer = spec.normalized ? createNormalizer(spec) : null;
  const torso = TORSOS[config.kind](spec, dueling || head.ownsHidden ? hidden.slice(0, -1) : hidden, config);
  const core = createCore(config.core, torso.width);
  const outputs = head({
    width: core.width,
    actions: spec.actions,
    dueling: dueling ? last : null,
    hidden: !dueling && head.ownsHidden ? last : null,
    layers: { layerNorm },
  });
  const plain = composeNetwork(spec, torso, core, outputs, normalizer);
  const made = noisy ? noisyNetwork(plain, [...torso.parameters, ...outputs.parameters], noisy.sigma) : plain;
  return { ...made, parameters: made.parameters.map((each) => ({ ...each, initialization })) };
}
