import type { Network, Packing } from '@qfleet/networks';
import { type StateSpec, stateDType, stateShape } from '@qfleet/spaces';
import {
  type InputSpec,
  type Optimizer,
  randomUniform,
  type StepResult,
  type TensorFlow,
  type TensorRecord,
} from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Objective, ObjectiveLoss } from '../objectives/objective.ts';
import { NOISE, NOISE_SEEDS, type NoiseUse, noiseOf } from './noise.ts';
import { transitionPasses, type Weights } from './passes.ts';
import type { Rates } from './rates.ts';
import { sequenceInputs } from './sequence-inputs.ts';
import { sequencePasses } from './sequence-passes.ts';

/** Names in the state, before those of a `Packing`: the parameters θ and the target network's θ⁻. */
export const ONLINE = 'online';
export const TARGET = 'target';

/** The input of which an update's random numbers are a function, for objectives that read `random`. */
export const SEED = 'seed';

/** The inputs of an update: a batch of `rows` rows, the update's rates, and what else objective and network read. */
export function stepInputs(
  network: Network,
  rows: number,
  rates: Rates,
  { unit, reads }: Pick<Objective, 'unit' | 'reads'>,
): Record<string, InputSpec> {
  const isNoisy = network.disturbed !== undefined;
  return {
    ...(unit.kind === 'sequence'
      ? sequenceInputs(network, unit, rows)
      : transitionInputs(network.spec, rows, reads)),
    ...(reads.includes('random') ? { [SEED]: { shape: [2], dtype: 'int32' } as const } : {}),
    ...(isNoisy ? { [NOISE]: { shape: [NOISE_SEEDS, 2], dtype: 'int32' } as const } : {}),
    ...Object.fromEntries(Object.keys(rates).map((name) => [name, { shape: [] }])),
  };
}

function transitionInputs(
  spec: StateSpec,
  rows: number,
  reads: Objective['reads'],
): Record<string, InputSpec> {
  const observations: InputSpec = { shape: [rows, ...stateShape(spec)], dtype: stateDType(spec) };
  const column: InputSpec = { shape: [rows] };
  const masks: InputSpec = { shape: [rows, spec.actions], dtype: 'uint8' };
  return {
    observations,
    nextObservations: observations,
    actions: { shape: [rows], dtype: 'int32' },
    returns: column,
    discounts: column,
    weights: column,
    ...(spec.masked ? { nextMasks: masks } : {}),
    ...(spec.masked && reads.includes('masks') ? { masks } : {}),
  };
}

/** The parts that a descent is made of. */
export interface DescentParts {
  readonly tf: TensorFlow;
  readonly network: Pick<Network, 'parameters' | 'advance'>;
  readonly packing: Packing;
  readonly optimizer: Optimizer;
  /** The global norm to which a gradient is clipped; null: it is not clipped. */
  readonly largestNorm: number | null;
}

/** The parts that a step is made of. */
export interface StepParts extends DescentParts {
  readonly network: Network;
  readonly objective: Objective;
  /** Steps of reward before the bootstrap: what the update sums where its rows are sequences. */
  readonly nSteps: number;
}

/**
 * One update as a pure function of tensors: objective → gradients → clip → optimizer → target network.
 *
 * @returns the changed state, and the outputs `priorities` ([rows], of sequences [rows × length]) and the scalars `loss`,
 * `gradientNorm` (global, before clipping) and the objective's own.
 */
export function updateStep(parts: StepParts, state: TensorRecord, inputs: TensorRecord): StepResult {
  const { tf, network, packing, objective } = parts;
  const { unit } = objective;
  const passes =
    unit.kind === 'sequence'
      ? sequencePasses(tf, network, unit, parts.nSteps, inputs)
      : transitionPasses(tf, network, inputs);
  const { batch } = passes;
  const context = { tf, actions: network.spec.actions, uniform: drawing(tf, inputs[SEED]) };
  // Statistics of this batch too, as Gymnasium scales an observation by what it has changed.
  const statistics = network.normalizer?.observe(tf, state, batch.observations, passes.present) ?? {};
  const weightsFor = (use: NoiseUse, tensors: readonly Tensor[]): Weights => ({
    parameters: { ...packing.split(tf, tensors), ...statistics },
    ...noiseOf(tf, inputs, use),
  });
  const online = tensorsOf(packing, state, ONLINE);
  const choosing = weightsFor('choosing', online);
  const target = weightsFor('target', tensorsOf(packing, state, TARGET));
  const start = passes.start(weightsFor('learning', online));

  const targets = objective.targets(
    context,
    passes.outputs(choosing, choosing.noise ? passes.start(choosing) : start),
    passes.outputs(target, passes.start(target)),
    batch,
  );
  const lossOf: LossOf = (tensors) => {
    const outputs = passes.outputs(weightsFor('learning', tensors), start);
    return objective.loss(context, outputs(batch.observations, targets['levels']), targets, batch);
  };
  const { changed, said, gradientNorm } = descend(parts, state, inputs, [lossOf]);
  for (const name of packing.names) {
    changed[`${TARGET}/${name}`] = tf.add(
      tf.mul(changed[`${ONLINE}/${name}`]!, inputs['targetMix']!),
      tf.mul(state[`${TARGET}/${name}`]!, inputs['targetKeep']!),
    );
  }
  const { loss, priorities, stats } = said;
  return { state: { ...changed, ...statistics }, outputs: { priorities, loss, gradientNorm, ...stats } };
}

/** Draws numbers that are a function of an update's seed and of how many draws there were before. */
function drawing(tf: TensorFlow, seed: Tensor | undefined): (shape: readonly number[]) => Tensor {
  let draws = 0;
  return (shape) => {
    if (seed === undefined) throw new Error("An objective that draws numbers says so: reads: ['random'].");
    return randomUniform(tf, shape, tf.add(seed, tf.tensor1d([0, draws++], 'int32')));
  };
}

/** A loss by the parameters that are learned, packed. */
export type LossOf = (parameters: Tensor[]) => ObjectiveLoss;

/** What a descent changes, what its loss said, and the global norm of its gradient before clipping. */
interface Descent {
  readonly changed: Record<string, Tensor>;
  readonly said: ObjectiveLoss;
  readonly gradientNorm: Tensor;
}

/**
 * The part of an update that follows from a loss alone: gradients → clip → optimizer.
 *
 * @param inputs hold the optimizer's rates.
 * @param losses the loss, or parts that add up to it: no part waits for another.
 */
export function descend(
  parts: DescentParts,
  state: TensorRecord,
  inputs: TensorRecord,
  losses: readonly LossOf[],
): Descent {
  const { tf, network, packing, optimizer, largestNorm } = parts;
  const online = tensorsOf(packing, state, ONLINE);
  const said = addedUp(
    tf,
    losses.map((lossOf) => lossAndGradients(tf, lossOf, online)),
  );
  const { gradients } = said;
  const gradientNorm = tf.sqrt(tf.addN(gradients.map((each) => tf.sum(tf.square(each)))));
  const clipped = clip(tf, gradients, gradientNorm, largestNorm);
  const named = Object.fromEntries(packing.names.map((name, i) => [`${ONLINE}/${name}`, clipped[i]!]));
  const changed = optimizer.apply(tf, state, named, inputs);
  if (network.advance !== undefined) {
    // Their gradient is 0, with which no optimizer changes them.
    const advanced = network.advance(tf, packing.split(tf, online));
    const updated = packing.names.map((name) => changed[`${ONLINE}/${name}`]!);
    const replaced = packing.replace(tf, updated, advanced);
    for (const [i, name] of packing.names.entries()) changed[`${ONLINE}/${name}`] = replaced[i]!;
  }
  return { changed, said, gradientNorm };
}

const tensorsOf = (packing: Packing, state: TensorRecord, of: string): Tensor[] =>
  packing.names.map((name) => state[`${of}/${name}`]!);

/** What an objective says, with the gradient of its loss by each parameter. */
interface LossAndGradients extends ObjectiveLoss {
  readonly gradients: Tensor[];
}

/** What parts of a loss come to: the rows of one after those of another, all else added up. */
function addedUp(tf: TensorFlow, parts: readonly LossAndGradients[]): LossAndGradients {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const sum = (read: (part: LossAndGradients) => Tensor): Tensor => tf.addN(parts.map(read));
  const names = Object.keys(first!.stats);
  return {
    loss: sum(({ loss }) => loss) as ObjectiveLoss['loss'],
    priorities: tf.concat(parts.map(({ priorities }) => priorities)),
    stats: Object.fromEntries(names.map((name) => [name, sum(({ stats }) => stats[name]!)])),
    gradients: first!.gradients.map((_, i) => sum(({ gradients }) => gradients[i]!)),
  };
}

/** What an objective says of some parameters, and the gradient of its loss by each of them. */
function lossAndGradients(tf: TensorFlow, lossOf: LossOf, parameters: readonly Tensor[]): LossAndGradients {
  let said!: ObjectiveLoss;
  const gradientsOf = tf.grads((...tensors: Tensor[]) => {
    const { loss, priorities, stats } = lossOf(tensors);
    // Clones that are kept: what is made in here ends with the gradient's own scope.
    const kept = (tensor: Tensor) => tf.keep(tf.clone(tensor));
    said = {
      loss: kept(loss) as ObjectiveLoss['loss'],
      priorities: kept(priorities),
      stats: Object.fromEntries(Object.entries(stats).map(([name, tensor]) => [name, kept(tensor)])),
    };
    return loss;
  });
  const gradients = gradientsOf([...parameters]);
  // A clone that belongs to this scope, like everything else in a step.
  const own = <T extends Tensor>(tensor: T): T => {
    const copy = tf.clone(tensor);
    tensor.dispose();
    return copy;
  };
  return {
    loss: own(said.loss),
    priorities: own(said.priorities),
    stats: Object.fromEntries(Object.entries(said.stats).map(([name, tensor]) => [name, own(tensor)])),
    gradients,
  };
}

/** g·c/max(‖g‖, c): unchanged up to a global norm of c (Pascanu et al., 2013). */
function clip(tf: TensorFlow, gradients: Tensor[], norm: Tensor, largest: number | null): Tensor[] {
  if (largest === null) return gradients;
  const factor = tf.div(largest, tf.maximum(norm, largest));
  return gradients.map((each) => tf.mul(each, factor));
}
