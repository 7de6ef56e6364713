import type { NetworkConfig } from '@qfleet/config';
import type { StateSpec } from '@qfleet/spaces';
import { noCore } from './cores/none.ts';
import type { HeadFactory } from './heads/head.ts';
import { composeNetwork, type Network } from './network.ts';
import { mlpTorso } from './torsos/mlp.ts';
import { natureCnnTorso } from './torsos/nature-cnn.ts';
import type { Torso } from './torsos/torso.ts';

/** The torsos by the `kind` of a network's configuration. */
const TORSOS: Readonly<Record<NetworkConfig['kind'], (spec: StateSpec, hidden: readonly number[]) => Torso>> =
  {
    mlp: mlpTorso,
    'nature-cnn': natureCnnTorso,
  };

/**
 * The network of a configuration. A dueling head takes the last hidden layer, once for each of its streams, and so does
 * a head that owns it.
 *
 * @param head the one that the agent's objective needs.
 * @throws Error when the states do not suit the torso.
 */
export function createNetwork(config: NetworkConfig, spec: StateSpec, head: HeadFactory): Network {
  const { kind, hidden, dueling } = config;
  const last = hidden[hidden.length - 1];
  const torso = TORSOS[kind](spec, dueling || head.ownsHidden ? hidden.slice(0, -1) : hidden);
  const core = noCore(torso.width);
  const made = head({
    width: core.width,
    actions: spec.actions,
    dueling: dueling ? last : null,
    hidden: !dueling && head.ownsHidden ? last : null,
  });
  return composeNetwork(spec, torso, core, made);
}
