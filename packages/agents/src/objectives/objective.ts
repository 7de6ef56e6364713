import type { HeadFactory } from '@qfleet/networks';
import type { StepUnit } from '@qfleet/replay';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';

/**
 * A network's outputs on a batch's states, its `observations` or `nextObservations`, by its head's names.
 *
 * @param levels float32 [rows, N]: the quantile levels that are asked for, where the head takes some; absent: those by
 *   which actors act.
 */
export type Outputs = (states: Tensor, levels?: Tensor) => TensorRecord;

/**
 * A batch of transitions: `observations`, `nextObservations`, and the rest [rows]. Of sequences these are their steps, and
 * the two are there for `Outputs` only, which finds the states in them.
 */
export interface TransitionTensors {
  readonly observations: Tensor;
  readonly nextObservations: Tensor;
  readonly actions: Tensor;
  readonly returns: Tensor;
  readonly discounts: Tensor;
  readonly weights: Tensor;
  /** int32 [rows, actions]: 1 for each action that is allowed in the next state, else 0; absent: all are. */
  readonly nextMasks?: Tensor;
  /** As `nextMasks`, in the state itself; for objectives that read `masks`. */
  readonly masks?: Tensor;
}

/** What an objective computes with. */
export interface ObjectiveContext {
  readonly tf: TensorFlow;
  readonly actions: number;
  /**
   * float32 numbers uniform on [0, 1), others at each update and at each call, and the same for the same run's seed; for
   * objectives that read `random`.
   */
  uniform(shape: readonly number[]): Tensor;
}

/** What an objective gives for a batch. */
export interface ObjectiveLoss {
  /** To be minimised by the outputs on s. */
  readonly loss: Scalar;
  /** By which each row is sampled again, at least 0; [rows]. */
  readonly priorities: Tensor;
  /** Scalars to be reported, by name. */
  readonly stats: TensorRecord;
}

/** What some objectives read beside a batch's other columns: the masks of s, and random numbers. */
export type Reading = 'masks' | 'random';

/**
 * What a network is trained for: its targets, its loss, its priorities, and how values follow from what it gives. One
 * paper, one file.
 */
export interface Objective {
  /** What a row of its batches is. */
  readonly unit: StepUnit;
  /** The head that it needs. */
  readonly head: HeadFactory;
  /** What it reads that others don't. */
  readonly reads: readonly Reading[];
  /**
   * What the loss takes as constant: no gradient flows into it. An entry `levels` [rows, N] is what the network's
   * outputs on s are asked for.
   *
   * @param online the network that learns; `target` the one that follows it.
   */
  targets(
    context: ObjectiveContext,
    online: Outputs,
    target: Outputs,
    batch: TransitionTensors,
  ): TensorRecord;
  /** @param out the outputs of the network that learns, on `batch.observations`. */
  loss(
    context: ObjectiveContext,
    out: TensorRecord,
    targets: TensorRecord,
    batch: TransitionTensors,
  ): ObjectiveLoss;
  /** Q(s, ·) [rows, actions], of which the largest is the greedy action. */
  values(tf: TensorFlow, out: TensorRecord): Tensor;
  /** How the head's outputs say a distribution of the return; absent: they do not. */
  readonly distribution?: DistributionSpec;
}

/** What a head says of an action's return, beside its mean. */
export interface DistributionSpec {
  /** `histogram`: logits of fixed values; `quantiles`: values at fixed levels. */
  readonly kind: 'histogram' | 'quantiles';
  /** The values, or the levels within (0, 1), in rising order: one of each number of an action. */
  readonly places: readonly number[];
  /** The head's output that has them, [rows, actions, places]. */
  readonly output: string;
}
