import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorRecord } from '../compile/types.ts';
import type { NamedTensors } from '../named-tensors.ts';
import type { TensorFlow } from '../runtime.ts';

/**
 * How gradients change parameters: pure functions of tensors. What it keeps of each parameter (a moment, say) lies in
 * slots beside the parameters in the state.
 */
export interface Optimizer {
  /** The names of the slots of a parameter; of a prefix of parameter names, the prefixes of their slots. */
  slotNames(parameter: string): readonly string[];
  /**
   * The numbers that change from update to update, and so are inputs of a compiled step.
   *
   * @param t the update's number, counted from 1.
   */
  rates(t: number, learningRate: number): Readonly<Record<string, number>>;
  /**
   * One update.
   *
   * @param state holds the parameters and their slots.
   * @param gradients by parameter name.
   * @param rates scalars, by the names of `rates`.
   * @returns the entries of the state that change.
   */
  apply(
    tf: TensorFlow,
    state: TensorRecord,
    gradients: TensorRecord,
    rates: TensorRecord,
  ): Record<string, Tensor>;
}

/** The slots of parameters at their beginning: zeros of the parameters' shapes. */
export function initialSlots(optimizer: Optimizer, parameters: NamedTensors): NamedTensors {
  const counts = optimizer.slotNames('').map((_, slot) => slot);
  return new Map(
    counts.flatMap((slot) =>
      [...parameters].map(([name, { shape, data }]) => {
        const zeros = { shape, data: new Float32Array(data.length) };
        return [optimizer.slotNames(name)[slot]!, zeros] as const;
      }),
    ),
  );
}
