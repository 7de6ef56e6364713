import type { PqnConfig } from '@qfleet/config';
import { createNetwork, initialParameters, type Network, oneHot, valuesHead } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import { rewardShaping } from '@qfleet/replay';
import { type StateSpec, stateDType, stateShape } from '@qfleet/spaces';
import {
  type Compiled,
  compile,
  type InputSpec,
  loadTensor,
  type NamedTensors,
  type Optimizer,
  type Outputs,
  type Runtime,
  type StepResult,
  type TensorFlow,
  type TensorRecord,
} from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { RoundAgent, UpdateFault, UpdateStats } from '../agent.ts';
import { LearnedState, stateBefore } from '../value/learned-state.ts';
import { NOISE, NOISE_SEEDS, noiseOf, noiseSeeds } from '../value/noise.ts';
import { createOptimizer } from '../value/optimizer.ts';
import { parallelismOf } from '../value/parallelism.ts';
import { learningRateOf } from '../value/rates.ts';
import { type DescentParts, descend, type LossOf, ONLINE } from '../value/step.ts';
import { lambdaReturns } from './lambda-returns.ts';
import { type RoundTensors, roundLoss } from './loss.ts';
import { Minibatches, shuffle } from './minibatches.ts';
import type { Round } from './round.ts';

/** What the state holds of every parameter beside the optimizer's slots. */
const PARTS = [ONLINE];

/** Updates of a native call at most: more gain nothing, and take longer to build. */
const MOST_A_CALL = 16;

/**
 * Parts of a minibatch whose gradients are computed beside each other, where ops run so: a sum over each part, whatever the
 * number of cores, so that the bits are the same.
 */
const CUTS = 2;

/** What an agent that learns from rounds is made from. */
export interface PqnAgentOptions {
  readonly config: PqnConfig;
  readonly spec: StateSpec;
  readonly seed: number;
  /** The run's planned updates; null: none are planned. */
  readonly totalUpdates: number | null;
  /** Whether its updates have the same bits on any number of cores, of which it uses two at most. */
  readonly isRepeatable?: boolean;
  /** Whether updates run op by op where they could be one native call, for comparisons. */
  readonly eager?: boolean;
  /** Parts of a minibatch whose gradients are computed beside each other, for comparisons. Default: by the work in it. */
  readonly cuts?: number;
  /** Writes the order, a permutation, in which an epoch after `updates` updates takes a round's steps. Default: drawn by the seed. */
  readonly order?: (places: Int32Array, updates: number) => void;
}

/** A learner with fresh parameters on the runtime of this process. */
export async function createPqnAgent(given: PqnAgentOptions): Promise<RoundAgent> {
  const network = createNetwork(given.config.network, given.spec, valuesHead);
  const rows = rowsOf(given.config);
  const parallelism = parallelismOf(network, rows, given.isRepeatable);
  const runtime = await loadTensor({ parallelism });
  const runsBeside = parallelism === 'ops' && runtime.kind === 'libtensorflow-cpu';
  return new PqnAgent(runtime, given, given.cuts ?? (runsBeside && rows % CUTS === 0 ? CUTS : 1));
}

/**
 * PQN (Gallici et al., "Simplifying Deep Temporal Difference Learning", 2024, algorithm 1): several epochs of minibatches on
 * the λ-returns of a round, and then the next round. It needs no target network: layer norm keeps it stable.
 */
class PqnAgent implements RoundAgent {
  readonly batchesPerUpdate: number;
  readonly #given: PqnAgentOptions;
  readonly #isNoisy: boolean;
  readonly #step: Compiled;
  readonly #learned: LearnedState;
  readonly #optimizer: Optimizer;
  readonly #minibatches: Minibatches;
  readonly #returns: Float32Array;
  /** Updates of a native call. */
  readonly #perCall: number;
  #updates = 0;

  constructor(runtime: Runtime, given: PqnAgentOptions, cuts: number) {
    const { config, spec, seed, eager = false } = given;
    const { copies, steps, epochs, minibatches, gradientClip } = config;
    const network = createNetwork(config.network, spec, valuesHead);
    const learned = new LearnedState(network, (packing) => createOptimizer(config, packing), PARTS);
    const { packing, optimizer } = learned;
    const rows = rowsOf(config);
    this.batchesPerUpdate = epochs * minibatches;
    this.#given = given;
    this.#isNoisy = network.disturbed !== undefined;
    this.#learned = learned;
    this.#optimizer = optimizer;
    this.#perCall = largestDivisor(minibatches, MOST_A_CALL);
    this.#minibatches = new Minibatches(spec, rows, this.#perCall, copies * steps);
    this.#returns = new Float32Array(copies * steps);
    const parts = { tf: runtime.tf, network, packing, optimizer, largestNorm: gradientClip, cuts };
    const random = new Random(Random.seed(seed, 'parameters'));
    this.#step = compile(runtime, (state, inputs) => roundStep(parts, state, inputs), {
      state: learned.start(initialParameters(network.parameters, random)),
      inputs: roundInputs(network, rows, this.#rates(0)),
      unroll: this.#perCall,
      eager,
    });
  }

  update(round: Round): UpdateStats {
    const { config, seed, order = this.#shuffle } = this.#given;
    const { copies, steps } = config;
    if (round.copies !== copies || round.steps !== steps) {
      throw new RangeError(
        `A round has ${steps} steps of ${copies} copies, not ${round.steps} of ${round.copies}.`,
      );
    }
    const { discount, lambda } = config;
    lambdaReturns(round, { discount, lambda, shaping: rewardShaping(config) }, this.#returns);
    const tally = new Tally();
    for (let epoch = 0; epoch < config.epochs; epoch++) {
      order(this.#minibatches.order, this.#updates);
      for (let first = 0; first < config.minibatches; first += this.#perCall) {
        const dealt = this.#minibatches.deal(round, this.#returns, first);
        const inputs = dealt.map((batch, k) => ({
          ...batch,
          ...(this.#isNoisy ? { [NOISE]: noiseSeeds(seed, this.#updates + k) } : {}),
          ...this.#rates(this.#updates + k),
        }));
        tally.add(this.#step.run(...inputs));
        this.#updates += this.#perCall;
      }
    }
    return tally.stats;
  }

  parameters(): NamedTensors {
    return this.#learned.parameters(this.#step);
  }

  state(): NamedTensors {
    return this.#learned.read(this.#step, this.#updates);
  }

  restore(state: NamedTensors): void {
    this.#updates = this.#learned.restore(this.#step, state);
  }

  dispose(): void {
    this.#step.dispose();
  }

  /** By the count of updates: a restored run goes on with the same orders. */
  readonly #shuffle = (places: Int32Array, updates: number): void =>
    shuffle(places, new Random(Random.seed(this.#given.seed, `minibatches ${updates}`)));

  #rates(updates: number): Readonly<Record<string, number>> {
    const { config, totalUpdates } = this.#given;
    return this.#optimizer.rates(updates + 1, learningRateOf(config, totalUpdates, updates));
  }
}

/** What `PqnAgent.state` gives before the first update, with these parameters. */
export const pqnStateOf = (config: PqnConfig, parameters: NamedTensors): NamedTensors =>
  stateBefore(parameters, createOptimizer(config), PARTS);

/** Steps of a minibatch. */
const rowsOf = ({ copies, steps, minibatches }: PqnConfig): number => (copies * steps) / minibatches;

/** The inputs of an update: a minibatch of so many rows, and the update's rates. */
function roundInputs({ spec, disturbed }: Network, rows: number, rates: object): Record<string, InputSpec> {
  return {
    observations: { shape: [rows, ...stateShape(spec)], dtype: stateDType(spec) },
    actions: { shape: [rows], dtype: 'int32' },
    returns: { shape: [rows] },
    weights: { shape: [rows] },
    ...(disturbed ? { [NOISE]: { shape: [NOISE_SEEDS, 2], dtype: 'int32' } as const } : {}),
    ...Object.fromEntries(Object.keys(rates).map((name) => [name, { shape: [] }])),
  };
}

/** What a round's update is made of beside a descent's parts. */
interface RoundParts extends DescentParts {
  readonly network: Network;
  /** The parts of equal size into which a minibatch is cut. */
  readonly cuts: number;
}

/** One update as a pure function of tensors; its outputs are scalars. */
function roundStep(parts: RoundParts, state: TensorRecord, inputs: TensorRecord): StepResult {
  const { tf, network, packing, cuts } = parts;
  const batch = inputs as unknown as RoundTensors;
  const [size] = batch.returns.shape;
  const statistics = network.normalizer?.observe(tf, state, batch.observations) ?? {};
  const noise = noiseOf(tf, inputs, 'learning');
  const losses = cut(tf, batch, cuts).map((part): LossOf => {
    const taken = oneHot(tf, part.actions, network.spec.actions);
    return (tensors) => {
      const parameters = { ...packing.split(tf, tensors), ...statistics };
      const { out } = network.forward(tf, parameters, { states: part.observations, ...noise });
      return roundLoss(tf, size, out['values'] as Tensor2D, taken, part);
    };
  });
  const { changed, said, gradientNorm } = descend(parts, state, inputs, losses);
  const { loss, priorities, stats } = said;
  return {
    state: { ...changed, ...statistics },
    outputs: { loss, gradientNorm, meanAbsTdError: tf.mean(priorities), ...stats },
  };
}

/** A minibatch in so many parts of equal size. */
function cut(tf: TensorFlow, batch: RoundTensors, count: number): RoundTensors[] {
  if (count === 1) return [batch];
  const of = (tensor: Tensor): Tensor[] => tf.split(tensor, count);
  const [observations, actions] = [of(batch.observations), of(batch.actions)];
  const [returns, weights] = [of(batch.returns), of(batch.weights)];
  return observations.map((part, i) => ({
    observations: part,
    actions: actions[i]!,
    returns: returns[i]!,
    weights: weights[i]!,
  }));
}

/** The largest divisor of `n` that is `most` at most. */
function largestDivisor(n: number, most: number): number {
  let divisor = Math.min(n, most);
  while (n % divisor !== 0) divisor--;
  return divisor;
}

/** Sums up what the native calls on a round measured. */
class Tally {
  readonly #sums: Record<string, number> = {};
  #count = 0;
  #fault: UpdateFault | null = null;

  /** @param measured numbers by name, one for each update of the call. */
  add(measured: Outputs): void {
    const { loss, gradientNorm, meanAbsTdError } = measured;
    for (let k = 0; k < loss.length && this.#fault === null; k++) {
      if (Number.isFinite(loss[k] + gradientNorm[k] + meanAbsTdError[k])) continue;
      this.#fault = { batch: this.#count + k, loss: loss[k], gradientNorm: gradientNorm[k] };
    }
    this.#count += loss.length;
    for (const [name, values] of Object.entries(measured)) {
      let sum = this.#sums[name] ?? 0;
      for (let k = 0; k < values.length; k++) sum += values[k];
      this.#sums[name] = sum;
    }
  }

  get stats(): UpdateStats {
    const means = Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.#count]);
    return { numbers: Object.fromEntries(means), fault: this.#fault };
  }
}
