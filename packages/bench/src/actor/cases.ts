import { type DqnConfig, type RunConfig, runSchema } from '@qfleet/config';
import { createNetwork, initialParameters, valuesHead } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import type { Layout } from '@qfleet/replay';
import type { NamedTensors } from '@qfleet/tensor';

/** What an actor plays, and with which weights. */
export interface ActorCase {
  readonly name: string;
  readonly config: RunConfig & { readonly agent: DqnConfig };
  readonly weights: (layout: Layout) => NamedTensors;
}

/** Environments of the actor that is measured. */
const SLOTS = 64;

const configOf = (environment: string, network: object): ActorCase['config'] =>
  runSchema.parse({
    environment: { id: environment },
    agent: { kind: 'dqn', network },
    fleet: { slots: SLOTS, slotsPerActor: SLOTS, slotsPerLease: SLOTS },
  }) as ActorCase['config'];

const startOf = ({ agent }: ActorCase['config'], layout: Layout): NamedTensors =>
  initialParameters(createNetwork(agent.network, layout, valuesHead).parameters, new Random(0));

const cartpole = configOf('CartPole-v1', { kind: 'mlp', hidden: [128, 128] });
const breakout = configOf('MinAtar/Breakout-v1', { kind: 'minatar-cnn', filters: 16, hidden: [128] });

/** Weights of position, speed, angle and turning: the push to the right where their sum by these weights is above 0 keeps the pole up. */
const BALANCE = [0.2, 0.5, 3, 1];

/**
 * Start values in which two units of each layer, z⁺ and z⁻ of a sum z of the observation, decide: the episodes are then
 * as long as a trained network's, and what the other units compute costs as much as in any.
 */
function balancing(layout: Layout): NamedTensors {
  const start = startOf(cartpole, layout);
  const data = (name: string) => start.get(name)!.data;
  const [units, actions] = [128, layout.actions];
  for (const [i, weight] of BALANCE.entries()) {
    data('hidden0/kernel')[i * units] = weight;
    data('hidden0/kernel')[i * units + 1] = -weight;
  }
  for (const unit of [0, 1]) {
    data('hidden0/bias')[unit] = 0;
    data('hidden1/bias')[unit] = 0;
    for (let i = 0; i < units; i++) data('hidden1/kernel')[i * units + unit] = Number(i === unit);
  }
  for (let i = 0; i < units; i++) {
    for (let action = 0; action < actions; action++) {
      data('output/kernel')[i * actions + action] = i > 1 ? 0 : i === action ? -1 : 1;
    }
  }
  data('output/bias').fill(0);
  return start;
}

/** The actors of `qfleet bench actor`. */
export const actorCases: readonly ActorCase[] = [
  { name: 'CartPole-v1, MLP 128-128', config: cartpole, weights: balancing },
  {
    name: 'MinAtar/Breakout-v1, conv 16 → 128',
    config: breakout,
    weights: (layout) => startOf(breakout, layout),
  },
];
