import type { DqnConfig } from '@qfleet/config';
import type { Signature } from '@qfleet/networks';
import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Packing } from './packing.ts';
import { type DqnState, dqnStep } from './step.ts';

/** The packed inputs of K updates: see `Packing`. */
export interface UpdatesInputs {
  readonly observations: Tensor;
  readonly columns: Tensor;
}

export interface UpdatesOutputs {
  readonly state: DqnState;
  /** |δ| of every row of every batch, float32 [K·B]. */
  readonly tdErrors: Tensor;
  /** Loss, mean Q and gradient norm of every update, float32 [3·K]. */
  readonly stats: Tensor;
}

/** K updates in sequence, unrolled: what is traced into one native call. */
export function dqnUpdates(
  tf: TensorFlow,
  config: DqnConfig,
  signature: Signature,
  packing: Packing,
  state: DqnState,
  { observations, columns }: UpdatesInputs,
): UpdatesOutputs {
  const tdErrors: Tensor[] = [];
  const stats: Tensor[] = [];
  let current = state;
  for (let k = 0; k < config.updatesPerCall; k++) {
    const out = dqnStep(tf, config, signature, current, packing.unpack(tf, observations, columns, k));
    current = out.state;
    tdErrors.push(out.tdErrors);
    stats.push(out.loss, out.meanQ, out.gradientNorm);
  }
  const packed = { state: current, tdErrors: tf.concat(tdErrors), stats: tf.stack(stats) };
  // Some were kept out of the gradient's scope, so no scope's end disposes them.
  tf.dispose([tdErrors, stats]);
  return packed;
}
